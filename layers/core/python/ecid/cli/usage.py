"""How a command that was written wrongly is answered, in the language that it was asked for: usage, where help is, and what is wrong.

click says it in English only. What it says, and its Chinese, stand in `usage.toml`; a sentence that does not stand there is said as click says it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

import click

from ecid.cli.options import default_language
from ecid.errors import EcidError, Language

_PART = re.compile(r"\\\{(\w+)(!r)?\\\}")
_SAID_TOO = frozenset({"first", "message", "kind", "number_type"})
"""Parts that are themselves sentences or words of the table."""


def language_asked(arguments: Sequence[str]) -> Language:
    """The language that the arguments of a call name, whether or not the rest of them makes sense; else that of the terminal."""
    given = [value for option, value in pairwise(arguments) if option == "--lang"]
    given += [argument.removeprefix("--lang=") for argument in arguments if argument.startswith("--lang=")]
    return "zh" if "zh" in given else "en" if "en" in given else default_language()


def usage_error(error: click.ClickException, lang: Language) -> str:
    """What standard error says of it. In English it is what click writes itself."""
    context, words = (error.ctx if isinstance(error, click.UsageError) else None), _data()["words"]
    lines = []
    if context is not None:
        lines = [f"{words['usage'][lang]}{context.get_usage().partition(' ')[2]}"]
        if context.command.get_help_option(context) is not None:
            lines += [words["help"][lang].format(command=f"{context.command_path} {context.help_option_names[0]}"), ""]
    said = error.format_message()
    return "\n".join((*lines, f"{words['error'][lang]}{said if lang == 'en' else in_chinese(said)}"))


def unexpected(fault: Exception, lang: Language) -> str:
    """What standard error says of a fault of ours that nobody foresaw: no text of it, which may repeat what was read."""
    sentence = EcidError.zh if lang == "zh" else EcidError.en
    return f"{EcidError.code}: {sentence}{_data()['words']['unexpected'][lang].format(kind=type(fault).__name__)}"


def in_chinese(sentence: str) -> str:
    """A sentence of the table in Chinese, with what it repeats; any other as it is."""
    for pattern, chinese in _patterns():
        if match := pattern.fullmatch(sentence):
            parts = {name: in_chinese(part) if name in _SAID_TOO else part for name, part in match.groupdict().items()}
            return chinese.format_map(parts)
    return sentence


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("ecid.cli").joinpath("usage.toml").read_text("utf-8"))


@cache
def _patterns() -> Sequence[tuple[re.Pattern[str], str]]:
    """Sentences with a beginning of their own first, then the longest: others may be part of them."""
    told = sorted(_data()["sentences"].items(), key=lambda pair: (pair[0].startswith("{"), -len(re.sub(r"\{[^}]*\}", "", pair[0]))))
    return [(re.compile(_PART.sub(_pattern, re.escape(english)), re.DOTALL), chinese) for english, chinese in told]


def _pattern(part: re.Match[str]) -> str:
    """What may stand for a part; one that click repeats with `!r` stands in quotation marks."""
    return rf"(?P<{part[1]}>'.*?'|\".*?\")" if part[2] else rf"(?P<{part[1]}>.+?)"
