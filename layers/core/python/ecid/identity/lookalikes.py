"""Domains that pass for another one: confusable characters, one keystroke away, the same name under another suffix or with a word more.

After UTS #39 (skeletons) and the symmetric-deletion method of spelling correction: two words within one edit of each other share a word with one
character deleted. Tables and thresholds are `lookalikes.toml`. Domains are registrable ones, as `ecid.identity.domains` writes them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from ecid.identity.domains import Domain

LookalikeKind = Literal["confusable", "hyphens", "one_edit", "other_suffix", "added_word"]
"""The hardest to tell apart first."""


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A known registrable domain that another one passes for, and how."""

    known: str
    kind: LookalikeKind


class _Forms(NamedTuple):
    """A label as it is compared: as seen, as seen without its hyphens, and as seen without the words around the name."""

    seen: str
    joined: str
    bare: str


def looks_like(domain: Domain, known: Iterable[str]) -> tuple[Lookalike, ...]:
    """The known registrable domains that `domain` passes for, sorted; never the identical one.

    `known` may be all domains (100,000 take a second or two) or, better, only those that a store finds by a shared key of `lookalike_keys`.
    """
    label, suffix = _split(domain.registrable)
    found = [(other, _kind(label, suffix, *_split(other))) for other in set(known) if other != domain.registrable]
    return tuple(sorted((Lookalike(other, kind) for other, kind in found if kind), key=lambda hit: hit.known))


def _kind(label: str, suffix: str, known_label: str, known_suffix: str) -> LookalikeKind | None:
    if label == known_label:
        return "other_suffix"
    own, known = _forms(label), _forms(known_label)
    if own.seen == known.seen:
        return "confusable"
    if own.joined == known.joined:
        return "hyphens"
    if suffix == known_suffix and _is_slip(label, known_label):
        return "one_edit"
    return "added_word" if own.bare == known.joined else None


def lookalike_keys(registrable: str) -> frozenset[str]:
    """Keys such that two domains that pass for each other have at least one in common.

    A store keeps the known domains under each of their keys (label length + 3 at most) and, to ask, reads what stands under the keys of the domain
    asked for. Sharing a key proves nothing yet: hand what was found to `looks_like`, which decides. `s:` keys hold what is seen of the name without
    hyphens and without the words around it (which also joins the same name under different suffixes), `e:` keys the label and the label less one
    character, with the suffix.
    """
    label, suffix = _split(registrable)
    forms = _forms(label)
    keys = {f"s:{forms.joined}", f"s:{forms.bare}"}
    if len(label) >= _data()["edits"]["shortest_close"] - 1:
        keys.add(f"e:{label}.{suffix}")
        keys.update(f"e:{label[:at]}{label[at + 1 :]}.{suffix}" for at in range(len(label)))
    return frozenset(keys)


def skeleton(label: str) -> str:
    """What a reader sees in a Unicode label: accents off, each confusable character as its representative. For comparing, not for showing."""
    characters, sequences, merged = _tables()
    seen = label if label.isascii() else without_marks(label).translate(characters)
    for sequence, representative in sequences:
        seen = seen.replace(sequence, representative)
    return seen.translate(merged)


def without_marks(text: str) -> str:
    """`text` decomposed (NFKD) without its combining marks."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


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


@lru_cache(maxsize=4096)
def _forms(label: str) -> _Forms:
    return _Forms(skeleton(label), skeleton(label.replace("-", "")), skeleton(_bare(label)))


def _bare(label: str) -> str:
    """The label without the words that imitators put around a name, and without hyphens; all of it where no name would be left."""
    words = _data()["words"]
    parts = [part for part in label.split("-") if part]
    while len(parts) > 1 and (parts[0] in words["hyphenated"] or parts[-1] in words["hyphenated"]):
        parts.pop(0 if parts[0] in words["hyphenated"] else -1)
    rest = "".join(parts)
    for word in words["joined"]:
        if len(rest) - len(word) >= words["shortest_rest"]:
            rest = rest.removeprefix(word) if rest.startswith(word) else rest.removesuffix(word)
    return label.replace("-", "") if rest in words["hyphenated"] else rest


def _is_slip(label: str, known: str) -> bool:
    """Whether one edit turns `known` into `label` (which differs from it), and it is one that is worth a warning in a name of this length."""
    rules = _data()["edits"]
    if len(known) < rules["shortest_close"]:
        return False
    short, long = sorted((label, known), key=len)
    if len(long) - len(short) > 1:
        return False
    at = next((place for place, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        added, around = long[at], long[max(at - 1, 0) : at] + long[at + 1 : at + 2]
        numbered = added.isdigit() and any(map(str.isdigit, short))
        return short[at:] == long[at + 1 :] and not numbered and (added in around or len(known) >= rules["shortest"])
    one, other = short[at : at + 2], long[at : at + 2]
    if one == other[::-1] and short[at + 2 :] == long[at + 2 :]:
        return not one.isdigit()
    if short[at + 1 :] != long[at + 1 :]:
        return False
    pair = one[0] + other[0]
    return not pair.isdigit() and (len(known) >= rules["shortest"] or pair in _close_pairs())


@cache
def _close_pairs() -> frozenset[str]:
    """Pairs of characters, in both orders, that are similar or beside each other on the keyboard."""
    rules = _data()["edits"]
    pairs = [*rules["similar"], *(row[at : at + 2] for row in rules["keyboard"] for at in range(len(row) - 1))]
    return frozenset(pairs) | frozenset(pair[::-1] for pair in pairs)


@cache
def _tables() -> tuple[dict[int, str], tuple[tuple[str, str], ...], dict[int, str]]:
    data = _data()
    characters = {ord(char): representative for representative, chars in data["passes_for"].items() for char in chars}
    return characters, tuple(data["sequences"].items()), str.maketrans(data["merged"])


@cache
def _data() -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 – kept off the import of this module, which the verification page waits for
    from importlib.resources import files  # noqa: PLC0415

    return tomllib.loads(files(__package__).joinpath("lookalikes.toml").read_text("utf-8"))


def _split(registrable: str) -> tuple[str, str]:
    """(label in Unicode, suffix)."""
    label, _, suffix = registrable.partition(".")
    return unicode_label(label), suffix
