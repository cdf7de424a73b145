"""The lines of an enterprise as they were lodged, read from the segments of the feed; where a month has many small segments, they become one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from ecid.errors import EcidError, NotFound, SourceUnavailable, UnreadableFile
from ecid.feed.declarations import merge_segments, merged_segment, month_in, read_segment, segment_key, segments_of
from ecid.ports import ObjectStore

COMPACT_ABOVE = 50
"""Segments of one month of one enterprise, above which they become one."""
_AT_ONCE = 16
_ATTEMPTS = 5

_log = logging.getLogger(__name__)


def lodged_lines(objects: ObjectStore, uscc: str) -> pl.DataFrame:
    """All lines as they stand, as `merge_segments` gives them. Raises UnreadableFile naming a segment that is damaged."""
    segments = _read(objects, uscc)
    _compact(objects, uscc, segments)
    return merge_segments(segments.values())


def _read(objects: ObjectStore, uscc: str) -> dict[str, pl.DataFrame]:
    """All segments by key. One that is gone between listing and reading was replaced by another, so the list is asked for again."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in range(_ATTEMPTS):
            keys = list(objects.keys(segments_of(uscc)))
            try:
                return dict(zip(keys, pool.map(lambda key: _segment(objects, key), keys), strict=True))
            except NotFound:
                continue
    raise SourceUnavailable


def _segment(objects: ObjectStore, key: str) -> pl.DataFrame:
    try:
        return read_segment(objects.get(key))
    except pl.exceptions.PolarsError as error:
        raise UnreadableFile(name=key, reason_zh="不是完整的申报数据段", reason_en="it is no whole segment of declarations") from error


def _compact(objects: ObjectStore, uscc: str, segments: Mapping[str, pl.DataFrame]) -> None:
    """Replace the segments of crowded months. The new one is written before any is deleted, and only segments whose rows it took over are.

    A reader that sees both reads the same lines, and so does the next run after a crash in between. A store that refuses stops no score run.
    """
    months: dict[str, list[str]] = {}
    for key in segments:
        months.setdefault(month_in(key), []).append(key)
    for month, keys in months.items():
        if len(keys) <= COMPACT_ABOVE:
            continue
        merged = merged_segment(segments[key] for key in keys)
        kept = segment_key(uscc, month, merged)
        try:
            objects.put(kept, merged)
            for key in keys:
                if key != kept:
                    objects.delete(key)
        except EcidError as error:
            _log.warning("segments of %s in %s were not compacted: %s", uscc, month, error.code)
