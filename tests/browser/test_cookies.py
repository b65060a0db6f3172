"""The cookies that a real browser holds are those that the cookie page says."""

import pytest

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser


def test_the_page_says_every_cookie(open_page: Open) -> None:
    page = open_page()
    for path in ("/fr/", "/en/consultations/", "/fr/donnees/", "/fr/temoins/"):
        page.goto(path)
    assert page.context.cookies() == [], "reading needs none"
    said = set(page.locator("main li code").all_inner_texts())
    page.goto("/fr/compte/connexion/")
    mine = open_page(role="adviser")
    mine.goto("/fr/bureau/consultations/prochain-plan-2027/")
    held = {one["name"] for one in (*page.context.cookies(), *mine.context.cookies())}
    assert held and held <= said, held - said
