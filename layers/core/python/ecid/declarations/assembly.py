"""From what the sheets gave to one `ReadResult`: decisions that need the whole file, names of lines, duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from ecid.declarations import flags
from ecid.declarations.frame import READER_SCHEMA
from ecid.declarations.lines import LINE_SCHEMA, ReadResult, RejectedRow
from ecid.declarations.rejections import rejected
from ecid.declarations.rows import Tally

_MOSTLY = 0.5
_MOST_ITEMS = 50  # items of one declaration since the merged form of August 2018 (announcement 60 of 2018)
_KEY = ["declaration_no", "item"]
_CONTENT = [name for name in LINE_SCHEMA if name not in {"line_id", "row", "flags", *_KEY}]


@dataclass(frozen=True, slots=True)
class SheetReading:
    """The usable rows of one sheet in `READER_SCHEMA`, what else was met, and `prefix`, which keeps `row-<n>` apart from other sheets and files."""

    frame: pl.DataFrame
    tally: Tally
    prefix: str

    def of_sheet(self, sheet: str) -> SheetReading:
        """The same, named after its sheet, as one of several that were read from a workbook."""
        file = f"{self.tally.file}#{sheet}"
        tally = replace(self.tally, file=file, rejected=[replace(row, file=file) for row in self.tally.rejected])
        return SheetReading(self.frame, tally, f"{self.prefix}{sheet}:")


def assemble(readings: Sequence[SheetReading]) -> ReadResult:
    """All sheets as one result, in their order. Of lines with the same declaration number and item the first is kept."""
    frames = [
        _named(_with_items(_with_codes(reading.frame)), reading.prefix).with_columns(sheet=pl.lit(index, dtype=pl.Int64))
        for index, reading in enumerate(readings)
    ]
    together = pl.concat(frames) if frames else pl.DataFrame(schema={**READER_SCHEMA, "sheet": pl.Int64()})
    lines, repeated = _without_duplicates(together)
    tallies = [reading.tally for reading in readings]
    return ReadResult(
        lines=lines.select(list(LINE_SCHEMA)),
        rejected=sorted(
            [row for tally in tallies for row in tally.rejected] + _duplicates(repeated, [tally.file for tally in tallies]),
            key=lambda row: (row.file, row.row),
        ),
        totals_rows=sum(tally.totals_rows for tally in tallies),
        blank_rows=sum(tally.blank_rows for tally in tallies),
        heading_rows=sum(tally.heading_rows for tally in tallies),
    )


def _with_codes(frame: pl.DataFrame) -> pl.DataFrame:
    """Put 品牌类型 and 出口享惠情况 in front of the specification, unless the file already has them there (decided on all its rows)."""
    codes = pl.concat_str([pl.col("brand_type").fill_null(""), pl.col("preference").fill_null("")], separator="|")
    given = frame.filter(pl.col("brand_type").is_not_null())
    described = given.filter(pl.col("specification").is_not_null())
    already = described.select((pl.concat_str([pl.col("specification"), pl.lit("|")]).str.starts_with(codes + "|")).mean()).item()
    if given.is_empty() or (already or 0) > _MOSTLY:
        return frame
    concerned = pl.col("brand_type").is_not_null()
    return frame.with_columns(
        specification=pl.when(concerned)
        .then(pl.concat_str([codes, pl.col("specification")], separator="|", ignore_nulls=True))
        .otherwise(pl.col("specification")),
        flags=pl.when(concerned).then(pl.col("flags").list.concat([pl.lit(flags.CODES_COMPOSED)])).otherwise(pl.col("flags")),
    )


def _with_items(frame: pl.DataFrame) -> pl.DataFrame:
    """Take 序号 for the item where there is no 项号, if it counts the items of each declaration and not, say, the rows of the sheet."""
    if frame["item"].is_not_null().any() or frame["ordinal"].is_null().all():
        return frame
    different = frame.drop_nulls(["declaration_no", "ordinal"]).unique(["declaration_no", "ordinal", *_CONTENT])
    counted = different.group_by("declaration_no").agg(
        items=pl.col("ordinal").min().eq(1).and_(pl.col("ordinal").max() <= _MOST_ITEMS, pl.col("ordinal").is_unique().all())
    )
    share = counted["items"].mean()
    return frame.with_columns(item=pl.col("ordinal")) if isinstance(share, float) and share > _MOSTLY else frame


def _named(frame: pl.DataFrame, prefix: str) -> pl.DataFrame:
    number = pl.concat_str([pl.col("declaration_no"), pl.col("item").cast(pl.String)], separator="-")
    return frame.with_columns(line_id=pl.coalesce(number, pl.concat_str([pl.lit(f"{prefix}row-"), pl.col("row").cast(pl.String)])))


def _without_duplicates(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines that are kept, and the others with those that were kept in their place (`…_kept`) and whether they say the `same`."""
    keyed = pl.all_horizontal(pl.col(name).is_not_null() for name in _KEY)
    repeats = keyed & ~pl.struct(_KEY).is_first_distinct()
    later = frame.filter(repeats)
    if later.is_empty():
        return frame, later
    kept = frame.filter(~repeats)
    paired = later.join(kept.filter(keyed), on=_KEY, how="left", suffix="_kept", maintain_order="left")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_kept")) for name in _CONTENT)
    return kept, paired.with_columns(same=same)


def _duplicates(repeated: pl.DataFrame, files: Sequence[str]) -> list[RejectedRow]:
    if repeated.is_empty():
        return []
    return [
        rejected(row, "duplicate_line" if same else "conflicting_duplicate", files[sheet], first=first, where=files[kept])
        for row, same, first, sheet, kept in repeated.select("row", "same", "row_kept", "sheet", "sheet_kept").iter_rows()
    ]
