"""A browser that reaches nothing but the platform served on loopback.

It is an installed Chromium: `ECID_CHROMIUM` names one, otherwise the PATH is searched. Without one these tests are skipped, and on CI (`CI` is set) they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

from ecid import bootstrap
from tests.browser.serving import ROOT, Served, serving

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome")
# A sandbox cannot be had as root; the last one resolves no name at all.
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")


def _missing(what: str) -> None:
    if "CI" in os.environ:
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="package")
def chromium() -> str:
    """The path of an installed Chromium."""
    path = os.environ.get("ECID_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")
    if not path:
        _missing(f"no browser: none of {', '.join(NAMES)} is on the PATH, and ECID_CHROMIUM is not set")
    return path


@pytest.fixture(scope="package")
def axe() -> str:
    """The source of axe-core."""
    if not AXE.is_file():
        _missing("axe-core is not installed: npm ci")
    return AXE.read_text("utf-8")


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all tests."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def served() -> Iterator[Served]:
    """The platform on loopback; `show` decides what it knows."""
    with pytest.MonkeyPatch.context() as patch, serving() as running:
        patch.setattr(bootstrap, "verification", running.verification)
        yield running


class Watched:
    """A page with a record of what it asked for and what went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[Request] = []
        self.faults: list[str] = []
        page.on("request", self._asks)
        page.on("console", lambda message: self.faults.append(message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.route("**/*", self._loopback_only)

    def forget(self) -> None:
        """Start a new record."""
        self.requests.clear()
        self.faults.clear()

    def _asks(self, request: Request) -> None:
        self.requests.append(request)

    def _loopback_only(self, route: Route) -> None:
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            route.abort()


@pytest.fixture(scope="package")
def watched(browser: Browser) -> Iterator[Watched]:
    """One page for all states, under the content security policy that it is served with."""
    with browser.new_context(locale="en-GB") as context:
        yield Watched(context.new_page())
