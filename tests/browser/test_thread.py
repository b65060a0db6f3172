"""What was said leads to what was decided, done and measured; files hold what pages show."""

import csv
import io
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser
RESULTS = "/fr/consultations/gouvernement-ouvert-2020/resultats/"
COMMITMENT = "/fr/engagements/2021-2023-3-consultations-numeriques/"
DATASET = "/fr/donnees/engagements-plans-gouvernement-ouvert/"


def _number(words: str) -> int:
    """Return the first number of a French text, whose thousands a narrow space parts."""
    found = re.search(r"\d[\d\s\u00a0\u202f]*", words)
    assert found, words
    return int(re.sub(r"\D", "", found.group()))


def _rows_downloaded(page: Page) -> list[list[str]]:
    address = page.locator("header a.button[href*='/fichiers/']").first.get_attribute("href")
    answer = page.request.get(str(address))
    assert answer.status == 200
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.reader(io.StringIO(answer.body().decode("utf-8-sig"))))


def test_from_a_theme_to_its_data(open_page: Open) -> None:
    page = open_page()
    page.goto(RESULTS)
    theme = page.locator("#t-participation-en-amont")
    expect(theme.locator(".head")).to_contain_text(re.compile(r"\d+ contributions"))
    theme.locator("a[href^='#r-']").click()
    response = page.locator("#r-reponse-participation-en-amont")
    expect(response).to_be_in_viewport()
    expect(response.locator(".word")).not_to_be_empty()
    page.locator(f"main a[href='{COMMITMENT}']").first.click()

    expect(page.locator("main header ol").last).to_contain_text("Avancement")
    expect(page.locator("#origine")).to_be_visible()
    assert page.locator(f"main a[href*='{RESULTS}#t-participation-en-amont']").count()
    expect(page.locator("#histoire")).to_be_visible()
    page.locator(f"main a[href='{DATASET}']").first.click()

    size = page.locator("dl.slabs dd").first.inner_text()
    shown = page.locator("#lignes tbody tr").count()
    rows = _rows_downloaded(page)
    assert len(rows) - 1 == _number(size) == shown
    assert len({len(row) for row in rows}) == 1
    assert f"{len(rows[0])} colonnes" in size.replace("\u00a0", " ")


def test_open_answers_are_the_ones_counted(open_page: Open) -> None:
    page = open_page()
    page.goto(RESULTS)
    counted = _number(page.locator("#qui ~ .beside .slabs dd").last.inner_text())
    page.goto("/fr/donnees/gouvernement-ouvert-2020-donnees/")
    size = _number(page.locator("dl.slabs dd").first.inner_text())
    assert len(_rows_downloaded(page)) - 1 == size <= counted


def test_filter_of_the_preview_is_in_the_address(open_page: Open) -> None:
    page = open_page(script=False)
    page.goto(f"{DATASET}?filter=plan|eq|plan-2020-2021")
    shown = page.locator("#lignes tbody tr").count()
    assert shown == 5
    expect(page.locator("#cap")).to_contain_text("5 sur 11")
