"""What an index of candidates is stored as: named arrays, and lazy views of them, so that opening one reads next to nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import count
from operator import index
from typing import Any, SupportsIndex, overload

import numpy as np
from numpy.typing import NDArray

from ecid.errors import Language
from ecid.knowledge.candidates.phrases import Phrases
from ecid.knowledge.candidates.postings import Postings
from ecid.knowledge.candidates.sources import LANGUAGES, Name, Wording
from ecid.knowledge.candidates.weighting import TermMatrix
from ecid.knowledge.record_sets import record_of
from ecid.knowledge.records import Record

Arrays = Mapping[str, NDArray[Any]]
_BETWEEN = "\t"


class Texts(Sequence[str]):
    """Texts of one line each, read one by one."""

    def __init__(self, arrays: Arrays, name: str) -> None:
        self._content = arrays[name]
        self._starts = arrays[f"{name}.starts"]

    @staticmethod
    def arrays(name: str, texts: Iterable[str]) -> dict[str, NDArray[Any]]:
        """Texts as arrays. Raises ValueError for one of more than a line."""
        lines = [f"{text}\n".encode() for text in texts]
        content = b"".join(lines)
        if content.count(b"\n") != len(lines):
            raise ValueError(f"{name}: more than a line")
        return {name: np.frombuffer(content, dtype=np.uint8), f"{name}.starts": np.cumsum([0, *map(len, lines)], dtype=np.int64)}

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, at: SupportsIndex) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: SupportsIndex | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        number = index(at)
        return self._content[self._starts[number] : self._starts[number + 1] - 1].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        return iter(self._content.tobytes().decode().split("\n")[:-1])


class Names(Sequence[Name]):
    """The names of one language, in force on whichever days of the period."""

    def __init__(self, arrays: Arrays, lang: Language) -> None:
        self._lang: Language = lang
        self._rows = Texts(arrays, f"names.{lang}")
        self._first, self._last = arrays[f"names.{lang}.days"]

    @staticmethod
    def arrays(lang: Language, names: Sequence[Name]) -> dict[str, NDArray[Any]]:
        """Names as arrays."""
        rows = (_BETWEEN.join((name.text, name.origin, name.record, " ".join(name.codes))) for name in names)
        days = [[name.first.toordinal() for name in names], [name.last.toordinal() for name in names]]
        return {**Texts.arrays(f"names.{lang}", rows), f"names.{lang}.days": np.array(days, dtype=np.int32).reshape(2, -1)}

    def in_force(self, day: date) -> NDArray[np.bool_]:
        """Which names have a say on a day."""
        mask: NDArray[np.bool_] = (self._first <= day.toordinal()) & (day.toordinal() <= self._last)
        return mask

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: SupportsIndex) -> Name: ...
    @overload
    def __getitem__(self, at: slice) -> list[Name]: ...
    def __getitem__(self, at: SupportsIndex | slice) -> Name | list[Name]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        text, origin, record, codes = self._rows[at].split(_BETWEEN)
        days = (date.fromordinal(int(self._first[at])), date.fromordinal(int(self._last[at])))
        return Name(text, self._lang, tuple(codes.split(" ")), record, origin, *days)  # type: ignore[arg-type]


class Wordings(Mapping[str, Wording]):
    """By six-digit code, in one language."""

    def __init__(self, arrays: Arrays, lang: Language, numbers: Mapping[str, int]) -> None:
        self._rows = Texts(arrays, f"wording.{lang}")
        self._numbers = numbers

    @staticmethod
    def arrays(lang: Language, wording: Mapping[str, Wording], codes: Iterable[str]) -> dict[str, NDArray[Any]]:
        """The wording of `codes` as arrays."""
        found = (wording.get(code) for code in codes)
        return Texts.arrays(f"wording.{lang}", (_written([one.own, one.above, one.below, one.record]) if one else "" for one in found))

    def __getitem__(self, code: str) -> Wording:
        row = self._rows[self._numbers[code]]
        if not row:
            raise KeyError(code)
        return Wording(code, *json.loads(row))

    def __iter__(self) -> Iterator[str]:
        return (code for code, number in self._numbers.items() if self._rows[number])

    def __len__(self) -> int:
        return sum(1 for _ in self)


class NamesByKey(Mapping[str, list[int]]):
    """The numbers of the names that have a key in common, of those that are in force."""

    def __init__(self, period: StoredPeriod, lang: Language, live: NDArray[np.bool_]) -> None:
        self._period = period
        self._lang: Language = lang
        self._starts, self._numbers = (period.arrays[f"keys.{lang}.{part}"] for part in ("starts_of", "numbers"))
        self._live = live

    @staticmethod
    def arrays(lang: Language, keys: Iterable[str]) -> dict[str, NDArray[Any]]:
        """The keys of names, in the order of the names, as arrays."""
        found: dict[str, list[int]] = {}
        for number, key in enumerate(keys):
            found.setdefault(key, []).append(number)
        starts = np.cumsum([0, *map(len, found.values())], dtype=np.int32)
        numbers = np.array([number for own in found.values() for number in own], dtype=np.int32)
        return {**Texts.arrays(f"keys.{lang}", found), f"keys.{lang}.starts_of": starts, f"keys.{lang}.numbers": numbers}

    def __getitem__(self, key: str) -> list[int]:
        at = self._period.keys(self._lang)[key]
        numbers = self._numbers[self._starts[at] : self._starts[at + 1]]
        found: list[int] = numbers[self._live[numbers]].tolist()
        if not found:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._period.keys(self._lang) if key in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Bilingual(Mapping[str, Mapping[Language, tuple[str, ...]]]):
    """By record, what a term is called in each language."""

    def __init__(self, arrays: Arrays) -> None:
        self._rows = Texts(arrays, "bilingual")
        self._numbers = _numbered(Texts(arrays, "bilingual.records"))

    @staticmethod
    def arrays(terms: Mapping[str, Mapping[Language, Sequence[str]]]) -> dict[str, NDArray[Any]]:
        """Names by record and language as arrays."""
        return {**Texts.arrays("bilingual", map(_written, terms.values())), **Texts.arrays("bilingual.records", terms)}

    def __getitem__(self, record: str) -> Mapping[Language, tuple[str, ...]]:
        found = json.loads(self._rows[self._numbers[record]])
        return {lang: tuple(found[lang]) for lang in LANGUAGES}

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


class StoredPeriod:
    """What is known on the days of one period, as it is stored. Parts are read when they are first asked for."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self._matrices: dict[str, TermMatrix] = {}
        self._keys: dict[Language, dict[str, int]] = {}
        self._postings: dict[str, Postings] = {}
        self._rule_words: dict[Language, Phrases] = {}

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """The terms of all matrices, numbered."""
        return _numbered(Texts(self.arrays, "terms"))

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The six-digit codes, sorted."""
        return tuple(Texts(self.arrays, "codes"))

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """The four-digit headings, sorted."""
        return tuple(Texts(self.arrays, "headings"))

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Codes to their numbers."""
        return _numbered(self.codes)

    @cached_property
    def names(self) -> dict[Language, Names]:
        """By language, names of whichever days."""
        return {lang: Names(self.arrays, lang) for lang in LANGUAGES}

    @cached_property
    def wording(self) -> dict[Language, Wordings]:
        """By language."""
        return {lang: Wordings(self.arrays, lang, self.numbers) for lang in LANGUAGES}

    @cached_property
    def labels(self) -> dict[str, frozenset[str]]:
        """By code, the labels of the elements that it asks for."""
        known = {row: frozenset(json.loads(row)) for row in set(Texts(self.arrays, "labels"))}
        return {code: known[row] for code, row in zip(self.codes, Texts(self.arrays, "labels"), strict=True)}

    @cached_property
    def by_record(self) -> Bilingual:
        """Of terms that have names in both languages."""
        return Bilingual(self.arrays)

    @cached_property
    def rules(self) -> tuple[Record, ...]:
        """Notes that exclude or include, and confusable pairs."""
        return tuple(record_of(json.loads(row)) for row in Texts(self.arrays, "rules"))

    def postings(self, name: str, lang: Language) -> Postings:
        """A matrix by name and language, for many questions at once. Raises KeyError."""
        key = f"{name}.{lang}"
        if key not in self._postings:
            self._postings[key] = Postings(self.matrix(name, lang))
        return self._postings[key]

    def rule_words(self, lang: Language) -> Phrases:
        """The words by which goods are called that rules speak of, with the numbers of the rules."""
        if lang not in self._rule_words:
            self._rule_words[lang] = Phrases(((word, at) for at, record in enumerate(self.rules) for word in _calling(record, lang)), lang)
        return self._rule_words[lang]

    def keys(self, lang: Language) -> dict[str, int]:
        """What spellings of a name have in common, numbered."""
        if lang not in self._keys:
            self._keys[lang] = _numbered(Texts(self.arrays, f"keys.{lang}"))
        return self._keys[lang]

    def matrix(self, name: str, lang: Language) -> TermMatrix:
        """A matrix by name and language. Raises KeyError."""
        key = f"{name}.{lang}"
        if key not in self._matrices:
            self._matrices[key] = TermMatrix.stored(self.arrays, f"matrix.{key}", self.vocabulary)
        return self._matrices[key]


def _calling(record: Record, lang: Language) -> Iterator[str]:
    """What goods are called that a note excludes or includes, or that are one side of a confusable pair, or any."""
    for part in ("excludes", "includes", "sides"):
        for row in record.facts.get(part, ()):
            yield from row.get(lang, ())
    yield from record.facts.get("shared", {}).get(lang, ())


def _numbered(texts: Iterable[str]) -> dict[str, int]:
    return dict(zip(texts, count(), strict=False))


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
