"""Generated declaration lines of an exporter whose goods are invented but written like real ones. The same arguments give the same lines.

All goods are under codes whose elements are known, so that each is judged, and next to no two are described alike: besides the model, which says nothing of
where goods belong, the name tells a colour or finish, and an element the size.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from ecid.declarations.lines import LINE_SCHEMA
from ecid.tariff.reference import Tariff
from tests.acceptance.planted_files import Product, products

FIRST_DAY = date(2023, 7, 1)
AS_OF = date(2026, 5, 21)
_DESTINATIONS = ("DEU", "USA", "POL", "MEX", "JPN", "VNM")
_FINISHES = ("", "黑色", "白色", "银灰色", "蓝色", "红色", "军绿色", "米色", "小型", "大号", "加厚", "升级款", "简装", "礼盒装", "出口型", "II型")
_SILENT = ("品牌", "型号", "货号", "款号")
_EVERY = 25
"""One of so many goods has a defect: an element left out, empty talk, another code, a wrong unit."""


def lines(count: int, distinct: int, tariff: Tariff, *, one_model: bool = False) -> pl.DataFrame:
    """`count` lines in `LINE_SCHEMA` over `distinct` goods. Large sellers: goods `i` gets about 1/(i + 10) of what the first one gets.

    With `one_model` all goods carry one brand and a filler for a model (标准), each under a name of its own that has nothing in common with the others.
    """
    pool = [product for product in products().values() if (line := tariff.judge(product.code, AS_OF).line) and line.elements]
    if one_model:
        described = [_filler(number, next(product for product in pool if product.has_model() and product.exact("品牌")), tariff) for number in range(distinct)]
    else:
        described = [_goods(*divmod(number, len(pool)), pool, tariff) for number in range(distinct)]
    goods = pl.DataFrame(described, infer_schema_length=None).with_row_index("goods")
    shares = 1.0 / (pl.int_range(distinct, eager=True) + 10)
    bounds = (shares.cum_sum() / shares.sum()).to_list()
    # A fixed irrational step spreads lines over goods, days and amounts without chance.
    at = pl.int_range(count, eager=True).alias("at")
    spread = ((at * 0.6180339887498949) % 1.0).cast(pl.Float64)
    frame = pl.DataFrame({"at": at, "goods": pl.Series(bounds).search_sorted(spread).clip(0, distinct - 1).cast(pl.UInt32)})
    frame = frame.join(goods, on="goods", maintain_order="left")
    days = (AS_OF - FIRST_DAY).days
    quantity = (pl.col("at") * 7919 % 5000 + 50) * 100_000
    price = pl.col("price_e4") * (95 + pl.col("at") * 31 % 11) // 100
    frame = frame.with_columns(
        row=pl.col("at").cast(pl.Int64),
        declaration_no=pl.concat_str(pl.lit("310420250"), (pl.col("at") // 5).cast(pl.String).str.zfill(9)),
        item=(pl.col("at") % 5 + 1).cast(pl.Int64),
        declared_on=pl.lit(FIRST_DAY) + pl.duration(days=pl.col("at") * 104729 % days),
        quantity_e5=quantity,
        first_quantity_e5=quantity,
        second_quantity_e5=quantity * pl.col("grams") // 1000 * (97 + pl.col("at") * 17 % 7) // 100,
        price_e4=price,
        total_e4=price * (quantity // 100_000),
        destination=pl.Series("destination", _DESTINATIONS).gather((at % len(_DESTINATIONS)).cast(pl.UInt32)),
    )
    frame = frame.with_columns(line_id=pl.concat_str("declaration_no", pl.lit("-"), pl.col("item").cast(pl.String)))
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in LINE_SCHEMA.items() if name not in frame.columns and name != "flags"]
    frame = frame.with_columns(*missing, flags=pl.lit([], dtype=LINE_SCHEMA["flags"]))
    return frame.select(pl.col(name).cast(dtype) for name, dtype in LINE_SCHEMA.items())


def _goods(variant: int, place: int, pool: Sequence[Product], tariff: Tariff) -> dict[str, Any]:
    product = pool[place]
    values, code, defect = product.values(), product.code, variant % _EVERY == 1
    model = product.index("型号")
    if model is not None and values[model] != "无型号":
        values[model] = f"{values[model]}-{variant}"
    finish, size = _FINISHES[variant % len(_FINISHES)], variant // len(_FINISHES)
    told = next((at for at, (label, _) in enumerate(product.elements) if not label.lstrip("?").startswith(_SILENT)), None)
    length = f"长{120 + 5 * size}mm" if size else ""
    if told is not None:
        values[told] += f"（{length}）" if length else ""
    if defect:
        match place % 4:
            case 0:
                values[product.mandatory()[-1]] = ""
            case 1:
                values[product.mandatory()[0]] = "详见附件"
            case 2:
                code = product.other_code or code
            case _:
                pass
    line = tariff.judge(code, AS_OF).line
    units = line.units if line else ()
    wrong = defect and place % 4 == 3
    factories = {"declarant": f"报关行{place % 7}", "manufacturer": f"工厂{place % 3}"}
    return (
        _declared(product, code, f"{finish}{product.name if told is not None else length + product.name}", values, units)
        | factories
        | ({"first_unit": "120"} if wrong and units else {})
    )


def _filler(number: int, product: Product, tariff: Tariff) -> dict[str, Any]:
    values, model = product.values(), product.index("型号")
    assert model is not None
    values[model] = "标准"
    line = tariff.judge(product.code, AS_OF).line
    return _declared(product, product.code, "".join(chr(0x4E00 + number * step % 20_011) for step in (1, 7, 11)), values, line.units if line else ())


def _declared(product: Product, code: str, name: str, values: Sequence[str], units: Sequence[str]) -> dict[str, Any]:
    return {
        "code": code,
        "name": name,
        "specification": "|".join([product.brand_type, "0", *values]),
        "unit": units[0] if units else "007",
        "first_unit": units[0] if units else None,
        "second_unit": units[1] if len(units) > 1 else None,
        "grams": round(product.kilograms * 1000) if len(units) > 1 else None,
        "price_e4": round(product.price * 10_000),
        "currency": "USD",
        "mode": "0110",
        "origin": "CHN",
        "declarant": "报关行",
        "manufacturer": "工厂",
        "sku": None,
    }
