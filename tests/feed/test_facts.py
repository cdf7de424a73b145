"""What follows from an event, and how stamps sort."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecid.feed.events import EVENT_TYPES, parse_event
from ecid.feed.facts import PLATFORM_SUBJECT, claimants_of, domains_of, enterprises_of, facts_of, stamp_after, stamp_of

USCC = "91330282MA2H7K4W68"
EXAMPLES = {path.stem: path.read_text("utf-8") for path in (Path(__file__).parent / "events").glob("*.json")}


def facts(kind: str) -> Any:
    return facts_of(parse_event(EXAMPLES[kind], frozenset({"example"})))


@pytest.mark.parametrize(
    ("kind", "registers"),
    [
        ("aeo.changed", [(f"enterprise#{USCC}", "aeo#2026-03-31T16:00:00.000000Z#0000000000000000102#aeo-2026-000102")]),
        ("clearance.recorded", [(f"enterprise#{USCC}", "clearance#CLR-2026-0318-77")]),
        (
            "website.checked",
            [
                (f"enterprise#{USCC}", "website#yongsheng-tools.example#last"),
                (f"enterprise#{USCC}", "website#yongsheng-tools.example#2026-05-17T03:00:09.000000Z#0000000000000000007#web-20260517-0007"),
            ],
        ),
        (
            "domain.registered",
            [(f"enterprise#{USCC}", "domain#yongsheng-tools.example"), ("domain#yongsheng-tools.example", f"claim#{USCC}"), ("platform", f"enterprise#{USCC}")],
        ),
        ("ruling.issued", [(f"enterprise#{USCC}", "ruling#R-2-3100-2026-0031")]),
        ("ruling.ended", [(f"enterprise#{USCC}", "ruling-end#R-2-3100-2026-0031")]),
        ("tariff.edition_published", [("authority", "edition#cn-tariff-2026")]),
        ("decision.published", [("authority", "decision#J2022-0001")]),
        ("declaration.lodged", []),
        ("declaration.amended", []),
        ("declaration.cancelled", []),
        ("source.synced", []),
    ],
)
def test_registers(kind: str, registers: list[tuple[str, str]]) -> None:
    assert [(fact.subject, fact.name) for fact in facts(kind)] == registers


@pytest.mark.parametrize("kind", sorted(kind for kind in EXAMPLES if facts(kind)))
def test_bodies_are_json_and_carry_source_and_time(kind: str) -> None:
    event = json.loads(EXAMPLES[kind])
    for fact in (fact for fact in facts(kind) if fact.subject != PLATFORM_SUBJECT):
        assert json.loads(json.dumps(fact.body)) == fact.body
        assert fact.body["source"] == event["source"]
        assert datetime.fromisoformat(fact.body["effective_at"]) == datetime.fromisoformat(event["effective_at"])
        assert set(event["data"]) <= set(fact.body)


def test_only_a_website_check_that_is_not_the_last_expires() -> None:
    expiring = {kind: [fact.name for fact in facts(kind) if fact.expires_at is not None] for kind in EXAMPLES}
    last, kept = facts("website.checked")
    assert {kind: names for kind, names in expiring.items() if names} == {"website.checked": [kept.name]}
    assert kept.expires_at == datetime(2026, 6, 16, 3, 0, 9, tzinfo=UTC).timestamp()
    assert (last.stamp, last.body) == (kept.stamp, kept.body)


def test_every_type_is_shown() -> None:
    assert set(EXAMPLES) == {get_args(kind.model_fields["type"].annotation)[0] for kind in EVENT_TYPES}


def test_names_lead_back() -> None:
    on_enterprise, on_domain, on_platform = facts("domain.registered")
    assert domains_of((on_enterprise, *facts("aeo.changed"), *facts("website.checked"))) == ("yongsheng-tools.example",)
    assert claimants_of((on_domain,)) == (USCC,)
    assert enterprises_of((on_platform,)) == (USCC,)


_MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 12, 31), timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]))  # noqa: DTZ001
_KEYS = st.tuples(_MOMENTS, st.integers(0, 10**18), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,20}", fullmatch=True))


@given(_KEYS, _KEYS)
def test_stamps_sort_like_what_they_stand_for(one: tuple[datetime, int, str], other: tuple[datetime, int, str]) -> None:
    assert (stamp_of(*one) < stamp_of(*other)) == (one < other)
    assert (stamp_of(*one).encode() < stamp_of(*other).encode()) == (one < other)


@given(st.none() | _KEYS, _KEYS)
def test_what_saw_an_earlier_stamp_is_later_whatever_the_clocks_say(seen: tuple[datetime, int, str] | None, now: tuple[datetime, int, str]) -> None:
    earlier = stamp_of(seen[0], min(seen[1], 10**18 - 1), seen[2]) if seen else None
    stamp = stamp_after(earlier, now[0], now[2])
    assert stamp > (earlier or "")
    assert stamp >= stamp_of(now[0], 0, now[2])
