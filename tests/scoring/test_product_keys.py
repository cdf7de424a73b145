"""Product keys of many goods: the work grows with their number, not with its square."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import count
from types import FrameType
from typing import Any

import pytest

from ecid.scoring.goods import Goods, goods_of
from ecid.scoring.product_key import product_keys
from tests.scoring.tariff import small_reference

EDITION = small_reference().tariff.editions[0]
CODES = ("7318151000", "7318159000")


def _unlike(number: int) -> str:
    return "".join(chr(0x4E00 + number * step % 20_011) for step in (1, 7, 11))


def _alike(number: int) -> str:
    return f"螺栓{number}"


def _one_name(_number: int) -> str:
    return "螺栓"


def _goods(number: int, name: str, model: str) -> Goods:
    code = CODES[number % 2]
    return goods_of(code, name, f"1|0|合金钢|{800 + number}MPa|固力牌|{model}|8mm", None, EDITION.lines[code[:8]])


def _steps(work: Callable[[], object]) -> int:
    """Lines of the product keys' own module that were run."""
    counted = count()

    def watch(frame: FrameType, event: str, _argument: object) -> Any:
        if not frame.f_code.co_filename.endswith("product_key.py"):
            return None
        if event == "line":
            next(counted)
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        work()
    finally:
        sys.settrace(before)
    return next(counted)


@pytest.mark.parametrize("model", ["标准", "GL-M812X", "无型号"])
@pytest.mark.parametrize("name", [_unlike, _alike, _one_name])
def test_work_grows_with_the_number_of_goods(name: Callable[[int], str], model: str) -> None:
    def work(size: int) -> int:
        goods = [_goods(number, name(number), model) for number in range(size)]
        return _steps(lambda: product_keys(goods))

    once, fourfold = work(250), work(1_000)
    assert once > 250
    assert fourfold < 4.8 * once


def _by_comparing_all(names: list[str]) -> Iterator[set[int]]:
    """Families of names that share two neighbouring characters, found the plain way."""
    left = set(range(len(names)))
    while left:
        family = {min(left)}
        while more := {i for i in left - family if any(_share(names[i], names[j]) for j in family)}:
            family |= more
        left -= family
        yield family


def _share(one: str, other: str) -> bool:
    return bool({one[i : i + 2] for i in range(len(one) - 1)} & {other[i : i + 2] for i in range(len(other) - 1)})


def test_families_are_those_that_comparing_all_finds() -> None:
    names = ["".join("螺栓垫圈钩环销轴"[number * step % 8] for step in (1, 3, 5)) for number in range(1, 12)] + ["电池", "锂电池组", "池电", "弹簧"]
    keys = product_keys([_goods(number, name, "标准") for number, name in enumerate(names)])
    families = {frozenset(i for i, own in enumerate(keys) if own == key) for key in keys}
    assert families == {frozenset(family) for family in _by_comparing_all(names)}
    assert len(families) > 3
