"""The kinds of tables that are known by their headings (`tables.toml`)."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_LONGEST_HEADING = 100
_REMARK = re.compile(r"[(\[].*?[)\]]")
_FILLING = re.compile(r"[\s_\-.:/]+")


@dataclass(frozen=True, slots=True)
class TableKind:
    """A kind of table: `headings` maps a field to what its column may be called; `alone` says that no other column may stand beside them, `one_of` that one
    of these fields must be there too, `never` which headings show that it is something else."""

    id: str
    required: tuple[str, ...]
    alone: bool
    headings: Mapping[str, frozenset[str]]
    one_of: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()

    def columns(self, row: Sequence[str]) -> dict[str, int] | None:
        """Field to column, if the row is a heading row of this kind."""
        keys = [heading_key(cell) for cell in row]
        found: dict[str, int] = {}
        for index, key in enumerate(keys):
            name = next((name for name, synonyms in self.headings.items() if key in synonyms), None)
            if name is not None:
                found.setdefault(name, index)
            elif key and self.alone:
                return None
        if not self.never.isdisjoint(keys) or (self.one_of and not any(name in found for name in self.one_of)):
            return None
        return found if all(name in found for name in self.required) else None


@cache
def table_kinds() -> tuple[TableKind, ...]:
    """The kinds in the order in which they are tried."""
    data = tomllib.loads(files(__package__).joinpath("tables.toml").read_text("utf-8"))
    return tuple(
        TableKind(
            kind["id"],
            tuple(kind["required"]),
            kind.get("alone", False),
            {name: frozenset(map(heading_key, synonyms)) for name, synonyms in kind["headings"].items()},
            tuple(kind.get("one_of", ())),
            frozenset(map(heading_key, kind.get("never", ()))),
        )
        for kind in data["kind"]
    )


def heading_key(text: str) -> str:
    """A heading without width, case, blanks and bracketed remarks."""
    return _FILLING.sub("", _REMARK.sub("", unicodedata.normalize("NFKC", text[:_LONGEST_HEADING]))).casefold()
