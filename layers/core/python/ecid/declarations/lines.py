"""The columnar form of declaration lines that everything downstream works on: one polars frame, this schema, one row per item (商品项)."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from ecid.declarations.rejections import Rejections

LINE_SCHEMA: dict[str, pl.DataType] = {
    "line_id": pl.String(),  # "<declaration no>-<item>", or "row-<n>" (sheet row) where the file has no number
    "row": pl.Int64(),  # sheet row, 1-based and counting the heading row; 0 for lines from the feed
    "declaration_no": pl.String(),  # 海关编号, 18 digits, or null
    "item": pl.Int64(),  # 项号, or null
    "declared_on": pl.Date(),  # 申报日期, Beijing civil date, or null
    "code": pl.String(),  # 商品编号 as declared, digits only, normalised (dots, spaces, full width, lost leading zero)
    "name": pl.String(),  # 商品名称
    "specification": pl.String(),  # 规格型号: brand type | preference | elements…, "|" as the only separator
    "quantity_e5": pl.Int64(),  # 成交数量 in 1/100,000, or null
    "unit": pl.String(),  # 成交单位 as a customs code ("007") where known, else as written, or null
    "first_quantity_e5": pl.Int64(),  # 法定第一数量, or null
    "first_unit": pl.String(),
    "second_quantity_e5": pl.Int64(),
    "second_unit": pl.String(),
    "price_e4": pl.Int64(),  # 单价 in 1/10,000 of the currency unit, or null
    "total_e4": pl.Int64(),  # 总价 in 1/10,000 of the currency unit, or null
    "currency": pl.String(),  # ISO alpha-3, or null
    "mode": pl.String(),  # 监管方式, four characters ("0110"), or null
    "origin": pl.String(),  # 原产国, ISO alpha-3, or null
    "destination": pl.String(),  # 最终目的国 or 运抵国, ISO alpha-3, or null
    "exporter_uscc": pl.String(),  # 境内发货人 USCC, or null
    "exporter": pl.String(),
    "manufacturer": pl.String(),  # 生产销售单位
    "declarant": pl.String(),  # 申报单位
    "port": pl.String(),  # 出境关别 or 申报地海关
    "sku": pl.String(),  # company's own item number (货号, 料号), or null
    "flags": pl.List(pl.String()),  # what reading had to assume, e.g. "NON_STANDARD_SEPARATOR"
}


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What a reader found. Every row of the files is in exactly one of: `lines` (`LINE_SCHEMA`), `rejected`, and the counts of rows recognised as totals,
    blank, headings, or titles around the table."""

    lines: pl.DataFrame
    rejected: Rejections = field(default_factory=Rejections)
    totals_rows: int = 0
    blank_rows: int = 0
    heading_rows: int = 0
    title_rows: int = 0
