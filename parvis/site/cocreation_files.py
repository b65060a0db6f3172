"""The checklist of a plan as data: the page, the JSON, the CSV and the API say the same."""

from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from parvis.collaborate.checklist import SOURCES, Row
from parvis.core.i18n import LANGUAGES
from parvis.plan.models import Plan
from parvis.site.cocreation import checklist
from parvis.tables.cells import csv_text

SCHEMA = "parvis-cocreation-1"
COLUMNS = (
    "plan", "standard", "set", "number", "name_fr", "name_en", "state", "answered_by",
    "filled_state", "filled_why_fr", "filled_why_en", "reconstructed",
    "declared_state", "declared_on",
    "comment_fr", "comment_en", "evidence",
)  # fmt: skip


def document(plan: Plan, *, today: date) -> dict[str, Any]:
    """Return the checklist of a plan as JSON says it; what nobody answered is null."""
    by_language: dict[str, list[Row]] = {}
    texts: dict[str, list[dict[str, str]]] = {}
    for code in LANGUAGES:
        # What the program says is written in a language when it is computed.
        with override(code):
            found = checklist(plan, today=today)
            by_language[code] = found
            texts[code] = [
                {
                    "name": str(row.item.name),
                    "asks": str(row.item.asks),
                    "why": row.filled.why if row.filled else "",
                }
                for row in found
            ]
    rows = by_language[LANGUAGES[0]]
    return {
        "schema": SCHEMA,
        "generated_on": today.isoformat(),
        "plan": plan.node.slug,
        "title": dict(plan.node.title),
        "url": {code: f"{settings.SITE_URL}{_page(plan, code)}" for code in LANGUAGES},
        "sources": {name: list(urls) for name, urls in SOURCES.items()},
        "standards": [
            _card(row, {code: texts[code][n] for code in LANGUAGES}) for n, row in enumerate(rows)
        ],
    }


def _page(plan: Plan, language: str) -> str:
    with override(language):
        return reverse("cocreation", args=[plan.node.slug])


def _card(row: Row, texts: dict[str, dict[str, str]]) -> dict[str, Any]:
    check, filled = row.check, row.filled
    return {
        "standard": row.item.key,
        "set": row.item.set,
        "number": row.item.number,
        "name": {code: words["name"] for code, words in texts.items()},
        "asks": {code: words["asks"] for code, words in texts.items()},
        "state": row.state or None,
        "answered_by": "people" if check else "program" if filled else None,
        "program": {
            "state": filled.state,
            "why": {code: words["why"] for code, words in texts.items()},
            "evidence": [f"{settings.SITE_URL}{url}" for url, _words in filled.evidence],
            "reconstructed": filled.reconstructed,
        }
        if filled
        else None,
        "people": {
            "state": check.state,
            "comment": check.comment,
            "evidence": check.evidence,
            "on": timezone.localdate(check.at).isoformat(),
        }
        if check
        else None,
    }


def as_csv(plan: Plan, *, today: date) -> str:
    """Return the same rows as CSV, safe for spreadsheets."""
    rows = []
    for card in document(plan, today=today)["standards"]:
        program, people = card["program"] or {}, card["people"] or {}
        why, comment = program.get("why", {}), people.get("comment", {})
        rows.append((
            plan.node.slug, card["standard"], card["set"], card["number"], card["name"]["fr"],
            card["name"]["en"], card["state"], card["answered_by"], program.get("state"),
            why.get("fr"), why.get("en"), program.get("reconstructed"), people.get("state"),
            people.get("on"),
            comment.get("fr"), comment.get("en"),
            " ".join([*program.get("evidence", []), *people.get("evidence", [])]),
        ))  # fmt: skip
    return csv_text(COLUMNS, rows)
