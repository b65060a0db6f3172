"""A citizen supports and comments; somebody reports; an adviser decides in the open."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser
LIST = "/fr/propositions/prochain-plan-2027-propositions/"
# A form sent in under three seconds was not read by a person: the site refuses it.
HUMAN_MS = 3_300
SAID = "Ce commentaire attaque une personne par son nom."
MOTIVE = "Il vise une personne au lieu de la proposition."


def _supports(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator("#appuis strong").first.inner_text()))


def _first_proposal(page: Page) -> str:
    page.goto(f"{LIST}?sort=recent")
    page.locator("article.proposal-card h3 a").first.click()
    return page.url


def test_support_is_counted_once_and_taken_back(open_page: Open) -> None:
    page = open_page(role="citizen", script=False)
    _first_proposal(page)
    before = _supports(page)
    page.locator("#appuis button[aria-pressed='false']").click()
    page.goto(_first_proposal(page))
    expect(page.locator("#appuis button[aria-pressed='true']")).to_be_visible()
    assert _supports(page) == before + 1
    page.locator("#appuis button[aria-pressed='true']").click()
    page.goto(_first_proposal(page))
    expect(page.locator("#appuis button[aria-pressed='false']")).to_be_visible()
    assert _supports(page) == before


def test_support_without_an_account_leads_to_signing_in(open_page: Open) -> None:
    page = open_page()
    _first_proposal(page)
    page.locator("#appuis a.button").click()
    assert "/compte/connexion/" in page.url


def _comment(page: Page) -> str:
    """Publish a comment; return the address of the proposal."""
    proposal = _first_proposal(page)
    page.locator("a[href$='/commenter/']").first.click()
    page.locator("main form button.big").click()
    expect(page.locator(".error-summary")).to_be_focused()
    page.get_by_role("radio").first.check()
    page.locator("textarea[name='body']").fill(SAID)
    page.wait_for_timeout(HUMAN_MS)
    page.locator("main form button.big").click()
    page.goto(proposal)
    expect(page.locator(".comments-section")).to_contain_text(SAID)
    return proposal


def _report(page: Page, proposal: str) -> None:
    page.goto(proposal)
    comment = page.locator("article.comment", has_text=SAID)
    comment.locator("a[href*='/signaler/']").click()
    page.locator("input[name='reason']").first.check()
    page.wait_for_timeout(HUMAN_MS)
    page.locator("main form button").last.click()
    assert "/merci/" in page.url


def _hide(page: Page) -> None:
    page.goto("/fr/bureau/moderation/")
    page.locator("ul.tasks > li", has_text=SAID).locator("a.button").click()
    page.locator("main form button").last.click()
    expect(page.locator(".error-summary")).to_be_focused()
    page.locator("input[name='choice'][value='hide']").check()
    page.locator("select[name='rule']").select_option(index=1)
    page.locator("textarea[name^='motive']").first.fill(MOTIVE)
    page.locator("main form button").last.click()
    assert page.url.rstrip("/").endswith("/moderation")


def test_hidden_comment_leaves_its_trace(open_page: Open) -> None:
    citizen = open_page(role="citizen")
    proposal = _comment(citizen)
    _report(open_page(), proposal)
    _hide(open_page(role="adviser", desktop=True))

    visitor = open_page(script=False)
    visitor.goto(proposal)
    section = visitor.locator(".comments-section")
    expect(section).not_to_contain_text(SAID)
    trace = section.locator(".withdrawn", has_text="Règle").last
    trace.locator("a").click()
    expect(visitor.locator("main")).to_contain_text(MOTIVE)

    citizen.goto("/fr/suivi/")
    citizen.locator("#miennes ~ ul a").first.click()
    expect(citizen.locator("main")).to_contain_text(MOTIVE)
    expect(citizen.locator("main")).to_contain_text(SAID)
