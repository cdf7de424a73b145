"""Declaration elements (申报要素) as tables of tariff lines write them: all in one cell (`1:品名;2:品牌类型;…`), or by purpose in three."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from ecid.declarations.vocabulary import heading_key, labels
from ecid.knowledge.catalogue.elements import PURPOSES, read_elements
from ecid.knowledge.importers.cell_values import Fault
from ecid.tariff.model import Element, Purpose

_ORDINAL = re.compile(r"\s*(\d{1,2})\s*[:：.．、)）]+\s*")
_BEFORE_ORDINAL = re.compile(r"\s+(?=\d{1,2}\s*[:：.．、])")
_SEPARATORS = ";；|｜\n\r"
_OPENING, _CLOSING = "(（[［【", ")）]］】"
_CUT_LENGTHS = (255, 256)
"""What old workbooks and databases cut a cell to."""
_FIXED = ("name", "brand_type", "preference")
_TAIL = ("tail_rest", "tail_cas", "tail_gtin")  # from the end
_NOTHING = frozenset({"无", "-", "/", "—"})


def elements_in(row: Mapping[str, str]) -> tuple[Element, ...] | Fault | None:
    """The elements of a row, None where it names none, or why they cannot be relied on. Numbered anew from 1: 品名, 品牌类型 and 出口享惠情况, which every
    declaration states, are not among them, nor are GTIN, CAS and 其他 at the end."""
    by_purpose = [row.get(purpose, "") for purpose in PURPOSES]
    cells = [cell for cell in (*by_purpose, row.get("elements", "")) if cell and cell not in _NOTHING]
    cut = next((cell for cell in cells if _is_cut(cell)), None)
    if cut is not None:
        return f"申报要素似被截断：“…{cut[-12:]}”", f"the elements seem to be cut off: {'…' + cut[-12:]!r}"
    if any(by_purpose):
        return read_elements(by_purpose)
    return _listed(cells[0]) if cells else None


def _listed(cell: str) -> tuple[Element, ...] | Fault:
    pieces = [piece for piece in _pieces(cell) if piece.strip()]
    ordinals = [int(match[1]) for piece in pieces if (match := _ORDINAL.match(piece))]
    if ordinals and ordinals != list(range(ordinals[0], ordinals[0] + len(pieces))):
        return f"申报要素的序号不连续：{ordinals}", f"the elements are not numbered through: {ordinals}"
    named = [_ORDINAL.sub("", piece, count=1).strip() for piece in pieces]
    asked = _without_fixed(named)
    return tuple(Element(number, label, _purpose(label)) for number, label in enumerate(asked, start=1))


def _without_fixed(named: list[str]) -> list[str]:
    """Without what is asked of every line, each of it once: wine is asked for its 品名 in two languages besides."""
    first = [labels().get(heading_key(label)) for label in named]
    asked = [label for number, label in enumerate(named) if first[number] not in _FIXED or first[number] in first[:number]]
    for part in _TAIL:
        if asked and heading_key(asked[-1]) in _words()[part]:
            asked.pop()
    return asked


def _pieces(cell: str) -> list[str]:
    """Parted at separators outside brackets; where the brackets are not closed properly, at every separator."""
    found, depth = [""], 0
    for sign in _BEFORE_ORDINAL.sub("\n", cell):
        depth += (sign in _OPENING) - (sign in _CLOSING)
        if sign in _SEPARATORS and depth <= 0:
            found.append("")
        else:
            found[-1] += sign
    return found if depth <= 0 else re.split(f"[{_SEPARATORS}]", cell)


def _is_cut(cell: str) -> bool:
    last = _pieces(cell)[-1]
    is_open = sum(last.count(sign) for sign in _OPENING) > sum(last.count(sign) for sign in _CLOSING)
    bare = bool(_ORDINAL.fullmatch(last))
    return is_open or bare or cell.endswith(("…", "...")) or len(cell) in _CUT_LENGTHS


def _purpose(label: str) -> Purpose:
    core = heading_key(label)
    return "price" if core in _words()["price"] else "other" if core in _words()["other"] else "classification"


@cache
def _words() -> Mapping[str, frozenset[str]]:
    data: Mapping[str, Sequence[str]] = tomllib.loads(files(__package__).joinpath("line_elements.toml").read_text("utf-8"))
    return {name: frozenset(heading_key(unicodedata.normalize("NFKC", label)) for label in found) for name, found in data.items()}
