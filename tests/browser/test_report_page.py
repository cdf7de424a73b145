"""The HTML report as a person meets it: opened from a disk, on a desk and on a phone, in light and dark, and as axe judges it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page

from ecid.errors import Language
from tests.browser.test_states import LAYOUT, WIDTHS, judged
from tests.reports.making import LANGUAGES, Kind, written
from tests.reports.test_pdf import squeezed

NARROWEST = min(WIDTHS)
SHOWN: list[tuple[Kind, Language]] = [("sample", "zh"), ("sample", "en"), ("hostile", "zh"), ("few", "en"), ("clean", "zh")]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(locale="en-GB") as context:
        yield context.new_page()


@pytest.fixture(scope="module", params=SHOWN, ids="-".join)
def opened(request: pytest.FixtureRequest, page: Page, tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, list[str]]:
    """A report opened as a file, with everything that it asked for or complained of."""
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(written(*request.param, ".html"))
    told: list[str] = []
    page.on("request", lambda asked: told.append(asked.url))
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(path.as_uri())
    assert told.pop(0) == path.as_uri()
    return page, told


def test_nothing_runs_and_nothing_else_is_asked_for(opened: tuple[Page, list[str]]) -> None:
    page, told = opened
    assert told == []
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("getComputedStyle(document.querySelector('header')).borderTopWidth") == "6px", "the style was not applied"
    assert page.evaluate("[...document.querySelectorAll('*')].every(element => ![...element.attributes].some(attribute => attribute.name.startsWith('on')))")


def test_it_fits_every_screen(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        faults = [fault for fault in page.evaluate(LAYOUT) if "broken" not in fault]
        # On the narrowest of screens a table of figures scrolls in its own frame.
        assert [fault for fault in faults if width > NARROWEST or not fault.endswith(("cut off", "at the side"))] == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_it_is_accessible(opened: tuple[Page, list[str]], axe: str, width: int, scheme: Any) -> None:
    page, _ = opened
    page.evaluate("document.querySelectorAll('details').forEach((part, place) => part.open = place % 2 == 0)")
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    found = judged(page, axe)
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
    assert {"color-contrast", "heading-order", "html-has-lang", "svg-img-alt", "scrollable-region-focusable"} & {rule["id"] for rule in found["passes"]}


def test_it_prints_what_is_folded_and_its_provenance_on_each_page(opened: tuple[Page, list[str]]) -> None:
    page, _ = opened
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = false)")
    folded = page.evaluate("[...document.querySelectorAll('details.finding .lines')].map(part => part.textContent.trim().split(', ')[0])")
    provenance = page.evaluate("document.querySelector('.provenance').textContent")
    printed = [squeezed(sheet.get_textpage().get_text_range()) for sheet in pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))]
    assert all(squeezed(provenance) in sheet for sheet in printed)
    assert all(squeezed(line) in "".join(printed) for line in folded)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_finding_is_unfolded_by_keyboard(page: Page, lang: Language, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(written("sample", lang, ".html"))
    page.goto(path.as_uri())
    page.locator("details.finding summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.finding").first.evaluate("part => part.open")
