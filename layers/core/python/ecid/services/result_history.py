"""The results of enterprises as they lie in the object store, each with what later questions need, and what moved the score from one to the next.

Under `results/<USCC>/`: `<day>/<id>.json` the whole ledger, `<day>/<id>.kept.json` what answers questions (`ecid.scoring.kept`), `runs/<day>/<id>.json` why
it was made and how it differs from the one before, `shifts/<day>/<id>.json` what other rules did to the score where they changed, and `lines.parquet`, the
lines of the newest one. All but the last are named by what they follow from and never change.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl
from pydantic import TypeAdapter, ValidationError

from ecid.declarations.lines import LINE_SCHEMA
from ecid.errors import NotFound, ReportNotReady, UnreadableFile
from ecid.ports import ObjectStore
from ecid.scoring.comparison import Comparison, Shift, shift_from_json, shift_to_json
from ecid.scoring.kept import FORMAT
from ecid.scoring.saved import SavedResult, saved_result

_ROOT = "results/"
_MOVES_KEPT = 20
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class RunNote:
    """Why a result was made (`because`: the parts that differed), after which one, and what moved the score: the largest moves, and how many `others`.

    `step` is None for a first result, and where the one before could not be read.
    """

    result_id: str
    as_of: date
    computed_at: str
    because: tuple[str, ...]
    before: str | None
    score_exact_micro: int | None = None
    insufficient_data: str | None = None
    step: Comparison | None = None
    others: int = 0

    def told(self, result: SavedResult, step: Comparison | None) -> RunNote:
        """With the score of its result, and the largest moves of its step."""
        scored = replace(self, score_exact_micro=result.score_exact_micro, insufficient_data=result.insufficient_data)
        if step is None:
            return scored
        moves = step.moves[:_MOVES_KEPT]
        return replace(scored, step=replace(step, moves=moves), others=len(step.moves) - len(moves))


_NOTE = TypeAdapter(RunNote)


@dataclass(frozen=True, slots=True)
class History:
    """The results of one enterprise."""

    objects: ObjectStore
    uscc: str

    @property
    def folder(self) -> str:
        """Under which all its results lie."""
        return f"{_ROOT}{self.uscc}/"

    def ledger_key(self, as_of: date, result_id: str) -> str:
        """The name of a whole ledger."""
        return f"{self.folder}{as_of}/{result_id}.json"

    def put_result(self, as_of: date, result_id: str, ledger: Mapping[str, Any], kept: Mapping[str, Any]) -> str:
        """Keep a result; the answer is the name of its ledger."""
        key = self.ledger_key(as_of, result_id)
        self.objects.put(key, _dumped(ledger))
        self.objects.put(f"{self.folder}{as_of}/{result_id}.kept.json", _dumped(kept))
        return key

    def put_note(self, note: RunNote) -> None:
        """Keep why a result was made, and what moved it."""
        shape = _NOTE.dump_python(note, mode="json")
        self.objects.put(f"{self.folder}runs/{note.as_of}/{note.result_id}.json", _dumped(shape))

    def put_shift(self, note: RunNote, shift: Shift | None) -> None:
        """Keep what other rules did between the result of a run and the one before it."""
        shape = {"before": note.before, "computed_at": note.computed_at, "places": shift_to_json(shift)}
        self.objects.put(f"{self.folder}shifts/{note.as_of}/{note.result_id}.json", _dumped(shape))

    def put_lines(self, lines: pl.DataFrame) -> None:
        """Keep the lines of the newest result; whose they are their hash tells (`input_sha256`)."""
        buffer = io.BytesIO()
        lines.write_parquet(buffer, compression="zstd", statistics=False)
        self.objects.put(f"{self.folder}lines.parquet", buffer.getvalue())

    def lines(self) -> pl.DataFrame | None:
        """The lines kept last, or None."""
        try:
            return pl.read_parquet(io.BytesIO(self.objects.get(f"{self.folder}lines.parquet"))).select(list(LINE_SCHEMA))
        except (NotFound, pl.exceptions.PolarsError):
            return None

    def ledger(self, key: str) -> SavedResult | None:
        """The whole ledger of that name, or None where there is none that this engine can read."""
        try:
            return saved_result(self.objects.get(key), key)
        except (NotFound, UnreadableFile):
            return None

    def kept(self, as_of: date, result_id: str) -> SavedResult:
        """What answers questions about a result. Raises ReportNotReady where there is none of this format."""
        key = f"{self.folder}{as_of}/{result_id}.kept.json"
        try:
            found = saved_result(self.objects.get(key), key)
        except (NotFound, UnreadableFile) as error:
            raise ReportNotReady from error
        if found.format != FORMAT:
            raise ReportNotReady
        return found

    def notes(self, count: int | None = None, until: date | None = None) -> tuple[RunNote, ...]:
        """The notes of the last `count` results (None: all) as of `until` or an earlier day, oldest first.

        Those of another shape are left out, and those of runs that broke off before their result counted: no later result names one as the one before it.
        """
        keys = [key for key in self._keys("runs") if until is None or _day(key) <= until.isoformat()]
        if count is not None:
            # Of a day there may be several, in any order, so whole days are read.
            first = _day(keys[-count]) if len(keys) > count else ""
            keys = [key for key in keys if _day(key) >= first]
        found = sorted((note for note in self._read(keys) if note), key=lambda note: note.computed_at)
        found = _followed(found)
        return tuple(found if count is None else found[-count:])

    def shifts(self, after: str, until: str) -> tuple[Shift | None, ...]:
        """What rules did at the runs computed after `after` and up to `until` (instants), each step once; None for one that cannot be read."""
        found: dict[str, Shift | None] = {}
        for key in self._keys("shifts"):
            try:
                stored = json.loads(self.objects.get(key))
                if after < stored["computed_at"] <= until:
                    found.setdefault(str(stored["before"]), shift_from_json(stored["places"]))
            except (ValueError, KeyError, TypeError):
                found[key] = None
        return tuple(found.values())

    def _keys(self, part: str) -> Sequence[str]:
        return list(self.objects.keys(f"{self.folder}{part}/"))

    def _read(self, keys: Sequence[str]) -> Iterator[RunNote | None]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(self._note, keys)

    def _note(self, key: str) -> RunNote | None:
        try:
            return _NOTE.validate_json(self.objects.get(key))
        except (NotFound, ValidationError):
            return None


def _day(key: str) -> str:
    return key.split("/")[-2]


def _dumped(shape: Mapping[str, Any]) -> bytes:
    return json.dumps(shape, ensure_ascii=False, sort_keys=True).encode()


def _followed(notes: Sequence[RunNote]) -> list[RunNote]:
    """The notes that lead to the last one, each the one that the next names; where that is not among them, the one that is next in time."""
    known, wanted = {note.result_id for note in notes}, None
    chain: list[RunNote] = []
    for note in reversed(notes):
        if wanted is None or wanted not in known or note.result_id == wanted:
            chain.append(note)
            wanted = note.before
    return chain[::-1]
