"""A large declaration file such as the Single Window exports: `python -m tests.benchmarks.big_csv MEGABYTES PATH [DISTINCT_GOODS]`.

Written as it is made, so that a gigabyte needs no memory; the same arguments give the same bytes. A declaration has one to six items. Every thousandth
row has no commodity code, so that the rows that are refused are measured too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path

from tests.acceptance.planted_files import products

HEADINGS = (
    "海关编号,项号,申报日期,监管方式,境内发货人统一社会信用代码,境内发货人,申报单位,最终目的国,原产国,"
    "商品编号,商品名称,规格型号,成交数量,成交单位,单价,总价,币制"
)
_FIRST_DAY = date(2023, 7, 1)
_DAYS = 1_000
_EXPORTER = "91330282MA2H7K4W68,宁波样例进出口有限公司"
_DESTINATIONS = ("德国", "美国", "波兰", "墨西哥", "日本", "越南")
_REFUSED_EVERY = 1_000
_BLOCK = 10_000  # rows written at once


def write_csv(path: Path, size: int, distinct: int = 2_000) -> int:
    """Write at least `size` bytes of lines over `distinct` goods to `path` (UTF-8); the number of rows below the headings."""
    rows, lines = 0, _rows(distinct)
    with path.open("wb") as file:
        file.write(f"{HEADINGS}\n".encode())
        while file.tell() < size:
            file.write("".join(islice(lines, _BLOCK)).encode())
            rows += _BLOCK
    return rows


def _rows(distinct: int) -> Iterator[str]:
    pool = list(products().values())
    goods: list[tuple[str, str, str, str, float]] = []
    for number in range(distinct):
        product = pool[number % len(pool)]
        values, model = product.values(), product.index("型号")
        if model is not None and values[model] != "无型号":
            values[model] = f"{values[model]}-{number // len(pool)}"
        goods.append((product.code, product.name, "|".join([str(product.brand_type), "0", *values]), product.unit, product.price))
    number = 0
    for declaration in count():
        day = _FIRST_DAY + timedelta(days=declaration % _DAYS)
        head = f"3104{day.year}0{declaration:09}"
        tail = f"{day},0110,{_EXPORTER},样例报关行{declaration % 7},{_DESTINATIONS[declaration % len(_DESTINATIONS)]},中国"
        for item in range(1, declaration % 6 + 2):
            number += 1
            # A fixed irrational step spreads lines over goods without chance; its cube lets a few be declared far more often than the others.
            code, name, specification, unit, price = goods[int((number * 0.6180339887498949 % 1) ** 3 * distinct)]
            quantity = number * 7919 % 5000 + 50
            shown = "" if number % _REFUSED_EVERY == 0 else code
            each = round(price * (95 + number % 11) / 100, 4)
            yield f"{head},{item},{tail},{shown},{name},{specification},{quantity},{unit},{each},{each * quantity:.2f},美元\n"


if __name__ == "__main__":
    megabytes, target, *goods_asked = sys.argv[1:]
    print(write_csv(Path(target), int(megabytes) * 10**6, *map(int, goods_asked)))
