"""What the accessibility statement says: facts measured by tests, and the body's own words.

Measure again with BROWSER_MEASURED=parvis/site/accessibility.json and
`pytest tests/browser/test_pages.py -k public`.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from parvis.consult.legal.facts import PROPOSED_DEFAULTS
from parvis.consult.legal.models import LegalDefaults
from parvis.core.i18n import Text, tr
from parvis.core.models import Site

MEASURED = Path(__file__).with_name("accessibility.json")


@dataclass(frozen=True)
class Measured:
    """One run of the browser tests over every kind of page: what was looked at and found.

    kinds: kinds of pages; pages: pages looked at, each language and theme apart; faults: rules of
    axe that a page breaks; width: narrowest screen, in pixels; axe: version of the program.
    """

    on: date
    axe: str
    kinds: int
    pages: int
    faults: int
    width: int


@cache
def measured() -> Measured | None:
    """Return the last run, or None where there was none."""
    if not MEASURED.exists():
        return None
    raw = json.loads(MEASURED.read_text(encoding="utf-8"))
    return Measured(**{**raw, "on": date.fromisoformat(raw["on"])})


def limits(site: Site | None) -> str:
    """Return what the body says is not accessible yet, else what is proposed to say."""
    row = LegalDefaults.objects.filter(pk=site.organisation_id).first() if site else None
    text: Text = row.accessibility_limits if row else {}
    return tr(text) or str(PROPOSED_DEFAULTS["accessibility_limits"])
