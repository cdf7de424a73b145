"""Declarations as columns: exact amounts, segments named by content, the newest stamp wins whole."""

from __future__ import annotations

import io
import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.declarations.lines import LINE_SCHEMA
from ecid.feed.declarations import SEGMENT_SCHEMA, merge_segments, month_of, read_segment, rows_of, segment_key, segment_of
from ecid.feed.events import DeclarationLodged, parse_event

EXAMPLE = json.loads((Path(__file__).parent / "events" / "declaration.lodged.json").read_text("utf-8"))


def lodged(**changes: Any) -> DeclarationLodged:
    """The example with other `effective_at`, `sequence`, `id` or, in `data`, other content."""
    event = parse_event(json.dumps(EXAMPLE | changes | {"data": EXAMPLE["data"] | changes.get("data", {})}))
    assert isinstance(event, DeclarationLodged)
    return event


def frame(*events: DeclarationLodged) -> pl.DataFrame:
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


def test_amendment_wins_whole() -> None:
    line = EXAMPLE["data"]["lines"][0] | {"code": "8507600020"}
    amended = lodged(id="amendment", sequence=EXAMPLE["sequence"] + 1, data={"lines": [line]})
    for frames in ([frame(lodged()), frame(amended)], [frame(amended), frame(lodged())], [frame(amended, lodged())]):
        lines = merge_segments(frames)
        assert lines["code"].to_list() == ["8507600020"]


def test_amendment_into_another_month_leaves_nothing_behind() -> None:
    moved = lodged(id="amendment", sequence=EXAMPLE["sequence"] + 1, data={"declared_on": "2026-02-28"})
    assert month_of(moved) != month_of(lodged())
    assert merge_segments([frame(lodged()), frame(moved)])["declared_on"].unique().to_list() == [date(2026, 2, 28)]


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


_VERSIONS = st.lists(st.tuples(st.sampled_from(["310420260040970934", "310420260041170001"]), st.integers(0, 5), st.integers(1, 3)), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None)
@given(_VERSIONS, st.randoms(use_true_random=False))
def test_merging_does_not_depend_on_order_or_repetition(versions: list[tuple[str, int, int]], chance: random.Random) -> None:
    events = [
        lodged(
            id=f"e-{index}",
            sequence=sequence,
            data={"declaration_no": number, "lines": [EXAMPLE["data"]["lines"][0] | {"item": item} for item in range(1, items + 1)]},
        )
        for index, (number, sequence, items) in enumerate(versions)
    ]
    frames = [frame(event) for event in events]
    merged = merge_segments(frames)
    again = frames + chance.sample(frames, chance.randint(0, len(frames)))
    chance.shuffle(again)
    assert merge_segments(again).equals(merged)
    newest = {event.data.declaration_no: event for event in sorted(events, key=lambda event: (event.sequence, event.id))}
    assert merged.height == sum(len(event.data.lines) for event in newest.values())
    assert set(SEGMENT_SCHEMA) - set(merged.columns) == {"stamp"}
