"""A record: one piece of knowledge that can be searched and cited, with what it rests on and when it holds (knowledge note, "Three sources")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, get_args

from ecid.errors import Language

Kind = Literal["line", "note", "element_rule", "decision", "ruling_rule", "gri", "confusion", "procedure", "term"]
"""税目, 注释, 申报要素规则, 归类决定, 预裁定规则, 归类总规则, 易混淆商品, 办事程序, 术语和商品名称."""
Confidence = Literal["verified", "high", "medium", "low"]

KINDS: tuple[Kind, ...] = get_args(Kind)
CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)


@dataclass(frozen=True, slots=True)
class Record:
    """`codes` are HS or tariff prefixes that it speaks about; `title` and `text` by language, where known.

    In force from `valid_from` to `valid_to`, both inclusive (None: still). `source` names the law, nomenclature or announcement, `source_ref` the place in
    the file with the hash `sha256`. `facts` are what code makes use of, by kind: `excludes` and `includes` of notes, `sides` and `settles` of
    confusions, `names` of terms (`tests/knowledge` states their shapes).
    """

    id: str
    kind: Kind
    codes: tuple[str, ...]
    title: Mapping[Language, str]
    text: Mapping[Language, str]
    valid_from: date
    valid_to: date | None
    source: str
    source_ref: str
    sha256: str
    confidence: Confidence = "high"
    superseded_by: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def in_force(self, day: date) -> bool:
        """Whether it may be cited as being in force on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def concerns(self, code: str) -> bool:
        """Whether it speaks about `code`: about a level above it, the code itself, or something below it."""
        return any(code.startswith(own) or own.startswith(code) for own in self.codes)
