"""Blueprints: consultations written beforehand, from which an adviser starts.

Each is a JSON file of `parvis/consult/blueprints/`, read and checked once. Passages in [brackets]
are to be replaced: the consultation cannot open while one is left.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parvis.consult import methods, services
from parvis.consult.models import Consultation
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Invalid
from parvis.core.events import IdempotencyKey, replayed
from parvis.core.i18n import DEFAULT, LANGUAGES, Text, pick
from parvis.core.models import Organisation, Site

FOLDER = Path(__file__).with_suffix("")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
PLACEHOLDERS = frozenset({"title", "organisation", "contact"})
OPENING_DAYS_MAX = 366


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Strict):
    """A day counted from the opening or the closing day."""

    since: Literal["opens", "closes"]
    days: int = Field(ge=-366, le=3_660)

    def day(self, opens: date, closes: date) -> date:
        """Return the date."""
        return {"opens": opens, "closes": closes}[self.since] + timedelta(days=self.days)


class PhasePlan(_Strict):
    """A phase, from the start of a day to the end of another, and what it opens."""

    title: dict[str, str]
    starts: When
    ends: When
    openings: list[tuple[str, str]] = Field(default_factory=list)


class ActivityPlan(_Strict):
    """An activity; `key` is how phases name it."""

    key: str
    method: str
    title: dict[str, str]
    settings: dict[str, Any] = Field(default_factory=dict)


class Blueprint(_Strict):
    """A consultation written beforehand."""

    slug: str
    order: int = 5
    name: dict[str, str]
    description: dict[str, str]
    fields: dict[str, Any] = Field(default_factory=dict)
    dates: dict[str, When] = Field(default_factory=dict)
    activities: list[ActivityPlan] = Field(default_factory=list)
    phases: list[PhasePlan] = Field(min_length=1)


def check(raw: Any) -> Blueprint:
    """Return a checked blueprint. Raises ValueError with everything that is wrong."""
    try:
        found = Blueprint.model_validate(raw)
    except ValidationError as error:
        raise ValueError(str(error)) from None
    wrong = [f"field {name}" for name in set(found.fields) - set(services.EDITABLE)]
    wrong += [f"date {name}" for name in set(found.dates) - set(services.REQUIRED_DATES)]
    known = {activity.key: activity.method for activity in found.activities}
    for activity in found.activities:
        if activity.method not in methods.all_methods():
            wrong.append(f"method {activity.method}")
            continue
        try:
            methods.get(activity.method).clean_settings(dict(activity.settings))
        except Invalid as refusal:
            wrong.append(f"settings of {activity.key}: {refusal}")
    for key, action in (opening for phase in found.phases for opening in phase.openings):
        if key not in known or action not in methods.get(known[key]).actions:
            wrong.append(f"opening {key} {action}")
    wrong += [
        f"placeholder {name}" for name in set(_placeholders(raw)) - PLACEHOLDERS
    ]  # fmt: skip
    if wrong:
        raise ValueError(f"blueprint {found.slug!r}: {', '.join(sorted(wrong))}")
    return found


@cache
def all_blueprints() -> Mapping[str, Blueprint]:
    """Return every blueprint by slug, in the order in which they are proposed.

    Raises ValueError when a file is wrong: a test reads them all.
    """
    found = [check(json.loads(path.read_text(encoding="utf-8"))) for path in FOLDER.glob("*.json")]
    return {one.slug: one for one in sorted(found, key=lambda one: (one.order, one.slug))}


def _placeholders(value: Any) -> list[str]:
    if isinstance(value, str):
        return PLACEHOLDER.findall(value)
    inside = value.values() if isinstance(value, Mapping) else value
    return (
        [name for item in inside for name in _placeholders(item)]
        if isinstance(inside, (list, tuple)) or isinstance(value, Mapping)
        else []
    )


def _is_text(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(code in LANGUAGES and isinstance(text, str) for code, text in value.items())
    )


def _value(known: Mapping[str, str], match: re.Match[str]) -> str:
    return known[match[1]]


def fill(value: Any, words: Mapping[str, Text], languages: Sequence[str]) -> Any:
    """Return `value` with {placeholders} replaced in each of its texts, at any depth.

    A text whose placeholder has no value is left out: a sentence with a gap would be read as it
    is. So is, in a language that is not switched on, a text with [brackets]: nobody would see it.
    """
    if _is_text(value):
        out = {}
        for code, text in value.items():
            known = {name: pick(words.get(name), code)[0] for name in PLACEHOLDER.findall(text)}
            if not all(known.values()) or (code not in languages and "[" in text):
                continue
            out[code] = PLACEHOLDER.sub(partial(_value, known), text)
        return out
    if isinstance(value, Mapping):
        return {name: fill(item, words, languages) for name, item in value.items()}
    if isinstance(value, list):
        return [fill(item, words, languages) for item in value]
    return value


def _check_dates(opens: date, closes: date) -> None:
    if closes < opens:
        raise Invalid({"closes": [_("The closing date comes before the opening date.")]})
    if closes < timezone.localdate():
        raise Invalid({"closes": [_("The closing date is already past.")]})
    if (closes - opens).days > OPENING_DAYS_MAX:
        raise Invalid({"closes": [_("A consultation stays open a year at most.")]})


@transaction.atomic
def create_from_blueprint(
    *,
    actor: Actor,
    blueprint: str,
    title: Text,
    organisation: Organisation | None,
    opens: date,
    closes: date,
    languages: Sequence[str] = (DEFAULT,),
    key: IdempotencyKey | None = None,
) -> Consultation:
    """Create a draft with the texts, activities and phases of a blueprint, and return it.

    It opens at the first minute of `opens` and closes at the last of `closes`, in the
    consultation's own time zone. The same `key` again returns the same draft. Raises Forbidden,
    Invalid (unknown blueprint, dates in the wrong order or past, no title in French).
    """
    if earlier := replayed(key):
        return Consultation.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "manage_consultation")
    plan = all_blueprints().get(blueprint)
    if plan is None:
        raise Invalid({"blueprint": [_("Choose one of the starting points.")]})
    _check_dates(opens, closes)
    site = Site.objects.first()
    contact = (site.contact or site.privacy_contact) if site else ""
    words = {
        "title": title,
        "organisation": organisation.node.title if organisation else {},
        "contact": dict.fromkeys(LANGUAGES, contact),
    }
    consultation = services.create_consultation(
        actor=actor,
        title=title,
        organisation=organisation,
        fields={
            **fill(plan.fields, words, languages),
            **{name: when.day(opens, closes) for name, when in plan.dates.items()},
            "languages": list(languages),
        },
        key=key,
    )
    made = {
        one.key: services.add_activity(
            actor=actor,
            consultation=consultation,
            method=one.method,
            title=fill(one.title, words, languages),
            settings=fill(one.settings, words, languages),
        )
        for one in plan.activities
    }
    for phase in plan.phases:
        services.set_phase(
            actor=actor,
            consultation=consultation,
            title=fill(phase.title, words, languages),
            starts=services.local_moment(phase.starts.day(opens, closes), consultation),
            ends=services.local_moment(phase.ends.day(opens, closes), consultation, end=True),
            openings=[(made[name], action) for name, action in phase.openings],
        )
    return consultation
