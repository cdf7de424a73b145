"""Reading source events: every example is taken, every spoilt one is refused with the field that is wrong."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.errors import InvalidEvent
from ecid.feed.events import MAX_EVENT_BYTES, canonical_body, check_time, parse_event

HERE = Path(__file__).parent
EXAMPLES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((HERE / "events").glob("*.json"))}
SPOILT = yaml.safe_load((HERE / "invalid_events.yaml").read_text("utf-8"))
SAMPLES = frozenset({"example"})


def read(event: dict[str, Any]) -> Any:
    return parse_event(json.dumps(event), SAMPLES)


def spoil(case: dict[str, Any]) -> dict[str, Any]:
    event = copy.deepcopy(EXAMPLES[case["of"]])
    for path in [*case.get("set", {}), *([case["drop"]] if "drop" in case else [])]:
        *way, last = path.split(".")
        place: Any = event
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        if path in case.get("set", {}):
            place[last] = case["set"][path]
        else:
            del place[last]
    return event


@pytest.mark.parametrize("kind", EXAMPLES)
def test_examples_are_read_whole(kind: str) -> None:
    event = read(EXAMPLES[kind])
    assert event.type == kind
    assert json.loads(canonical_body(event)) == EXAMPLES[kind] | {"effective_at": json.loads(canonical_body(event))["effective_at"]}
    assert event.effective_at == datetime.fromisoformat(EXAMPLES[kind]["effective_at"])


@pytest.mark.parametrize("case", SPOILT, ids=lambda case: f"{case['of']}: {case['name']}")
def test_refused_with_the_field(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent) as caught:
        read(spoil(case))
    assert str(caught.value.context["reason"]).startswith(case["reason"])


@pytest.mark.parametrize("raw", ["", "{", "[]", "null", "1", '"x"', "[" * 100_000, "\ud800", b"\xff\xfe", "NaN", '{"type": "\\ud800"}'], ids=repr)
def test_no_event_at_all(raw: bytes | str) -> None:
    with pytest.raises(InvalidEvent):
        parse_event(raw)


def test_longest_event() -> None:
    padding = MAX_EVENT_BYTES - len(json.dumps(EXAMPLES["source.synced"]))
    assert parse_event(json.dumps(EXAMPLES["source.synced"]) + " " * padding).type == "source.synced"
    with pytest.raises(InvalidEvent, match=str(MAX_EVENT_BYTES)):
        parse_event(json.dumps(EXAMPLES["source.synced"]) + " " * (padding + 1))


def test_form_does_not_change_the_canonical_body() -> None:
    event = EXAMPLES["declaration.lodged"]
    backwards = json.dumps(dict(reversed(event.items())), indent=4, ensure_ascii=True)
    assert canonical_body(parse_event(backwards)) == canonical_body(read(event))


def test_reserved_suffixes_are_refused_unless_allowed() -> None:
    with pytest.raises(InvalidEvent, match=r"data\.domain"):
        parse_event(json.dumps(EXAMPLES["domain.registered"]))


@pytest.mark.parametrize(
    ("kind", "now", "refused"),
    [
        ("aeo.changed", "2025-03-30T00:00:00Z", True),
        ("aeo.changed", "2025-04-01T00:00:00Z", False),
        ("source.synced", "2026-05-17T02:54:00Z", True),
        ("source.synced", "2026-05-17T02:56:00Z", False),
    ],
)
def test_time_that_cannot_be(kind: str, now: str, *, refused: bool) -> None:
    event = read(EXAMPLES[kind])
    if refused:
        with pytest.raises(InvalidEvent):
            check_time(event, datetime.fromisoformat(now).astimezone(UTC))
    else:
        check_time(event, datetime.fromisoformat(now).astimezone(UTC))


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(sorted(EXAMPLES)),
    changes=st.dictionaries(st.text(max_size=200) | st.sampled_from(["id", "data", "enterprise", "type"]), _JSON, min_size=1),
)
def test_hostile_events_are_refused_briefly_and_printably(kind: str, changes: dict[str, Any]) -> None:
    try:
        read(EXAMPLES[kind] | changes)
    except InvalidEvent as error:
        reason = str(error.context["reason"])
        assert reason.isprintable()
        assert len(reason) < 1000
