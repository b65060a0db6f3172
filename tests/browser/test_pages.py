"""Every page of the demonstration, by everybody who may see it: accessible, narrow, light, ours.

Pages are found by following links, one or two of each kind of address, so that a new page is
looked at without being listed here.
"""

import json
import os
import re
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import urldefrag

import axe_playwright_python
import pytest
from django.urls import Resolver404, resolve
from django.utils import translation
from playwright.sync_api import Browser, Error, Page

from tests.browser.conftest import PHONE, sign_in, watch
from tests.browser.running import Demo

pytestmark = pytest.mark.browser
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
BYTES_MAX = 100_000
# Signing out ends the visit; entering as somebody else is another visit.
LEFT_OUT = {"account_logout", "demo_enter"}
# The same template draws them open and closed, late and not: two of each are looked at.
TWO_OF = {"consultation", "results", "commitment", "document", "dataset", "consult_desk"}
ROLES = ("adviser", "analyst", "steward", "coordinator", "operator")
MEASURE = """() => ({
  wide: document.documentElement.scrollWidth - window.innerWidth,
  ids: [...document.querySelectorAll("[id]")].map(e => e.id)
    .filter((id, i, all) => all.indexOf(id) !== i),
  links: [...document.querySelectorAll("a[href]:not([download])")].map(a => a.href),
})"""
ALL_BUT_COLOURS = {"rules": {"color-contrast": {"enabled": False}}}
AUDIT = """rules => axe.run(document, {
  resultTypes: ["violations"], ...rules,
}).then(found => found.violations.map(
  one => `${one.id} x${one.nodes.length}: ${one.nodes[0].html.slice(0, 150)}`
))"""
PUBLIC = {
    "home", "consultations", "consultation", "results", "theme_history", "survey", "proposals",
    "proposal", "commitments", "commitment", "commitment_history", "plan", "response",
    "datasets", "dataset", "dataset_history", "documents", "document", "register",
    "register_entry", "search", "follow_up", "subscribe", "guarantees", "accessibility",
    "privacy", "api_guide", "charter", "moderation", "consultation_privacy", "survey_print",
    "consultation_history", "consultation_policy", "cookies", "account_login", "demo",
}  # fmt: skip
DESK = {
    "desk", "consult_desk", "consult_new", "consult_edit_about", "consult_edit_legal",
    "consult_legal", "moderation_desk", "coding_one", "coding_list", "coding_themes", "desk_data",
    "desk_dataset", "desk_documents", "desk_document", "desk_plans", "commitment_edit",
    "progress_report", "mail_desk",
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
    """One person's walk through the site; `kinds` counts the pages looked at, by kind."""

    def __init__(self, page: Page, base: str, kinds: Counter[str], *, dark: bool) -> None:
        self.page = page
        self.base = base
        self.kinds = kinds
        self.dark = dark
        self.faults: list[str] = []
        self.bytes = 0
        page.on("requestfinished", self._weigh)

    def _weigh(self, request: object) -> None:
        sizes = request.sizes()  # type: ignore[attr-defined]
        self.bytes += sizes["responseBodySize"] + sizes["responseHeadersSize"]

    def walk(self, todo: list[str], inside: str) -> None:
        """Look at `todo`, and at what it links to under the path `inside`."""
        seen: set[str] = set()
        first = set(todo)
        while todo:
            path = todo.pop(0)
            name = _name(path.split("?")[0])
            if path in seen or not name or name in LEFT_OUT:
                continue
            seen.add(path)
            kind = name + ("?" if "?" in path else "")
            if path not in first and self.kinds[kind] >= (2 if kind in TWO_OF else 1):
                continue
            if not path.split("?")[0].endswith("/"):
                # A feed or a file: no page.
                continue
            todo += [link for link in self._look(path, kind) if link.startswith(inside)]

    def _look(self, path: str, kind: str) -> list[str]:
        self.bytes = 0
        try:
            answer = self.page.goto(path, wait_until="load")
        except Error as error:
            if "Download is starting" in error.message:
                return []  # a file, not a page
            raise
        assert answer is not None
        if "html" not in answer.headers.get("content-type", ""):
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
        ours = [urldefrag(link)[0] for link in found["links"] if link.startswith(self.base)]
        return [link[len(self.base) :] for link in ours]

    def _audit(self, path: str) -> None:
        # Colours are the same in both languages: they are measured in one.
        rules = ALL_BUT_COLOURS if path.startswith("/en/") else None
        self.faults += [f"{path}: {fault}" for fault in self.page.evaluate(AUDIT, rules)]
        if self.dark:
            self.page.emulate_media(color_scheme="dark")
            found = self.page.evaluate(AUDIT, {"runOnly": ["color-contrast"]})
            self.faults += [f"{path}, dark: {fault}" for fault in found]
            self.page.emulate_media(color_scheme="light")


def _visit(
    chromium: Browser,
    site: Demo,
    kinds: Counter[str],
    *,
    start: list[str],
    inside: str,
    role: str = "",
    dark: bool = True,
) -> list[str]:
    """Return the faults of the pages that `role` may see."""
    context = chromium.new_context(base_url=site.base, viewport=PHONE)
    try:
        context.add_init_script(path=AXE)
        page = context.new_page()
        faults: list[str] = []
        watch(page, site.base, faults)
        if role:
            sign_in(page, role)
        visit = Visit(page, site.base, kinds, dark=dark)
        visit.walk(start, inside)
        return faults + visit.faults
    finally:
        context.close()


def _record(kinds: Counter[str], language: str, faults: int) -> None:
    """With BROWSER_MEASURED, write there what the accessibility statement says of this run.

    French comes first, then English is added to it.
    """
    where = os.environ.get("BROWSER_MEASURED")
    if not where:
        return
    path = Path(where)
    before = {"pages": 0, "faults": 0} if language == "fr" else json.loads(path.read_text())
    version = re.search(r"axe v([\d.]+)", AXE.read_text(encoding="utf-8")[:400])
    assert version
    found = {
        "on": date.today().isoformat(),
        "axe": version[1],
        "kinds": len(kinds),
        "pages": before["pages"] + sum(kinds.values()),
        "faults": before["faults"] + faults,
        "width": PHONE["width"],
    }
    path.write_text(json.dumps(found, indent=1) + "\n")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_public_pages(chromium: Browser, site: Demo, language: str) -> None:
    kinds: Counter[str] = Counter()
    top = f"/{language}/"
    faults = _visit(chromium, site, kinds, start=[top], inside=top, dark=language == "fr")
    _record(kinds, language, len(faults))
    assert not faults, "\n".join(faults)
    assert set(kinds) >= PUBLIC, f"not reached by links: {sorted(PUBLIC - set(kinds))}"


def test_desk_pages(chromium: Browser, site: Demo) -> None:
    kinds: Counter[str] = Counter()
    faults: list[str] = []
    for role in ROLES:
        found = _visit(
            chromium,
            site,
            kinds,
            role=role,
            start=["/fr/bureau/"],
            inside="/fr/bureau/",
            # Its few colours of its own are those of public pages.
            dark=role == "adviser",
        )
        faults += [f"{role}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)
    assert set(kinds) >= DESK, f"not reached by links: {sorted(DESK - set(kinds))}"


def test_pages_of_an_account(chromium: Browser, site: Demo) -> None:
    kinds: Counter[str] = Counter()
    start = ["/fr/suivi/", "/fr/compte/", "/fr/mes-abonnements/"]
    faults = _visit(chromium, site, kinds, role="citizen", start=start, inside="/fr/compte/")
    assert not faults, "\n".join(faults)
    assert {"follow_up", "account_overview"} <= set(kinds)
