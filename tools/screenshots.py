"""Take pictures of the pages of a demonstration of its own into docs/screenshots.

.venv/bin/python tools/screenshots.py            everything, in docs/screenshots
.venv/bin/python tools/screenshots.py FOLDER     the same, elsewhere
"""

# ruff: noqa: T201

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page  # noqa: E402

from tests.browser import running  # noqa: E402

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 780}
BYTES_MAX = 200_000
SURVEY = "/fr/questionnaires/prochain-plan-2027-questionnaire/"
PAGES = {
    "home": "/fr/",
    "consultation": "/fr/consultations/prochain-plan-2027/",
    "results": "/fr/consultations/gouvernement-ouvert-2020/resultats/",
    "commitment": "/fr/engagements/2021-2023-3-consultations-numeriques/",
}


def _page(browser: Browser, base: str, size: dict[str, int]) -> Page:
    context = browser.new_context(base_url=base, viewport=size, color_scheme="light")  # type: ignore[arg-type]
    return context.new_page()


def _answer(page: Page) -> None:
    """Fill the survey in, send it, and stay on its receipt."""
    page.goto(SURVEY)
    for rank, choice in enumerate(("suites", "contrats", "amont"), 1):
        page.locator(f"#q-actions-{choice}").select_option(str(rank))
    page.locator("input[name='bilan'][value='non']").check()
    page.locator("main form button.big").click()
    page.locator("input[name='moyens'][value='page']").check()
    for _step in range(3):
        page.locator("main form button.big").click()
    page.locator("#code-recu").wait_for()


def _enter(page: Page, role: str) -> None:
    page.goto(f"/fr/demo/{role}/")
    page.locator("main form button").click()


def _take(page: Page, folder: Path, name: str) -> None:
    # The first stop of the keyboard is not part of the picture.
    page.evaluate("document.activeElement.blur()")
    path = folder / f"{name}.png"
    page.screenshot(path=path)
    size = path.stat().st_size
    if size > BYTES_MAX:
        raise SystemExit(f"{path.name} weighs {size} bytes: {BYTES_MAX} at most.")
    print(f"  {path.name:20} {size / 1000:.0f} kB", flush=True)


def take_all(browser: Browser, base: str, folder: Path) -> None:
    """Write every picture into `folder`. Raises SystemExit for one that weighs too much."""
    folder.mkdir(parents=True, exist_ok=True)
    page = _page(browser, base, WIDE)
    for name, address in PAGES.items():
        page.goto(address)
        _take(page, folder, name)
    _answer(page)
    _take(page, folder, "receipt")
    _enter(page, "adviser")
    _take(page, folder, "desk")
    page = _page(browser, base, PHONE)
    page.goto(SURVEY)
    _take(page, folder, "survey")


def main(arguments: list[str]) -> int:
    """Serve a demonstration, take the pictures, stop it; return the exit status."""
    folder = Path(arguments[0]) if arguments else ROOT / "docs" / "screenshots"
    if running.chromium() is None:
        print("chromium is not installed: apt-get install chromium")
        return 1
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="parvis-screenshots-") as home,
        running.demo(Path(home) / "home") as demo,
        running.browser() as browser,
    ):
        take_all(browser, demo.base, folder)
    print(f"Done in {time.monotonic() - started:.0f} s: {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
