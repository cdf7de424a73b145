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
    event: dict[str, Any] = copy.deepcopy(EXAMPLES[case["of"]])
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


def doctored(kind: str, old: str, new: str) -> str:
    text = json.dumps(EXAMPLES[kind], ensure_ascii=False)
    assert text.count(old) >= 1
    return text.replace(old, new, 1)


DOCTORED = {
    "infinite number": ('"sequence": 5510021', '"sequence": 1e400', "sequence: "),
    "no number": ('"sequence": 5510021', '"sequence": NaN', "sequence: "),
    "long number": ('"sequence": 5510021', f'"sequence": {"9" * 200_000}', "Invalid JSON: number out of range"),
    "fraction": ('"sequence": 5510021', '"sequence": 1.0', "sequence: "),
    "lone surrogate": ('"name": "锂离子蓄电池"', '"name": "\\udc00"', "Invalid JSON"),
    "encoded surrogate": ('"name": "锂离子蓄电池"', '"name": "\udc00"', "Invalid JSON"),
    "null character": ('"name": "锂离子蓄电池"', '"name": "a\\u0000"', "data.lines.0.name: "),
    "deep lists": ('"lines": [', f'"lines": {"[" * 60_000}{"]" * 60_000}, "more": [', "Invalid JSON"),
    "an object that never ends": ('"item": 1', '"item": {"a": ' * 10_000, "Invalid JSON"),
    "enterprise twice": (
        '"enterprise": "91330282MA2H7K4W68"',
        '"enterprise": "914403005867203466", "enterprise": "91330282MA2H7K4W68"',
        "enterprise: stands twice",
    ),
    "line's code twice": ('"code": "8507600090"', '"code": "8467210000", "code": "8507600090"', "code: stands twice"),
    "a key in two spellings": ('"code": "8507600090"', '"code": "8507600090", "c\\u006fde": "8507600090"', "code: stands twice"),
    "two documents": ("{", "{} {", "Invalid JSON"),
    "byte order mark": ("{", "\ufeff{", "Invalid JSON"),
}


@pytest.mark.parametrize("case", DOCTORED)
def test_hostile_json_is_refused_with_the_field(case: str) -> None:
    old, new, reason = DOCTORED[case]
    with pytest.raises(InvalidEvent) as caught:
        parse_event(doctored("declaration.lodged", old, new))
    assert str(caught.value.context["reason"]).startswith(reason)
    assert len(str(caught.value.context["reason"])) < 500


def lines(count: int, **changes: str) -> dict[str, Any]:
    line = {"code": "8507600090", "name": "锂离子蓄电池", "specification": "1|0|电动工具用", "quantity": "1", "unit": "007", "total": "1", **changes}
    event: dict[str, Any] = copy.deepcopy(EXAMPLES["declaration.lodged"])
    event["data"]["lines"] = [{"item": item + 1} | line for item in range(count)]
    return event


def test_as_many_lines_as_a_declaration_can_number() -> None:
    assert len(read(lines(999)).data.lines) == 999
    with pytest.raises(InvalidEvent, match=r"data\.lines"):
        read(lines(1000))
    with pytest.raises(InvalidEvent, match=str(MAX_EVENT_BYTES)):
        read(lines(999, specification="规" * 255))


def test_as_many_full_lines_as_customs_allow_fit() -> None:
    """50 items, each with the widest name and specification, in the longest of spellings."""
    full = lines(50, name="名" * 255, specification="规" * 255)
    assert len(parse_event(json.dumps(full, ensure_ascii=True)).data.lines) == 50  # type: ignore[union-attr]


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
        ("domain.registered", "2026-04-02T01:24:00Z", True),
        ("domain.registered", "2026-04-02T01:26:00Z", False),
        ("clearance.recorded", "2026-03-18T08:14:00Z", True),
        ("clearance.recorded", "2026-03-18T08:16:00Z", False),
        ("declaration.lodged", "2026-03-12T02:00:00Z", True),
        ("declaration.lodged", "2026-03-12T02:01:00Z", False),
        ("declaration.amended", "2026-03-20T02:54:00Z", True),
        ("declaration.amended", "2026-03-20T02:56:00Z", False),
        ("declaration.cancelled", "2026-03-27T07:04:00Z", True),
        ("declaration.cancelled", "2026-03-27T07:06:00Z", False),
        ("ruling.issued", "2026-03-02T00:54:00Z", True),
        ("ruling.issued", "2026-03-02T00:56:00Z", False),
        ("ruling.ended", "2026-05-11T00:54:00Z", True),
        ("ruling.ended", "2026-05-11T00:56:00Z", False),
        ("tariff.edition_published", "2025-12-29T07:54:00Z", True),
        ("tariff.edition_published", "2025-12-29T07:56:00Z", False),
        ("decision.published", "2022-08-22T01:54:00Z", True),
        ("decision.published", "2022-08-22T01:56:00Z", False),
        ("website.checked", "2026-05-17T02:55:00Z", True),
        ("website.checked", "2026-05-17T02:56:00Z", False),
        ("source.synced", "2026-05-17T02:54:00Z", True),
        ("source.synced", "2026-05-17T02:56:00Z", False),
    ],
)
def test_time_that_cannot_be(kind: str, now: str, *, refused: bool) -> None:
    """Only a status may take effect later: its history is kept, everything else acts as soon as it is stored."""
    event = read(EXAMPLES[kind])
    if refused:
        with pytest.raises(InvalidEvent):
            check_time(event, datetime.fromisoformat(now).astimezone(UTC))
    else:
        check_time(event, datetime.fromisoformat(now).astimezone(UTC))


@pytest.mark.parametrize(
    ("kind", "path"), [("domain.registered", "data.proof.proven_at"), ("website.checked", "data.checked_at"), ("source.synced", "data.synced_at")]
)
def test_what_has_happened_lies_in_the_past(kind: str, path: str) -> None:
    now = datetime(2026, 5, 18, tzinfo=UTC)
    check_time(read(EXAMPLES[kind]), now)
    event = read(spoil({"of": kind, "set": {path: "2099-01-01T00:00:00Z"}}))
    with pytest.raises(InvalidEvent) as caught:
        check_time(event, now)
    assert caught.value.context["reason"] == f"{path}: in the future"


LEVELS = [
    ("general_certified", "2026-03-31T15:59:59Z", False),
    ("general_certified", "2021-10-31T15:59:59Z", True),
    ("general_certified", "2021-10-31T16:00:00Z", False),
    ("certified", "2026-03-31T15:59:59Z", False),
    ("certified", "2026-03-31T16:00:00Z", True),
    ("aa", "2008-03-31T15:59:59Z", False),
    ("aa", "2008-03-31T16:00:00Z", True),
    ("aa", "2026-05-01T00:00:00Z", False),
    ("general_credit", "2016-01-01T00:00:00Z", True),
    ("advanced", "2026-05-01T00:00:00Z", True),
]


@pytest.mark.parametrize(("level", "at", "taken"), LEVELS)
def test_a_level_is_one_of_the_order_in_force(level: str, at: str, *, taken: bool) -> None:
    event = spoil({"of": "aeo.changed", "set": {"data.level": level, "effective_at": at}})
    if taken:
        assert read(event).data.level == level
    else:
        with pytest.raises(InvalidEvent, match=r"data: The (level|effective date)"):
            read(event)


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


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(EXAMPLES)),
    start=st.floats(0, 1),
    length=st.integers(0, 20),
    put=st.binary(max_size=20) | st.sampled_from([b'"', b"{", b"}", b"\\", b"\\u0000", b"NaN", b"1e999", b"null", b"\x00", b"\xed\xa0\x80", b","]),
)
def test_damaged_bytes_are_refused_or_read_as_what_they_say(kind: str, start: float, length: int, put: bytes) -> None:
    whole = json.dumps(EXAMPLES[kind], ensure_ascii=False).encode()
    at = int(start * len(whole))
    damaged = whole[:at] + put + whole[at + length :]
    try:
        event = parse_event(damaged, SAMPLES)
    except InvalidEvent:
        return
    assert parse_event(canonical_body(event), SAMPLES) == event
    assert json.loads(damaged).keys() == json.loads(canonical_body(event)).keys()
