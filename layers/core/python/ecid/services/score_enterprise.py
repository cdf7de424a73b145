"""Score an enterprise from the declarations that were lodged: the run behind the public score.

A run is a pure function of the declarations, the reference, the policy and the day; asking for it twice changes nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ecid.clearance.window import beijing_date
from ecid.feed.facts import Fact, enterprise_subject, instant, stamp_after
from ecid.ports import FactStore, ObjectStore
from ecid.scoring.engine import Request, score
from ecid.scoring.inputs import changed, identity, inputs_of
from ecid.scoring.policy import Policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import Result, to_json
from ecid.services.authority import authority_of
from ecid.services.lodged_lines import lodged_lines
from ecid.services.project_records import Project, project_enterprise

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
        """Score one enterprise, keep result and ledger under `results/<USCC>/`, its summary as the fact `score`, and renew its public records.

        Returns the id of the result. Where nothing changed that touches these lines, nothing is scored and nothing written; else what changed is kept beside
        the result, under `runs/`. It is no part of the facts, which do not depend on the order in which events arrived.
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
            result = score(lines, reference, self.policy, request)
            key = f"results/{uscc}/{result.as_of}/{result_id}.json"
            self.objects.put(key, json.dumps(to_json(result, [], "zh"), ensure_ascii=False, sort_keys=True).encode())
            before = score(lines, reference, self.policy, replace(request, as_of=result.as_of - timedelta(days=self.policy.trend_days)))
            run = {"because": because, "before": stored.body["result_id"] if stored else None, "computed_at": instant(now)}
            self.objects.put(f"results/{uscc}/runs/{result.as_of}/{result_id}.json", json.dumps(run, sort_keys=True).encode())
            told = {"result_id": result_id, "result": key, "computed_at": instant(now), "inputs": inputs}
            # These lines were read after that score was stored, so whatever the clocks say, this one knows at least as much.
            stamp = stamp_after(stored.stamp if stored else None, now, result_id)
            self.store.put_fact(Fact(enterprise_subject(uscc), "score", stamp, {**_summary(result, before, self.policy), **told}))
        project_enterprise(uscc, self.store, self.project)
        return result_id


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
