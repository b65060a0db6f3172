"""From the home page to a withdrawn answer: without scripts, by pointer and by keyboard."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.hands import Hand, Keys, Pointer

pytestmark = pytest.mark.browser
SAID = "Publier les contrats en mots courants."
SAID_AFTER = "Publier les contrats le mois de leur signature."


@dataclass(frozen=True)
class Words:
    """What a page says, and parts of its addresses, in one language."""

    language: str
    survey: str
    follow_up: str
    change: str
    read: str
    send: str
    replace: str
    received: str
    withdraw: str
    erase: str
    withdrawn: str


FRENCH = Words(
    language="fr",
    survey="/questionnaires/",
    follow_up="/fr/suivi/",
    change="La changer",
    read="Relire avant d’envoyer",
    send="Envoyer ma réponse",
    replace="Remplacer ma réponse",
    received="C’est reçu",
    withdraw="/retirer/",
    erase="Retirer et effacer",
    withdrawn="Vous l’avez retirée",
)
ENGLISH = Words(
    language="en",
    survey="/surveys/",
    follow_up="/en/follow-up/",
    change="Change it",
    read="Read before sending",
    send="Send my answer",
    replace="Replace my answer",
    received="It is received",
    withdraw="/withdraw/",
    erase="Withdraw and erase",
    withdrawn="You withdrew it",
)


def _fits(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 1, f"{page.url} is {wide} px wider than the screen"


def _summary_is_read_first(page: Page) -> None:
    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.locator(".error-summary")).to_be_focused()
    _fits(page)


def _next(page: Page, hand: Hand) -> None:
    hand.press(page.locator("main form button.big"))


def _answer(page: Page, hand: Hand, words: Words) -> None:
    _next(page, hand)
    _summary_is_read_first(page)
    for rank, choice in enumerate(("suites", "contrats", "amont"), 1):
        hand.choose(page.locator(f"#q-actions-{choice}"), str(rank))
    hand.tick(page.locator('input[name="bilan"][value="non"]'))
    _next(page, hand)
    assert "/2/" in page.url
    _next(page, hand)
    _summary_is_read_first(page)
    hand.tick(page.locator('input[name="moyens"][value="page"]'))
    hand.write(page.locator("#q-contenu"), SAID)
    _next(page, hand)
    assert "/3/" in page.url
    _fits(page)
    hand.tick(page.locator('input[name="region"][value="monteregie"]'))
    _next(page, hand)
    expect(page.get_by_role("heading", level=1)).to_have_text(words.read)
    expect(page.locator("main dl")).to_contain_text(SAID)
    _fits(page)
    hand.press(page.get_by_role("button", name=words.send))


def _change(page: Page, hand: Hand, words: Words) -> None:
    hand.press(page.get_by_role("link", name=words.change).first)
    expect(page.locator("#q-actions-suites")).to_have_value("1")
    _next(page, hand)
    expect(page.locator("#q-contenu")).to_have_value(SAID)
    hand.write(page.locator("#q-contenu"), SAID_AFTER)
    _next(page, hand)
    _next(page, hand)
    hand.press(page.get_by_role("button", name=words.replace))


def _whole_path(page: Page, hand: Hand, words: Words) -> None:
    page.goto(f"/{words.language}/")
    _fits(page)
    hand.press(page.locator('main a[href$="/consultations/prochain-plan-2027/"]').first)
    _fits(page)
    hand.press(page.locator(f'main a.button[href*="{words.survey}"]').first)
    _answer(page, hand, words)

    expect(page.get_by_role("heading", level=1)).to_contain_text(words.received)
    code = page.locator("#code-recu").inner_text().strip()
    receipt = page.url
    _fits(page)

    hand.press(page.locator(f'footer a[href="{words.follow_up}"]').first)
    hand.press(page.locator("main form button.button"))
    _summary_is_read_first(page)
    hand.write(page.locator("#code"), code.replace("-", "").lower())
    hand.press(page.locator("main form button.button"))
    expect(page.locator("main")).to_contain_text(SAID)
    assert code in page.url
    _fits(page)

    _change(page, hand, words)
    assert page.url == receipt
    page.goto(receipt.rsplit("/", 2)[0] + "/")
    expect(page.locator("main")).to_contain_text(SAID_AFTER)
    expect(page.locator("main")).not_to_contain_text(SAID)

    hand.press(page.locator(f'main a[href$="{words.withdraw}"]').first)
    _fits(page)
    hand.press(page.get_by_role("button", name=words.erase))
    expect(page.locator("main")).to_contain_text(words.withdrawn)
    expect(page.locator("main")).not_to_contain_text(SAID_AFTER)


@pytest.mark.parametrize("words", [FRENCH, ENGLISH], ids=["fr", "en"])
def test_without_script(open_page: Open, words: Words) -> None:
    page = open_page(script=False)
    _whole_path(page, Pointer(page), words)


def test_with_the_keyboard_alone(open_page: Open) -> None:
    page = open_page()
    _whole_path(page, Keys(page), FRENCH)


def test_skip_link_is_the_first_stop(open_page: Open) -> None:
    page = open_page()
    page.goto("/fr/")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    expect(page.locator("a.skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#contenu")).to_be_focused()
