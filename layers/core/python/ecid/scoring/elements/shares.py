"""Shares in a composition: `棉60%涤纶40%` (M7). Data: `shares.toml`, fibres in `families.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from ecid.scoring.elements.families import Family, Members, agree, families_of, found, readable
from ecid.scoring.elements.kinds import label_of
from ecid.scoring.elements.text import CACHE, plain, table

_PERCENT = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*%")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(str(table("shares")[name]), re.IGNORECASE)


@lru_cache(maxsize=CACHE)
def parts(text: str) -> tuple[str, ...]:
    """The composition of each part of the goods (面料…；里料…), the whole text where no parts are named."""
    pieces = (piece.strip(" ,;:、。/+") for piece in _pattern("parts").sub(";", _BRACKETS.sub("", plain(text))).split(";"))
    return tuple(piece for piece in pieces if piece)


def _shares(text: str) -> tuple[float, ...]:
    return tuple(float(match.group(1)) for match in _PERCENT.finditer(text))


def _closes(shares: tuple[float, ...]) -> bool:
    """Whether the shares, taken in order, fall into groups of 100 % (several parts without their names)."""
    lower, upper = table("shares")["lower"], table("shares")["upper"]
    total = 0.0
    for share in shares:
        total += share
        if total > upper:
            return False
        if total >= lower:
            total = 0.0
    return total == 0.0


@cache
def _least(label: str, code: str) -> int:
    """How many shares it takes until they should close to 100 %; 0 where they need not."""
    base = label_of(label).base
    entries = table("shares")["closing"]
    return next((int(e["least"]) for e in entries if code.startswith(tuple(e["prefixes"])) and re.fullmatch(e["labels"], base)), 0)


def _may_fall_short(label: str, code: str, text: str, shares: tuple[float, ...]) -> bool:
    """Whether a sum under 100 % is in order: the composition need not close, or the rest is spoken of."""
    least = _least(label, code)
    if not least or len(shares) < least or _pattern("balance").search(text):
        return True
    return len(shares) == 1 and _pattern("single_is_enough").search(text) is not None


def _off(label: str, code: str, text: str, *, whole: bool) -> float | None:
    """The sum of the shares of `text` where it is over 100 %, or under it though `text` is the whole composition."""
    shares = _shares(text)
    total = round(sum(shares), 4)
    if not shares or _closes(shares):
        return None
    if total > table("shares")["upper"]:
        return total
    return total if whole and total < table("shares")["lower"] and not _may_fall_short(label, code, text, shares) else None


@lru_cache(maxsize=CACHE)
def sum_off(label: str, code: str, value: str) -> float | None:
    """The sum of the shares where it cannot be right; None where it is, or where nothing can be said."""
    text = plain(value)
    if "%" not in text or not _pattern("total_labels").fullmatch(label_of(label).base) or _pattern("other_measures").search(text):
        return None
    pieces = parts(value)
    if _closes(tuple(share for piece in pieces for share in _shares(piece))):
        return None
    # Pieces cut at a semicolon may be one composition: then only the whole must reach 100 %. Named parts may be incomplete.
    sums = [_off(label, code, piece, whole=len(pieces) == 1) for piece in pieces]
    if len(pieces) > 1 and not _pattern("parts").search(text):
        sums.append(_off(label, code, ",".join(pieces), whole=True))
    return next((total for total in sums if total is not None), None)


@lru_cache(maxsize=CACHE)
def weights(family: Family, value: str) -> Mapping[str, float]:
    """Share in per cent of each member that the first part of the composition names; without shares a lone member has 100."""
    pieces = parts(value)
    text = readable(family, pieces[0]) if pieces else ""
    words = [(match.start(), found(family, match.group())) for match in family.words.finditer(text)]
    shares = [(match.start(), float(match.group(1))) for match in _PERCENT.finditer(text)]
    if not shares:
        named = words[0][1] if len(words) == 1 else frozenset[str]()
        return dict.fromkeys(named, 100.0) if len(named) == 1 else {}
    return _paired(words, shares)


def _paired(words: list[tuple[int, Members]], shares: list[tuple[int, float]]) -> dict[str, float]:
    """Each word with the share beside it, by place in the text; nothing where a word has no share of its own (棉/涤 60%/40%)."""
    tokens = sorted([*words, *shares], key=lambda token: token[0])
    share_first = bool(words) and shares[0][0] < words[0][0]
    result: dict[str, float] = {}
    matched = 0
    for (_, one), (_, other) in pairwise(tokens):
        members, share = (other, one) if share_first else (one, other)
        if isinstance(members, frozenset) and isinstance(share, float):
            matched += 1
            for member in members:
                result[member] = result.get(member, 0.0) + share / len(members)
    return result if matched == len(words) else {}


def outweighed(family: Family, truth: Members, value: str) -> bool:
    """Whether what should predominate clearly does not: some other member weighs more than all of `truth` together."""
    shares = weights(family, value)
    if not truth or not shares:
        return False
    agreeing = {member for member in shares if any(agree(family, member, true) for true in truth)}
    others = max((share for member, share in shares.items() if member not in agreeing), default=0.0)
    return others > sum(shares[member] for member in agreeing) + 1.0


_LIMIT = r"\s*(?:在|超过)?\s*(\d+(?:\.\d+)?)%(及?以[上下])"


@dataclass(frozen=True, slots=True)
class _ShareBound:
    members: tuple[str, ...]
    limit: float
    least: bool
    clause: str


@cache
def _share_bounds(name: str, path: tuple[str, ...]) -> tuple[_ShareBound, ...]:
    found = []
    for raw in table("shares")["bound"]:
        matches = (re.search(f"(?:{raw['text']}){_LIMIT}", plain(text)) for text in (name, *reversed(path)))
        if match := next((match for match in matches if match), None):
            found.append(_ShareBound(tuple(raw["members"]), float(match[1]), match[2].endswith("上"), match[0]))
    return tuple(found)


def share_bound(label: str, value: str, code: str, name: str, path: tuple[str, ...]) -> str | None:
    """The clause of the code whose share of a fibre (含棉量在85%及以上) the composition clearly misses."""
    bounds = _share_bounds(name, path)
    family = next((family for family in families_of(label, code) if family.predominant), None) if bounds else None
    shares = weights(family, value) if family else {}
    for bound in bounds if shares else ():
        share = sum(shares.get(member, 0.0) for member in bound.members)
        if share < bound.limit - 1 if bound.least else share > bound.limit + 1:
            return bound.clause
    return None


@cache
def _substances() -> tuple[re.Pattern[str], str]:
    data = table("shares")["substance"]
    return re.compile(str(data["text"]).replace("{words}", str(data["words"]))), str(data["words"])


@lru_cache(maxsize=CACHE)
def _substance_bounds(name: str, path: tuple[str, ...]) -> tuple[tuple[str, float, bool, str], ...]:
    """(substance, limit in %, whether at least so much, clause) of each share that the texts of a line bound."""
    found = []
    open_clause = re.compile(str(table("shares")["substance"]["open_clause"]))
    for text in (name, *path):
        for clause in re.split(r"[,;:]", plain(text)):
            match = _substances()[0].search(clause)
            if match and not open_clause.search(clause):
                word, tail = match["word"] or "", match["tail"] or ""
                if word or tail:
                    upper = word in ("低于", "小于", "不超过", "不大于", "≤", "<") or tail.endswith("下")
                    found.append((match["a"] or match["b"], float(match["limit"]), not upper, clause))
    return tuple(found)


@lru_cache(maxsize=CACHE)
def substance_bound(label: str, value: str, code: str, name: str, path: tuple[str, ...]) -> str | None:
    """The clause of the code whose share of a substance (含锌量在99.995%及以上) the stated share of that substance misses."""
    data, base, text = table("shares")["substance"], label_of(label).base, plain(value)
    if not code or not re.fullmatch(data["labels"], base) or re.search(data["unsure"], text):
        return None
    for substance, limit, least, clause in _substance_bounds(name, path):
        # 氧化镁 holds no 镁 of its own: the name must open its place.
        beside = rf"(?<![一-鿿]){substance}(?:含量|纯度|量)?[:为]?\s*(\d+(?:\.\d+)?)\s*%|(?<![\d.])(\d+(?:\.\d+)?)\s*%(?:的)?{substance}(?![一-鿿])"
        shares = [float(one or two) for one, two in re.findall(beside, text)]
        if not shares and substance in base and (lone := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)):
            shares = [float(lone[1])]
        if len(shares) == 1 and (shares[0] < limit if least else shares[0] > limit):
            return clause
    return None
