"""Realistic item-level declaration files with planted defects, the truth about every line, and the marks a scan deserves.

The goods are invented and written by hand (`planted_products.toml`, other lawful wordings in `planted_variants.toml`); so are the contradictions, bare
numbers, empty phrases and lapsed codes (`planted_defects.toml`). A seed decides which goods appear, when, where to and in which shape; the same seed gives
the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from tests.acceptance.planted_figures import KILOGRAM, Figures, Stated, known_units, right_figures, wrong_quantity, wrong_unit

HERE = Path(__file__).parent
PER_KIND = 27
FREQUENT = 9
FORMS = ("list_gb18030", "list_2025", "own_columns")

UNKNOWN_CODES = (
    *["7711000000", "7790109000", "0000100000", "9911000000", "9955000000"],  # no such chapter
    *["8490100000", "6218200000", "9440100000", "7330900000", "3930100000", "8555100000", "2099300000", "0830100000", "6430990000"],  # no such heading
    *["8507950000", "9403190000", "6109500000", "7323700000", "3924500000", "8471970000", "8516990000"],  # no such subheading
    *["7318770000", "9503700000", "2936950000", "4202570000", "6302150000"],  # likewise
    *["8507609900", "9403209900", "6109101000", "3924100100", "8471309900", "8518300100", "7326909900"],  # six digits in force, seventh and eighth invented
    *["9405429900", "4819100100", "6402999900", "8708309800", "2918140100", "1905310100"],  # likewise
)
AGREEMENT = ("日本", "越南", "泰国", "马来西亚", "澳大利亚", "韩国", "新加坡", "印度尼西亚", "智利", "新西兰", "秘鲁")
OTHERS = ("美国", "德国", "英国", "法国", "墨西哥", "荷兰", "巴西", "阿联酋", "沙特阿拉伯", "南非", "波兰", "意大利", "加拿大")
NO_BRAND = ("无品牌", "无牌", "无", "NO BRAND", "无商标", "没有品牌", "白牌")
BRANDS = ("恒拓牌", "SUNVEXO", "锐迈", "柏诺牌", "KORRIDA", "金嶂牌")
BAD_TYPES = ("5", "9", "6", "A", "7", "X", "8", "10", "B")
BAD_PREFERENCES = ("3", "8", "X", "4", "9", "5", "Y", "6", "7")
# Inside the specification string only the digits are lawful; in a column of its own a name in place of the code is understood (domain.md, importer needs).
WORD_TYPES = ("境内自主品牌", "贴牌", "无品牌", "境外品牌")
WORD_PREFERENCES = ("享惠", "不享惠", "否", "不确定")
MAKER_INSTEAD = ("stretch", "nonwoven", "candy")  # the label says: without a brand state the maker
SYMBOLS = ("/", "-", "——", "*", "...", "***")
CAS_BY_ID = {"glue": "7085-85-0", "pa6": "25038-54-4", "disinfect": "7681-52-9", "detergent": "68-04-2", "paint": "13463-67-7", "candle": "8002-74-2"}


@dataclass(frozen=True)
class Product:
    id: str
    code: str
    name: str
    brand_type: str
    unit: str
    price: float
    elements: tuple[tuple[str, str], ...]
    other_code: str | None = None
    other_elements: tuple[tuple[str, str], ...] = ()
    other_name: str | None = None
    legal: str = ""
    other_legal: str = ""
    second: Stated | None = None
    """How much of which second legal unit one unit is, where that is no kilogram."""

    @property
    def kilograms(self) -> float:
        """What one unit weighs: invented, ever the same."""
        return 1.0 if self.unit == KILOGRAM else round(max(self.price / 12, 0.003), 3)

    def has_model(self) -> bool:
        return any(label in ("型号", "货号") and not value.startswith("无") for label, value in self.elements)

    def values(self) -> list[str]:
        return [value for _, value in self.elements]

    def mandatory(self) -> list[int]:
        return [i for i, (label, _) in enumerate(self.elements) if not label.startswith("?")]

    def index(self, prefix: str) -> int | None:
        return next((i for i, (label, _) in enumerate(self.elements) if label.lstrip("?").startswith(prefix)), None)

    def exact(self, label: str) -> int | None:
        return next((i for i, (own, _) in enumerate(self.elements) if own == label), None)


@dataclass
class Line:
    code: str
    name: str
    values: list[str]
    unit: str
    price: float
    destination: str
    day: float
    planted: str | None = None
    also: tuple[str, ...] = ()
    note: str = ""
    product: str = ""
    cells: dict[str, str] = field(default_factory=dict)
    line_id: str = ""
    legal: str = ""
    kilograms: float = 1.0
    second: Stated | None = None
    wrong: Callable[[Figures], Figures] | None = None


@dataclass(frozen=True)
class Planted:
    content: bytes
    truth: list[dict[str, Any]]


def _pairs(items: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((item.split("=", 1)[0], item.split("=", 1)[1]) for item in items)


def products() -> dict[str, Product]:
    rows = tomllib.loads((HERE / "planted_products.toml").read_text(encoding="utf-8"))["product"]
    return {
        row["id"]: Product(
            row["id"], row["c"], row["n"], str(row["t"]), row["u"], float(row["p"]), _pairs(row["e"]), row.get("ac"), _pairs(row.get("ae", ())), row.get("an"),
            row.get("l", row["u"]), row.get("al", row.get("l", row["u"])), (row["sp"], row["s"]) if "s" in row else None,
        )
        for row in rows
    }  # fmt: skip


def defects() -> dict[str, Any]:
    return tomllib.loads((HERE / "planted_defects.toml").read_text(encoding="utf-8"))


def gtin_digit(body: str) -> int:
    return -sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(body))) % 10


def cas_valid(cas: str) -> bool:
    digits = cas.replace("-", "")
    return sum(int(d) * i for i, d in enumerate(reversed(digits[:-1]), 1)) % 10 == int(digits[-1])


class _File:
    """One file in the making: clean lines, then the lines of every kind."""

    def __init__(self, seed: int, form: str) -> None:
        self.random = random.Random(f"{seed}-{form}")  # noqa: S311 - test data
        self.form = form
        self.all = products()
        self.hand = defects()
        self.lines: list[Line] = []
        splits = [p.id for p in self.all.values() if p.other_code]
        rest = [p.id for p in self.all.values() if not p.other_code]
        self.random.shuffle(rest)
        self.reserved, self.plain, self.split = rest[:PER_KIND], rest[PER_KIND:], splits
        self.known = known_units() - {p.code[:8] for p in self.all.values() if p.second}  # what goes wrong is made for kilograms
        telling = [p for p in map(self.all.__getitem__, self.plain) if p.has_model() and p.legal == p.unit != KILOGRAM and p.code[:8] in self.known]
        self.frequent = telling[:FREQUENT]

    # one line
    def line(self, product: Product, values: list[str] | None = None, *, pref: str | None = None, dest: str | None = None, day: float | None = None) -> Line:
        r = self.random
        dest = dest or r.choice(AGREEMENT + OTHERS)
        pref = pref if pref is not None else r.choice(("0", "1", "2") if dest in AGREEMENT else ("0", "0", "0", "2"))
        return Line(
            code=product.code, name=product.name, values=[product.brand_type, pref, *(values if values is not None else product.values())], unit=product.unit,
            price=product.price * r.uniform(0.96, 1.05), destination=dest, day=r.random() if day is None else day, product=product.id,
            legal=product.legal or product.unit, kilograms=product.kilograms, second=product.second,
        )  # fmt: skip

    def _set(self, entry: dict[str, Any]) -> Line:
        """A product's line with some of its values, its name, preference or destination set otherwise."""
        product = self.all[entry["id"]]
        values = product.values()
        for setting in entry.get("set", ()):
            prefix, value = setting.split("=", 1)
            i = product.index(prefix.lstrip("?"))
            assert i is not None, (entry, prefix)
            values[i] = value
        line = self.line(product, values, pref=entry.get("pref"), dest=entry.get("dest"))
        line.name = entry.get("name", line.name)
        return line

    def plant(self, line: Line, kind: str, note: str, also: Iterable[str] = ()) -> None:
        self.lines.append(replace(line, planted=kind, note=note, also=tuple(also)))

    def some(self, wanted: Callable[[Product], bool]) -> Product:
        return self.random.choice([p for p in self.all.values() if wanted(p)])

    # clean lines
    def clean(self) -> None:
        r = self.random
        for key in self.plain:
            for _ in range(r.choice((1, 2, 2))):
                self.lines.append(self.line(self.all[key], self._tail(self.all[key])))
        for variant in tomllib.loads((HERE / "planted_variants.toml").read_text(encoding="utf-8"))["variant"]:
            if variant["id"] not in self.reserved and r.random() < 0.6:
                tolerated = ("SAME_GOODS_SPLIT",) if variant["id"] in self.split else ()
                self.lines.append(replace(self._set(variant), also=tolerated, note="other wording"))
        for key in self.split:
            for quantile in (0.04, 0.2, 0.33, 0.66, 0.95):
                line = self.line(self.all[key], day=quantile + r.uniform(-0.02, 0.02))
                self.lines.append(replace(line, also=("SAME_GOODS_SPLIT",), note="main code of goods that are split"))

    def _tail(self, product: Product) -> list[str]:
        """GTIN, CAS and 其他 are optional; empties at the end may be dropped."""
        r = self.random
        values = product.values()
        own_numbers = any("CAS" in label or "GTIN" in label for label, _ in product.elements)
        roll = r.random()
        if roll < 0.1 and not own_numbers and product.brand_type != "0":
            body = f"69{r.randrange(10**10):010d}"
            return [*values, f"{body}{gtin_digit(body)}", "", ""]
        if roll < 0.2 and product.id in CAS_BY_ID:
            return [*values, "", CAS_BY_ID[product.id]]
        if roll < 0.3:
            return [*values, "", "", ""]
        while values and not values[-1]:
            values.pop()
        return values

    # defects
    def missing(self) -> None:
        r = self.random
        for n in range(PER_KIND):
            product = self.some(lambda p: len(p.mandatory()) >= 3)
            values, mandatory = product.values(), product.mandatory()
            style = ("inner", "inner", "inner", "two", "tail", "tail", "preference", "codes_only", "inner")[n % 9]
            line = self.line(product, values)
            if style in ("inner", "two"):
                gone = r.sample(mandatory[:-1], 2 if style == "two" else 1)
                for i in gone:
                    values[i] = ""
                line.values[2:] = values
                note = f"inner empty: {'、'.join(product.elements[i][0] for i in gone)}"
            elif style == "tail":
                cut = mandatory[-1 - r.randrange(2)]
                line.values[2:] = values[:cut]
                note = f"dropped from {product.elements[cut][0]}"
            elif style == "preference":
                line.values[1] = ""
                note = "出口享惠情况 empty"
            else:
                line.values[2:] = []
                note = "the two codes only"
            self.plant(line, "ELEMENT_MISSING", note)

    def empty_talk(self) -> None:
        r = self.random
        options = [
            (product, i, product.elements[i][0], key, phrase)
            for key, phrases in self.hand["empty_talk"].items()
            for product in self.all.values()
            if (i := product.exact(key)) is not None and not (key == "品牌" and product.brand_type == "0")
            for phrase in phrases
        ]
        by_key: dict[str, list[Any]] = defaultdict(list)
        for option in options:
            by_key[option[3]].append(option)
        keys = [*self.hand["empty_talk"], "用途", "材质", "用途", "功能", "原理", "用途"]
        for n in range(PER_KIND):
            product, i, label, key, phrase = r.choice(by_key[keys[n % len(keys)]])
            also = ["BRAND_MISMATCH"] if key == "品牌" else ["ELEMENT_CONTRADICTS"] if key in ("种类", "材质") else []
            if n % 9 == 8:
                phrase, also = r.choice(SYMBOLS), ["ELEMENT_MISSING", "BRAND_MISMATCH"]
            values = product.values()
            values[i] = phrase
            self.plant(self.line(product, values), "ELEMENT_EMPTY_TALK", f"{label}={phrase}", also)

    def bad_code(self) -> None:
        for n in range(PER_KIND):
            line = self.line(self.some(lambda _: True))
            words = self.form != "own_columns" and n % 6 >= 4
            table = (WORD_TYPES if words else BAD_TYPES) if n % 2 else (WORD_PREFERENCES if words else BAD_PREFERENCES)
            line.values[0 if n % 2 else 1] = table[n // 2 % len(table)]
            self.plant(line, "ELEMENT_BAD_CODE", f"{line.values[0]}|{line.values[1]}")

    def brand_mismatch(self) -> None:
        r = self.random
        for n in range(PER_KIND):
            also: tuple[str, ...] = ()
            if n % 4 == 0:  # type 1 to 4, no brand
                product = self.some(lambda p: p.brand_type != "0" and p.exact("品牌") is not None)
                values = product.values()
                values[product.exact("品牌") or 0] = NO_BRAND[n // 4 % len(NO_BRAND)]
                also, line = ("ELEMENT_EMPTY_TALK",), self.line(product, values)
            elif n % 4 == 1:  # type 0, a brand appears
                product = self.some(lambda p: p.brand_type == "0" and p.exact("品牌") is not None and p.id not in MAKER_INSTEAD)
                values = product.values()
                values[product.exact("品牌") or 0] = r.choice(BRANDS)
                line = self.line(product, values)
            elif n % 4 == 2:  # a branded product declared as type 0
                product = self.some(lambda p: p.brand_type != "0" and p.exact("品牌") is not None and p.id not in MAKER_INSTEAD)
                line = self.line(product)
                line.values[0] = "0"
            else:  # no brand, declared as type 1 to 4
                product = self.some(lambda p: p.brand_type == "0" and p.exact("品牌") is not None and p.id not in MAKER_INSTEAD)
                line = self.line(product)
                line.values[0] = r.choice("1234")
            self.plant(line, "BRAND_MISMATCH", "|".join(line.values), also)

    def _by_hand(self, table: str, kind: str, count: int) -> None:
        for entry in self.random.sample(self.hand[table], count):
            self.plant(self._set(entry), kind, entry.get("note", "、".join(entry.get("set", ()))), entry.get("also", ()))

    def contradicts(self) -> None:
        self._by_hand("contradiction", "ELEMENT_CONTRADICTS", 36)

    def no_unit(self) -> None:
        self._by_hand("no_unit", "ELEMENT_NO_UNIT", PER_KIND)

    def check_digit(self) -> None:
        r = self.random
        for n in range(PER_KIND):
            if n % 3 == 0:  # an own CAS or GTIN element of the code
                product = self.some(lambda p: any(("CAS" in label or "GTIN" in label) and value for label, value in p.elements))
                i = next(i for i, (label, _) in enumerate(product.elements) if "CAS" in label or "GTIN" in label)
                values = product.values()
                values[i] = values[i][:-1] + str((int(values[i][-1]) + r.randrange(1, 10)) % 10)
            elif n % 3 == 1:  # GTIN behind the elements
                product = self.some(lambda p: p.brand_type != "0" and not any("GTIN" in label or "CAS" in label for label, _ in p.elements))
                body = f"69{r.randrange(10**10):010d}"
                values = [*product.values(), f"{body}{(gtin_digit(body) + r.randrange(1, 10)) % 10}"]
            else:  # CAS behind the elements
                product = self.all[r.choice(sorted(CAS_BY_ID))]
                cas = CAS_BY_ID[product.id]
                values = [*product.values(), "", cas[:-1] + str((int(cas[-1]) + r.randrange(1, 10)) % 10)]
            self.plant(self.line(product, values), "CHECK_DIGIT", values[-1])

    def unknown(self) -> None:
        codes = self.random.sample(UNKNOWN_CODES, PER_KIND)
        for key, code in zip(self.reserved, codes, strict=True):
            line = self.line(self.all[key])
            line.code = code
            self.plant(line, "CODE_UNKNOWN", f"{code} is in no tariff")

    def lapsed(self) -> None:
        for row in self.random.sample(self.hand["old_code"], PER_KIND):
            product = Product("old", row["c"], row["n"], str(row["t"]), row["u"], float(row["p"]), tuple(("", value) for value in row["e"]))
            self.plant(self.line(product), "CODE_NOT_IN_FORCE", f"{row['c']} is of HS 2017")

    def split_goods(self) -> None:
        r = self.random
        for n, key in enumerate(self.split):
            product = self.all[key]
            assert product.other_code is not None
            other = replace(product, code=product.other_code, elements=product.other_elements, legal=product.other_legal)
            for turn in range((1, 2, 1, 2, 3)[n % 5]):
                renamed = turn == 1 or n % 5 == 2
                line = self.line(replace(other, name=other.other_name) if other.other_name and renamed else other, day=r.uniform(0.42, 0.55))
                self.plant(line, "SAME_GOODS_SPLIT", f"otherwise under {product.code} as {product.name}")

    def often(self) -> None:
        """Goods declared so often that their weight and price are known; some by the thousand or the tonne."""
        for product in self.frequent:
            for _ in range(11):
                self.lines.append(self.line(product))
        for product in self.all.values():
            if product.id in self.plain and product.unit in ("个", KILOGRAM) and self.random.random() < 0.2:
                unit = "吨" if product.unit == KILOGRAM else "千个"
                self.lines.append(replace(self.line(product), unit=unit, price=product.price * 1000, note=f"dealt in {unit}"))

    def figures(self) -> None:
        """Units and quantities, where the file has columns for the legal ones."""
        if self.form == "list_2025":
            return
        judged = [product for product in self.all.values() if product.code[:8] in self.known and product.id not in self.split]
        for n in range(PER_KIND):
            wanted = KILOGRAM if n % 6 == 5 else ""
            line = self.line(self.random.choice([product for product in judged if (product.legal == KILOGRAM) == bool(wanted)]))
            line.wrong = partial(wrong_unit, style=n, r=self.random)
            self.plant(line, "UNIT_MISMATCH", f"style {n % 5}")
        for n in range(PER_KIND):
            same_unit = [product for product in judged if product.legal == product.unit and product.unit in ("个", KILOGRAM)]
            line = self.line(self.random.choice(self.frequent if n % 6 >= 4 else same_unit))
            line.wrong = partial(wrong_quantity, style=n, r=self.random)
            self.plant(line, "UNIT_WEIGHT_IMPLAUSIBLE", f"style {n % 6}")

    def prices(self) -> None:
        for n in range(PER_KIND):
            line = self.line(self.frequent[n % len(self.frequent)])
            factor = (1.45, 0.6, 3, 10, 0.1, 7.1, 1.6, 0.5)[n % 8]
            self.plant(replace(line, price=line.price * factor), "PRICE_OUTLIER", f"{factor} times the price")

    # the file
    def build(self) -> Planted:
        self.clean()
        steps = (self.missing, self.empty_talk, self.bad_code, self.brand_mismatch, self.contradicts, self.no_unit)
        for step in (*steps, self.check_digit, self.unknown, self.lapsed, self.split_goods, self.often, self.figures, self.prices):
            step()
        first, last = (date(2025, 1, 2), date(2025, 12, 30)) if self.form == "list_2025" else (date(2023, 1, 3), date(2025, 12, 30))
        span = (last - first).days
        self.lines.sort(key=lambda line: (line.day, line.code, line.name))
        rows: list[list[str]] = [[], []]
        heading = self._heading()
        rows[0] = ["某某进出口有限公司出口货物申报明细表", *[""] * (len(heading) - 1)]
        rows[1] = heading
        serial, total, item, left, number, day = 40_000_000 + self.random.randrange(9_000_000), 0.0, 0, 0, "", first
        for line in self.lines:
            if left == 0:
                left, item, serial, day = self.random.randrange(1, 7), 0, serial + self.random.randrange(1, 900), first + timedelta(days=round(line.day * span))
                number = f"{self.random.choice(('2233', '3104', '5304', '2901', '4201'))}{day.year}0{serial:09d}"
            item, left = item + 1, left - 1
            total += self._fill(line, number, item, day)
            rows.append([line.cells.get(column, "") for column in heading])
            line.line_id = f"{number}-{item}" if self.form != "own_columns" else f"row-{len(rows)}"
        rows.append(["合计" if i == 0 else f"{total:.2f}" if column == "总价" else "" for i, column in enumerate(heading)])
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        encoded = text.getvalue().encode("gb18030" if self.form == "list_gb18030" else "utf-8-sig")
        return Planted(encoded, [
            {"line_id": line.line_id, "planted": line.planted, "also_acceptable": list(line.also), "note": line.note, "product": line.product,
             "content": f"{line.code} {line.name} {'|'.join(line.values)} → {line.destination}"} for line in self.lines
        ])  # fmt: skip

    def _heading(self) -> list[str]:
        legal = {
            "list_gb18030": "法定第一数量 法定第一单位 法定第二数量 法定第二单位",
            "own_columns": "第一法定数量 第一法定单位 第二法定数量 第二法定单位",
        }.get(self.form, "")
        return {
            "list_gb18030": f"海关编号 项号 申报日期 监管方式 商品编号 商品名称 规格型号 数量 单位 {legal} 单价 总价 币制 最终目的国 境内货源地",
            "list_2025": "报关单号 项号 申报日期 商品编码 商品名称 申报要素 成交数量 成交单位 单价 总价 币制 最终目的国（地区） 监管方式",
            "own_columns": f"序号 申报日期 商品编码 商品名称 品牌类型 出口享惠情况 规格型号 数量 单位 {legal} 单价 总价 币制 最终目的国(地区) 监管方式",
        }[self.form].split()

    def _fill(self, line: Line, number: str, item: int, day: date) -> float:
        r = self.random
        quantity = max(1, round(r.uniform(1500, 26000) / line.price))
        total = round(quantity * line.price, 2)
        figures = right_figures(quantity, line.unit, line.legal, line.kilograms)
        if line.second:
            figures = replace(figures, second=(quantity * line.second[0], line.second[1]))
        figures = line.wrong(figures) if line.wrong else figures
        (first, first_unit), (second, second_unit) = figures.first, figures.second or (0, "")
        unit = figures.deal[1]
        first_written, second_written = f"{first:.2f}".rstrip("0").rstrip("."), f"{second:.2f}" if second_unit else ""
        own_columns = self.form == "own_columns"
        code = _written(line.code, r)
        elements = "|".join(line.values[2:] if own_columns else line.values)
        written_day = r.choice((day.isoformat(), f"{day.year}/{day.month}/{day.day}", f"{day:%Y%m%d}"))
        same = {"申报日期": written_day, "商品名称": line.name, "单价": f"{line.price:.4f}", "项号": str(item), "序号": str(item)}
        line.cells = same | {
            "海关编号": number, "报关单号": number, "商品编号": code, "商品编码": code, "规格型号": elements, "申报要素": elements,
            "监管方式": r.choice(("0110", "一般贸易", "0110", "0615", "9710")), "品牌类型": line.values[0], "出口享惠情况": line.values[1],
            "数量": str(quantity), "成交数量": f"{quantity:,}" if r.random() < 0.1 else str(quantity), "单位": unit, "成交单位": unit,
            "法定第一数量": first_written, "法定第一单位": first_unit, "法定第二数量": second_written, "法定第二单位": second_unit,
            "总价": f"{total:,.2f}" if r.random() < 0.1 else f"{total:.2f}", "币制": r.choice(("USD", "美元", "USD", "USD")),
            "境内货源地": r.choice(("宁波其他", "深圳特区", "苏州其他", "青岛其他")),
        }  # fmt: skip
        line.cells |= {f"第{n}法定{what}": line.cells[f"法定第{n}{what}"] for n in "一二" for what in ("数量", "单位")}
        line.cells |= dict.fromkeys(("最终目的国", "最终目的国（地区）", "最终目的国(地区)"), line.destination)
        return total


def _written(code: str, r: random.Random) -> str:
    roll = r.random()
    if code[0] == "0" and code[:2] != "00" and roll < 0.5:
        return code[1:]  # read as a number
    if roll < 0.18:
        return f"{code[:4]}.{code[4:6]}.{code[6:]}"
    if roll < 0.25:
        return code.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
    return code


def build(seed: int, form: str = FORMS[0]) -> Planted:
    return _File(seed, form).build()


def evaluate(scan: dict[str, Any], truth: list[dict[str, Any]]) -> dict[str, Any]:
    """A planted line is found if a finding of a fitting rule names it; a clean line is flagged if any finding does that is not tolerated there."""
    rules: dict[str, set[str]] = defaultdict(set)
    for finding in scan["findings"]:
        for line_id in finding["lines"]:
            rules[line_id].add(finding["rule"])
    per_kind: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    missed, flagged, clean = [], [], 0
    for entry in truth:
        seen = rules[entry["line_id"]]
        if entry["planted"] is None:
            clean += 1
            if wrong := seen - set(entry["also_acceptable"]):
                flagged.append({**entry, "rules": sorted(wrong)})
            continue
        found = bool(seen & {entry["planted"], *entry["also_acceptable"]})
        per_kind[entry["planted"]][0] += found
        per_kind[entry["planted"]][1] += 1
        if not found:
            missed.append({**entry, "rules": sorted(seen)})
    points = sum(finding["points_micro"] for finding in scan["findings"]) + sum(cap["points_micro"] for cap in scan["caps"])
    known = {entry["line_id"] for entry in truth}
    return {
        "recall_per_kind": {kind: found / total for kind, (found, total) in sorted(per_kind.items())},
        "planted_per_kind": {kind: total for kind, (_, total) in sorted(per_kind.items())},
        "recall": sum(found for found, _ in per_kind.values()) / sum(total for _, total in per_kind.values()),
        "clean": clean,
        "clean_flagged_share": len(flagged) / clean,
        "missed": missed,
        "false_alarms": flagged,
        "strange_lines": sorted(set(rules) - known),
        "ledger_holds": scan["score_exact_micro"] is not None and points == 100_000_000 - scan["score_exact_micro"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a planted file and its truth; or mark a scan with --mark SCAN.json.")
    parser.add_argument("seed", type=int)
    parser.add_argument("form", choices=FORMS)
    parser.add_argument("file", type=Path)
    parser.add_argument("--mark", type=Path)
    options = parser.parse_args()
    planted = build(options.seed, options.form)
    if options.mark:
        print(json.dumps(evaluate(json.loads(options.mark.read_text(encoding="utf-8")), planted.truth), ensure_ascii=False, indent=1))
        return
    options.file.write_bytes(planted.content)
    options.file.with_suffix(".truth.json").write_text(json.dumps(planted.truth, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
