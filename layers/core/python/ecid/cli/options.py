"""Options that several commands share."""

from __future__ import annotations

import os
from datetime import date

import click

from ecid.errors import Language

_FIRST_YEAR = 1990


class Day(click.ParamType[date]):
    """A civil date, `YYYY-MM-DD`."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date, or a usage error."""
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            day = date.min
        if day.year < _FIRST_YEAR:
            self.fail(f"{value!r} is not a date; write it as 2026-05-17", param, ctx)
        return day


def default_language() -> Language:
    """`zh` where the terminal's locale is Chinese, else `en`."""
    return "zh" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).lower().startswith("zh") else "en"


DAY = Day()
lang_option = click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    default=default_language,
    show_default="the terminal's",
    help="Language of the output.",
)
