"""A consultation is prepared, read by link, approved by another person, and opened."""

from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.hands import Keys

pytestmark = pytest.mark.browser
PAGES_MAX, FIELDS_MAX = 12, 40
TITLE = "Les heures de la bibliothèque"
SAID = "Cette question est claire pour moi."
OPTIONS = (
    "Plus tôt | Earlier\nPlus tard | Later\nLe dimanche | On Sundays\n"
    "Les jours fériés | On holidays\nLa nuit | At night"
)


class Filled:
    """Counts the pages shown and the fields filled by one person."""

    def __init__(self, page: Page) -> None:
        self.page, self.pages, self.fields = page, 0, 0
        page.on("domcontentloaded", self._shown)

    def _shown(self, _page: Page) -> None:
        self.pages += 1

    def fill(self, typed: dict[str, str]) -> None:
        for name, value in typed.items():
            self.page.locator(f"main [name='{name}']").fill(value)
            self.fields += 1

    def send(self, holding: str = "key") -> None:
        form = self.page.locator(f"main form:has([name='{holding}'])").first
        form.locator("button.button").first.click()

    def follow(self, words: str) -> None:
        self.page.locator("main").get_by_role("link", name=words).first.click()


def _prepared(page: Page) -> Filled:
    """From nothing to a complete draft, its legal texts confirmed: the page that asks approval."""
    page.goto("/fr/bureau/consultations/nouvelle/")
    me = Filled(page)
    me.pages = 1
    day = date.today() + timedelta(days=3)
    page.locator("[name=blueprint]").first.check()
    page.locator("[name=organisation]").select_option(index=1)
    me.fields += 2
    me.fill(
        {
            "title_fr": TITLE, "title_en": "The hours of the library",
            "opens": day.isoformat(), "closes": (day + timedelta(days=30)).isoformat(),
        }
    )  # fmt: skip
    me.send()
    me.follow("Remplir ce qui manque")
    me.fill({"question_fr": "Quelles heures?", "question_en": "Which hours?"})
    me.send()
    me.fill(
        {
            "influence_decision_fr": "Les heures.", "influence_decision_en": "The hours.",
            "influence_who_fr": "La direction", "influence_who_en": "The management",
            "influence_out_fr": "Le budget.", "influence_out_en": "The budget.",
        }
    )  # fmt: skip
    me.send()
    me.follow("Quelles actions doivent venir en premier")
    me.fill({"options": OPTIONS})
    me.send("options")
    me.follow("Retour à la consultation")
    me.follow("Remplir ce qui manque")
    me.send()
    expect(page.locator("h1")).to_have_text("Demander l’approbation")
    return me


def test_one_prepares_another_approves_then_it_opens(open_page: Open) -> None:
    adviser = open_page(role="adviser", desktop=True)
    me = _prepared(adviser)
    me.fill({"note": "Les options sont nouvelles."})
    me.send()
    review = adviser.url.split("#")[0]
    expect(adviser.locator("main")).not_to_contain_text("Approuver cette version")

    adviser.locator("#id_name").fill("Lise")
    adviser.get_by_role("button", name="Faire un lien secret").click()
    link = adviser.locator("#secret").inner_text()
    me.pages, me.fields = me.pages - 1, me.fields  # inviting is another matter

    reader = open_page(script=False)
    reader.goto(link)
    reader.locator("#ligne-3 summary").click()
    reader.locator("#ligne-3 textarea").fill(SAID)
    reader.locator("#ligne-3 form button").click()
    expect(reader.locator("#ligne-3")).to_contain_text(SAID)
    assert reader.context.cookies() == []
    width = reader.evaluate("document.documentElement.scrollWidth")
    assert width <= reader.viewport_size["width"]

    coordinator = open_page(role="coordinator", desktop=True)
    coordinator.goto("/fr/bureau/")
    link_to_it = coordinator.locator(f"a.button[href='{urlsplit(review).path}']")
    task = coordinator.locator(".tasks li", has=link_to_it)
    expect(task).to_contain_text("En attente de mon approbation")
    hand = Keys(coordinator)
    hand.press(link_to_it)
    assert coordinator.url == review
    expect(coordinator.locator("#ligne-3")).to_contain_text(SAID)
    coordinator.locator("a[href='#decision']").click()
    hand.press(coordinator.get_by_role("button", name="Approuver cette version"))
    expect(coordinator.locator("main .tag[data-state=done]").first).to_have_text("Approuvée")

    adviser.goto(review.split("approbation/")[0] + "ouvrir/")
    me.send()
    expect(adviser.locator("main [aria-current=step]")).to_have_text("Ouverte au public")
    assert me.pages - 1 <= PAGES_MAX, me.pages
    assert me.fields <= FIELDS_MAX, me.fields

    visitor = open_page(script=False)
    visitor.goto(review.split("approbation/")[0].replace("/bureau/", "/"))
    expect(visitor.locator("h1")).to_have_text(TITLE)


def test_the_open_consultation_of_the_demonstration_was_approved(open_page: Open) -> None:
    page = open_page(role="coordinator")
    page.goto("/fr/bureau/consultations/prochain-plan-2027/approbation/")
    expect(page.locator("main")).to_contain_text("par Coordonnatrice de démonstration")
    expect(page.locator("main")).to_contain_text("Demandée par Conseillère de démonstration")
