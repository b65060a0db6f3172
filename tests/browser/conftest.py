"""One demonstration and one browser for all tests of this folder.

No test here touches the database: they see what people see, by HTTP. A watched page fails its
test when a script complains or when anything is asked of another site.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import running
from tests.browser.running import Demo

PHONE = {"width": 360, "height": 800}
DESKTOP = {"width": 1280, "height": 900}
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    if running.chromium() is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    if served := os.environ.get("BROWSER_SITE"):
        # A demonstration already served, to write tests without waiting for one each time.
        yield Demo(served, Path(os.devnull))
        return
    home: Path = tmp_path_factory.mktemp("demo") / "home"
    with running.demo(home) as found:
        yield found


@pytest.fixture(scope="session")
def chromium(site: Demo) -> Iterator[Browser]:
    with running.browser() as found:
        yield found


@pytest.fixture
def faults() -> list[str]:
    """What watched pages did wrong; empty at the end of each test."""
    return []


@pytest.fixture
def open_page(chromium: Browser, site: Demo, faults: list[str]) -> Iterator[Open]:
    """Open a page: `role` signs in, `script=False` turns scripts off, `desktop` is wide."""
    contexts: list[BrowserContext] = []

    def opened(*, role: str = "", script: bool = True, desktop: bool = False) -> Page:
        context = chromium.new_context(
            base_url=site.base,
            viewport=DESKTOP if desktop else PHONE,
            java_script_enabled=script,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        watch(page, site.base, faults)
        if role:
            sign_in(page, role)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults, faults


def watch(page: Page, base: str, faults: list[str]) -> None:
    """Append to `faults` what scripts complain of and what is asked of other sites."""
    ours = (base, "data:", "blob:")
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(ours) else faults.append(f"asks {asked.url}"),
    )

    def heard(said: object) -> None:
        text = said.text  # type: ignore[attr-defined]
        # A form refused answers 422, and Chromium reports each answer of 4xx: not a fault.
        if said.type == "error" and "status of 422" not in text:  # type: ignore[attr-defined]
            faults.append(f"{page.url}: {text}")

    page.on("console", heard)
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))


def sign_in(page: Page, role: str, language: str = "fr") -> None:
    """Enter as a person of the demonstration, with one click."""
    page.goto(f"/{language}/demo/{role}/")
    page.locator("main form button").click()
    assert "/demo/" not in page.url
