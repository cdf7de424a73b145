"""What filters look at, of all records at once: kind, days in force, code prefixes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from ecid.knowledge.records import KINDS, Kind, Record
from ecid.knowledge.retrieval.passages import reach

Mask = NDArray[np.bool_]
Days = NDArray[np.int32]
_STILL = date.max.toordinal()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What may be answered with: records of one of these kinds (empty: any), about one of these code prefixes (empty: any), in force on a day (None: any)."""

    kinds: tuple[Kind, ...] = ()
    codes: tuple[str, ...] = ()
    as_of: date | None = None


class RecordTable:
    """The columns of records numbered from 0."""

    def __init__(self, ids: Sequence[str], kinds: NDArray[np.int8], days: tuple[Days, Days], reaches: Sequence[Sequence[str]]) -> None:
        self.ids = ids
        self.kinds = kinds
        self.valid_from, self.valid_to = days
        self.reaches = reaches
        self.numbers: Mapping[str, int] = {record_id: number for number, record_id in enumerate(ids)}
        self._prefixes = sorted((prefix, number) for number, own in enumerate(reaches) for prefix in own)
        self._exact: dict[str, list[int]] = {}
        for prefix, number in self._prefixes:
            self._exact.setdefault(prefix, []).append(number)

    @classmethod
    def of(cls, records: Sequence[Record]) -> RecordTable:
        """The columns of records, in their order."""
        kinds = np.array([KINDS.index(record.kind) for record in records], dtype=np.int8)
        valid_from = np.array([record.valid_from.toordinal() for record in records], dtype=np.int32)
        valid_to = np.array([record.valid_to.toordinal() if record.valid_to else _STILL for record in records], dtype=np.int32)
        return cls([record.id for record in records], kinds, (valid_from, valid_to), [reach(record) for record in records])

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def headings(self) -> frozenset[str]:
        """The four-digit headings that any record speaks about."""
        return frozenset(prefix[:4] for prefix in self._exact if len(prefix) >= 4)

    def fitting(self, wanted: Wanted) -> Mask:
        """Which records may be answered with."""
        mask = np.ones(len(self), dtype=np.bool_)
        if wanted.kinds:
            mask &= np.isin(self.kinds, [KINDS.index(kind) for kind in wanted.kinds])
        if wanted.as_of:
            day = wanted.as_of.toordinal()
            mask &= (self.valid_from <= day) & (day <= self.valid_to)
        if wanted.codes:
            about = np.zeros(len(self), dtype=np.bool_)
            for code in wanted.codes:
                about[self.concerned(code)] = True
            mask &= about
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
            for number in self.concerned(code):
                close[number] = max(1.0 if own.startswith(code) else len(own) / len(code) if code.startswith(own) else 0.0 for own in self.reaches[number])
            total += close / len(codes)
        return total

    def concerned(self, code: str) -> list[int]:
        """The numbers of the records that speak about a code: about a level above it, the code itself, or something below it."""
        found = [number for length in range(1, len(code)) for number in self._exact.get(code[:length], ())]
        at = bisect_left(self._prefixes, (code, -1))
        while at < len(self._prefixes) and self._prefixes[at][0].startswith(code):
            found.append(self._prefixes[at][1])
            at += 1
        return found
