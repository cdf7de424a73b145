"""The reasons for which a row is no usable line: the codes and sentences of `rejections.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from ecid.declarations.lines import RejectedRow

_SHOWN = 40  # characters of a hostile cell that a sentence repeats


@cache
def reasons() -> Mapping[str, Mapping[str, str]]:
    """Code to its sentences, keys `zh` and `en`."""
    return tomllib.loads(resources.files(__package__).joinpath("rejections.toml").read_text("utf-8"))


def rejected(row: int, code: str, file: str, **context: object) -> RejectedRow:
    """A `RejectedRow` for sheet row `row` of `file` (0: a whole sheet); `context` fills the sentences."""
    shown = {name: value[:_SHOWN] if isinstance(value, str) else value for name, value in context.items()}
    sentences = reasons()[code]
    return RejectedRow(row, code, sentences["zh"].format_map(shown), sentences["en"].format_map(shown), file)
