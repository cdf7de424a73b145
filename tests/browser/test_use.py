"""The buyer's page in use: by keyboard, on paper, without script, with a reader's own spacing. And the checks of the other tests, shown to see faults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from ecid.errors import InvalidDomain
from ecid.identity.domains import normalise
from ecid.verification.page import samples_of
from tests.browser.conftest import Watched
from tests.browser.serving import ROOT, Served, address_of, load_pages
from tests.browser.test_states import LAYOUT, LIMIT, judged
from tests.verification.cases import DOMAIN, RESERVED

PAGES = load_pages()
SAMPLES = ROOT / "knowledge" / "samples" / "samples.toml"
A4: ViewportSize = {"width": 718, "height": 1016}
"""Pixels that 1 cm of margin leaves of a sheet."""


@pytest.fixture
def page(served: Served, watched: Watched) -> Iterator[Page]:
    """The page of a full record, in English, on a phone."""
    watched.forget()
    watched.page.emulate_media(color_scheme="light")
    watched.page.set_viewport_size({"width": 390, "height": 800})
    served.show(PAGES["sound"])
    watched.page.goto(served.origin + address_of(PAGES["sound"], "en"))
    yield watched.page
    watched.page.emulate_media(media="screen", reduced_motion="no-preference")


def test_a_domain_is_verified_without_mouse_and_without_script(browser: Browser, served: Served) -> None:
    served.show(PAGES["sample"])
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{served.origin}/verify?lang=en")
        for _ in range(2):
            page.keyboard.press("Tab")
        page.keyboard.type(f"https://www.{DOMAIN}/products")
        page.keyboard.press("Tab")
        page.keyboard.type("DE")
        page.keyboard.press("Enter")
        page.wait_for_url("**/verify?domain=*")
        assert page.get_by_role("heading", level=1).inner_text() == DOMAIN
        assert page.get_by_text("DE · Recognised").is_visible()
        page.get_by_role("link", name="中文").click()
        page.wait_for_url("**lang=zh")
        assert page.get_by_text("DE · 互认").is_visible()
        assert page.get_by_text("示例数据，并非真实企业").is_visible()


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page: Page) -> None:
    reached = []
    for _ in range(page.locator("a, button, input:not([type=hidden])").count()):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("[document.activeElement.name || document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle]")
        )
    assert [name for name, _ in reached] == ["中文", "domain", "market", "Verify", "Full record (JSON)"]
    assert {outline for _, outline in reached} == {"solid"}


def test_a_market_is_a_code_not_a_name(page: Page) -> None:
    """ "Germany" cut to two letters would be Georgia."""
    market = page.get_by_label("Your market")
    market.fill("Germany")
    assert market.input_value() == "Germany"
    assert not market.evaluate("field => field.checkValidity()")
    market.fill("de")
    assert market.evaluate("field => field.checkValidity()")


def test_a_look_alike_leads_to_what_it_imitates(served: Served, watched: Watched) -> None:
    served.show(PAGES["unknown look-alike"])
    watched.page.goto(served.origin + address_of(PAGES["unknown look-alike"], "zh"))
    watched.page.get_by_role("main").get_by_role("link").click()
    assert watched.page.get_by_role("heading", level=1).inner_text() == DOMAIN
    assert watched.page.locator("html").get_attribute("lang") == "zh-CN"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_start_page_lists_the_samples_and_each_is_answered(served: Served, watched: Watched, lang: Any) -> None:
    served.show(PAGES["start"])
    response = watched.page.goto(f"{served.origin}/verify?lang={lang}")
    assert response is not None
    assert len(response.body()) < LIMIT
    entries = watched.page.get_by_role("main").get_by_role("listitem")
    assert entries.all_inner_texts() == [f"{sample.ask}{sample.label[lang]}" for sample in samples_of(SAMPLES.read_text("utf-8"))]
    for link in entries.get_by_role("link").all():
        answer = watched.page.request.get(f"{served.origin}/verify{link.get_attribute('href')}")
        assert (answer.status, answer.headers["content-language"]) == (_status_of(link.inner_text()), lang)


def _status_of(asked: str) -> int:
    try:
        normalise(asked, RESERVED)
    except InvalidDomain as error:
        return error.status
    return 200


def test_where_no_samples_are_taken_in_none_are_listed(served: Served, watched: Watched) -> None:
    served.show({**PAGES["start"], "reserved": ""})
    watched.page.goto(f"{served.origin}/verify?lang=en")
    assert watched.page.get_by_role("main").get_by_role("link").count() == 0
    assert "example" not in watched.page.get_by_role("main").inner_text()


def test_paper_has_the_facts_and_no_form(page: Page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size(A4)
    assert page.evaluate(LAYOUT) == []
    assert not page.get_by_role("search").is_visible()
    for told in ("Advanced certified enterprise", "2 on record", "90 or above", "Displayed", "not a customs authority"):
        assert page.get_by_text(told).first.is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.top b')).color") == "rgb(0, 0, 0)", "ink on paper"
    assert page.pdf(format="A4").count(b"/Type /Page\n") <= 2


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves(page: Page, motion: Any) -> None:
    page.emulate_media(reduced_motion=motion)
    styles = "[...document.querySelectorAll('*')].map(getComputedStyle).map(style => style.transitionDuration + style.animationName)"
    assert set(page.evaluate(styles)) == {"0snone"}


def test_a_readers_own_spacing_cuts_nothing_off(page: Page) -> None:
    """WCAG 2.2, 1.4.12."""
    _style(page, "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }")
    assert page.evaluate(LAYOUT) == []


FAULTS = {
    "a box too wide": (".card { width: 500px }", "px wide on a screen of 390"),
    "text out of its box": (".big { white-space: nowrap; font-size: 60px; width: 0 }", "at the side"),
    "text over text": ("dd { margin-left: -90px; margin-right: auto }", "lies over"),
    "a target too small": ("button { height: 20px; padding: 0 }", "is a target of"),
    "text cut off": (".card { height: 40px; overflow: hidden } .card * { white-space: nowrap }", "cut off"),
    "a word in two": (".tiles li { flex: 0; overflow-wrap: anywhere }", 'is broken within "Critical"'),
    "letters too small": ("td { font-size: 9px }", "smaller than 12 px"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_layout_check_sees(page: Page, fault: str) -> None:
    style, told = FAULTS[fault]
    _style(page, style)
    assert any(told in sentence for sentence in page.evaluate(LAYOUT))


def test_the_accessibility_check_sees_faults(page: Page, axe: str) -> None:
    _style(page, ".why { color: #ccc } .card { background: #fff }")
    page.evaluate("document.querySelector('h2').outerHTML = '<h4>AEO status</h4>'; document.querySelector('i').outerHTML = '<img src=>'")
    assert {rule["id"] for rule in judged(page, axe)["violations"]} >= {"color-contrast", "heading-order", "image-alt"}


def test_the_policy_refuses_what_is_not_of_the_page(page: Page, watched: Watched) -> None:
    """Style, script and image slipped into the page do nothing, and nothing is asked for."""
    page.evaluate(
        """() => document.querySelector('main').insertAdjacentHTML('beforeend',
            '<p id=planted style="color: red">x</p><style>h1 { color: red !important }</style>' +
            '<img src="http://127.0.0.1:9/x.png" onerror="window.ran = 1">')"""
    )
    page.wait_for_function("document.images.length === 1 && document.images[0].complete")
    assert page.evaluate("[...document.querySelectorAll('#planted, h1, body')].map(getComputedStyle).map(style => style.color)") == ["rgb(28, 35, 33)"] * 3
    assert page.evaluate("window.ran") is None
    assert [request.failure for request in watched.requests] == [None, "csp"]
    assert any("Content Security Policy" in fault for fault in watched.faults)


def _style(page: Page, css: str) -> None:
    """Style as a reader's own style sheet would: the policy of the page is for what the page brings."""
    page.evaluate("css => { const own = new CSSStyleSheet(); own.replaceSync(css); document.adoptedStyleSheets = [own] }", css)
