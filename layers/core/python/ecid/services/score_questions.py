"""What an enterprise asks of its results: answered from what score runs kept, without scoring again but for `suppose` (docs/score-questions.md).

Every answer is about one enterprise, and an id resolves only inside it. The newest result is asked unless a day is named. The owner's marks on findings are
taken up when an answer is given, for results know nothing of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ecid.assistant.conversation import ResultName
from ecid.errors import BadInput, EcidError, Language, NotFound, ReportNotReady
from ecid.feed.facts import Fact, enterprise_subject
from ecid.ports import FactStore, ObjectStore
from ecid.scoring import answers, comparison
from ecid.scoring.comparison import Comparison
from ecid.scoring.engine import Request, versions_of
from ecid.scoring.inputs import said
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.saved import SavedResult
from ecid.scoring.whatif import LineEdit, simulate_lines
from ecid.services.authority import authority_of
from ecid.services.result_history import History, RunNote
from ecid.services.review_findings import marks_of

RESULTS_SHOWN = 30
"""Of a trend: a month of daily runs."""
_MOVES_SHOWN = 20


class LinesNotKept(EcidError):
    """The lines kept for an enterprise are not those of its newest result, or there are none. Context: `result`."""

    code = "not_found"
    status = 404
    zh = "结果 {result} 所依据的申报行已不在手边；下一次评分后再试。"
    en = "The lines that the result {result} was made of are no longer at hand; try again after the next score run."


@dataclass(frozen=True, slots=True)
class Asked:
    """A result of an enterprise that answers, and the names under which it was kept."""

    uscc: str
    result_id: str
    computed_at: str
    result: SavedResult

    def named(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """An answer with the result that gave it."""
        return {"result_id": self.result_id, "as_of": self.result.versions.as_of.isoformat(), **answer}


@dataclass(frozen=True, slots=True)
class ScoreQuestions:
    """The questions, bound to the stores. All raise ReportNotReady where there is no result to ask, SourceUnavailable where a store cannot be asked."""

    store: FactStore
    objects: ObjectStore
    about: ResultName | None = None
    """The result that is asked instead of the newest, for whom that would change under a conversation."""

    def explain(self, uscc: str, lang: Language, by: str | None = None) -> dict[str, Any]:
        """The ledger with its causes, the owner's marks, and those whose finding is gone; or, `by` an axis, the ledger along it. Raises NotBrokenDown."""
        asked = self.newest(uscc)
        if by is not None:
            return asked.named(answers.axis(asked.result, by, lang))
        marks = {name: {"because": mark.because, "by": mark.by, "on": mark.on.isoformat()} for name, mark in marks_of(self.store, uscc).items()}
        told = answers.ledger(asked.result, lang)
        findings = [finding | {"review": marks.get(finding["id"])} for finding in told["findings"]]
        known = {finding["id"] for finding in findings}
        causes = [cause.to_json(lang) for cause in answers.causes(asked.result)]
        gone = [{"finding": name, **mark} for name, mark in sorted(marks.items()) if name not in known]
        return asked.named(told | {"findings": findings, "causes": causes, "reviews_unmatched": gone})

    def finding(self, uscc: str, name: str, lang: Language) -> dict[str, Any]:
        """One finding by its id or the beginning of it, with its first lines, `line_count` and the owner's mark. Raises NoSuchFinding."""
        asked = self.newest(uscc)
        told = answers.finding(asked.result, answers.finding_of(asked.result, name), lang)
        mark = marks_of(self.store, uscc).get(told["id"])
        return asked.named(told | {"review": {"because": mark.because, "by": mark.by, "on": mark.on.isoformat()} if mark else None})

    def lines(self, uscc: str, name: str) -> tuple[str, ...]:
        """All lines of a finding, from the whole ledger: as long as that takes. Raises NoSuchFinding."""
        asked = self.newest(uscc)
        wanted = answers.finding_of(asked.result, name).id
        history = History(self.objects, uscc)
        ledger = history.ledger(history.ledger_key(asked.result.versions.as_of, asked.result_id))
        if ledger is None:
            raise ReportNotReady
        return answers.finding_of(ledger, wanted).lines

    def simulate(self, uscc: str, corrected: Collection[str], lang: Language) -> dict[str, Any]:
        """The exact score with findings or causes corrected. Raises NoSuchFinding, BadInput where none is named."""
        if not corrected:
            raise BadInput(detail={"zh": "至少给出一个待核事项或原因的编号", "en": "name at least one finding or cause by its id"})
        asked = self.newest(uscc)
        return asked.named(answers.simulate(asked.result, corrected, lang))

    def suppose(self, uscc: str, edits: Mapping[str, LineEdit], reference: Reference, lang: Language) -> dict[str, Any]:
        """The exact score if lines of the newest result had been declared otherwise: both are scored under `reference`, so this takes as long as a score run.

        `as_stored`: whether the lines as declared still score what the result says; where not, what is loaded has changed since. Raises BadInput where nothing
        is supposed, LinesNotKept where the lines of the result are not at hand.
        """
        if not edits:
            raise BadInput(detail={"zh": "至少给出一行的改动", "en": "suppose a change of one line at least"})
        asked = self.newest(uscc)
        as_of, policy = asked.result.versions.as_of, load_policy()
        request = Request(uscc, "feed", as_of, authority=authority_of(self.store, uscc))
        lines = History(self.objects, uscc).lines()
        if lines is None or versions_of(lines, reference, policy, request)["input_sha256"] != asked.result.versions.input_sha256:
            raise LinesNotKept(result=asked.result_id)
        found = simulate_lines(lines, reference, policy, request, edits)
        return asked.named(found.to_json(lang) | {"as_stored": found.before.score_exact_micro == asked.result.score_exact_micro})

    def plan(self, uscc: str, target: int, lang: Language) -> dict[str, Any]:
        """The cheapest way to so many points. Raises BadInput."""
        asked = self.newest(uscc)
        return asked.named(answers.plan(asked.result, target, lang))

    def forecast(self, uscc: str, lang: Language) -> dict[str, Any]:
        """The score month by month."""
        asked = self.newest(uscc)
        return asked.named(answers.forecast(asked.result, lang))

    def misclassified(self, uscc: str, lang: Language) -> dict[str, Any]:
        """The enterprise's own codes that cost most for their classification."""
        asked = self.newest(uscc)
        return asked.named({"codes": answers.misclassified(asked.result, lang)})

    def trend(self, uscc: str, lang: Language, count: int = RESULTS_SHOWN) -> dict[str, Any]:
        """The last results, oldest first: score, why each was made, and what moved it. Raises BadInput for fewer than one."""
        if count < 1:
            raise BadInput(detail={"zh": "至少一个结果", "en": "ask for one result at least"})
        self.newest(uscc)
        return {"results": [_told(note, lang) for note in History(self.objects, uscc).notes(count)]}

    def compare(self, uscc: str, lang: Language, since: date | None = None, until: date | None = None) -> dict[str, Any]:
        """The last result as of `since` or an earlier day (None: the one before the newest) beside that of `until` (None: the newest), facts apart from rules.

        Raises NotFound where there is no result of that time.
        """
        after = self.newest(uscc) if until is None else self.of_day(uscc, until)
        before = self.before(after) if since is None else self.of_day(uscc, since)
        shifts = History(self.objects, uscc).shifts(before.computed_at, after.computed_at)
        found = _over(before.result, after.result, shifts)
        return {"results": [before.result_id, after.result_id], **comparison.to_json(found, lang, _MOVES_SHOWN)}

    def newest(self, uscc: str) -> Asked:
        """The newest result, or the one that all is to be `about`."""
        name = self.about or self.name_of_newest(uscc)
        if name is None:
            raise ReportNotReady
        return Asked(uscc, name.result_id, name.computed_at, History(self.objects, uscc).kept(name.as_of, name.result_id))

    def name_of_newest(self, uscc: str) -> ResultName | None:
        """The name of the newest result, None where there is none."""
        return newest_of(self.store.facts(enterprise_subject(uscc)).facts)

    def of_day(self, uscc: str, day: date) -> Asked:
        """The last result as of a day, or of the last day before it that has one. Raises NotFound where there is none."""
        notes = History(self.objects, uscc).notes(1, day)
        if not notes:
            raise NotFound(what=day.isoformat())
        return self._noted(uscc, notes[0])

    def before(self, asked: Asked) -> Asked:
        """The result from which the one asked went on. Raises NotFound where it was the first."""
        notes = {note.result_id: note for note in History(self.objects, asked.uscc).notes(RESULTS_SHOWN, asked.result.versions.as_of)}
        own = notes.get(asked.result_id)
        earlier = notes.get(own.before) if own and own.before else None
        if earlier is None:
            raise NotFound(what={"zh": "更早的结果", "en": "an earlier result"})
        return self._noted(asked.uscc, earlier)

    def _noted(self, uscc: str, note: RunNote) -> Asked:
        return Asked(uscc, note.result_id, note.computed_at, History(self.objects, uscc).kept(note.as_of, note.result_id))


def newest_of(facts: Iterable[Fact]) -> ResultName | None:
    """The name of the newest result, from the facts of an enterprise."""
    body = next((fact.body for fact in facts if fact.name == "score"), None)
    return ResultName(body["result_id"], date.fromisoformat(body["as_of"]), body["computed_at"]) if body else None


def _over(before: SavedResult, after: SavedResult, shifts: tuple[comparison.Shift | None, ...]) -> Comparison:
    """Where rules changed and no step says what they did, nothing can be told apart but what the two results themselves tell."""
    rules, _ = comparison.changed_between(before, after)
    return comparison.compare_over(before, after, shifts) if shifts or not rules else comparison.compare(before, after)


def _told(note: RunNote, lang: Language) -> dict[str, Any]:
    step = comparison.to_json(note.step, lang) | {"others": note.others} if note.step else None
    return {
        "result_id": note.result_id,
        "as_of": note.as_of.isoformat(),
        "computed_at": note.computed_at,
        "score_exact_micro": note.score_exact_micro,
        "insufficient_data": note.insufficient_data,
        "because": [{"part": part, "said": said(part, lang)} for part in note.because],
        "moved": step,
    }
