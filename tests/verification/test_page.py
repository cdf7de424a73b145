"""The buyer's page: complete, small, without script, and safe whatever the names say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from ecid import bootstrap
from ecid.errors import EcidError, InvalidDomain, Language, NotFound, SourceUnavailable
from ecid.settings import Settings
from ecid.verification import page
from ecid.verification.wording import words
from tests.verification.cases import Case, load_cases, view_of

CASES = load_cases()
LANGUAGES: tuple[Language, ...] = get_args(Language)
SITE = page.Site("Nordwind <Data> GmbH", "https://verify.example.com")
VOID = {"meta", "link", "input", "br", "path", "rect", "dt", "dd", "tr", "th", "td", "li"}
"""Without an end tag: those that have none, and those whose end the next one tells (HTML, 13.1.2.4)."""
LIMIT = 10_000
ERRORS = [InvalidDomain(reason_zh="这是 IP 地址。", reason_en="this is an IP address."), NotFound(what="/nowhere"), SourceUnavailable()]
SAMPLES = page.samples_of('[[sample]]\nask = "harborlight.example"\nzh = "评分 82"\nen = "Score 82"\n')
SYNCED = CASES["full record"]["synced"]


class Document(HTMLParser):
    """What a page consists of; refuses tags that do not close as they opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def _pages(lang: Language) -> Iterator[str]:
    yield page.start_page(SITE, lang, SAMPLES)
    yield page.start_page(page.Site("", SITE.public_url), lang)
    for error in ERRORS:
        yield page.error_page(error, "192.168.0.1", SITE, lang)
    for case in CASES.values():
        yield page.record_page(view_of(case), SITE, lang, case.get("market") or "")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_are_small_and_hold_no_script(lang: Language) -> None:
    for html in _pages(lang):
        document = Document(html)
        assert len(html.encode()) < LIMIT
        assert not document.all("script")
        assert not [attributes for _, attributes in document.elements if any(name.startswith("on") or name == "style" for name in attributes)]
        assert not [link for link in document.all("a") if not (link["href"] or "").startswith(("/", "?"))]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_landmarks_headings_labels_and_preview(lang: Language) -> None:
    for html in _pages(lang):
        document = Document(html)
        assert document.all("html") == [{"lang": "zh-CN" if lang == "zh" else "en"}]
        assert [len(document.all(tag)) for tag in ("header", "main", "footer", "h1", "title", "form")] == [1] * 6
        assert document.all("form")[0]["role"] == "search"
        assert len(document.all("label")) == len([field for field in document.all("input") if field.get("type") != "hidden"])
        preview = {meta["property"]: meta["content"] for meta in document.all("meta") if "property" in meta}
        assert all(preview[f"og:{name}"] for name in ("title", "description", "url"))
        assert all("aria-label" in image for image in document.all("svg") if image.get("role") == "img")
        assert SITE.operator in document.text or words(lang)["text"]["unnamed_operator"] in document.text


class Recorded(dict[str, Any]):
    """A table of words that remembers which of them were asked for."""

    def __init__(self, table: Mapping[str, Any], name: str, used: set[str]) -> None:
        super().__init__({key: Recorded(value, f"{key}.", used) if isinstance(value, Mapping) else value for key, value in table.items()})
        self._name, self._used = name, used

    def __getitem__(self, key: str) -> Any:
        self._used.add(f"{self._name}{key}")
        return super().__getitem__(key)


def _variants() -> Iterator[Case]:
    """Every word of an enumerated group needs a state that speaks it."""
    yield from CASES.values()
    full = CASES["full record"]
    for number in range(1, 14):
        yield {**full, "website": [{"state": "displayed_with_warnings", "reasons": [f"WEB-{number:02}"], "checked_at": "2026-05-17T01:00:00Z"}]}
    for reason in ("no_declarations", "too_few", "reference_missing"):
        yield {**full, "score": {"score": None, "band": None, "trend": None, "insufficient_data": {"reason": reason}}}
    yield {**full, "score": {"score": 87, "band": "85_to_90", "trend": "flat"}}
    yield {**full, "clearance": [{"code": "DEC-02", "key_date": f"2025-0{month}-05"} for month in range(1, 8)]}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_is_used_and_none_is_missing(lang: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[str] = set()
    table = Recorded(words(lang), "", used)
    monkeypatch.setattr(page, "words", lambda _: table)
    for _ in _pages(lang):
        pass
    for case in _variants():
        page.record_page(view_of(case), SITE, lang, case.get("market") or "")
    own = tomllib.loads(files("ecid.verification").joinpath("wording.toml").read_text("utf-8"))
    expected = {f"{group}.{key}" for group, entries in own.items() for key in entries}
    assert expected - used == set()


def test_both_languages_say_everything() -> None:
    own = tomllib.loads(files("ecid.verification").joinpath("wording.toml").read_text("utf-8"))
    for group, entries in own.items():
        for key, text in entries.items():
            assert set(text) == {"zh", "en"}, f"{group}.{key}"
            assert all(text.values()), f"{group}.{key}"
    assert {group: set(entries) for group, entries in words("zh").items()} == {group: set(entries) for group, entries in words("en").items()}


def test_every_code_has_a_tone() -> None:
    tones = tomllib.loads(files("ecid.verification").joinpath("tones.toml").read_text("utf-8"))
    for group, entries in tones.items():
        assert set(entries) == set(words("en")[group]), group
        assert set(entries.values()) <= {"ok", "warn", "bad", "none"}


HOSTILE = "<img src=x onerror=alert(1)>\"'&{{ 7*7 }}"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_names_are_text(lang: Language) -> None:
    case = {**CASES["full record"], "claims": [{"legal_name_zh": HOSTILE, "legal_name_en": HOSTILE}], "aeo": [{"certificate_no": HOSTILE}]}
    document = Document(page.record_page(view_of(case), SITE, lang, "<b>"))
    assert not document.all("img")
    assert not document.all("b") or all(not attributes for attributes in document.all("b"))
    assert HOSTILE in document.text
    shown = Document(page.error_page(ERRORS[0], HOSTILE, SITE, lang))
    assert not shown.all("img")
    assert shown.all("input")[0]["value"] == HOSTILE


def test_the_policy_names_the_style_of_the_page() -> None:
    html = page.start_page(SITE, "en")
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert len(style) == 1
    assert "'unsafe" not in page.security_policy()
    assert page._digest(style[0]) in page.security_policy()


def test_a_long_record_stays_small_and_says_what_it_leaves_out() -> None:
    rows = [{"code": "DEC-02", "key_date": f"2025-{1 + day // 28:02}-{1 + day % 28:02}"} for day in range(200)]
    html = page.record_page(view_of({**CASES["full record"], "clearance": rows}), SITE, "zh")
    assert len(html.encode()) < LIMIT
    assert f"另有 {200 - page.ROWS} 起" in html


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("full record", "AEO: Advanced certified enterprise · Clearance anomalies, 3 years: 2 on record · Classification consistency: 93"),
        ("withdrawn", "AEO: Withdrawn · Advanced certified enterprise"),
        ("certificate on record expired", "AEO: Certificate expired · Advanced certified enterprise"),
        ("seriously discredited, and active as such", "AEO: Seriously discredited enterprise"),
        ("regular, and active as such", "AEO: Regular enterprise"),
        ("too little to score", "Classification consistency: Not enough data"),
        ("contested by two proofs shows facts of neither", "ownership contested"),
    ],
)
def test_the_preview_says_what_the_page_says(name: str, expected: str) -> None:
    summary = page.summary_of(view_of(CASES[name]), words("en"))
    assert summary.startswith("Sample data")
    assert expected in summary


@pytest.mark.parametrize(
    ("name", "tone", "zh"),
    [
        ("full record", "ok", "高级认证企业"),
        ("last day of the certificate", "ok", "高级认证企业"),
        ("under review keeps its standing", "warn", "认证企业"),
        ("suspended does not", "bad", "暂停适用 · 高级认证企业"),
        ("certified and never certified at once is no pass", "none", "未曾认证 · 高级认证企业"),
        ("certificate on record expired", "bad", "证书已过期 · 高级认证企业"),
        ("seriously discredited, and active as such", "bad", "严重失信企业"),
        ("status that starts later counts by the reader's clock", "bad", "失信企业"),
        ("regular, and active as such", "none", "常规企业"),
    ],
)
def test_headline_and_tone_of_the_status(name: str, tone: str, zh: str) -> None:
    view = view_of({**CASES[name], "synced": SYNCED})
    html = page.record_page(view, SITE, "zh")
    assert page.tones_of(view)["aeo"] == tone
    assert f'<section class="card {tone}"><h2>AEO 认证状态</h2>\n<p class=big><i aria-hidden=true></i>{zh}</p>' in html


@pytest.mark.parametrize(("level", "fresh", "stale"), [("advanced", "ok", "warn"), ("regular", "none", "none"), ("discredited", "bad", "bad")])
def test_nothing_passes_on_a_source_that_is_not_up_to_date(level: str, fresh: str, stale: str) -> None:
    case = {**CASES["full record"], "aeo": [{"level": level}]}
    assert page.tones_of(view_of(case))["aeo"] == fresh
    assert page.tones_of(view_of({**case, "synced": {**SYNCED, "aeo": "2026-05-16T03:59:59Z"}}))["aeo"] == stale


def test_a_sentence_that_repeats_what_was_asked_is_cut() -> None:
    html = page.error_page(NotFound(what="/" + "x" * 20_000), "", SITE, "en")
    assert "xxx…" in html
    assert len(html.encode()) < LIMIT


def test_samples_are_offered_where_they_are_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "samples.toml").write_text('[[sample]]\nask = "a.example"\nzh = "甲"\nen = "A"\nfolders = ["a"]\n', "utf-8")
    offered = {}
    for suffixes, pack in (("example", tmp_path), ("", tmp_path), ("example", tmp_path / "none")):
        settings = Settings(sample_suffixes=suffixes, pack_dir=pack)
        monkeypatch.setattr(bootstrap, "verification", lambda settings=settings: SimpleNamespace(settings=settings))
        offered[suffixes, pack.name] = bootstrap.samples_to_try()
    assert offered == {("example", tmp_path.name): (page.Sample("a.example", {"zh": "甲", "en": "A"}),), ("", tmp_path.name): (), ("example", "none"): ()}


@pytest.mark.parametrize("text", ["", "sample = 1", "[[sample]]\nask = 'a.example'\nzh = ''", "["])
def test_a_list_of_samples_that_is_none(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        page.samples_of(text)


@pytest.mark.parametrize("error", ERRORS)
def test_error_page_gives_sentence_and_code(error: EcidError) -> None:
    text = Document(page.error_page(error, "x", SITE, "zh")).text
    assert error.sentence("zh") in text
    assert error.code in text


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_text_contrasts_with_its_ground_in_light_and_dark() -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1. Over the lines of the header and in the dial too, where a browser cannot tell."""
    css = files("ecid.verification").joinpath("templates/page.css").read_text("utf-8")
    light, dark = (dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in re.findall(r":root \{(.*?)\}", css))
    for scheme in (light, {**light, **dark}):
        pairs = [(scheme[ink], scheme[ground]) for ink in ("ink", "soft", "ok", "warn", "bad") for ground in ("bg", "paper")]
        assert [pair for pair in pairs if _contrast(*pair) < 4.5] == []
    header = re.findall(r"header \{.*(#ffffff\w\w) .*(#\w{6}); color: #fff;", css)
    assert len(header) == 1
    line, ground = header[0]
    share = int(line[7:], 16) / 255
    lit = "#" + "".join(f"{round(255 * share + int(ground[i : i + 2], 16) * (1 - share)):02x}" for i in (1, 3, 5))
    assert _contrast("#ffffff", lit) >= 4.5
