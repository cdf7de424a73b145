"""What is kept of a run for later questions: all that they need and nothing that grows with the lines, so that they are answered without scoring again.

It is the `scan --json` document with at most `LINES_KEPT` lines at each place (`line_count` says how many there are), evidence in both languages, without what
follows from rule and days of a finding; and beside it causes, breakdown, loss table (`what_if`), forecast and the codes often misclassified.
`ecid.scoring.saved` reads it, `ecid.scoring.answers` answers from it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ecid.scoring import breakdown
from ecid.scoring.causes import causes_of
from ecid.scoring.engine import Run
from ecid.scoring.forecast import answer_to_json, forecasts
from ecid.scoring.losses import loss_table
from ecid.scoring.misclassified import own_list
from ecid.scoring.policy import Policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import to_json

FORMAT = 1
"""Of the document. A reader that does not know a format says that the result is not ready; the next run of that engine writes its own."""
LINES_KEPT = 20
_RETOLD: dict[str, Any] = {"question": "", "advice": "", "routes": ()}
"""Of a finding, what is told anew when it is asked about: four fifths of the document would be that."""
_WITH_LINES = ("findings", "caps", "declared_today", "unplaced_records")


def kept_document(made: Run, reference: Reference, policy: Policy) -> dict[str, Any]:
    """What is kept of a run, JSON-able."""
    result = made.result
    document = to_json(result, [], "zh")
    for finding, shape in zip(result.findings, document["findings"], strict=True):
        shape |= {"evidence": list(finding.evidence), **_RETOLD}
    return document | {
        "format": FORMAT,
        **{name: [_cut(shape) for shape in document[name]] for name in _WITH_LINES},
        "causes": [cause.to_json("zh") for cause in causes_of(made)],
        "breakdown": breakdown.to_json(breakdown.breakdowns(made), "zh"),
        "what_if": loss_table(made, policy).to_json(),
        "forecast": answer_to_json(forecasts(made, reference.tariff, policy), "zh"),
        "misclassified": [asdict(own) for own in own_list(result, reference.confusions)],
    }


def _cut(shape: dict[str, Any]) -> dict[str, Any]:
    return shape | {"lines": shape["lines"][:LINES_KEPT], "line_count": len(shape["lines"])}
