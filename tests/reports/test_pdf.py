"""The PDF report, read with pdfium: its text, its outline, its fonts, its language; the same bytes each time."""

from __future__ import annotations

import ctypes
import io
import re
from functools import cache

import pypdfium2
import pytest
import typst
from pypdfium2 import raw

from ecid.errors import Language
from ecid.reports.pdf import FINDINGS, write_pdf
from ecid.reports.wording import words
from ecid.services.write_report import FORMATS
from tests.reports import making
from tests.reports.making import HOSTILE, KINDS, LANGUAGES, Kind, reported, written

CASES = [(kind, lang) for kind in KINDS for lang in LANGUAGES]


@cache
def pages(kind: Kind, lang: Language) -> tuple[str, ...]:
    """The text of each page, without spaces and line breaks, which depend on where lines end."""
    document = pypdfium2.PdfDocument(written(kind, lang, ".pdf"))
    return tuple(squeezed(page.get_textpage().get_text_range()) for page in document)


def squeezed(text: str) -> str:
    return re.sub(r"\s|\ufffe|\x02", "", text)


def outline(kind: Kind, lang: Language) -> list[tuple[int, str]]:
    return [(item.level, item.get_title()) for item in pypdfium2.PdfDocument(written(kind, lang, ".pdf")).get_toc()]


@pytest.mark.parametrize(("kind", "lang"), CASES)
def test_every_page_says_where_it_comes_from_and_which_it_is(kind: Kind, lang: Language) -> None:
    t, found = words(lang)["text"], pages(kind, lang)
    for number, page in enumerate(found, 1):
        assert squeezed(t["self_supplied"]) in page
        assert squeezed(t["not_customs"]) in page
        assert squeezed(t["page"].format(page=number, pages=len(found))) in page


@pytest.mark.parametrize(("kind", "lang"), CASES)
def test_it_is_tagged_and_in_its_language(kind: Kind, lang: Language) -> None:
    document = pypdfium2.PdfDocument(written(kind, lang, ".pdf"))
    assert raw.FPDFCatalog_IsTagged(document.raw)
    held = written(kind, lang, ".pdf")
    assert re.search(rb"/Lang\s*\((zh-CN|en)\)", held).group(1) == {"zh": b"zh-CN", "en": b"en"}[lang]  # type: ignore[union-attr]
    assert document.get_metadata_value("Title") == words(lang)["text"]["title"]
    assert document.get_metadata_value("CreationDate").startswith("D:20260517")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_fonts_are_embedded_as_far_as_they_are_used(lang: Language) -> None:
    document = pypdfium2.PdfDocument(written("hostile", lang, ".pdf"))
    names = set()
    for page in document:
        for found in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
            font = raw.FPDFTextObj_GetFont(found.raw)
            assert raw.FPDFFont_GetIsEmbedded(font) == 1
            buffer = ctypes.create_string_buffer(200)
            raw.FPDFFont_GetBaseFontName(font, buffer, 200)
            names.add(buffer.value.decode().partition("+")[2])
    assert {"NotoSansSC-Regular", "NotoSerifSC-Regular"} <= names
    assert len(written("hostile", lang, ".pdf")) < 1_000_000, "not the whole of a font of eight megabytes"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_outline_leads_to_sections_and_findings(lang: Language) -> None:
    t, found = words(lang)["text"], outline("sample", lang)
    sections = [title for level, title in found if level == 0]
    wanted = [t[key] for key in ("summary", "where_lost", "first", "forecast", "by_value", "misclassified", "ledger", "routes", "rejected", "versions")]
    assert [title for title in sections if title in wanted] == wanted
    findings = reported("sample", lang).result.findings
    assert sum(level == 1 and bool(re.match(r"\d+\. ", title)) for level, title in found) == len(findings)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_says_what_the_page_says(lang: Language) -> None:
    report, text = reported("sample", lang), "".join(pages("sample", lang))
    exact = report.result.score_exact_micro
    assert exact is not None
    assert f"{exact // 1_000_000}.{exact // 100_000 % 10}" in text
    for finding in report.result.findings:
        assert finding.id in text
        assert squeezed(finding.goods_name) in text
    for cause in report.causes[:5]:
        assert squeezed(cause.sentence[lang]) in text
    assert squeezed(report.plans[0].to_json(lang)["hypothesis"]) in text
    assert squeezed("按样品核对，<b>维持</b>") in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_names_are_text_and_never_markup(lang: Language) -> None:
    text = "".join(pages("hostile", lang))
    for name in HOSTILE[:9]:
        assert squeezed(name) in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_long_ledger_is_cut_with_its_count(lang: Language) -> None:
    count = len(reported("many", lang).result.findings)
    assert squeezed(words(lang)["text"]["ledger_told"].format(all=count, shown=FINDINGS)) in "".join(pages("many", lang))
    assert len(pages("many", lang)) < 60


@pytest.mark.parametrize("lang", LANGUAGES)
def test_too_few_lines_give_a_reason_and_no_score(lang: Language) -> None:
    t, text = words(lang), "".join(pages("few", lang))
    assert squeezed(t["insufficient"]["too_few"]) in text
    assert squeezed(t["text"]["where_lost"]) not in text


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_the_same_input_gives_the_same_bytes(suffix: str) -> None:
    assert making._write(FORMATS[suffix], reported("sample", "zh")) == written("sample", "zh", suffix)


def test_it_passes_as_universally_accessible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Typst itself refuses to write PDF/UA-1 where a heading is skipped, a drawing has no words or the title is missing."""
    compiled = typst.compile

    def strictly(*arguments: object, **named: object) -> bytes:
        made: bytes = compiled(*arguments, **named, pdf_standards=["ua-1"])
        return made

    monkeypatch.setattr(typst, "compile", strictly)
    for lang in LANGUAGES:
        out = io.BytesIO()
        write_pdf(reported("sample", lang), out)
        assert b"pdfuaid" in out.getvalue()
