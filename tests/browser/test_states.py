"""Every state of the buyer's page, in both languages, as a person meets it: on a phone and on a desk, in light and dark, by eye and by ear."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from playwright.sync_api import Page, Response

from ecid.errors import Language
from tests.browser.conftest import Watched
from tests.browser.serving import Served, address_of, load_pages
from tests.verification.cases import Case

PAGES = load_pages()
LANGUAGES: tuple[Language, ...] = get_args(Language)
WIDTHS = (1440, 390, 320)
"""Pixels: a desk, a phone, and the narrowest to which WCAG 1.4.10 lets nothing scroll sideways (1280 at 400 %)."""
LIMIT = 10_000
LAYOUT = Path(__file__).with_name("layout.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""All that axe has for WCAG 2.2 AA, and what it holds for good practice; none is switched off."""


@dataclass(frozen=True)
class Shown:
    """A page as it came."""

    case: Case
    lang: Language
    response: Response
    watched: Watched

    @property
    def page(self) -> Page:
        return self.watched.page


@pytest.fixture(scope="module", params=[(name, lang) for name in PAGES for lang in LANGUAGES], ids="-".join)
def shown(request: pytest.FixtureRequest, served: Served, watched: Watched) -> Shown:
    """Each page in each language in turn, loaded once for all tests."""
    name, lang = request.param
    watched.forget()
    served.show(PAGES[name])
    response = watched.page.goto(served.origin + address_of(PAGES[name], lang))
    assert response is not None
    return Shown(PAGES[name], lang, response, watched)


def test_it_is_small_whole_and_alone(shown: Shown) -> None:
    """One answer under its own policy: nothing else is asked for, nothing is refused, nothing runs."""
    status = shown.case.get("status", 200)
    assert shown.response.status == status
    assert len(shown.response.body()) < LIMIT
    assert [request.url for request in shown.watched.requests] == [shown.response.url]
    # The browser itself reports an answer that is an error.
    assert [fault for fault in shown.watched.faults if status == 200 or "Failed to load resource" not in fault] == []
    assert shown.response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert shown.page.evaluate("document.scripts.length") == 0
    assert shown.page.evaluate("getComputedStyle(document.querySelector('header')).borderBottomWidth") == "4px", "the style was not applied"
    assert shown.page.evaluate("document.documentElement.lang") == {"zh": "zh-CN", "en": "en"}[shown.lang]


def test_it_says_everything_in_words_and_in_order(shown: Shown) -> None:
    heard = shown.page.locator("body").aria_snapshot()
    at = 0
    for told in shown.case["says"]:
        sentence = told[LANGUAGES.index(shown.lang)]
        assert sentence in heard[at:], f"{sentence!r} is not told, or told too early:\n{heard}"
        at = heard.index(sentence, at) + len(sentence)


def test_it_fits_every_screen(shown: Shown) -> None:
    faults = {}
    for width in WIDTHS:
        shown.page.set_viewport_size({"width": width, "height": 800})
        faults[width] = shown.page.evaluate(LAYOUT)
    assert faults == {width: [] for width in WIDTHS}


SCREENS: dict[str, tuple[int, Any, list[str] | None]] = {"desk": (1440, "light", None), "phone in the dark": (390, "dark", ["color-contrast", "target-size"])}
"""Width, colour scheme, and the rules that can find something else there than elsewhere (None: all)."""


@pytest.mark.parametrize("screen", SCREENS)
def test_it_is_accessible(shown: Shown, axe: str, screen: str) -> None:
    width, scheme, rules = SCREENS[screen]
    shown.page.set_viewport_size({"width": width, "height": 800})
    shown.page.emulate_media(color_scheme=scheme)
    found = judged(shown.page, axe, rules)
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
    assert set(rules or ["color-contrast", "target-size", "heading-order", "valid-lang"]) <= {rule["id"] for rule in found["passes"]}
    assert [node["html"] for rule in found["incomplete"] for node in rule["nodes"] if not _is_drawn(shown.page, node["target"][0])] == []


def judged(page: Page, axe: str, rules: list[str] | None = None) -> dict[str, Any]:
    """What axe finds on a page, by all `RULES` or by some."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    options = {"runOnly": {"type": "tag", "values": RULES} if rules is None else rules, "resultTypes": ["violations", "incomplete"]}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return found


def _is_drawn(page: Page, selector: str) -> bool:
    """Text over the lines of the header and in the dial: axe cannot tell their contrast, tests/verification computes it."""
    return bool(page.evaluate("selector => !!document.querySelector(selector).closest('header, svg')", selector))
