"""Write the sample enterprises of `knowledge/samples` from the recipes in `tools/samples`: `make samples`.

A recipe is one enterprise: who it is, what its sources reported, what it exports through whom, and the defects planted in its declarations. The same
recipes give the same bytes. Which samples there are, in which order and under which label, stands in `knowledge/samples/samples.toml`, written by hand;
its `edition` goes into every event as its sequence, so that the samples of a newer edition prevail over those that a store took in before.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RECIPES = Path(__file__).with_name("samples")
SAMPLES = ROOT / "knowledge" / "samples"

HEADINGS = (
    "海关编号", "项号", "申报日期", "监管方式", "境内发货人统一社会信用代码", "境内发货人", "生产销售单位", "申报单位", "出境关别",
    "运抵国", "最终目的国", "原产国", "商品编号", "商品名称", "规格型号", "成交数量", "成交单位", "法定第一数量", "法定第一单位",
    "法定第二数量", "法定第二单位", "单价", "总价", "币制",
)  # fmt: skip
"""As the Single Window's item-level export has them; `货号` follows where the enterprise keeps item numbers."""
_WEIGHT = "千克"
_AEO_LEVELS = ("advanced", "certified")
_NUMBERS_APART = 7
_JITTER = 0.06
_RULING_YEARS = 3  # Order 236


@dataclass(frozen=True, slots=True)
class Goods:
    """One product as it is declared when all is well. `elements` in the order of the catalogue; `kg` is the net weight of one `unit`; `enjoys`: the
    destinations where its certificate of origin brings a preference; `often`: how many times it comes up in one round of all goods."""

    id: str
    code: str
    name: str
    brand_type: str
    elements: tuple[str, ...]
    unit: str
    legal: tuple[str, ...]
    kg: float
    price: float
    lot: int
    often: int = 1
    sku: str = ""
    manufacturer: str = ""
    enjoys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declarant:
    """Who lodges: the broker (or the enterprise itself), its customs office (four digits), the exit customs, and its share of the declarations."""

    name: str
    office: str
    port: str
    share: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a declaration; `goods` as declared there, which a defect may have changed."""

    declaration_no: str
    item: int
    day: date
    declarant: Declarant
    destination: str
    goods: Goods
    quantity: int
    price: float


@dataclass(frozen=True, slots=True)
class Defect:
    """What is planted: in `lines` lines (0: all), evenly spread over those of `goods` (by id; empty: any) that `declarant` lodged (empty: any).

    `change` sets fields of the goods; `elements` there names places by number, from 1. `price` and `kg` are factors.
    """

    why: str
    goods: tuple[str, ...] = ()
    declarant: str = ""
    lines: int = 0
    change: Mapping[str, Any] = field(default_factory=dict)

    def concerns(self, line: Line) -> bool:
        """Whether the defect can be planted in this line."""
        return (not self.goods or line.goods.id in self.goods) and self.declarant in ("", line.declarant.name)


def make(recipe: Mapping[str, Any], folder: str, edition: int) -> dict[str, str]:
    """File name → text of one sample: `events.jsonl`, and `declarations.csv` where the recipe has `[declarations]`."""
    lines = lines_of(recipe, folder) if "declarations" in recipe else []
    events = events_of(recipe, folder, edition, list(dict.fromkeys(line.declaration_no for line in lines)))
    files = {"events.jsonl": "".join(f"{json.dumps(event, ensure_ascii=False)}\n" for event in events)}
    return {**files, "declarations.csv": table_of(recipe, lines)} if lines else files


def events_of(recipe: Mapping[str, Any], folder: str, edition: int, declared: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The source events of an enterprise, in the shape of `docs/events`, each marked as sample where its type can say so.

    `declared`: the numbers of its declarations in their order, to which clearance records refer by place.
    """
    enterprise = recipe["enterprise"]
    makers: Mapping[str, tuple[str, str, Callable[[Mapping[str, Any], int], dict[str, Any]]]] = {
        "domain": ("domain.registered", "aeo", lambda entry, _: _domain(entry, enterprise)),
        "aeo": ("aeo.changed", "aeo", lambda entry, _: _status(entry, enterprise)),
        "ruling": ("ruling.issued", "hs_verification", lambda entry, _: _ruling(entry)),
        "clearance": ("clearance.recorded", "single_window", lambda entry, number: _anomaly(entry, f"sample-{folder}", number, declared)),
        "website": ("website.checked", "website_check", lambda entry, _: {"reasons": [], **_told(entry), "checked_at": _at(entry)}),
    }
    for kind, (event_type, source, data_of) in makers.items():
        for number, entry in enumerate(recipe.get(kind, ()), start=1):
            data = data_of(entry, number)
            body = {"type": event_type, "source": source, "enterprise": enterprise["uscc"], "effective_at": _at(entry), "sequence": edition, "data": data}
            told = json.dumps(body, ensure_ascii=False, sort_keys=True)
            yield {"id": f"sample-{folder}-{kind}-{number}-{hashlib.sha256(told.encode()).hexdigest()[:10]}", **body}


def _at(entry: Mapping[str, Any]) -> str:
    return f"{entry['on']}T03:00:00Z"


def _told(entry: Mapping[str, Any], *left_out: str) -> dict[str, Any]:
    """The entry as JSON takes it; `on` became the event's time."""
    return dict(json.loads(json.dumps({key: value for key, value in entry.items() if key not in ("on", *left_out)}, default=date.isoformat)))


def _domain(entry: Mapping[str, Any], enterprise: Mapping[str, str]) -> dict[str, Any]:
    return {
        "domain": entry["name"],
        "legal_name_zh": enterprise["name_zh"],
        "legal_name_en": enterprise["name_en"],
        "customs_code": enterprise["customs_code"],
        "proof": {"method": "dns_txt", "proven_at": f"{entry['on']}T01:30:00Z"},
        "bound_since": entry["on"].isoformat(),
        "released": False,
        "sample": True,
    }


def _status(entry: Mapping[str, Any], enterprise: Mapping[str, str]) -> dict[str, Any]:
    code = enterprise["customs_code"]
    number = {"aeo_code": f"AEOCN{code}"} if entry["level"] in _AEO_LEVELS else {}
    return {**_told(entry), "customs_code": code, **number, "sample": True}


def _ruling(entry: Mapping[str, Any]) -> dict[str, Any]:
    on = entry["on"]
    validity = {"issued_on": on, "valid_from": on, "valid_until": on.replace(year=on.year + _RULING_YEARS) - timedelta(days=1)}
    return {**_told({**entry, **validity}), "sample": True}


def _anomaly(entry: Mapping[str, Any], name: str, number: int, declared: Sequence[str]) -> dict[str, Any]:
    case = {"case_id": f"{name}-case-{entry['case']}"} if "case" in entry else {}
    of = {"declaration_no": declared[entry["declaration"] - 1]} if "declaration" in entry else {}
    usual = {"fault": "exporter", "disclosed": False, "state": "CLOSED"}
    return {"record_id": f"{name}-{number}", "key_date": entry["on"].isoformat(), **case, **of, **usual, **_told(entry, "case", "declaration")}


def lines_of(recipe: Mapping[str, Any], folder: str) -> list[Line]:
    """The declared lines, defects planted. Raises ValueError for a defect that wants more lines than there are."""
    plan = recipe["declarations"]
    goods = [Goods(**_tuples(entry)) for entry in recipe["goods"]]
    declarants = [Declarant(**entry) for entry in recipe["declarant"]]
    # Of the random module only random() gives the same numbers in every version of Python.
    draw = random.Random(folder).random  # noqa: S311
    rounds = _rounds([one for one in goods for _ in range(one.often)], draw)
    lines: list[Line] = []
    for number, day in enumerate(_days(plan["first"], plan["last"], plan["count"])):
        declarant = _pick([one for one in declarants for _ in range(one.share)], draw)
        destination = _pick(plan["destinations"], draw)
        declaration_no = f"{declarant.office}{day.year}0{plan['serial'] + number * _NUMBERS_APART:09d}"
        fewest, most = plan["items"]
        for item in range(1, fewest + int(draw() * (most - fewest + 1)) + 1):
            one = next(rounds)
            price = round(one.price * (1 - _JITTER / 2 + _JITTER * draw()), 2)
            lines.append(Line(declaration_no, item, day, declarant, destination, one, one.lot * (1 + int(draw() * 4)), price))
    for entry in recipe.get("defect", ()):
        lines = _planted(Defect(**_tuples(entry)), lines)
    return lines


def _tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def _pick(among: Sequence[Any], draw: Callable[[], float]) -> Any:
    return among[int(draw() * len(among))]


def _rounds(goods: Sequence[Goods], draw: Callable[[], float]) -> Iterator[Goods]:
    """All goods again and again, each round in another order: every product comes up all year."""
    for _ in count():
        yield from [one for _, one in sorted(((draw(), one) for one in goods), key=lambda pair: pair[0])]


def _days(first: date, last: date, how_many: int) -> Iterator[date]:
    """Working days evenly spread from `first` to `last`, both of which are working days."""
    span = (last - first).days
    for number in range(how_many):
        day = first + timedelta(days=span * number // max(how_many - 1, 1))
        yield day - timedelta(days=max(day.weekday() - 4, 0))


def _planted(defect: Defect, lines: Sequence[Line]) -> list[Line]:
    places = [at for at, line in enumerate(lines) if defect.concerns(line)]
    wanted = defect.lines or len(places)
    if wanted > len(places) or not places:
        raise ValueError(f"{defect.why}: {wanted} lines wanted, {len(places)} there")
    chosen = {places[(2 * n + 1) * len(places) // (2 * wanted)] for n in range(wanted)}
    return [_changed(line, defect.change) if at in chosen else line for at, line in enumerate(lines)]


def _changed(line: Line, change: Mapping[str, Any]) -> Line:
    fields = _tuples(change)
    factor = fields.pop("price", 1)
    if "kg" in fields:
        fields["kg"] *= line.goods.kg
    if isinstance(fields.get("elements"), Mapping):
        elements = list(line.goods.elements)
        for place, value in fields["elements"].items():
            elements[int(place) - 1] = value
        fields["elements"] = tuple(elements)
    return replace(line, goods=replace(line.goods, **fields), price=round(line.price * factor, 2))


def table_of(recipe: Mapping[str, Any], lines: Sequence[Line]) -> str:
    """The lines as CSV (UTF-8, one heading row)."""
    with_sku = any(one.get("sku") for one in recipe["goods"])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*HEADINGS, "货号"] if with_sku else HEADINGS)
    for line in lines:
        cells = _cells(line, recipe["enterprise"])
        writer.writerow([*cells, line.goods.sku] if with_sku else cells)
    return text.getvalue()


def _cells(line: Line, enterprise: Mapping[str, str]) -> list[object]:
    goods, own = line.goods, enterprise["name_zh"]
    preference = "1" if line.destination in goods.enjoys else "0"
    specification = "|".join([goods.brand_type, preference, *goods.elements]) if goods.elements else ""
    legal = [(_quantity(line, unit), unit) for unit in goods.legal]
    first, second = (*legal, ("", ""), ("", ""))[:2]
    return [
        line.declaration_no, line.item, line.day.isoformat(), "一般贸易", enterprise["uscc"], own, goods.manufacturer or own,
        line.declarant.name, line.declarant.port, line.destination, line.destination, "中国", goods.code, goods.name, specification,
        line.quantity, goods.unit, *first, *second, f"{line.price:.2f}", f"{line.price * line.quantity:.2f}", "美元",
    ]  # fmt: skip


def _quantity(line: Line, unit: str) -> str:
    """The quantity in a legal unit: by weight where it is one, else the number of pieces."""
    if unit == line.goods.unit or unit != _WEIGHT:
        return str(line.quantity)
    return f"{line.quantity * line.goods.kg:.2f}".rstrip("0").rstrip(".")


def made(recipes: Path = RECIPES, samples: Path = SAMPLES) -> dict[Path, str]:
    """Every file of the samples, by its path below the samples' folder. Raises ValueError naming the recipe that cannot be followed."""
    edition = tomllib.loads((samples / "samples.toml").read_text("utf-8"))["edition"]
    files: dict[Path, str] = {}
    for path in sorted(recipes.glob("*.toml")):
        try:
            texts = make(tomllib.loads(path.read_text("utf-8")), path.stem, edition)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name}: {error!r}") from error
        files |= {Path(path.stem) / name: text for name, text in texts.items()}
    return files


def main() -> None:
    """Write all of them; what is left in the samples' folders and no recipe makes is removed."""
    files = made()
    for left in [path for path in SAMPLES.glob("*/*") if path.relative_to(SAMPLES) not in files]:
        left.unlink()
    for folder in [path for path in SAMPLES.iterdir() if path.is_dir() and not any(path.iterdir())]:
        folder.rmdir()
    for path, text in files.items():
        (SAMPLES / path).parent.mkdir(exist_ok=True)
        (SAMPLES / path).write_text(text, "utf-8", newline="\n")
    print(f"{len(files)} files, {sum(text.count(chr(10)) for text in files.values())} lines")


if __name__ == "__main__":
    main()
