"""What is missing before a consultation may open, each with the page that fills it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from parvis.consult import methods
from parvis.consult.models import Consultation
from parvis.core.i18n import DEFAULT, missing
from parvis.core.models import State

REQUIRED_TEXTS = (
    "question",
    "influence_decision",
    "influence_who",
    "influence_out",
    "duplicate_rule",
    "notice_purpose",
    "notice_readers",
    "notice_refusal",
    "notice_rights",
)
REQUIRED_DATES = ("influence_on", "retention_on", "themes_due", "response_due", "report_due")


def _label(name: str) -> Any:
    """What a field of a consultation is called on the desk."""
    return getattr(Consultation._meta.get_field(name), "verbose_name", name)


@dataclass(frozen=True)
class Hole:
    """Something that is missing before a consultation may open, and where to fill it."""

    field: str
    words: Any
    url: str


def errors_of(found: Iterable[Hole]) -> dict[str, list[Any]]:
    """Return what is missing as services refuse it: field -> words."""
    errors: dict[str, list[Any]] = {}
    for hole in found:
        errors.setdefault(hole.field, []).append(hole.words)
    return errors


def holes(consultation: Consultation) -> list[Hole]:
    """Return all that is missing, in the order of the desk's pages; empty means it can open."""
    node = consultation.node
    languages = consultation.languages or [DEFAULT]
    here = {
        step: reverse(f"consult_edit_{step}", args=[node.slug])
        for step in ("about", "influence", "privacy", "dates", "activities")
    }
    found: list[Hole] = []

    def need(field: str, words: Any, step: str) -> None:
        found.append(Hole(field, words, f"{here[step]}#id_{field}"))

    steps = {"question": "about", "duplicate_rule": "privacy"}
    if missing(node.title, languages):
        need("title", _("The title is missing in a language."), "about")
    if consultation.organisation_id is None:
        need("organisation", _("Say which organisation consults."), "about")
    for name in REQUIRED_TEXTS:
        text = getattr(consultation, name)
        label = _label(name)
        step = steps.get(name, "influence" if name.startswith("influence") else "privacy")
        if lost := missing(text, languages):
            words = _("“%(field)s” is missing (%(languages)s).")
            need(name, words % {"field": label, "languages": ", ".join(lost)}, step)
        elif "[" in "".join(text.values()):
            words = _("“%(field)s” still holds [brackets] to replace.")
            need(name, words % {"field": label}, step)
    for name in REQUIRED_DATES:
        if getattr(consultation, name) is None:
            label = _label(name)
            step = {"influence_on": "influence", "retention_on": "privacy"}.get(name, "dates")
            need(name, _("The date “%(field)s” is missing.") % {"field": label}, step)
    if not consultation.who_may:
        need("who_may", _("Say who may answer."), "privacy")
    found += _holes_of_time(consultation, here)
    found += _holes_of_activities(consultation, here)
    for more in _more():
        found += more(consultation)
    return found


@cache
def _more() -> list[Callable[[Consultation], list[Hole]]]:
    return [import_string(name) for name in settings.CONSULTATION_HOLES]


def _holes_of_time(consultation: Consultation, here: Mapping[str, str]) -> list[Hole]:
    phases = list(consultation.phases.all())
    if not any(phase.actions.all() for phase in phases):
        return [Hole("phases", _("No date opens anything to the public."), here["dates"])]
    ends = max(phase.ends for phase in phases)
    found = []
    # A consultation of the past, rebuilt from its sources, was closed long ago.
    past = consultation.reconstructed or consultation.node.state == State.PUBLIC
    if not past and ends <= timezone.now():
        found.append(Hole("phases", _("The closing date is already past."), here["dates"]))
    for name in ("themes_due", "response_due", "report_due"):
        due = getattr(consultation, name)
        if due and due < timezone.localtime(ends).date() - timedelta(days=1):
            label = _label(name)
            words = _("“%(field)s” comes before the closing.") % {"field": label}
            found.append(Hole(name, words, f"{here['dates']}#id_{name}"))
    return found


def _holes_of_activities(consultation: Consultation, here: Mapping[str, str]) -> list[Hole]:
    activities = list(consultation.activities.select_related("node", "consultation"))
    if not activities:
        return [Hole("activities", _("There is no way to participate yet."), here["activities"])]
    found = []
    for activity in activities:
        method = methods.get(activity.method)
        place = (method.settings_url(activity) if method.settings_url else None) or here[
            "activities"
        ]
        found += [Hole("activities", words, place) for words in method.holes(activity)]
    return found
