"""Staff at their desk: a contribution coded by keyboard, progress reported and seen by all."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.hands import Keys

pytestmark = pytest.mark.browser
COMMITMENT = "2021-2023-5-logiciel-libre"
THEME = "Contrats publiés à temps"
DONE = "Trois modules sont publiés sous licence libre."
WHY = "Le quatrième module attend son audit."


def test_contribution_is_coded_by_keyboard(open_page: Open) -> None:
    page = open_page(role="analyst", desktop=True)
    hand = Keys(page)
    page.goto("/fr/bureau/codage/prochain-plan-2027/")
    first = page.url
    hand.write(page.locator("#id_new_theme"), THEME)
    hand.press(page.locator("button[value='attach']"))
    assert page.url != first
    tick = page.locator("input[name='themes']").first
    expect(page.locator(".choices")).to_contain_text(THEME)
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("1")
    expect(tick).to_be_checked()
    hand.press(page.locator("button[value='attach']"))
    page.goto(first)
    expect(page.locator("input[name='themes']:checked")).to_have_count(1)


def test_progress_is_public_at_once(open_page: Open) -> None:
    page = open_page(role="coordinator", desktop=True)
    page.goto(f"/fr/bureau/plans/engagements/{COMMITMENT}/bilan/")
    page.locator("main form button").last.click()
    expect(page.locator(".error-summary")).to_be_focused()
    page.locator("input[name='completion'][value='substantial']").check()
    page.locator("textarea[name='text_fr']").fill(DONE)
    page.locator("textarea[name='why_fr']").fill(WHY)
    page.locator("input[name='nothing_external']").check()
    page.locator("main form button").last.click()
    expect(page.locator("main .error-summary")).to_have_count(0)

    visitor = open_page(script=False)
    visitor.goto(f"/fr/engagements/{COMMITMENT}/")
    expect(visitor.locator("main")).to_contain_text(DONE)
    expect(visitor.locator("main")).to_contain_text(WHY)


def test_desk_is_not_for_visitors(open_page: Open) -> None:
    page = open_page(role="citizen")
    answer = page.request.get("/fr/bureau/codage/prochain-plan-2027/")
    assert answer.status == 403


def test_the_header_of_a_desk_holds_in_one_row(open_page: Open) -> None:
    """Ten links once signed in: one row of 44 px on a screen of 1280, four on a telephone."""
    for desktop, rows in ((True, 1), (False, 4)):
        page = open_page(role="adviser", desktop=desktop)
        for path in ("/fr/consultations/", "/en/consultations/", "/fr/bureau/"):
            page.goto(path)
            box = page.locator(".site-header").bounding_box()
            assert box is not None and box["height"] <= rows * 44 + 26, (path, box)
            expect(page.locator(".site-header .tools li")).to_have_count(5)
