"""From source events to what the public sees: the cases of `cases.yaml`, and properties that hold whatever the sources say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from ecid.errors import SourceUnavailable
from ecid.feed.facts import Fact
from ecid.identity.domains import normalise
from ecid.verification.record import build_record, holders
from ecid.verification.shape import to_json
from ecid.verification.view import Reader, public_view
from tests.verification.cases import DOMAIN, OWNER, RESERVED, Case, facts_of_case, load_cases, record_of, view_of

CASES = load_cases()
NOON = Reader(datetime(2026, 5, 17, 4, tzinfo=UTC))
VALIDATOR = Draft202012Validator(json.loads(files("ecid.verification").joinpath("record.schema.json").read_text("utf-8")))


def _at(record: Any, path: str) -> Any:
    for key in path.split("."):
        record = record[key]
    return record


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    record = json.loads(json.dumps(to_json(view_of(CASES[name]))))
    found = {path: _at(record, path) for path in CASES[name]["expect"]}
    assert found == CASES[name]["expect"]


@pytest.mark.parametrize("name", CASES)
def test_every_answer_has_the_one_shape(name: str) -> None:
    record = json.loads(json.dumps(to_json(view_of(CASES[name]))))
    assert [error.message for error in VALIDATOR.iter_errors(record)] == []


def test_the_shape_refuses_what_it_does_not_name() -> None:
    record = json.loads(json.dumps(to_json(view_of(CASES["full record"]))))
    record["anomalies"]["value"]["records"][0]["declaration_no"] = "530420250040970934"
    assert not VALIDATOR.is_valid(record)


@pytest.mark.parametrize("name", ["full record", "withdrawn", "open cases are shown even if older, a case counts once, a fine aggravates"])
def test_facts_may_come_in_any_order(name: str) -> None:
    facts = facts_of_case(CASES[name])
    made = {json.dumps(record_of(order), sort_keys=True) for order in list(permutations(facts))[:120]}
    assert len(made) == 1


def test_the_record_of_one_enterprise_holds_nothing_of_another() -> None:
    """All claimants' facts come in; a claimant without proof must not colour the holder's record."""
    facts = facts_of_case(CASES["second entry without proof does not contest"])
    alien = Fact("enterprise#914403005867203466", "clearance#X", "9", {"code": "PEN-09", "case_id": None})
    assert record_of([*facts, alien]) == record_of(facts)


def test_holders_are_those_with_a_proof_that_stands() -> None:
    assert holders(facts_of_case(CASES["full record"])) == (OWNER,)
    assert holders(facts_of_case(CASES["entry without proof claims nothing"])) == ()


def test_a_record_of_another_format_is_not_read() -> None:
    record = record_of(facts_of_case(CASES["full record"])) | {"format": 0}
    with pytest.raises(SourceUnavailable):
        public_view(normalise(DOMAIN, RESERVED), record, {}, NOON)


@pytest.mark.parametrize(("level", "state"), [("aa", "unavailable"), ("advanced", "known")])
def test_a_level_that_the_order_of_the_day_does_not_have_cannot_be_told(level: str, state: str) -> None:
    """The feed refuses it; should one be stored all the same, what it replaced must not go on being shown."""
    record = record_of(facts_of_case({"claims": [{}], "aeo": [{}, {"at": "2026-05-01T00:00:00Z"}]}))
    record["aeo"][1]["level"] = level
    assert public_view(normalise(DOMAIN, RESERVED), record, {}, NOON).aeo.state == state


SECRET = "S3CR3T"


def _planted(amount: int) -> Case:
    """A case with a secret in every field of an event that is not public."""
    return {
        "claims": [{}],
        "aeo": [{"credit_score": {"value": "97.5", "source": f"{SECRET} source", "as_of": "2026-05-01"}}],
        "clearance": [
            {
                "code": "PEN-02",
                "key_date": "2025-06-05",
                "record_id": f"{SECRET}-record",
                "case_id": f"{SECRET}-case",
                "declaration_no": "310120250518180001",
                "fine_fen": amount,
                "outcome": f"fined, {SECRET} Trading Ltd",
            }
        ],
        "score": {"score_exact_micro": amount, "result_id": SECRET, "result": f"results/{SECRET}.json", "findings": [SECRET]},
        "website": [{"state": "displayed", "checked_at": "2026-05-17T01:00:00Z"}],
    }


@given(amount=st.integers(min_value=10_000_001, max_value=10**14).filter(lambda fen: fen % 1_000_000))
@settings(max_examples=30, deadline=None)
def test_nothing_secret_reaches_the_public(amount: int) -> None:
    case = _planted(amount)
    told = json.dumps([to_json(view_of(case)), record_of(facts_of_case(case))], ensure_ascii=False)
    assert all(secret not in told for secret in (SECRET, "310120250518180001", str(amount), "97.5"))


_JSON = st.recursive(
    st.none() | st.just(SECRET) | st.integers(), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just(SECRET), inner), max_leaves=4
)


@given(extra=st.dictionaries(st.text(min_size=1, max_size=8).map(lambda key: f"x_{key}"), _JSON, max_size=4))
@settings(max_examples=50, deadline=None)
def test_fields_that_nobody_named_do_not_pass(extra: dict[str, Any]) -> None:
    """Whatever else a fact holds: the record is made from an allow-list."""
    facts = [Fact(fact.subject, fact.name, fact.stamp, {**extra, "x": SECRET, **fact.body}) for fact in facts_of_case(CASES["full record"])]
    assert record_of(facts) == record_of(facts_of_case(CASES["full record"]))
    claims = [fact for fact in facts if fact.subject.startswith("domain#")]
    assert SECRET not in json.dumps(build_record(DOMAIN, claims, [fact for fact in facts if fact not in claims]))
