"""What is asked of a scan beside its score: the forecast, other targets, the owner's marks, the enterprise's own codes."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ecid.adapters.knowledge_files import load_reference
from ecid.errors import Language
from ecid.scoring.forecast import answer_in, answer_to_json
from ecid.scoring.plan import plan
from ecid.scoring.reference import Reference
from ecid.scoring.result import Review, to_json
from ecid.services.scan_files import Period, Questions, Scan, scan_files
from ecid.tariff.model import Edition
from ecid.tariff.reference import Tariff
from tests.acceptance.planted_files import build

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "knowledge" / "samples" / "harborlight" / "declarations.csv"
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
REFERENCE = load_reference([ROOT / "knowledge"])
GIVEN_UP = "94054100"


def scanned(reference: Reference = REFERENCE, period: Period | None = None, target: int | None = None, **questions: object) -> Scan:
    return scan_files([SAMPLE], lambda: reference, NOW, period, target=target, questions=Questions(**questions))  # type: ignore[arg-type]


def announced(valid_from: date) -> Reference:
    """With an edition from a day on that lacks one code which the sample declares."""
    lines = {code: line for edition in REFERENCE.tariff.editions for code, line in edition.lines.items() if code != GIVEN_UP}
    coming = Edition("cn-announced", "announced", valid_from, date(valid_from.year, 12, 31), True, "tests", "8" * 64, lines)
    tariff = Tariff([*REFERENCE.tariff.editions, coming], REFERENCE.tariff.nomenclatures, REFERENCE.tariff.conversions)
    return replace(REFERENCE, tariff=tariff, versions={**REFERENCE.versions, **tariff.versions()})


def test_a_forecast_is_made_where_it_is_asked_for() -> None:
    assert scanned().forecast == ()
    (found,) = scanned(forecast=True).forecast
    assert (found.codes, found.months[0].score_exact_micro, found.changes) == ("moved", scanned().result.score_exact_micro, ())
    assert found.months[-1].as_of == date(2027, 11, 23)


@pytest.mark.parametrize("seed", [3, 11])
def test_a_forecast_begins_at_the_score_whatever_is_wrong(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "declarations.csv"
    path.write_bytes(build(seed).content)
    scan = scan_files([path], lambda: REFERENCE, NOW, Period(date(2026, 5, 17)), questions=Questions(forecast=True))
    now = scan.forecast[0].months[0]
    assert (now.score_exact_micro, now.lines_weighed) == (scan.result.score_exact_micro, scan.result.lines_weighed)
    assert now.lost_micro == {one.number: one.lost_micro for one in scan.result.dimensions if one.lost_micro is not None}
    assert len({finding.rule for finding in scan.result.findings}) > 8


EXAMPLE = ROOT / "docs" / "examples" / "score.csv"
UNTIL = Period(date(2025, 12, 31))


def example_with(tmp_path: Path, **cells: str) -> Scan:
    """The example file, with these cells on the lines that cost most."""
    with EXAMPLE.open(encoding="utf-8", newline="") as file:
        rows = [row | cells if row["商品名称"] == "食品搅拌机" else row for row in csv.DictReader(file)]
    path = tmp_path / "declarations.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return scan_files([path], lambda: REFERENCE, NOW, UNTIL)


@pytest.mark.parametrize("total", ["", "0", "0.00", "见发票"])
def test_a_total_that_is_missing_is_unit_price_times_quantity(total: str, tmp_path: Path) -> None:
    asis, blank = scan_files([EXAMPLE], lambda: REFERENCE, NOW, UNTIL), example_with(tmp_path, 总价=total)
    assert blank.result.score_exact_micro == asis.result.score_exact_micro
    assert (len(blank.flagged["TOTAL_ASSUMED"]), "TOTAL_ASSUMED" in asis.flagged, blank.result.lines_unvalued) == (10, False, 0)


def test_lines_without_any_value_are_counted_and_their_defects_still_weigh(tmp_path: Path) -> None:
    asis, blank = scan_files([EXAMPLE], lambda: REFERENCE, NOW, UNTIL).result, example_with(tmp_path, 总价="", 单价="").result
    assert (asis.lines_unvalued, blank.lines_unvalued) == (0, 10)
    assert to_json(blank, [], "zh")["rates"]["lines_unvalued"] == 10
    without = {line for finding in blank.findings for line in finding.lines if finding.goods_name == "食品搅拌机"}
    assert without
    assert all(finding.weight_share_ppm for finding in blank.findings if without & set(finding.lines))


def test_a_period_that_was_asked_for_has_no_forecast() -> None:
    scan = scanned(period=Period(since=date(2025, 1, 1), until=date(2025, 12, 31)), forecast=True)
    assert (scan.forecast, answer_to_json(scan.forecast, "zh")) == ((), None)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_announced_edition_is_forecast_with_codes_moved_and_kept(lang: Language) -> None:
    scan = scanned(announced(date(2027, 1, 1)), forecast=True)
    moved, kept = scan.forecast
    assert (GIVEN_UP, "gone") in [(change.code, change.kind) for change in moved.changes]
    assert (moved.months[-1].score_exact_micro or 0) > (kept.months[-1].score_exact_micro or 0)
    told = answer_to_json(scan.forecast, lang)
    assert told
    assert (told["moved"]["codes"], told["kept"]["codes"]) == ("moved", "kept")
    assert answer_in(answer_to_json(scan.forecast, "zh") or {}, lang) == told
    assert told["hypothesis"] != (answer_to_json(scan.forecast, "en" if lang == "zh" else "zh") or {})["hypothesis"]


def test_other_targets_are_planned_from_the_losses() -> None:
    scan = scanned(target=90)
    assert plan(scan.losses, scan.causes, scan.result.findings, 90) == scan.plan
    assert scan.losses.score() == scan.result.score_exact_micro


def test_marks_show_and_those_without_a_finding_are_listed() -> None:
    plain = scanned().result
    marks = {plain.findings[0].id: Review("因为", "王", date(2026, 5, 1)), "0" * 16: Review("gone", "", date(2026, 5, 1))}
    marked = scanned(reviews=marks).result
    assert [finding.review for finding in marked.findings] == [marks.get(finding.id) for finding in plain.findings]
    assert marked.reviews_unmatched == ("0" * 16,)
    assert [finding.points_micro for finding in marked.findings] == [finding.points_micro for finding in plain.findings]


def test_the_own_codes_carry_what_settles_them() -> None:
    scan = scanned()
    own = {finding.id for finding in scan.result.findings if finding.dimension in (4, 5, 6, 9)}
    assert {name for code in scan.misclassified for name in code.findings} == own
    assert own
    points = [code.points_micro or 0 for code in scan.misclassified]
    assert points == sorted(points, reverse=True)
