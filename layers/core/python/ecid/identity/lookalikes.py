"""Domains that pass for another one: confusable characters, one keystroke away, the same name under another suffix.

After UTS #39 (skeletons) and the symmetric-deletion method of spelling correction: two words within one edit of each other share a word with one
character deleted. The table of confusable characters is `lookalikes.toml`. Domains are registrable ones, as `ecid.identity.domains` writes them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ecid.identity.domains import Domain

SHORTEST_EDITED = 4
"""Characters of the known label from which one edit counts; shorter names are one edit from each other by chance."""

LookalikeKind = Literal["confusable", "one_edit", "other_suffix"]
"""The hardest to tell apart first."""


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A known registrable domain that another one passes for, and how."""

    known: str
    kind: LookalikeKind


def looks_like(domain: Domain, known: Iterable[str]) -> tuple[Lookalike, ...]:
    """The known registrable domains that `domain` passes for, sorted; never the identical one.

    `known` may be all domains (100,000 take a second) or, better, only those that a store finds by a shared key of `lookalike_keys`.
    """
    label, suffix = _split(domain.registrable)
    seen = skeleton(label)
    found: set[Lookalike] = set()
    for other in known:
        other_label, other_suffix = _split(other)
        if other == domain.registrable:
            continue
        if label == other_label:
            found.add(Lookalike(other, "other_suffix"))
        elif seen == skeleton(other_label):
            found.add(Lookalike(other, "confusable"))
        elif suffix == other_suffix and len(other_label) >= SHORTEST_EDITED and _is_one_edit(label, other_label):
            found.add(Lookalike(other, "one_edit"))
    return tuple(sorted(found, key=lambda hit: (hit.known, hit.kind)))


def lookalike_keys(registrable: str) -> frozenset[str]:
    """Keys such that two domains that pass for each other have at least one in common.

    A store keeps the known domains under each of their keys (label length + 2 at most) and, to ask, reads what stands under the keys of the domain
    asked for. Sharing a key proves nothing yet: hand what was found to `looks_like`, which decides. `s:` keys hold the skeleton (which also joins the
    same name under different suffixes), `e:` keys the label and the label less one character, with the suffix.
    """
    label, suffix = _split(registrable)
    keys = {f"s:{skeleton(label)}"}
    if len(label) >= SHORTEST_EDITED - 1:
        keys.add(f"e:{label}.{suffix}")
        keys.update(f"e:{label[:at]}{label[at + 1 :]}.{suffix}" for at in range(len(label)))
    return frozenset(keys)


def skeleton(label: str) -> str:
    """What a reader sees in a Unicode label: accents off, each confusable character as its representative. For comparing, not for showing."""
    characters, sequences, merged = _tables()
    seen = label if label.isascii() else _without_marks(label).translate(characters)
    for sequence, representative in sequences:
        seen = seen.replace(sequence, representative)
    return seen.translate(merged)


@lru_cache(maxsize=4096)
def unicode_label(label: str) -> str:
    """A label of a normalised domain in Unicode; one that is no valid A-label comes back as it is."""
    if not label.startswith("xn--"):
        return label
    import idna  # noqa: PLC0415 – 20 ms that most names never need

    try:
        return idna.ulabel(label)
    except idna.IDNAError:
        return label


def is_safe_to_show(label: str) -> bool:
    """Whether a Unicode label can be shown: one script or a customary mix, and not a Latin word spelt in another script's letters."""
    if label.isascii():
        return True
    scripts = {_script(char) for char in label if unicodedata.category(char) in {"Ll", "Lo", "Lm", "Nl", "Nd", "No"} and not char.isdecimal()}
    if "LATIN" in scripts and not all(_is_customary_latin(char) for char in label if _script(char) == "LATIN"):
        return False
    if len(scripts) > 1:
        return any(scripts <= set(together) for together in _data()["scripts"]["together"])
    return scripts == {"LATIN"} or not skeleton(label).isascii()


def _script(char: str) -> str:
    return unicodedata.name(char, "").split(" ")[0]


def _is_customary_latin(char: str) -> bool:
    return _without_marks(char).isascii() or char in _data()["scripts"]["latin_letters"]


def _without_marks(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


@cache
def _tables() -> tuple[dict[int, str], tuple[tuple[str, str], ...], dict[int, str]]:
    data = _data()
    return str.maketrans(data["characters"]), tuple(data["sequences"].items()), str.maketrans(data["merged"])


@cache
def _data() -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 – kept off the import of this module, which the verification page waits for
    from importlib.resources import files  # noqa: PLC0415

    return tomllib.loads(files(__package__).joinpath("lookalikes.toml").read_text("utf-8"))


def _split(registrable: str) -> tuple[str, str]:
    """(label in Unicode, suffix)."""
    label, _, suffix = registrable.partition(".")
    return unicode_label(label), suffix


def _is_one_edit(one: str, other: str) -> bool:
    """Whether one insertion, deletion, substitution or swap of neighbours turns `one` into `other` (which differs from it)."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    at = next((place for place, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped
