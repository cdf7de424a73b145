"""Score an enterprise from the declarations that were lodged: the run behind the public score.

A run is a pure function of the declarations, the reference, the policy and the day; asking for it twice changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from ecid.clearance.window import beijing_date
from ecid.feed.facts import Fact, enterprise_subject, instant, stamp_after
from ecid.ports import FactStore, ObjectStore
from ecid.scoring.comparison import changed_between, compare, lies_between, shift_of
from ecid.scoring.engine import Request, run, score, versions_of
from ecid.scoring.inputs import changed, identity, inputs_of
from ecid.scoring.kept import kept_document
from ecid.scoring.policy import Policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import Result, to_json
from ecid.scoring.saved import SavedResult, saved_result
from ecid.services.authority import authority_of
from ecid.services.lodged_lines import lodged_lines
from ecid.services.project_records import Project, project_enterprise
from ecid.services.result_history import History, RunNote

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scoring:
    """The use case, bound to its stores, reference, policy and clock."""

    store: FactStore
    objects: ObjectStore
    reference: Callable[[], Reference]
    policy: Policy
    clock: Callable[[], datetime]
    project: Project

    def run(self, uscc: str) -> str:
        """Score one enterprise, keep the result and what later questions need of it (`ecid.services.result_history`), its summary as the fact `score`, and
        renew its public records.

        Returns the id of the result. Where nothing changed that touches these lines, nothing is scored and nothing written; else what changed is kept beside
        the result. It is no part of the facts, which do not depend on the order in which events arrived.
        """
        now = self.clock()
        stored = next((fact for fact in self.store.facts(enterprise_subject(uscc)).facts if fact.name == "score"), None)
        lines, reference = lodged_lines(self.objects, uscc), self.reference()
        request = Request(uscc, "feed", beijing_date(now), authority=authority_of(self.store, uscc))
        inputs = inputs_of(lines, reference, self.policy, request)
        result_id = identity(inputs)
        if stored is None or stored.body["result_id"] != result_id:
            because = changed(stored.body.get("inputs", {}) if stored else None, inputs)
            _log.info("scoring %s because of %s", uscc, ", ".join(because))
            note = RunNote(result_id, request.as_of, instant(now), because, stored.body["result_id"] if stored else None)
            result, key = self._keep(note, stored.body["result"] if stored else None, lines, reference, request)
            earlier = score(lines, reference, self.policy, replace(request, as_of=result.as_of - timedelta(days=self.policy.trend_days)))
            told = {"result_id": result_id, "result": key, "computed_at": instant(now), "inputs": inputs}
            # These lines were read after that score was stored, so whatever the clocks say, this one knows at least as much.
            stamp = stamp_after(stored.stamp if stored else None, now, result_id)
            self.store.put_fact(Fact(enterprise_subject(uscc), "score", stamp, {**_summary(result, earlier, self.policy), **told}))
            # Not before the result counts: a run that is repeated after a crash needs the lines of the result before it.
            History(self.objects, uscc).put_lines(lines)
        project_enterprise(uscc, self.store, self.project)
        return result_id

    def _keep(self, note: RunNote, before_key: str | None, lines: pl.DataFrame, reference: Reference, request: Request) -> tuple[Result, str]:
        """Score, and keep the result, what questions need, and what moved it since the result under `before_key`. The result, and the name of its ledger."""
        history = History(self.objects, request.enterprise)
        made = run(lines, reference, self.policy, request)
        ledger = to_json(made.result, [], "zh")
        after, before = saved_result(ledger, note.result_id), history.ledger(before_key) if before_key else None
        key = history.put_result(note.as_of, note.result_id, ledger, kept_document(made, reference, self.policy))
        if before is None:
            history.put_note(note.told(after, None))
            if before_key:  # what rules did since cannot be told any more, and must not pass for facts
                history.put_shift(note, None)
        else:
            rules, facts = changed_between(before, after)
            between = self._between(before, [lines, history.lines()], reference, request) if rules and facts else None
            between = between if between and lies_between(before, between, after) else None
            history.put_note(note.told(after, compare(before, after, between)))
            if rules:
                history.put_shift(note, shift_of(before, after, between))
        return made.result, key

    def _between(self, before: SavedResult, kept: Iterable[pl.DataFrame | None], reference: Reference, request: Request) -> SavedResult | None:
        """The lines as they were at an earlier result, scored for its day under what is loaded now; None where `kept` does not hold them: their hash tells."""
        then = replace(request, as_of=before.versions.as_of)
        for lines in kept:
            if lines is not None and versions_of(lines, reference, self.policy, then)["input_sha256"] == before.versions.input_sha256:
                return saved_result(to_json(score(lines, reference, self.policy, then), [], "zh"), "rescored")
        return None


def _summary(result: Result, before: Result, policy: Policy) -> dict[str, Any]:
    """What the public record may need of a result, and nothing of its lines."""
    return {
        "score": result.score,
        "score_exact_micro": result.score_exact_micro,
        "band": result.band,
        "coverage": result.coverage_ppm / 1_000_000,
        "insufficient_data": {"reason": result.insufficient_data} if result.insufficient_data else None,
        "as_of": result.as_of.isoformat(),
        "trend": _trend(result.score_exact_micro, before.score_exact_micro, policy.trend_points_micro),
        "versions": {name: result.versions[name] for name in ("engine", "policy", "rates", "reference")},
    }


def _trend(now: int | None, before: int | None, threshold: int) -> str | None:
    """Whether the same declarations scored lower or higher one trend period ago; None where either score is missing."""
    if now is None or before is None:
        return None
    return "flat" if abs(now - before) < threshold else "up" if now > before else "down"
