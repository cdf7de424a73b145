"""What filters look at, of all records at once: kind, days in force, code prefixes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecid.knowledge.records import KINDS, Kind, Record
from ecid.knowledge.retrieval.passages import reach

Mask = NDArray[np.bool_]
Days = NDArray[np.int32]
_STILL = date.max.toordinal()
_DIGITS = 8
"""Digits of a tariff line; a shorter prefix is the range of the lines below it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What may be answered with: records of one of these kinds (empty: any), about one of these code prefixes (empty: any), in force on a day (None: any)."""

    kinds: tuple[Kind, ...] = ()
    codes: tuple[str, ...] = ()
    as_of: date | None = None


class Reaches:
    """The code prefixes that each record speaks about, as numbers: prefix `at` of `owners[at]` has `lengths[at]` digits and begins the line `lowest[at]`."""

    def __init__(self, count: int, owners: NDArray[np.int32], lowest: NDArray[np.int32], lengths: NDArray[np.int8]) -> None:
        """Raises ValueError where the numbers cannot be those of `count` records."""
        if not len(owners) == len(lowest) == len(lengths) or (len(owners) and not 0 <= owners.min() <= owners.max() < count):
            raise ValueError("code prefixes of other records")
        self._count = count
        self.owners, self.lowest, self.lengths = owners, lowest, lengths

    @classmethod
    def of(cls, prefixes: Sequence[Sequence[str]]) -> Reaches:
        """Of each record its prefixes, as far as they are digits, since only digits can be asked for, and up to those of a line."""
        listed = [(number, prefix[:_DIGITS]) for number, own in enumerate(prefixes) for prefix in own if prefix.isascii() and prefix.isdigit()]
        owners = np.array([number for number, _ in listed], dtype=np.int32)
        lowest = np.array([int(prefix.ljust(_DIGITS, "0")) for _, prefix in listed], dtype=np.int32)
        return cls(len(prefixes), owners, lowest, np.array([len(prefix) for _, prefix in listed], dtype=np.int8))

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> tuple[str, ...]:
        first, end = np.searchsorted(self.owners, (number, number + 1))
        return tuple(f"{line:08}"[:length] for line, length in zip(self.lowest[first:end], self.lengths[first:end], strict=True))

    def closeness(self, code: str) -> NDArray[np.float32]:
        """Of each prefix: 1 for the code itself or something below it, the share of the code's digits that it has for a level above, 0 for any other."""
        first, last = int(code.ljust(_DIGITS, "0")), int(code.ljust(_DIGITS, "9"))
        ends = self.lowest + np.power(10, _DIGITS - self.lengths, dtype=np.int32)
        # Of two prefixes one is above the other, or their lines have nothing in common.
        return np.where((self.lowest <= last) & (first < ends), np.minimum(self.lengths / np.float32(len(code)), np.float32(1)), np.float32(0))


class RecordTable:
    """The columns of records numbered from 0."""

    def __init__(self, ids: Sequence[str], kinds: NDArray[np.int8], days: tuple[Days, Days], reaches: Reaches) -> None:
        """Raises ValueError where the columns are not of the same records."""
        self.ids = ids
        self.kinds = kinds
        self.valid_from, self.valid_to = days
        self.reaches = reaches
        self.numbers: Mapping[str, int] = dict(zip(ids, range(len(ids)), strict=True))
        if not len(self.numbers) == len(ids) == len(kinds) == len(self.valid_from) == len(self.valid_to) == len(reaches):
            raise ValueError("columns of other records")

    @classmethod
    def of(cls, records: Sequence[Record]) -> RecordTable:
        """The columns of records, in their order."""
        kinds = np.array([KINDS.index(record.kind) for record in records], dtype=np.int8)
        valid_from = np.array([record.valid_from.toordinal() for record in records], dtype=np.int32)
        valid_to = np.array([record.valid_to.toordinal() if record.valid_to else _STILL for record in records], dtype=np.int32)
        return cls([record.id for record in records], kinds, (valid_from, valid_to), Reaches.of([reach(record) for record in records]))

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def headings(self) -> frozenset[str]:
        """The four-digit headings that any record speaks about."""
        found = np.unique(self.reaches.lowest[self.reaches.lengths >= 4] // 10_000)
        return frozenset(f"{heading:04}" for heading in found.tolist())

    def fitting(self, wanted: Wanted) -> Mask:
        """Which records may be answered with."""
        mask = np.ones(len(self), dtype=np.bool_)
        if wanted.kinds:
            mask &= np.isin(self.kinds, [KINDS.index(kind) for kind in wanted.kinds])
        if wanted.as_of:
            day = wanted.as_of.toordinal()
            mask &= (self.valid_from <= day) & (day <= self.valid_to)
        if wanted.codes:
            mask &= self.closeness(wanted.codes) > 0
        return mask

    def lapsed(self, day: date) -> Mask:
        """Which rules, notes and decisions ended before a day. A line is not meant: the newest edition that is loaded is what there is to go by."""
        mask: Mask = (self.valid_to < day.toordinal()) & (self.kinds != KINDS.index("line"))
        return mask

    def closeness(self, codes: Sequence[str]) -> NDArray[np.float32]:
        """How closely each record speaks about the codes asked for: 1 about the code or something below it, less for a level above, halves for one of two."""
        total = np.zeros(len(self), dtype=np.float32)
        for code in codes:
            close = np.zeros(len(self), dtype=np.float32)
            np.maximum.at(close, self.reaches.owners, self.reaches.closeness(code))
            total += close / len(codes)
        return total
