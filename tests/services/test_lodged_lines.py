"""Reading and compacting segments: the lines stay the same whatever lies beside them and whoever works at the same time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ecid.adapters.object_store import FolderStore
from ecid.errors import SourceUnavailable, UnreadableFile
from ecid.feed.declarations import month_of, rows_of, segment_key, segment_of, segments_of
from ecid.feed.envelopes import DeclarationLodged
from ecid.feed.events import parse_event
from ecid.services.lodged_lines import COMPACT_ABOVE, lodged_lines

EXAMPLE = json.loads((Path(__file__).parents[1] / "feed" / "events" / "declaration.lodged.json").read_text("utf-8"))
USCC = EXAMPLE["enterprise"]


def put(objects: FolderStore, number: int, **changes: Any) -> str:
    """Lodge a declaration in a segment of its own; answers with the key."""
    data = EXAMPLE["data"] | {"declaration_no": f"3104202600409{number:05d}"}
    event = parse_event(json.dumps(EXAMPLE | {"id": f"event-{number}"} | changes | {"data": data | changes.get("data", {})}))
    assert isinstance(event, DeclarationLodged)
    segment = segment_of(rows_of(event))
    key = segment_key(USCC, month_of(event), segment)
    objects.put(key, segment)
    return key


def keys(objects: FolderStore) -> list[str]:
    return list(objects.keys(segments_of(USCC)))


@pytest.fixture
def objects(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def test_a_crowded_month_becomes_one_segment_of_the_same_lines(objects: FolderStore) -> None:
    for number in range(COMPACT_ABOVE):
        put(objects, number)
    other = put(objects, 900, data={"declared_on": "2026-02-11"})
    lodged_lines(objects, USCC)
    assert len(keys(objects)) == COMPACT_ABOVE + 1
    amended = put(objects, 7, id="amended", sequence=EXAMPLE["sequence"] + 1, data={"lines": EXAMPLE["data"]["lines"][:1]})
    before = lodged_lines(objects, USCC)
    (kept,) = (key for key in keys(objects) if key != other)
    assert kept != amended
    assert lodged_lines(objects, USCC).equals(before)
    assert before.height == 2 * (COMPACT_ABOVE + 1) - 1
    # A stamp older than the merged one still loses, a newer one still wins.
    put(objects, 7)
    assert lodged_lines(objects, USCC).equals(before)
    put(objects, 7, id="again", sequence=EXAMPLE["sequence"] + 2)
    assert lodged_lines(objects, USCC).height == before.height + 1


def test_a_crash_between_writing_and_deleting_changes_nothing(objects: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    written = [put(objects, number) for number in range(COMPACT_ABOVE + 1)]

    def refuse(_: FolderStore, key: str) -> None:
        raise SourceUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "delete", refuse)
        before = lodged_lines(objects, USCC)
        assert set(keys(objects)) > set(written)
    assert lodged_lines(objects, USCC).equals(before)
    assert len(keys(objects)) == 1
    assert lodged_lines(objects, USCC).equals(before)


def test_a_segment_that_arrives_meanwhile_stays(objects: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(COMPACT_ABOVE + 1):
        put(objects, number)
    arrived: list[str] = []
    real = FolderStore.put

    def busy(self: FolderStore, key: str, data: bytes) -> None:
        real(self, key, data)
        if not arrived:
            arrived.append("")
            arrived[0] = put(objects, 999)

    monkeypatch.setattr(FolderStore, "put", busy)
    before = lodged_lines(objects, USCC)
    assert len(keys(objects)) == 2
    assert arrived[0] in keys(objects)
    assert lodged_lines(objects, USCC).height == before.height + 2


def test_a_segment_that_another_run_replaced_is_read_from_the_new_one(objects: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(COMPACT_ABOVE + 1):
        put(objects, number)
    listed = FolderStore.keys
    calls: list[list[str]] = []

    def late(self: FolderStore, prefix: str) -> Iterator[str]:
        calls.append(list(listed(self, prefix)))
        first = len(calls) == 1
        if first:
            lodged_lines(self, USCC)
        return iter(calls[0] if first else listed(self, prefix))

    monkeypatch.setattr(FolderStore, "keys", late)
    assert lodged_lines(objects, USCC).height == 2 * (COMPACT_ABOVE + 1)


@pytest.mark.parametrize("content", [b"", b"secret", b"PAR1secretPAR1", "other columns", "other types"], ids=str)
def test_a_damaged_segment_is_named_and_not_quoted(content: bytes | str, objects: FolderStore, tmp_path: Path) -> None:
    put(objects, 1)
    key = f"{segments_of(USCC)}2026-03/junk.parquet"
    if isinstance(content, str):
        rows = pl.read_parquet(tmp_path / keys(objects)[0])
        changed = rows.drop("stamp") if content == "other columns" else rows.with_columns(total_e4=pl.lit("secret"))
        changed.write_parquet(tmp_path / key)
    else:
        objects.put(key, content)
    with pytest.raises(UnreadableFile, match=r"2026-03/junk\.parquet") as refused:
        lodged_lines(objects, USCC)
    assert "secret" not in str(refused.value)
