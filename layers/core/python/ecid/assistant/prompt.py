"""What a language model is told before a conversation (`prompt.toml`), for what its caller may see. Nothing rests on its keeping to it: answers are checked."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from ecid.assistant.caller import Caller
from ecid.assistant.drafts import SAY
from ecid.assistant.sentences import sentences
from ecid.assistant.toolbox import ARGUMENTS, OF_THE_LEDGER
from ecid.errors import Language

_WORDS = re.compile(r"[a-z]+|[\u3400-\u9fff]")
_RUN = 9
"""Words, or Han, in a row that no answer has in common with the prompt by chance."""


def system_prompt(caller: Caller, lang: Language, domain: str | None = None) -> str:
    """The prompt in a language: the tools, slots and reviewed sentences of this caller, in paragraphs. `domain`: the website meant where none is named."""
    own = _data()["ledger" if caller.sees_ledger else "public"]
    told = {
        "who": own["who"][lang],
        "tools": ", ".join(name for name in ARGUMENTS if caller.sees_ledger or name not in OF_THE_LEDGER),
        "slots": " ".join(f"{{{name}}}" for name in own["slots"]),
        "sentences": " ".join(f"{{{SAY}{name}}} = {sentences()[name].text[lang]}" for name in own["sentences"]),
    }
    paragraphs = [*_data()[lang], *([_data()["domain"][lang]] if domain else [])]
    return "\n\n".join(paragraph.format_map(told | {"domain": domain}) for paragraph in paragraphs)


def repeated(text: str) -> str | None:
    """Words of the prompt that a text repeats, None where it has none of any length: what is told to a model is not for its reader."""
    runs = _runs(text)
    return next((run for run in runs if run in _own_runs()), None)


def _runs(text: str) -> list[str]:
    """Every so many words in a row, of Han or Latin letters, whatever stands between them."""
    words = _WORDS.findall(text.lower())
    return ["".join(words[start : start + _RUN]) if words[start] > "z" else " ".join(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)]


@cache
def _own_runs() -> frozenset[str]:
    return frozenset(run for lang in ("zh", "en") for paragraph in _data()[lang] for run in _runs(paragraph))


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("prompt.toml").read_text("utf-8"))
