"""Figures as reports show them: points allotted so that what is shown adds up, money, shares, and the score of a day."""

from __future__ import annotations

from collections.abc import Sequence

from ecid.declarations.rejections import printable
from ecid.scoring.shares import allot

LONGEST = 300
"""Characters of a declared text that a page shows."""
_TENTHS = 1_000
_TENTH = 100_000


def score_shown(exact: int | None) -> str:
    """One decimal, floored."""
    return "–" if exact is None else f"{exact // _TENTH // 10}.{exact // _TENTH % 10}"


def missing_tenths(exact: int | None) -> int:
    """Tenths of a point that are missing of the score shown; 0 where there is none."""
    return 0 if exact is None else _TENTHS - exact // _TENTH


def allotted(exact: int | None, lost: Sequence[int | None], parts: int = 1) -> list[int]:
    """Losses (millionths, together all that is missing) in whole `parts` of a tenth, adding up to what is missing of the score shown."""
    return allot(missing_tenths(exact) * parts, [points or 0 for points in lost])


def points(whole: int | None, decimals: int = 1) -> str:
    """So many tenths (or hundredths) of a point."""
    if whole is None:
        return "–"
    scale = 10**decimals
    return f"{whole // scale}.{whole % scale:0{decimals}d}"


def money(fen: int) -> str:
    """RMB fen as yuan, rounded down."""
    return f"{fen // 100:,}"


def percent(ppm: int) -> str:
    """Millionths as per cent, one decimal, floored."""
    return f"{ppm // 10_000}.{ppm // 1_000 % 10} %"


def text(declared: object, longest: int = LONGEST) -> str:
    """What a file or a person said, without signs that could steer a page, cut where it is too long."""
    said = printable(str(declared))
    return said if len(said) <= longest else f"{said[:longest]}…"
