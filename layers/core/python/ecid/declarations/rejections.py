"""Rows that are no usable lines, each with a reason: the codes and sentences of `rejections.toml`.

A file may hold millions of them, so that they are kept in columns; the sentences are made when they are asked for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import islice

import polars as pl

_SHOWN = 40  # characters of a hostile cell that a sentence repeats
_AT_ONCE = 10_000


@cache
def reasons() -> Mapping[str, Mapping[str, str]]:
    """Code to its sentences, keys `zh` and `en`."""
    return tomllib.loads(resources.files(__package__).joinpath("rejections.toml").read_text("utf-8"))


def _schema(files: Sequence[str] = ()) -> dict[str, pl.DataType]:
    named = pl.Enum(files)
    return {
        "file": named,
        "row": pl.Int64(),
        "code": pl.Enum(list(reasons())),
        "text": pl.String(),  # start of the cell that is meant
        "first": pl.Int64(),  # of a repeated line: row and file of the one that was kept
        "where": named,
    }


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is no usable line: sheet row (1-based; 0: a whole sheet), stable code, and the reason in both languages. Nothing is dropped silently."""

    row: int
    code: str
    zh: str
    en: str
    file: str = ""


@dataclass(slots=True)
class RejectionLog:
    """The rejected rows of one sheet while it is read."""

    _waiting: list[tuple[int, str, str]] = field(default_factory=list)
    _frames: list[pl.DataFrame] = field(default_factory=list)

    def add(self, row: int, code: str, text: str = "") -> None:
        """Record sheet row `row` under a code of `rejections.toml`; `text` is the cell that the sentence repeats."""
        self._waiting.append((row, code, text[:_SHOWN]))
        if len(self._waiting) == _AT_ONCE:
            self._store()

    def frame(self) -> pl.DataFrame:
        """Columns `row`, `code`, `text`, in the order of recording."""
        self._store()
        return pl.concat(self._frames)

    def _store(self) -> None:
        schema = {name: dtype for name, dtype in _schema().items() if name in {"row", "code", "text"}}
        self._frames.append(pl.DataFrame(self._waiting, schema=schema, orient="row"))
        self._waiting = []


@dataclass(frozen=True, slots=True)
class Rejections:
    """All rejected rows of a reading, by file and row; iterating gives a `RejectedRow` each."""

    _frame: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_schema()))

    @classmethod
    def of(cls, logged: Sequence[tuple[str, pl.DataFrame]], repeated: pl.DataFrame) -> Rejections:
        """From logged rows (file, `RejectionLog.frame`) and repeated lines (`file`, `row`, `code`, `first`, `where`, files as names)."""
        schema = _schema(sorted({file for file, _ in logged}))
        frames = [frame.with_columns(file=pl.lit(file, schema["file"])) for file, frame in logged]
        frames.append(repeated.with_columns(pl.col("file", "where").cast(schema["file"]), pl.col("code").cast(schema["code"])))
        together = pl.concat(frames, how="diagonal")
        missing = [pl.lit(None, schema[name]).alias(name) for name in schema if name not in together.columns]
        return cls(together.with_columns(missing).select(list(schema)).sort("file", "row", maintain_order=True))

    def __len__(self) -> int:
        return self._frame.height

    def __iter__(self) -> Iterator[RejectedRow]:
        for some in self._frame.iter_slices(_AT_ONCE):
            for file, row, code, text, first, where in some.iter_rows():
                yield rejected(row, code, file, text=text or "", first=first, where=where)

    def head(self, count: int) -> list[RejectedRow]:
        """The first so many."""
        return list(islice(self, count))


def rejected(row: int, code: str, file: str, **context: object) -> RejectedRow:
    """A `RejectedRow` for sheet row `row` of `file` (0: a whole sheet); `context` fills the sentences. Of a text only its start is shown, on one line."""
    shown = {name: printable(value[:_SHOWN]) if isinstance(value, str) else value for name, value in context.items()}
    sentences = reasons()[code]
    return RejectedRow(row, code, sentences["zh"].format_map(shown), sentences["en"].format_map(shown), file)


def printable(text: str) -> str:
    """`text` without what could steer a terminal or hide on a page: line breaks, escapes, direction marks."""
    return "".join(char if char.isprintable() else "·" for char in text)
