"""From what the sheets gave to one `ReadResult`: decisions that need the whole file, names of lines, duplicates.

Batches stay what they are: none of the steps makes a copy of the whole file, and what two lines have in common is looked for in columns of hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from ecid.declarations import flags
from ecid.declarations.frame import READER_SCHEMA
from ecid.declarations.lines import LINE_SCHEMA, ReadResult
from ecid.declarations.rejections import Rejections
from ecid.declarations.rows import Tally

_MOSTLY = 0.5
_MOST_ITEMS = 50  # items of one declaration since the merged form of August 2018 (announcement 60 of 2018)
_CONTENT = [name for name in LINE_SCHEMA if name not in {"line_id", "row", "flags", "declaration_no", "item"}]
_CODED = ["brand_type", "preference", "specification"]


@dataclass(frozen=True, slots=True)
class SheetReading:
    """The usable rows of one sheet in `READER_SCHEMA`, by batch; what else was met; and `prefix`, which keeps `row-<n>` apart from other sheets and files."""

    frames: list[pl.DataFrame]
    tally: Tally
    prefix: str

    def of_sheet(self, sheet: str) -> SheetReading:
        """The same, named after its sheet, as one of several that were read from a workbook."""
        return SheetReading(self.frames, replace(self.tally, file=f"{self.tally.file}#{sheet}"), f"{self.prefix}{sheet}:")


def assemble(readings: Sequence[SheetReading]) -> ReadResult:
    """All sheets as one result, in their order. Of lines with the same declaration number and item the first is kept."""
    frames: list[pl.DataFrame] = []
    for index, reading in enumerate(readings):
        coded, counted = _lacks_codes(reading.frames), _counts_items(reading.frames)
        frames += [_finished(frame, index, reading.prefix, coded, counted) for frame in reading.frames]
    tallies = [reading.tally for reading in readings]
    repeated = _without_duplicates(frames, [tally.file for tally in tallies])
    return ReadResult(
        lines=pl.concat(frames).select(list(LINE_SCHEMA)) if frames else pl.DataFrame(schema=LINE_SCHEMA),
        rejected=Rejections.of([(tally.file, tally.rejected.frame()) for tally in tallies], repeated),
        totals_rows=sum(tally.totals_rows for tally in tallies),
        blank_rows=sum(tally.blank_rows for tally in tallies),
        heading_rows=sum(tally.heading_rows for tally in tallies),
        title_rows=sum(tally.title_rows for tally in tallies),
    )


def _finished(frame: pl.DataFrame, sheet: int, prefix: str, coded: bool, counted: bool) -> pl.DataFrame:
    if coded:
        frame = _with_codes(frame)
    if counted:
        frame = frame.with_columns(item=pl.col("ordinal"))
    number = pl.concat_str([pl.col("declaration_no"), pl.col("item").cast(pl.String)], separator="-")
    return frame.select(*LINE_SCHEMA).with_columns(
        line_id=pl.coalesce(number, pl.concat_str([pl.lit(f"{prefix}row-"), pl.col("row").cast(pl.String)])), sheet=pl.lit(sheet, dtype=pl.UInt32)
    )


def _codes() -> pl.Expr:
    return pl.concat_str([pl.col("brand_type").fill_null(""), pl.col("preference").fill_null("")], separator="|")


def _lacks_codes(frames: Sequence[pl.DataFrame]) -> bool:
    """Whether 品牌类型 and 出口享惠情况 stand in columns of their own, but not at the beginning of the specification (decided on all rows)."""
    has = pl.concat_str([pl.col("specification"), pl.lit("|")]).str.starts_with(_codes() + "|")
    given = described = already = 0
    for frame in frames:
        counts = frame.filter(pl.col("brand_type").is_not_null()).select(pl.len(), described=pl.col("specification").count(), already=has.sum()).row(0)
        given, described, already = given + counts[0], described + counts[1], already + counts[2]
    return given > 0 and already <= _MOSTLY * described


def _with_codes(frame: pl.DataFrame) -> pl.DataFrame:
    """Put 品牌类型 and 出口享惠情况 in front of the specification."""
    composed = frame.select(_CODED).unique(maintain_order=True).drop_nulls("brand_type")
    composed = composed.with_columns(composed=pl.concat_str([_codes(), pl.col("specification")], separator="|", ignore_nulls=True))
    found = frame.join(composed, on=_CODED, how="left", nulls_equal=True, maintain_order="left")
    concerned = pl.col("brand_type").is_not_null()
    return found.with_columns(
        specification=pl.coalesce("composed", "specification"),
        flags=pl.when(concerned).then(pl.col("flags").list.concat([pl.lit(flags.CODES_COMPOSED)])).otherwise(pl.col("flags")),
    )


def _counts_items(frames: Sequence[pl.DataFrame]) -> bool:
    """Whether 序号 is the item, there being no 项号: it counts the items of each declaration and not, say, the rows of the sheet."""
    if any(frame["item"].is_not_null().any() for frame in frames) or all(frame["ordinal"].is_null().all() for frame in frames):
        return False
    keys = [frame.select("declaration_no", "ordinal", content=frame.select(_CONTENT).hash_rows()).drop_nulls(["declaration_no", "ordinal"]) for frame in frames]
    counted = (
        pl.concat(keys)
        .unique()
        .group_by("declaration_no")
        .agg(items=pl.col("ordinal").min().eq(1).and_(pl.col("ordinal").max() <= _MOST_ITEMS, pl.col("ordinal").is_unique().all()))
    )
    share = counted["items"].mean()
    return isinstance(share, float) and share > _MOSTLY


def _without_duplicates(frames: list[pl.DataFrame], files: Sequence[str]) -> pl.DataFrame:
    """Take out of `frames` the lines whose declaration number and item an earlier line has; they are returned as `Rejections.of` takes them."""
    together = pl.concat(frames) if frames else pl.DataFrame(schema={**READER_SCHEMA, "sheet": pl.UInt32()})
    pairs = _repeated(together["line_id"])
    same = pl.repeat(True, pairs.height, eager=True)
    for name in _CONTENT if pairs.height else []:
        column = together[name]
        same &= column.gather(pairs["at"]).eq_missing(column.gather(pairs["first"]))
    names = pl.Series(files, dtype=pl.Categorical)
    repeated = pl.DataFrame(
        {
            "file": names.gather(together["sheet"].gather(pairs["at"])),
            "row": together["row"].gather(pairs["at"]),
            "code": same.replace_strict({True: "duplicate_line", False: "conflicting_duplicate"}, return_dtype=pl.String),
            "first": together["row"].gather(pairs["first"]),
            "where": names.gather(together["sheet"].gather(pairs["first"])),
        }
    )
    del together
    if pairs.height:
        _drop(frames, pairs["at"])
    return repeated


def _repeated(ids: pl.Series) -> pl.DataFrame:
    """Positions of equal texts: `at` of each but the first, and `first`."""
    hashes = ids.hash()
    later = ~hashes.is_first_distinct()
    suspects = hashes.is_in(hashes.filter(later).unique().implode()).arg_true()
    pairs = pl.DataFrame({"at": suspects, "id": ids.gather(suspects)}).with_columns(first=pl.col("at").first().over("id"))
    return pairs.filter(pl.col("at") != pl.col("first")).select("at", "first")


def _drop(frames: list[pl.DataFrame], positions: pl.Series) -> None:
    """Take the rows at `positions`, counted through all frames, out of them, one frame after another."""
    kept = pl.repeat(True, sum(frame.height for frame in frames), eager=True).scatter(positions, False)
    start = 0
    for index, frame in enumerate(frames):
        own = kept.slice(start, frame.height)
        start += frame.height
        if not own.all():
            frames[index] = frame.filter(own)
