"""Each file in `cases/` beside a `.yaml` of what reading it gives: lines (only the columns named), rejected rows, and `counts` that are not 0 (default:
one heading row)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from ecid.declarations.lines import LINE_SCHEMA
from ecid.declarations.readers import read_file

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.suffix != ".yaml")
TODAY = date(2026, 5, 17)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    expected = yaml.safe_load(path.with_suffix(".yaml").read_text("utf-8"))
    result = read_file(path, TODAY)
    assert dict(result.lines.schema) == LINE_SCHEMA
    found = result.lines.to_dicts()
    assert [line["line_id"] for line in found] == [line["line_id"] for line in expected["lines"]]
    for line, wanted in zip(found, expected["lines"], strict=True):
        assert {name: line[name] for name in wanted} == wanted
    assert [[row.row, row.code] for row in result.rejected] == expected.get("rejected", [])
    counts = {name: getattr(result, name) for name in ("totals_rows", "blank_rows", "heading_rows", "title_rows")}
    assert {name: count for name, count in counts.items() if count} == expected.get("counts", {"heading_rows": 1})


def test_every_case_says_what_is_expected() -> None:
    assert CASES
    assert all(path.with_suffix(".yaml").exists() for path in CASES)
