"""Importing files and folders, hostile ones among them."""

from __future__ import annotations

import json
import os
import resource
from contextlib import closing
from pathlib import Path

import pypdfium2
import pytest

from ecid.errors import PayloadTooLarge, UnreadableFile, UnsupportedFormat
from ecid.knowledge import imported as imported_module
from ecid.knowledge import store
from ecid.knowledge.catalogue import pages as pages_module
from ecid.knowledge.imported import SourceFile
from ecid.knowledge.registry import read_reference
from ecid.services.import_knowledge import KNOWLEDGE, build, check, import_files, loaded

ENCRYPTED = b"""%%PDF-1.4
1 0 obj
<< /Type /Catalog /Pages 2 0 R >>
endobj
2 0 obj
<< /Type /Pages /Kids [3 0 R] /Count 1 >>
endobj
3 0 obj
<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>
endobj
4 0 obj
<< /Filter /Standard /V 1 /R 2 /P -44 /O <%s> /U <%s> >>
endobj
trailer
<< /Root 1 0 R /Size 5 /Encrypt 4 0 R /ID [<00> <00>] >>
%%%%EOF
""" % (b"11" * 32, b"22" * 32)


@pytest.fixture
def plain_pdf(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.pdf"
    document = pypdfium2.PdfDocument.new()
    document.new_page(595, 842).close()
    document.save(path)
    document.close()
    return path


def test_a_pdf_that_is_no_catalogue_is_not_recognised(plain_pdf: Path) -> None:
    with pytest.raises(UnsupportedFormat):
        read_reference(SourceFile.of(plain_pdf))


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"%PDF-1.7\n" + b"\x00" * 5000, b"%PDF-1.7\n%%EOF\n"])
def test_a_broken_pdf_is_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "catalogue.pdf"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match="damaged"):
        read_reference(SourceFile.of(path))


def test_an_encrypted_pdf_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.pdf"
    path.write_bytes(ENCRYPTED)
    with pytest.raises(UnreadableFile, match="encrypted"):
        read_reference(SourceFile.of(path))


def test_a_pdf_with_too_many_pages_is_refused(plain_pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "MAX_PAGES", 0)
    with pytest.raises(UnreadableFile, match="more than 0 pages"):
        read_reference(SourceFile.of(plain_pdf))


def test_a_page_that_cannot_be_read_does_not_cost_the_others(tmp_path: Path) -> None:
    path = tmp_path / "pages.pdf"
    document = pypdfium2.PdfDocument.new()
    for _ in range(3):
        document.new_page(595, 842).close()
    document.save(path)
    document.close()
    path.write_bytes(path.read_bytes().replace(b"/Type/Page>>", b"/Type/Pagx>>", 2))
    with closing(pages_module.PdfPages(path)) as pages:
        assert [page.number for page in pages] == [1, 2, 3]


def test_a_file_that_is_too_large_is_refused(plain_pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imported_module, "MAX_BYTES", 10)
    with pytest.raises(PayloadTooLarge):
        SourceFile.of(plain_pdf)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (file,) = import_files([tmp_path / "pipe"], tmp_path / "home")
    assert (file.outcome, file.en) == ("unreadable", "it is no file")


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        SourceFile.of(tmp_path / "absent.csv")


def test_a_folder_is_imported_file_by_file(tmp_path: Path, hs_2022_csv: Path) -> None:
    source, home = tmp_path / "source", tmp_path / "home"
    (source / "deep").mkdir(parents=True)
    hs_2022_csv.rename(source / "deep" / "table.txt")
    (source / "encrypted.pdf").write_bytes(ENCRYPTED)
    (source / "readme.md").write_text("# words\n", "utf-8")
    (source / "loop").symlink_to(source)
    files = import_files([source], home)
    assert [(file.name, file.outcome, file.datasets) for file in files] == [
        ("deep/table.txt", "imported", ("hs-2022",)),
        ("encrypted.pdf", "unreadable", ()),
        ("readme.md", "not_recognised", ()),
    ]
    assert files[1].en == "it is encrypted"
    assert len(files[0].skipped) == 3
    assert [path.name for path in (home / KNOWLEDGE).iterdir()] == ["hs-2022.jsonl"]


def test_importing_again_changes_nothing(tmp_path: Path, hs_2022_csv: Path) -> None:
    import_files([hs_2022_csv], tmp_path)
    stored = tmp_path / KNOWLEDGE / "hs-2022.jsonl"
    before = stored.read_bytes(), stored.stat().st_mtime_ns
    assert [file.outcome for file in import_files([hs_2022_csv], tmp_path)] == ["unchanged"]
    assert (stored.read_bytes(), stored.stat().st_mtime_ns) == before


def test_build_reads_only_what_is_new(tmp_path: Path, hs_2022_csv: Path) -> None:
    home, data = tmp_path / "home", hs_2022_csv.parent
    watched: list[str] = []

    def watch(name: str) -> object:
        return lambda done, total: watched.append(name)

    assert build(None, home) == []
    assert [file.outcome for file in build(data, home, watch)] == ["imported"]  # type: ignore[arg-type]
    assert [(file.outcome, file.datasets) for file in build(data, home, watch) if file.usable] == [("already_imported", ("hs-2022",))]  # type: ignore[arg-type]
    assert watched == ["a table.csv"]
    hs_2022_csv.write_text(hs_2022_csv.read_text("utf-8") + "\n", "utf-8")
    assert [file.outcome for file in build(data, home) if file.usable] == ["imported"]


NOTES = [{"kind": "章", "no": number, "title": "章名", "text": f"税目85.24的样品{number}"} for number in range(1, 60)]


@pytest.mark.parametrize(("rows", "outcome", "stored"), [(2, "unreadable", 59), (58, "unreadable", 59), (59, "imported", 59)])
def test_a_poorer_file_does_not_take_the_place_of_what_was_imported(tmp_path: Path, rows: int, outcome: str, stored: int) -> None:
    home = tmp_path / "home"
    (tmp_path / "whole.json").write_text(json.dumps(NOTES), "utf-8")
    (tmp_path / "other.json").write_text(json.dumps([{**note, "title": "新"} for note in NOTES[-rows:]]), "utf-8")
    import_files([tmp_path / "whole.json"], home)
    before = (home / KNOWLEDGE / "hs-2022-notes-zh.jsonl").read_bytes()
    (file,) = import_files([tmp_path / "other.json"], home)
    (notes,) = store.load(home / KNOWLEDGE)
    assert (file.outcome, store.row_count(notes)) == (outcome, stored)
    assert (before == (home / KNOWLEDGE / "hs-2022-notes-zh.jsonl").read_bytes()) is (outcome == "unreadable")
    if outcome == "unreadable":
        assert f"{rows} rows, where hs-2022-notes-zh, imported before, has 59" in file.en
        (home / KNOWLEDGE / "hs-2022-notes-zh.jsonl").unlink()
        assert [file.outcome for file in import_files([tmp_path / "other.json"], home)] == ["imported"]


def test_a_disk_that_is_full_leaves_what_was_imported(tmp_path: Path, hs_2022_csv: Path) -> None:
    import_files([hs_2022_csv], tmp_path)
    stored = tmp_path / KNOWLEDGE / "hs-2022.jsonl"
    before = stored.read_bytes()
    hs_2022_csv.write_text(hs_2022_csv.read_text("utf-8").replace("Goods", "Other goods"), "utf-8")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # what a full disk looks like to a program
    try:
        with pytest.raises(OSError, match="too large"):
            import_files([hs_2022_csv], tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert stored.read_bytes() == before
    assert [path.name for path in stored.parent.iterdir()] == [stored.name]


@pytest.mark.parametrize("left", [0, 30, 5_000, 100_000, -1])
def test_build_repairs_what_was_damaged(left: int, tmp_path: Path, hs_2022_csv: Path) -> None:
    home, data = tmp_path / "home", hs_2022_csv.parent
    build(data, home)
    stored = home / KNOWLEDGE / "hs-2022.jsonl"
    whole = stored.read_bytes()
    stored.write_bytes(whole[:left])
    assert [file.outcome for file in build(data, home) if file.usable] == ["imported"]
    assert stored.read_bytes() == whole


def test_a_data_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"nowhere: ECID_DATA_DIR names it"):
        build(tmp_path / "nowhere", tmp_path)


def test_what_is_loaded_and_checked(tmp_path: Path, hs_2022_csv: Path) -> None:
    pack = tmp_path / "pack"
    (pack / "tariff").mkdir(parents=True)
    text = 'chapter = "85"\n[[line]]\ncode = "85076000"\nname = { zh = "锂电池", en = "Accumulators" }\npath = ["蓄电池"]\nclassification = ["用途"]\n'
    (pack / "tariff" / "85.toml").write_text(text, "utf-8")
    assert [dataset.id for dataset in loaded(tmp_path, pack)] == ["pack-2025"]  # type: ignore[union-attr]
    assert check(tmp_path, pack) == []
    import_files([hs_2022_csv], tmp_path)
    assert [finding.slug for finding in check(tmp_path, pack)] == ["unknown_subheading"]


@pytest.mark.parametrize(("limit", "reason"), [("MAX_GLYPHS_PER_PAGE", "too many signs"), ("MAX_RULES_PER_PAGE", "too many lines")])
def test_a_page_that_is_no_printed_page_is_refused(plain_pdf: Path, monkeypatch: pytest.MonkeyPatch, limit: str, reason: str) -> None:
    monkeypatch.setattr(pages_module, limit, -1)
    with pytest.raises(UnreadableFile, match=reason):
        read_reference(SourceFile.of(plain_pdf))
