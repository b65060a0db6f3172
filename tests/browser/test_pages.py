"""Every page of the demonstration, by everybody who may see it: accessible, narrow, light, ours.

Pages are found by following links, two of each kind of address, so that a new page is looked at
without being listed here.
"""

from collections import Counter
from functools import cache
from urllib.parse import urldefrag

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve
from django.utils import translation
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PHONE, sign_in, watch
from tests.browser.running import Demo

pytestmark = pytest.mark.browser
OF_EACH_KIND_MAX = 2
BYTES_MAX = 100_000
# Measured where they are read: a feed or a file has no page, signing out ends the visit.
LEFT_OUT = {"account_logout", "demo_enter"}
AXE_LIGHT = {"resultTypes": ["violations"]}
AXE_DARK = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}
MEASURE = """() => ({
  wide: document.documentElement.scrollWidth - window.innerWidth,
  ids: [...document.querySelectorAll("[id]")].map(e => e.id)
    .filter((id, i, all) => all.indexOf(id) !== i),
  links: [...document.querySelectorAll("a[href]")].map(a => a.href),
})"""
MUST_SEE = {
    "": {
        "home", "consultations", "consultation", "results", "theme_history", "survey", "proposals",
        "proposal", "commitments", "commitment", "commitment_history", "plan", "response",
        "datasets", "dataset", "dataset_history", "documents", "document", "register",
        "register_entry", "search", "follow_up", "subscribe", "guarantees", "accessibility",
        "privacy", "api_guide", "charter", "moderation", "consultation_privacy", "survey_print",
        "consultation_history", "report", "support", "account_login", "demo",
    },
    "adviser": {"desk", "consult_desk", "consult_new", "consult_edit_about", "moderation_desk"},
    "analyst": {"desk", "coding_one", "coding_list", "coding_themes"},
    "steward": {"desk", "desk_data", "desk_dataset", "desk_documents", "desk_document"},
    "coordinator": {"desk", "desk_plans", "commitment_edit", "progress_report"},
    "operator": {"desk", "mail_desk"},
}  # fmt: skip


@cache
def _name(path: str) -> str:
    """Return the name of the view behind an address, "" when it is no page of ours."""
    language = path.split("/")[1]
    if language not in {"fr", "en"}:
        return ""
    with translation.override(language):
        try:
            return resolve(path).url_name or ""
        except Resolver404:
            return ""


class Visit:
    """One person's walk through the site, each page measured once."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.kinds: Counter[str] = Counter()
        self.faults: list[str] = []
        self.bytes = 0
        page.on("requestfinished", self._weigh)

    def _weigh(self, request: object) -> None:
        sizes = request.sizes()  # type: ignore[attr-defined]
        self.bytes += sizes["responseBodySize"] + sizes["responseHeadersSize"]

    def walk(self, todo: list[str], inside: str) -> None:
        """Look at `todo` and what it links to, under the path `inside`."""
        seen: set[str] = set()
        while todo:
            path = todo.pop(0)
            name = _name(path.split("?")[0])
            if path in seen or not name or name in LEFT_OUT:
                continue
            seen.add(path)
            kind = name + ("?" if "?" in path else "")
            if self.kinds[kind] >= (1 if "?" in path else OF_EACH_KIND_MAX):
                continue
            links = self._look(path, kind)
            todo += [link for link in links if link.startswith(inside) and link not in seen]

    def _look(self, path: str, kind: str) -> list[str]:
        head = self.page.request.head(path) if path.rsplit("/")[-1] else None
        if head is not None and "html" not in head.headers.get("content-type", ""):
            return []
        self.bytes = 0
        answer = self.page.goto(path, wait_until="load")
        if answer is None or "html" not in answer.headers.get("content-type", ""):
            return []
        self.kinds[kind] += 1
        if answer.status != 200:
            self.faults.append(f"{path}: {answer.status}")
            return []
        if self.bytes > BYTES_MAX:
            self.faults.append(f"{path}: {self.bytes} bytes")
        found = self.page.evaluate(MEASURE)
        if found["wide"] > 1:
            self.faults.append(f"{path}: {found['wide']} px wider than the screen")
        if found["ids"]:
            self.faults.append(f"{path}: ids twice: {found['ids']}")
        self._audit(path)
        starts = [urldefrag(link)[0] for link in found["links"] if link.startswith(self.base)]
        return [link[len(self.base) :] for link in starts]

    def _audit(self, path: str) -> None:
        for scheme, options in (("light", AXE_LIGHT), ("dark", AXE_DARK)):
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            for broken in Axe().run(self.page, options=options).response["violations"]:
                node = broken["nodes"][0]["html"][:150]
                self.faults.append(
                    f"{path}: {scheme}, {broken['id']} x{len(broken['nodes'])}: {node}"
                )
        self.page.emulate_media(color_scheme="light")


def _visit(
    chromium: Browser, site: Demo, *, role: str, start: list[str], inside: str
) -> dict[str, int]:
    context = chromium.new_context(base_url=site.base, viewport=PHONE)
    try:
        page = context.new_page()
        said: list[str] = []
        watch(page, site.base, said)
        visit = Visit(page, site.base)
        if role:
            sign_in(page, role)
        visit.walk(start, inside)
        faults = visit.faults + said
        assert not faults, "\n".join(faults)
        return visit.kinds
    finally:
        context.close()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_public_pages(chromium: Browser, site: Demo, language: str) -> None:
    kinds = _visit(
        chromium, site, role="", start=[f"/{language}/", f"/{language}/moderation/"],
        inside=f"/{language}/",
    )  # fmt: skip
    missing = MUST_SEE[""] - set(kinds)
    assert not missing, f"not reached by links: {sorted(missing)}"


@pytest.mark.parametrize("role", ["adviser", "analyst", "steward", "coordinator", "operator"])
def test_desk_pages(chromium: Browser, site: Demo, role: str) -> None:
    kinds = _visit(chromium, site, role=role, start=["/fr/bureau/"], inside="/fr/bureau/")
    missing = MUST_SEE[role] - set(kinds)
    assert not missing, f"not reached by links: {sorted(missing)}"


def test_pages_of_an_account(chromium: Browser, site: Demo) -> None:
    start = ["/fr/suivi/", "/fr/compte/", "/fr/mes-abonnements/"]
    kinds = _visit(chromium, site, role="citizen", start=start, inside="/fr/compte/")
    assert {"follow_up", "account_overview"} <= set(kinds)
