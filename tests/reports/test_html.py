"""The HTML report, read with an HTML parser: whole, alone, escaped, adding up, in both languages."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from ecid.declarations.rejections import printable
from ecid.errors import Language
from ecid.reports.html import FINDINGS
from ecid.reports.wording import words
from tests.reports.making import HOSTILE, KINDS, LANGUAGES, Kind, reported, written

VOID = {"meta", "br", "img", "input", "hr", "link"}


class Read(HTMLParser):
    """The elements in their order, the texts of each by its path, and the cells of each table row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.sections: dict[str, list[list[str]]] = {}
        self._section = ""
        self.feed(page)
        assert self.open == [], "an element is left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "section":
            self._section = dict(attrs)["aria-labelledby"] or ""
            self.sections[self._section] = []
        if tag == "tr":
            self.sections[self._section].append([])
        if tag in ("td", "th"):
            self.sections[self._section][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))
        if {"td", "th"} & set(self.open):
            self.sections[self._section][-1][-1] += data

    @property
    def said(self) -> str:
        """All that a person reads."""
        return " ".join(text for tag, text in self.texts if tag != "style")


def read(kind: Kind, lang: Language) -> Read:
    return Read(written(kind, lang, ".html").decode())


@pytest.fixture(params=[(kind, lang) for kind in KINDS for lang in LANGUAGES], ids="-".join)
def told(request: pytest.FixtureRequest) -> tuple[Kind, Language, Read]:
    kind, lang = request.param
    return kind, lang, read(kind, lang)


def test_it_is_alone_under_its_own_policy(told: tuple[Kind, Language, Read]) -> None:
    _, lang, page = told
    names = {tag for tag, _ in page.elements}
    assert not names & {"script", "iframe", "object", "embed", "link", "img", "a", "form", "base", "foreignobject"}
    for _, attributes in page.elements:
        assert not {name for name in attributes if name.startswith("on") or name in ("style", "src", "href", "xlink:href", "srcset")}
    policy = next(attributes["content"] for tag, attributes in page.elements if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy")
    style = next(text for tag, text in page.texts if tag == "style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style
    assert "@import" not in style
    assert ("html", {"lang": {"zh": "zh-CN", "en": "en"}[lang]}) in page.elements


def test_every_report_of_a_file_says_that_it_verifies_nothing(told: tuple[Kind, Language, Read]) -> None:
    _, lang, page = told
    t = words(lang)["text"]
    assert page.said.count(t["self_supplied"]) == 2
    assert t["not_customs"] in page.said


def test_headings_go_down_step_by_step(told: tuple[Kind, Language, Read]) -> None:
    levels = [int(tag[1]) for tag, _ in told[2].elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


def test_ids_are_unique_and_labels_exist(told: tuple[Kind, Language, Read]) -> None:
    ids = [attributes["id"] for _, attributes in told[2].elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["aria-labelledby"] for _, attributes in told[2].elements if "aria-labelledby" in attributes} <= set(ids)


def test_drawings_are_told_in_words(told: tuple[Kind, Language, Read]) -> None:
    drawings = [attributes for tag, attributes in told[2].elements if tag == "svg"]
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in drawings)
    assert bool(drawings) == (told[0] != "few")


def tenths(shown: str) -> int:
    whole, _, part = shown.partition(".")
    return int(whole) * 10 + int(part or 0)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", ["sample", "many", "hostile", "clean"])
def test_what_is_shown_adds_up(kind: Kind, lang: Language) -> None:
    page, exact = read(kind, lang), reported(kind, lang).result.score_exact_micro
    assert exact is not None
    missing = 1_000 - exact // 100_000
    assert f"{exact // 1_000_000}.{exact // 100_000 % 10}" in page.said
    assert sum(tenths(row[1]) for row in page.sections["lost"][1:] if row[1] != "–") == missing
    assert sum(tenths(row[4]) for row in page.sections["codes"][1:]) == missing
    lost = re.findall(r"−(\d+)\.(\d\d)(?!\d)", page.said)
    shown = sum(int(whole) * 100 + int(part) for whole, part in lost)
    assert shown == missing * 10 if len(reported(kind, lang).result.findings) <= FINDINGS else shown <= missing * 10


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_names_are_text(lang: Language) -> None:
    said = read("hostile", lang).said
    for name in HOSTILE:
        assert printable(name) in said
    assert "\u202e" not in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_too_few_lines_give_a_reason_and_no_score(lang: Language) -> None:
    page = read("few", lang)
    assert words(lang)["insufficient"]["too_few"] in page.said
    assert "lost" not in page.sections
    assert all(row[-1] == "–" for row in page.sections["codes"][1:])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_to_review_is_said(lang: Language) -> None:
    t, page = words(lang)["text"], read("clean", lang)
    for sentence in ("nothing_to_do", "nothing_missing", "misclassified_none", "rejected_none"):
        assert t[sentence] in page.said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_long_ledger_is_cut_with_its_count(lang: Language) -> None:
    findings, page = reported("many", lang).result.findings, read("many", lang)
    assert len(findings) >= 3_000
    assert sum(tag == "details" and attributes.get("class") == "finding" for tag, attributes in page.elements) == FINDINGS
    assert words(lang)["text"]["ledger_told"].format(all=len(findings), shown=FINDINGS) in page.said
    assert len(written("many", lang, ".html")) < 1_000_000


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_finding_says_what_and_what_to_do(lang: Language) -> None:
    page = read("sample", lang)
    for finding in reported("sample", lang).result.findings:
        assert finding.id in page.said
        assert finding.goods_name in page.said
        assert finding.code in page.said
    for cause in reported("sample", lang).causes[:5]:
        assert cause.sentence[lang] in page.said
    assert "按样品核对，<b>维持</b>" in page.said, "the owner's mark"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_plans_and_forecast_are_called_hypotheses(lang: Language) -> None:
    page, report = read("sample", lang), reported("sample", lang)
    assert [plan.target_micro for plan in report.plans] == [85_000_000, 90_000_000]
    assert page.said.count(report.plans[0].to_json(lang)["hypothesis"]) == 2
    assert report.forecast[0].months[-1].as_of.isoformat() in page.said
    assert sum(attributes.get("stroke-dasharray") is not None for tag, attributes in page.elements if tag == "polyline") >= 5


def test_both_languages_say_as_much() -> None:
    shapes = [[(tag, attributes.get("class")) for tag, attributes in read("sample", lang).elements] for lang in LANGUAGES]
    assert shapes[0] == shapes[1]
    assert not re.search(r"[\u4e00-\u9fff]", " ".join(words("en")["text"].values()).replace("〔〕", ""))


def test_nobody_is_told_that_a_code_is_wrong() -> None:
    for lang in LANGUAGES:
        assert not re.search(r"wrong code|错误编码|编码错误", read("sample", lang).said)
