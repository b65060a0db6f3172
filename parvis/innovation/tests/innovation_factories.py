"""Plain functions that call the services of innovation, so that test data is always legal."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from parvis.core.access import NOBODY, SYSTEM
from parvis.innovation import places, services
from parvis.innovation.models import Call, Helper, Reuse

FIELDS = {
    "author_name": "Le groupe Essai",
    "what": "picture",
    "url": "https://exemple.quebec/carte",
    "description": "Une carte des engagements, faite avec le tableau.",
}


def make_reuse(title: str = "Une carte", *, accepted: bool = True, **more: Any) -> Reuse:
    """Return a reuse, public by default."""
    fields = {**FIELDS, **more.pop("fields", {})}
    sent = services.submit_reuse(actor=NOBODY, title=title, fields=fields, **more)
    return services.accept_reuse(actor=SYSTEM, reuse=sent.reuse) if accepted else sent.reuse


def make_call(
    title: str = "Un défi", *, days: tuple[int, int] = (-3, 10), public: bool = True
) -> Call:
    """Return a call, open now by default."""
    today = timezone.localdate()
    made = services.create_call(
        actor=SYSTEM,
        title={"fr": title, "en": title},
        fields={
            "opens": today + timedelta(days=days[0]), "closes": today + timedelta(days=days[1]),
            "summary": {"fr": "Trois jours pour une idée.", "en": "Three days for an idea."},
        },
    )  # fmt: skip
    return services.publish_call(actor=SYSTEM, call=made) if public else made


def make_helper(**more: Any) -> Helper:
    """Return a place."""
    fields = {
        "what": "place", "name": "Bibliothèque d’essai", "region": "03", "town": "Québec",
        "helps": {"fr": "Remplir un formulaire."}, "source": "https://exemple.quebec/biblio",
        "checked_on": date(2026, 11, 1), **more,
    }  # fmt: skip
    return places.save_helper(actor=SYSTEM, fields=fields)
