"""Whether a domain may be shown in Unicode, or has to stay in punycode because its letters would mislead. After UTS #39 and RFC 5893; data: `display.toml`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

from ecid.identity.lookalikes import skeleton, without_marks

_LETTERS_AND_DIGITS = frozenset({"Ll", "Lu", "Lo", "Lm", "Nl", "Nd", "No"})
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def is_safe_to_show(label: str) -> bool:
    """Whether a Unicode label (in NFC, as IDNA has it) can be shown.

    It must be of one script in everyday use or a customary mix, carry no loose combining marks, be no Latin word spelt in another script's letters, and
    have no stroke of Han or kana that passes for punctuation between Latin letters.
    """
    if label.isascii():
        return True
    letters = [char for char in label if unicodedata.category(char) in _LETTERS_AND_DIGITS and not (char.isascii() and char.isdigit())]
    scripts = {_script(char) for char in letters}
    rules = _data()
    if not scripts <= set(rules["recommended"]) or any(_script(char) == "COMBINING" for char in label):
        return False
    if "LATIN" in scripts and not all(_is_customary_latin(char) for char in letters if _script(char) == "LATIN"):
        return False
    if len(scripts) > 1 and not any(scripts <= set(together) for together in rules["together"]):
        return False
    return (scripts == {"LATIN"} or not skeleton(label).isascii()) and not _lone_stroke().search(label)


def reads_in_order(labels: Sequence[str]) -> bool:
    """Whether the labels of a domain stay in their places on screen: where one runs from right to left, all have to obey RFC 5893 §2."""
    if not any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for label in labels for char in label):
        return True
    import idna  # noqa: PLC0415 – 20 ms that most names never need

    try:
        return all(idna.check_bidi(label, check_ltr=True) for label in labels)
    except idna.IDNAError:
        return False


def _script(char: str) -> str:
    return unicodedata.name(char, "").split(" ")[0]


def _is_customary_latin(char: str) -> bool:
    return without_marks(char).isascii() or char in _data()["latin_letters"]


@cache
def _lone_stroke() -> re.Pattern[str]:
    strokes = re.escape(_data()["strokes"])
    return re.compile(rf"[a-z0-9-][{strokes}]+(?:[a-z0-9-]|$)|^[{strokes}]+[a-z0-9-]")


@cache
def _data() -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 – kept off the import of this module, which the verification page waits for
    from importlib.resources import files  # noqa: PLC0415

    return tomllib.loads(files(__package__).joinpath("display.toml").read_text("utf-8"))
