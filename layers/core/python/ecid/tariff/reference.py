"""What the loaded tariffs say about a declared code on a day (score.md, "Editions"). Pure; answers are remembered, since a million lines hold few codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Literal, Protocol, TypeVar

from ecid.tariff.model import Conversion, Edition, Nomenclature, TariffLine

State = Literal["valid", "unknown", "not_in_force", "unproven", "not_judged"]
Reason = Literal[
    "in_edition",  # the edition of the day has the line
    "in_nearest_edition",  # no edition of the day is loaded; the nearest one has the line
    "impossible_length",  # not 8, 10 or 13 digits
    "six_digits_not_in_force",  # the subheading belongs to another nomenclature than that of the day
    "line_not_in_force",  # the line belongs to another edition than that of the day
    "line_not_in_edition",  # the subheading was in force, the line never was
    "line_unproven",  # the subheading was in force; whether the line was, cannot be told without the edition of the day
    "known_nowhere",  # in no loaded edition and no loaded nomenclature
    "no_reference",  # nothing is loaded that could prove or disprove the line
]

DECLARED_LENGTHS = (8, 10, 13)
"""Tariff digits, with supervision digits, with inspection digits (domain.md §1)."""
_LINE = 8
_REMEMBERED = 1 << 18


@dataclass(frozen=True, slots=True)
class CodeJudgement:
    """What is known of a declared code on its day.

    `line` is the tariff line where there is one; `edition` the id of the edition that judged, None if none did; `substituted` says that it is not
    that of the day. `suggestions` are codes, of six or eight digits, that took the place of the declared one or stand beside it.
    """

    state: State
    line: TariffLine | None
    edition: str | None
    substituted: bool
    suggestions: tuple[str, ...]
    reason: Reason


class _Dated(Protocol):
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date: ...


_D = TypeVar("_D", bound=_Dated)


@dataclass(frozen=True, slots=True, eq=False)
class _Court:
    """Who judges on a day: the complete edition of the day, the selections (starter pack) of the day, the nearest edition, the nomenclature.

    One for all days that have the same judges, compared by identity, so that a code is judged once for all of them.
    """

    complete: Edition | None
    selections: tuple[Edition, ...]
    nearest: Edition | None
    nomenclature: Nomenclature | None


class Tariff:
    """All loaded editions, nomenclatures and conversions.

    A complete edition that prints no units or no English takes both from a selection of the same days, a supplement before others; everything else it says
    itself. A complete supplement takes elements too, where it has none. The units of the pack, which are unconfirmed, give way to those of a supplement.
    """

    def __init__(self, editions: Iterable[Edition] = (), nomenclatures: Iterable[Nomenclature] = (), conversions: Iterable[Conversion] = ()) -> None:
        by_age = sorted(editions, key=lambda edition: (edition.complete, not edition.supplement, edition.valid_from, edition.id), reverse=True)
        selections = sorted((edition for edition in by_age if not edition.complete), key=lambda edition: not edition.supplement)
        supplements = [edition for edition in selections if edition.supplement]
        self.editions = tuple(_supplemented(edition, selections if edition.complete else () if edition.supplement else supplements) for edition in by_age)
        """Complete ones first, supplements after others, then the newest first."""
        self.nomenclatures = tuple(sorted(nomenclatures, key=lambda found: found.valid_from, reverse=True))
        self.conversions = tuple(sorted(conversions, key=lambda found: (found.newer, found.older)))
        self._by_six = {edition.id: _by_six(edition) for edition in self.editions}
        self._courts: dict[tuple[object, ...], _Court] = {}
        self._court = lru_cache(_REMEMBERED)(self._find_court)
        self._judge = lru_cache(_REMEMBERED)(self._judge_eight)

    def versions(self) -> dict[str, str]:
        """Id → sha256 of the source, for everything loaded."""
        versions = {edition.id: edition.sha256 for edition in self.editions}
        versions |= {nomenclature.id: nomenclature.sha256 for nomenclature in self.nomenclatures}
        return versions | {conversion_id(conversion): conversion.sha256 for conversion in self.conversions}

    def judge(self, code: str, day: date) -> CodeJudgement:
        """Judge a declared code (digits; only the first eight are checked) on its declaration date."""
        if len(code) not in DECLARED_LENGTHS or not (code.isascii() and code.isdigit()):
            return CodeJudgement("unknown", None, None, False, (), "impossible_length")
        return self._judge(code[:8], self._court(day))

    def judges(self, day: date) -> object:
        """Who judges on a day: one and the same object for all days on which a code gets the same judgement."""
        return self._court(day)

    def holds(self, code: str, day: date) -> bool | None:
        """Whether a code of six or more digits stands in the tariff of a day; None where nothing that is loaded tells."""
        court = self._court(day)
        if len(code) >= _LINE:
            return {"valid": True, "unknown": False, "not_in_force": False}.get(self._judge(code[:_LINE], court).state)
        return code in court.nomenclature.texts if court.nomenclature else None

    def sources(self, days: Iterable[date]) -> tuple[str, ...]:
        """The ids of the editions and nomenclatures that judge on the days, with the conversions between these, sorted: what the judgements rest on."""
        courts = [self._court(day) for day in days]
        used = {item.id for court in courts for item in (court.complete, *court.selections, court.nearest, court.nomenclature) if item}
        return tuple(sorted(used | {conversion_id(found) for found in self.conversions if used & {found.newer, found.older}}))

    def succeeds(self, old: str, old_day: date, new: str, new_day: date) -> bool:
        """Whether `new`, declared on `new_day`, only continues `old` under the later tariff: a change of code that was forced.

        Or may be: of two codes within six digits, of different years, one that no loaded edition proves may have been renumbered, and nothing is held against
        anyone that cannot be told.
        """
        if old_day >= new_day or old[:8] == new[:8]:
            return False
        if old[:6] == new[:6] and old_day.year < new_day.year and "unproven" in (self.judge(old, old_day).state, self.judge(new, new_day).state):
            return True
        before, after = self._court(old_day), self._court(new_day)
        if before.complete and after.complete and before.complete is not after.complete and old[:6] == new[:6]:
            return old[:8] in before.complete.lines and old[:8] not in after.complete.lines and new[:8] in after.complete.lines
        earlier, later = before.nomenclature, after.nomenclature
        if not earlier or not later or earlier is later:
            return False
        forced = old[:6] not in later.texts or new[:6] not in earlier.texts
        return forced and new[:6] in self._converted(old[:6], later)

    def _find_court(self, day: date) -> _Court:
        of_day = [edition for edition in self.editions if _in_force(edition, day)]
        complete = next((edition for edition in of_day if edition.complete), None)
        nearest = min(self.editions, key=lambda edition: (not edition.complete, _distance(edition, day)), default=None)
        nomenclature = next((found for found in self.nomenclatures if _in_force(found, day)), None)
        selections = tuple(edition for edition in of_day if not edition.complete)
        judges = (complete, *selections, nearest, nomenclature)
        return self._courts.setdefault(tuple(map(id, judges)), _Court(complete, selections, nearest, nomenclature))

    def _judge_eight(self, code: str, court: _Court) -> CodeJudgement:
        if court.complete:
            return self._judge_by_edition(code, court, court.complete)
        for selection in court.selections:
            if code in selection.lines:
                return CodeJudgement("valid", selection.lines[code], selection.id, False, (), "in_edition")
        return self._judge_by_substitute(code, court)

    def _judge_by_edition(self, code: str, court: _Court, edition: Edition) -> CodeJudgement:
        def verdict(state: State, suggestions: tuple[str, ...], reason: Reason) -> CodeJudgement:
            return CodeJudgement(state, None, edition.id, False, suggestions, reason)

        if code in edition.lines:
            return CodeJudgement("valid", edition.lines[code], edition.id, False, (), "in_edition")
        beside = self._by_six[edition.id].get(code[:6], ())
        if beside or (court.nomenclature and code[:6] in court.nomenclature.texts):
            if any(code in other.lines for other in self.editions):
                return verdict("not_in_force", beside, "line_not_in_force")
            return verdict("unknown", beside, "line_not_in_edition")
        if self._known(code):
            return verdict("not_in_force", self._replacements(code[:6], court), "six_digits_not_in_force")
        return verdict("unknown", (), "known_nowhere")

    def _judge_by_substitute(self, code: str, court: _Court) -> CodeJudgement:
        nearest, nomenclature = court.nearest, court.nomenclature
        name, substituted = (nearest.id, not _any(court.selections, nearest)) if nearest else (None, False)

        def verdict(state: State, suggestions: tuple[str, ...], reason: Reason) -> CodeJudgement:
            return CodeJudgement(state, None, name, substituted, suggestions, reason)

        if nomenclature and code[:6] not in nomenclature.texts:
            if self._known(code):
                return verdict("not_in_force", self._replacements(code[:6], court), "six_digits_not_in_force")
            return verdict("unknown", (), "known_nowhere")
        if nearest and code in nearest.lines:
            return CodeJudgement("valid", nearest.lines[code], name, True, (), "in_nearest_edition")
        beside = self._by_six[nearest.id].get(code[:6], ()) if nearest else ()
        if nearest and nearest.complete and (nomenclature or beside):
            return verdict("unproven", beside, "line_unproven")
        # A selection proves presence, never absence: without a complete edition nothing can be said of a line that it lacks.
        return verdict("not_judged", (), "no_reference")

    def _known(self, code: str) -> bool:
        """Whether any loaded nomenclature has the six digits or any edition a line under them."""
        six = code[:6]
        return any(six in found.texts for found in self.nomenclatures) or any(six in lines for lines in self._by_six.values())

    def _replacements(self, six: str, court: _Court) -> tuple[str, ...]:
        """The codes that took the place of `six` on the day, those of its own heading first; with eight digits where an edition has the lines."""
        found = self._converted(six, court.nomenclature) if court.nomenclature else ()
        lines = self._by_six[court.nearest.id] if court.nearest else {}
        ordered = sorted(found, key=lambda code: (code[:4] != six[:4], code))
        return tuple(line for code in ordered for line in lines.get(code, (code,)))

    def _converted(self, six: str, target: Nomenclature) -> tuple[str, ...]:
        """The six-digit codes of `target` that a code of another nomenclature went into, or came from."""
        found: set[str] = set()
        for conversion in self.conversions:
            if conversion.newer == target.id:
                found.update(newer for newer, older in conversion.newer_to_older.items() if older == six)
            elif conversion.older == target.id and six in conversion.newer_to_older:
                found.add(conversion.newer_to_older[six])
        return tuple(sorted(code for code in found if code in target.texts))


def conversion_id(conversion: Conversion) -> str:
    """The name of a conversion among the versions: `hs-2022-to-hs-2017`."""
    return f"{conversion.newer}-to-{conversion.older}"


def _in_force(item: _Dated, day: date) -> bool:
    return item.valid_from <= day <= item.valid_to


def _any(editions: tuple[Edition, ...], wanted: Edition) -> bool:
    return any(edition is wanted for edition in editions)


def _distance(edition: Edition, day: date) -> int:
    """Days between the day and the edition; 0 if it was in force. The first of equally near ones is the newer."""
    return max((edition.valid_from - day).days, (day - edition.valid_to).days, 0)


def _by_six(edition: Edition) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for code in edition.lines:
        found.setdefault(code[:6], []).append(code)
    return {six: tuple(sorted(codes)) for six, codes in found.items()}


def _supplemented(edition: Edition, others: Iterable[Edition]) -> Edition:
    extra: dict[str, TariffLine] = {}
    for other in others:
        if other.valid_to < edition.valid_from or other.valid_from > edition.valid_to:
            continue
        for code in other.lines.keys() & edition.lines.keys():
            line = extra.get(code, edition.lines[code])
            fuller = _fuller(edition, line, other.lines[code])
            if fuller != line:
                extra[code] = fuller
    lines: Mapping[str, TariffLine] = {**edition.lines, **extra}
    return replace(edition, lines=lines) if extra else edition


def _fuller(edition: Edition, line: TariffLine, found: TariffLine) -> TariffLine:
    """The line of an edition with what `found`, a line of a selection, adds."""
    units = line.units or found.units if edition.complete else found.units or line.units
    fuller = replace(line, units=units, name_en=line.name_en or found.name_en)
    needs_elements = edition.supplement and not line.elements_known
    return replace(fuller, elements=found.elements, elements_known=found.elements_known) if needs_elements else fuller
