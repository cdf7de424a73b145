"""Writing reports: only whole, never over what is read, refused early with a sentence; what a format needs is imported by it alone."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

import openpyxl
import pypdfium2
import pytest

from ecid.errors import BadInput, Language
from ecid.reports.report import Report, document_of, pieces_of
from ecid.reports.wording import words
from ecid.services.write_report import FORMATS, check_targets, whole, write_report, write_work_list
from tests.reports.making import LANGUAGES, reported, scanned, work_list, written
from tests.reports.test_pdf import squeezed


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_a_report_takes_the_place_of_an_older_one(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix.upper()}"
    path.write_text("older")
    write_report(reported("clean", "zh"), path)
    assert path.read_bytes() == written("clean", "zh", suffix)
    assert list(tmp_path.iterdir()) == [path]


def test_a_work_list_is_written_alike(tmp_path: Path) -> None:
    work = scanned("clean").work_list
    assert work is not None
    write_work_list(work, reported("clean", "zh"), tmp_path / "work.xlsx")
    assert (tmp_path / "work.xlsx").read_bytes() == work_list("clean", "zh")


def test_what_fails_half_way_leaves_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("older")

    def breaks(out: BinaryIO) -> None:
        out.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"), whole(path) as out:
        breaks(out)
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("reports", "work_lists", "said"),
    [
        (["out.docx"], [], ".docx"),
        (["out"], [], "out"),
        (["out.html", "out.html"], [], "out.html"),
        (["out.xlsx"], ["./out.xlsx"], "out.xlsx"),
        ([], ["out.html"], ".xlsx"),
        (["nowhere/out.pdf"], [], "nowhere"),
        (["folder.pdf"], [], "folder.pdf"),
        (["declarations.xlsx"], [], "declarations.xlsx"),
        (["link.xlsx"], [], "link.xlsx"),
    ],
)
def test_places_that_cannot_be_written_are_refused_before_anything_is_done(
    reports: list[str], work_lists: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "declarations.xlsx").write_text("read")
    (tmp_path / "link.xlsx").symlink_to("declarations.xlsx")
    with pytest.raises(BadInput) as refused:
        check_targets([Path(name) for name in reports], [Path(name) for name in work_lists], [Path("declarations.xlsx")])
    assert said in refused.value.sentence("zh")
    assert said in refused.value.sentence("en")
    assert refused.value.sentence("zh") != refused.value.sentence("en")


def test_places_that_can_be_written_pass(tmp_path: Path) -> None:
    check_targets([tmp_path / name for name in ("a.html", "a.PDF", "a.xlsx", "a.json")], [tmp_path / "b.xlsx"], [tmp_path / "in.csv"])


def test_the_json_report_is_the_document() -> None:
    report = reported("sample", "en")
    assert json.loads(written("sample", "en", ".json")) == json.loads("".join(pieces_of(document_of(report))))
    found = json.loads(written("sample", "en", ".json"))
    assert [finding["id"] for finding in found["findings"]] == [finding.id for finding in report.result.findings]
    assert found["forecast"]["moved"]["months"][0]["as_of"] == "2026-05-17"


PIECES: list[tuple[dict[str, object], dict[str, object]]] = [
    ({}, {}),
    ({"a": iter(())}, {"a": []}),
    ({"a": iter([{"b": []}, "\u2028"])}, {"a": [{"b": []}, "\u2028"]}),
    ({"a": {"b": iter([1, None])}}, {"a": {"b": [1, None]}}),
    ({"a": [1, {"b": "é"}]}, {"a": [1, {"b": "é"}]}),
]


@pytest.mark.parametrize(("value", "whole_value"), PIECES)
def test_pieces_are_what_json_makes_of_the_whole(value: dict[str, object], whole_value: dict[str, object]) -> None:
    assert "".join(pieces_of(value)) == json.dumps(whole_value, ensure_ascii=False, indent=2)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_a_result_of_the_feeds_makes_the_same_report(suffix: str, lang: Language) -> None:
    """Nothing of it comes from files: no names, no rows that were not read, and it says that it was computed from the connected systems."""
    own = reported("sample", lang)
    fed = Report(replace(own.result, provenance="feed", band="below_85"), own.causes, own.breakdowns, lang, own.plans, forecast=own.forecast)
    out = io.BytesIO()
    module, _, name = FORMATS[suffix].partition(":")
    getattr(import_module(module), name)(fed, out)
    t = words(lang)["text"]
    said = {
        ".html": lambda held: held.decode(),
        ".json": lambda held: held.decode(),
        ".pdf": lambda held: "".join(squeezed(page.get_textpage().get_text_range()) for page in pypdfium2.PdfDocument(held)),
        ".xlsx": lambda held: " ".join(
            str(cell) for sheet in openpyxl.load_workbook(io.BytesIO(held)) for row in sheet.iter_rows(values_only=True) for cell in row
        ),
    }[suffix](out.getvalue())
    wanted = '"provenance": "feed"' if suffix == ".json" else t["from_feed"].format(day="2026-05-17")
    assert (squeezed(wanted) if suffix == ".pdf" else wanted) in said
    assert t["self_supplied"] not in said
    assert "declarations.csv" not in said


def test_a_scan_without_a_report_imports_nothing_of_them() -> None:
    program = "import sys, ecid.cli.scan; print(*(name for name in ('jinja2', 'typst', 'xlsxwriter', 'pylopdf_fonts_zh_cn') if name in sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
