"""What customs says and does reaches the scores that it touches, no others, and each new score says what it came of."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import ecid
from ecid.adapters.knowledge_files import load_reference
from ecid.clearance.taxonomy import Fault, Outcome, State
from ecid.scoring import inputs
from ecid.scoring.authority import Decision, NationalNote, Ruling
from ecid.scoring.policy import Policy, load_policy
from ecid.scoring.reference import Rates, Reference
from ecid.services.authority import authority_of
from ecid.services.score_enterprise import Scoring
from ecid.tariff.model import Edition, Marks, TariffLine
from ecid.tariff.reference import Tariff
from ecid.verification.record import build_record
from tests.adapters.engines import fact_store
from tests.scoring.known import Told
from tests.services.test_ingest_events import EVENT
from tests.services.test_samples import PACK, House

REFERENCE = load_reference([PACK])
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
LODGED = EVENT["sw-dec-5520001"]
USCC = json.loads(LODGED)["enterprise"]
NUMBER = json.loads(LODGED)["data"]["declaration_no"]
NAME = json.loads(LODGED)["data"]["lines"][0]["name"]
CLEARANCE, DECISION, RULING, END = (EVENT[name] for name in ("sw-clr-884120", "hs-decision-J2022-0001", "hs-rul-2026-0031", "hs-rul-2026-0188"))
EDITION = EVENT["hs-edition-2026"]
POLICY = load_policy()
SAID = Decision("Z2026-1", "85076000", (), "tests", date(2026, 1, 1))


def take(house: House, *events: str) -> None:
    assert house.ingestion.batch([(str(number), event) for number, event in enumerate(events)]).failed == {}


def because(house: House) -> list[str]:
    """What the newest score came of."""
    (fact,) = (fact for fact in house.store.facts(f"enterprise#{USCC}").facts if fact.name == "score")
    run = json.loads(house.objects.get(f"results/{USCC}/runs/{fact.body['as_of']}/{fact.body['result_id']}.json"))
    assert run["computed_at"] == fact.body["computed_at"]
    return list(run["because"])


def results(house: House) -> list[str]:
    """The names of all results that runs wrote, and of their reasons."""
    return sorted(house.objects.keys(f"results/{USCC}/"))


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with fact_store("moto", tmp_path_factory.getbasetemp()) as store:
        yield House(store, tmp_path, REFERENCE, NOW)


def told(event: str, **changes: Any) -> str:
    """The event with other data, under an id of its own."""
    body = json.loads(event)
    data = {**body["data"], **changes}
    of = {"enterprise": USCC} if body["enterprise"] else {}
    return json.dumps({**body, **of, "id": f"test-{abs(hash(json.dumps(data, sort_keys=True)))}", "effective_at": "2026-05-19T10:00:00+08:00", "data": data})


def test_a_run_says_what_it_came_of(house: House) -> None:
    take(house, LODGED)
    assert because(house) == ["first_run"]
    take(house, told(CLEARANCE, record_id="C-1", key_date="2026-05-01", declaration_no=NUMBER, items=[1]))
    assert because(house) == ["outcomes"]
    take(house, told(RULING, number="R-2026-1", issued_on="2026-01-05", valid_from="2026-01-05", valid_until="2029-01-04"))
    assert because(house) == ["rulings"]
    take(house, told(DECISION, number="J2026-0009", goods_names=[NAME], effective_from="2026-01-01"))
    house.send({"enterprise": USCC})
    assert because(house) == ["decisions"]
    house.now += timedelta(days=1)
    house.send({"enterprise": USCC})
    assert because(house) == ["as_of"]
    kinds = Counter(name.partition(f"results/{USCC}/")[2].partition("/")[0] for name in results(house))
    # Ledger and what answers questions; what a rule did once; the newest lines.
    assert kinds == {"2026-05-20": 4 * 2, "2026-05-21": 2, "runs": 5, "shifts": 1, "lines.parquet": 1}


def test_what_touches_no_line_writes_nothing(house: House) -> None:
    take(house, LODGED)
    before = results(house)
    house.send({"enterprise": USCC})
    take(house, told(DECISION, number="J2026-0010", goods_names=["别的货物，名称不同"], effective_from="2026-01-01"))
    house.send({"enterprise": USCC})
    assert results(house) == before
    assert because(house) == ["first_run"]


def with_edition(first: date, last: date) -> Reference:
    """The reference with one more edition of the tariff, a selection, by its days."""
    more = Edition("test-edition", "test", first, last, False, "tests", "1" * 64, {"85076000": TariffLine("85076000", "锂离子蓄电池")})
    tariff = Tariff([*REFERENCE.tariff.editions, more], REFERENCE.tariff.nomenclatures, REFERENCE.tariff.conversions)
    return replace(REFERENCE, tariff=tariff, versions={**REFERENCE.versions, **tariff.versions()})


@pytest.mark.parametrize(
    ("first", "last", "told_because"), [(date(2001, 1, 1), date(2001, 12, 31), ["first_run"]), (date(2026, 1, 1), date(2026, 12, 31), ["tariff"])]
)
def test_only_an_edition_that_judges_a_line_or_today_scores_anew(house: House, first: date, last: date, told_because: list[str]) -> None:
    take(house, LODGED)
    rerun(house, with_edition(first, last))
    assert because(house) == told_because


def rerun(house: House, reference: Reference = REFERENCE, policy: Policy = POLICY, uscc: str = USCC) -> None:
    """A score run under other rules."""
    Scoring(house.store, house.objects, lambda: reference, policy, lambda: house.now, build_record).run(uscc)


OF_THESE = NationalNote("n-1", ("85076000",), "容量超过10安时", "tests", date(2025, 1, 1))
OF_OTHERS = replace(OF_THESE, id="n-2", codes=("94032000",))
LISTED = Marks("cn-marks-test", "test", date(2026, 1, 1), date(2026, 12, 31), "dual_use_export", "tests", "2" * 64, {"85076000": "1"})
KNOWN = Told({})
RULES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "rates": ({"reference": replace(REFERENCE, rates=Rates("others"))}, ["rates"]),
    "policy": ({"policy": replace(POLICY, id="2027-01")}, ["policy"]),
    "a note on a code declared": ({"reference": replace(REFERENCE, notes=(OF_THESE,))}, ["notes"]),
    "a note on another code": ({"reference": replace(REFERENCE, notes=(OF_OTHERS,))}, ["first_run"]),
    "a decision on goods declared": ({"reference": replace(REFERENCE, decisions=(replace(SAID, names=(NAME,)),))}, ["decisions"]),
    "knowledge of goods": ({"reference": replace(REFERENCE, placement=KNOWN)}, ["knowledge"]),
    "a list of codes, of goods that nobody places": ({"reference": replace(REFERENCE, marks=(LISTED,))}, ["first_run"]),
    "knowledge and a list of codes": ({"reference": replace(REFERENCE, marks=(LISTED,), placement=KNOWN)}, ["knowledge", "marks"]),
    "a source that judges nothing": ({"reference": replace(REFERENCE, versions={**REFERENCE.versions, "cn-1999": "3" * 64})}, ["first_run"]),
}


@pytest.mark.parametrize(("rules", "told_because"), RULES.values(), ids=RULES)
def test_other_rules_score_anew_who_they_touch_once(house: House, rules: dict[str, Any], told_because: list[str]) -> None:
    take(house, LODGED)
    rerun(house, **rules)
    assert because(house) == told_because
    before = results(house)
    house.now += timedelta(minutes=1)
    rerun(house, **rules)
    assert results(house) == before


@pytest.mark.parametrize(("where", "name", "value", "part"), [(ecid, "__version__", "99", "engine"), (inputs, "FORMAT", 99, "answers")], ids=["engine", "kept"])
def test_another_engine_scores_anew(house: House, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, value: object, part: str) -> None:
    take(house, LODGED)
    monkeypatch.setattr(where, name, value)
    rerun(house)
    assert because(house) == [part]


def test_a_ruling_that_ends_scores_its_holder_anew(house: House) -> None:
    issued = {"number": "R-9", "issued_on": "2026-01-05", "valid_from": "2026-01-05", "valid_until": "2029-01-04"}
    take(house, LODGED, told(RULING, **issued))
    house.now += timedelta(seconds=1)
    take(house, told(END, number="R-9", ended_on="2026-05-01"))
    assert because(house) == ["rulings"]


def test_an_edition_that_is_only_announced_by_an_event_changes_nothing_before_it_is_loaded(house: House) -> None:
    take(house, LODGED)
    before = results(house)
    take(house, EDITION)
    house.send({"enterprise": USCC})
    assert results(house) == before


def test_a_decision_touches_only_whose_goods_it_names(house: House) -> None:
    """Everybody is asked for, and whoever declared nothing of that name keeps the result that there is."""
    other = "91370302MA3C8R5K6T"
    body = json.loads(LODGED)
    number = "310420260040970999"
    lines = [{**line, "name": "不锈钢保温杯"} for line in body["data"]["lines"]]
    theirs = {**body, "id": "sw-dec-others", "enterprise": other, "data": {**body["data"], "declaration_no": number, "lines": lines}}
    take(house, LODGED, json.dumps(theirs, ensure_ascii=False))
    before = sorted(house.objects.keys(f"results/{other}/"))
    assert before
    take(house, told(DECISION, number="J2026-0009", goods_names=[NAME], effective_from="2026-01-01"))
    for uscc in (USCC, other):
        house.send({"enterprise": uscc})
    assert because(house) == ["decisions"]
    assert sorted(house.objects.keys(f"results/{other}/")) == before


def test_facts_become_what_customs_said(house: House) -> None:
    data = json.loads(RULING)["data"]
    take(
        house,
        told(RULING, number="R-1", issued_on="2025-01-05", valid_from="2025-01-05", valid_until="2028-01-04", model="HL-1", description="锂离子电芯"),
        told(END, number="R-1", ended_on="2026-02-01"),
        told(CLEARANCE, record_id="C-1", key_date="2026-05-01", declaration_no=NUMBER, items=[2, 1], fault="broker", disclosed=True, outcome="no penalty"),
        told(CLEARANCE, record_id="C-2", key_date="2026-05-02", declaration_no=None, state="OPEN", outcome="something else"),
        told(DECISION, number="J2026-0009", code="850760", goods_names=[NAME], effective_from="2026-01-01", lapsed_on="2026-03-01"),
    )
    found = authority_of(house.store, USCC)
    (ruling,), (decision,), (one, other) = found.rulings or (), found.decisions or (), found.outcomes or ()
    assert ruling == Ruling(
        "R-1",
        data["code"],
        data["goods_name_zh"],
        date(2025, 1, 5),
        date(2028, 1, 4),
        data["brand"] or "",
        "HL-1",
        data["sku"] or "",
        "锂离子电芯",
        date(2026, 2, 1),
    )
    assert decision == Decision("J2026-0009", "850760", (NAME,), json.loads(DECISION)["data"]["announcement"], date(2026, 1, 1), date(2026, 2, 28))
    assert (one.line_ids, one.fault, one.disclosed, one.outcome, one.state) == ((f"{NUMBER}-2", f"{NUMBER}-1"), Fault.B, True, Outcome.NO_PENALTY, State.CLOSED)
    assert (other.line_ids, other.declaration_no, other.outcome, other.state) == ((), None, Outcome.PENDING, State.OPEN)
    assert authority_of(house.store, "91110000000000000X").outcomes == ()


def test_the_standing_of_an_enterprise_is_that_of_a_day(house: House) -> None:
    status = EVENT["aeo-2026-000102"]
    body = json.loads(status)
    for number, (at, level, sub_state) in enumerate(
        [
            ("2026-04-30T17:00:00Z", "advanced", "active"),
            ("2026-05-10T00:00:00+08:00", "advanced", "suspended"),
            ("2026-05-12T00:00:00+08:00", "certified", "active"),
        ]
    ):
        data = {**body["data"], "level": level, "sub_state": sub_state}
        take(house, json.dumps({**body, "enterprise": USCC, "id": f"test-aeo-{number}", "effective_at": at, "sequence": number, "data": data}))
    authority = authority_of(house.store, USCC)
    assert authority.advanced == ((date(2026, 5, 1), True), (date(2026, 5, 10), False), (date(2026, 5, 12), False))
    assert [authority.is_advanced(date(2026, month, day)) for month, day in ((4, 30), (5, 1), (5, 9), (5, 10), (5, 31))] == [False, True, True, False, False]
