"""Declarations as columns: exact amounts, segments named by content, the newest stamp wins whole, a cancelled one stays away."""

from __future__ import annotations

import io
import json
import random
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.declarations.lines import LINE_SCHEMA
from ecid.feed.declarations import SEGMENT_SCHEMA, merge_segments, merged_segment, month_of, read_segment, rows_of, segment_key, segment_of
from ecid.feed.envelopes import DeclarationAmended, DeclarationCancelled, DeclarationLodged
from ecid.feed.events import DeclarationEvent, parse_event

EVENTS = Path(__file__).parent / "events"
EXAMPLE = json.loads((EVENTS / "declaration.lodged.json").read_text("utf-8"))


def lodged(**changes: Any) -> DeclarationLodged:
    """The example with other `effective_at`, `sequence`, `id` or, in `data`, other content."""
    event = parse_event(json.dumps(EXAMPLE | changes | {"data": EXAMPLE["data"] | changes.get("data", {})}))
    assert isinstance(event, DeclarationLodged)
    return event


def amended(**changes: Any) -> DeclarationAmended:
    """The example after an amendment, with other content in `data`."""
    example = json.loads((EVENTS / "declaration.amended.json").read_text("utf-8"))
    event = parse_event(json.dumps(example | changes | {"data": example["data"] | changes.get("data", {})}))
    assert isinstance(event, DeclarationAmended)
    return event


def cancelled(**changes: Any) -> DeclarationCancelled:
    """The cancellation of the example a fortnight later."""
    example = json.loads((EVENTS / "declaration.cancelled.json").read_text("utf-8"))
    data = example["data"] | {"declaration_no": EXAMPLE["data"]["declaration_no"], "declared_on": EXAMPLE["data"]["declared_on"]}
    event = parse_event(json.dumps(example | changes | {"data": data | changes.get("data", {})}))
    assert isinstance(event, DeclarationCancelled)
    return event


def frame(*events: DeclarationEvent) -> pl.DataFrame:
    return read_segment(segment_of([row for event in events for row in rows_of(event)]))


def test_rows_are_lines() -> None:
    lines = merge_segments([frame(lodged())])
    assert dict(lines.schema) == LINE_SCHEMA
    first, second = lines.to_dicts()
    assert first["line_id"] == "310420260040970934-1"
    assert first["declared_on"] == date(2026, 3, 12)
    assert (first["quantity_e5"], first["price_e4"], first["total_e4"]) == (1_200_000_000, 18_250, 219_000_000)
    assert (first["second_quantity_e5"], first["second_unit"]) == (56_450_000, "035")
    assert first["exporter_uscc"] == EXAMPLE["enterprise"]
    assert first["flags"] == []
    assert second["sku"] is None


@given(st.integers(0, 10**13 - 1), st.integers(0, 10**5 - 1))
def test_amounts_are_exact(whole: int, fraction: int) -> None:
    line = EXAMPLE["data"]["lines"][0] | {"quantity": f"{whole}.{fraction:05d}", "total": f"{whole}.{fraction // 10:04d}"}
    row = rows_of(lodged(data={"lines": [line]}))[0]
    assert row["quantity_e5"] == whole * 10**5 + fraction
    assert row["total_e4"] == whole * 10**4 + fraction // 10


def test_segment_is_named_by_content_and_not_by_order() -> None:
    rows = rows_of(lodged()) + rows_of(lodged(id="other", data={"declaration_no": "310420260041170001"}))
    shuffled = random.Random(7).sample(rows, len(rows))  # noqa: S311
    assert segment_of(rows) == segment_of(shuffled)
    assert segment_of(rows) != segment_of(rows[1:])
    key = segment_key(EXAMPLE["enterprise"], month_of(lodged()), segment_of(rows))
    assert key.startswith("declarations/91330282MA2H7K4W68/2026-03/")
    assert key.endswith(".parquet")


def codes(*frames: pl.DataFrame) -> list[str]:
    return merge_segments(frames)["code"].to_list()


BEFORE, AFTER = ["8507600090", "8467210000"], ["8507600020"]


def test_amendment_wins_whole() -> None:
    for frames in ([frame(lodged()), frame(amended())], [frame(amended()), frame(lodged())], [frame(amended(), lodged())]):
        assert codes(*frames) == AFTER
    assert merge_segments([frame(amended())]).to_dicts() == merge_segments([frame(lodged(), amended())]).to_dicts()
    assert set(SEGMENT_SCHEMA) == set(rows_of(amended())[0])


def test_amendment_into_another_month_leaves_nothing_behind() -> None:
    moved = amended(data={"declared_on": "2026-02-28"})
    assert month_of(moved) != month_of(lodged())
    assert merge_segments([frame(lodged()), frame(moved)])["declared_on"].unique().to_list() == [date(2026, 2, 28)]


def test_a_cancelled_declaration_has_no_lines() -> None:
    other = lodged(id="other", data={"declaration_no": "310420260041170001"})
    for frames in permutations([frame(lodged()), frame(amended()), frame(cancelled())]):
        assert merge_segments(frames).is_empty()
        assert dict(merge_segments(frames).schema) == LINE_SCHEMA
        assert codes(*frames, frame(other)) == BEFORE
    assert codes(frame(lodged(), cancelled(), amended())) == []


def test_only_a_newer_event_undoes_a_cancellation() -> None:
    later = amended(effective_at="2026-03-28T09:00:00+08:00", id="again")
    for frames in permutations([frame(lodged()), frame(cancelled()), frame(later)]):
        assert codes(*frames) == AFTER
    assert codes(frame(lodged(effective_at="2026-03-28T09:00:00+08:00", id="anew")), frame(cancelled())) == BEFORE


def test_compaction_keeps_the_tombstone() -> None:
    compacted = read_segment(merged_segment([frame(lodged()), frame(cancelled())]))
    assert compacted.height == 1
    assert codes(compacted, frame(lodged()), frame(amended())) == []
    assert merged_segment([compacted, frame(lodged())]) == merged_segment([compacted])


def test_no_declarations_are_an_empty_frame() -> None:
    assert merge_segments([]).is_empty()
    assert dict(merge_segments([]).schema) == LINE_SCHEMA


def test_bytes_that_are_no_segment() -> None:
    with pytest.raises(pl.exceptions.PolarsError):
        read_segment(b"PAR1 but nothing more")
    with pytest.raises(pl.exceptions.PolarsError):
        read_segment(_parquet(pl.DataFrame({"stamp": ["x"]})))


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


_NUMBERS = ["310420260040970934", "310420260041170001"]
_VERSIONS = st.lists(
    st.tuples(st.sampled_from(_NUMBERS), st.integers(0, 5), st.sampled_from(["lodged", "amended", "cancelled"]), st.integers(1, 3)), min_size=1, max_size=7
)


def version(index: int, number: str, sequence: int, kind: str, items: int) -> DeclarationEvent:
    """One event of a made-up history: all take effect at the same time, so that the sequence decides, and then the id."""
    changes: dict[str, Any] = {"id": f"e-{index}", "sequence": sequence, "effective_at": "2026-03-27T15:10:00+08:00", "data": {"declaration_no": number}}
    if kind == "cancelled":
        return cancelled(**changes)
    changes["data"]["lines"] = [EXAMPLE["data"]["lines"][0] | {"item": item} for item in range(1, items + 1)]
    return lodged(**changes) if kind == "lodged" else amended(**changes)


@settings(max_examples=25, deadline=None)
@given(_VERSIONS, st.integers(0, 7), st.randoms(use_true_random=False))
def test_merging_does_not_depend_on_order_repetition_or_compaction(versions: list[tuple[str, int, str, int]], compacted: int, chance: random.Random) -> None:
    events = [version(index, *told) for index, told in enumerate(versions)]
    frames = [frame(event) for event in events]
    merged = merge_segments(frames)
    again = frames + chance.sample(frames, chance.randint(0, len(frames)))
    chance.shuffle(again)
    again = [read_segment(merged_segment(again[:compacted])), *again[compacted:], *again[:1]]
    assert merge_segments(again).equals(merged)
    newest = {event.data.declaration_no: event for event in sorted(events, key=lambda event: (event.sequence, event.id))}
    assert merged.height == sum(len(event.data.lines) for event in newest.values() if not isinstance(event, DeclarationCancelled))
    assert set(SEGMENT_SCHEMA) - set(merged.columns) == {"stamp"}
