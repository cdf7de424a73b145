"""What the feed knows of the case of a finding, and which routes that closes. The cases stand in `circumstances.yaml`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.clearance.records import AnomalyRecord
from ecid.clearance.taxonomy import State
from ecid.scoring.authority import Authority
from ecid.scoring.engine import Request, score
from ecid.scoring.policy import load_policy
from ecid.scoring.result import Finding, to_json
from ecid.scoring.routes import Circumstances, routes_for
from tests.scoring.conftest import frame
from tests.scoring.tariff import small_reference

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("circumstances.yaml").read_text("utf-8"))
AS_OF = date(2026, 5, 17)
LINES = [{"line_id": f"3104202500000000{n:02}-1", "specification": "1|0|电动工具用|锂离子||甬光牌|YG-18650|2.6Ah|3.6V"} for n in range(1, 26)]


def missing(case: dict[str, Any]) -> Finding:
    told = [{"record_id": "r1", **record, "line_ids": tuple(record.get("line_ids", ()))} for record in case["records"]]
    outcomes = tuple(AnomalyRecord(**record | {"state": State(record.get("state", "CLOSED"))}) for record in told)
    authority = Authority(outcomes=outcomes, advanced=tuple((since, standing) for since, standing in case.get("advanced", ())))
    result = score(frame(LINES), small_reference(), load_policy(), Request("e", "feed", AS_OF, authority=authority))
    assert to_json(result, (), "en")["findings"][0]["circumstances"] is None or result.findings[0].circumstances
    return next(finding for finding in result.findings if finding.rule == "ELEMENT_MISSING")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_the_feed_knows(case: dict[str, Any]) -> None:
    finding = missing(case)
    known = case["knows"]
    assert finding.circumstances == (None if known is None else Circumstances(**known))
    states = {option.code: option.state for option in routes_for(finding, AS_OF)}
    assert {route: states[route] for route in case.get("routes", {})} == case.get("routes", {})


def test_what_somebody_says_goes_before_what_the_feed_knows() -> None:
    finding = missing(CASES[2])
    assert finding.circumstances == Circumstances(case_open=True)
    assert {option.code: option.state for option in routes_for(finding, AS_OF, Circumstances(released=False))}["amend"] == "open"
