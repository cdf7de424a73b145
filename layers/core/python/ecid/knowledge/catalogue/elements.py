"""Declaration elements (申报要素) out of the printed cells. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ecid.tariff.model import Element, Purpose

PURPOSES: tuple[Purpose, ...] = ("classification", "price", "other")
"""The catalogue's columns from left to right: 归类要素, 价格要素, 其他要素."""

# An ordinal stands at the start or after a separator; the print now and then forgets its stop ("3加工方法") or sets two ("3..是否自推进"). After a
# closing bracket or a colon the separator itself was forgotten: there the stop has to stand. A figure may follow: "4.725℃时灰分" is element 4.
_ORDINAL = re.compile(r"(?:^|(?<=[；;]))(\d{1,2})(?:[.．]+|(?=[\u4e00-\u9fff]))|(?<=[)）：:])(\d{1,2})[.．]+")
_SEPARATORS = "；;：:，, "


def read_elements(cells: Sequence[str]) -> tuple[Element, ...]:
    """The elements of the three cells (classification, price, other) by their printed ordinals, which run through all columns.

    Where the print gives two elements one ordinal, the ordinals prove nothing and the elements stand from left to right. Text without an ordinal
    is given the next one.
    """
    found: list[Element] = []
    for purpose, text in zip(PURPOSES, cells, strict=True):
        _read_cell(text, purpose, found)
    if len({element.number for element in found}) == len(found):
        found.sort(key=lambda element: element.number)
    return tuple(found)


def compose(elements: Sequence[Element], purpose: Purpose) -> str:
    """One column as the catalogue would print it without its slips: `1.用途；2.材质`."""
    return "；".join(f"{element.number}.{element.label}" for element in elements if element.purpose == purpose)


def _read_cell(text: str, purpose: Purpose, found: list[Element]) -> None:
    last = max((element.number for element in found), default=0)
    starts: list[tuple[int, int, int]] = []  # ordinal, where it starts, where its label starts
    for match in _ORDINAL.finditer(text):
        number = int(match[1] or match[2])
        before = starts[-1][0] if starts else last
        stopped = match[1] and match[0][-1] in ".．"  # then it is taken as printed, be it a misprint: some lines number two elements alike
        if stopped or number == before + 1 or (match[2] and number > before):
            starts.append((number, match.start(), match.end()))
    if not starts or text[: starts[0][1]].strip(_SEPARATORS):
        starts.insert(0, (last + 1, 0, 0))
    for (number, _, start), end in zip(starts, [begin for _, begin, _ in starts[1:]] + [len(text)], strict=True):
        label = text[start:end].strip(_SEPARATORS)
        if label:
            found.append(Element(number, label, purpose))
