"""Whose site it is, and one invented person a role."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from parvis.consult.approval import services as approval
from parvis.consult.legal import services as legal
from parvis.consult.legal.facts import PROPOSED_DEFAULTS
from parvis.consult.models import Consultation
from parvis.core.access import SYSTEM, actor_for
from parvis.core.models import Node, Organisation, Person, Role, Site, State
from parvis.site.demo_loader.reading import email_of, read

PEOPLE = {
    "citizen": "Citoyenne de démonstration",
    "adviser": "Conseillère de démonstration",
    "analyst": "Analyste de démonstration",
    "steward": "Responsable des données de démonstration",
    "coordinator": "Coordonnatrice de démonstration",
    "operator": "Opératrice de démonstration",
    "member": "Membre A (démonstration)",
}

LEGAL = {
    "hosting": {
        "fr": "Sur l’ordinateur où cette démonstration est installée, par la personne qui l’a "
        "installée.",
        "en": "On the computer where this demonstration is installed, by whoever installed it.",
    },
    "governance": {
        "fr": "Les règles de gouvernance sont celles de la démonstration : cette page les dit "
        "toutes.",
        "en": "The rules of governance are those of the demonstration: this page says them all.",
    },
}


@transaction.atomic
def load_organisations() -> dict[str, Organisation]:
    """Create the organisations that the plans name."""
    found = {}
    for row in read("organisations"):
        node = Node.objects.create(
            kind="organisation",
            slug=row["slug"],
            title=row["title"],
            state=State.PUBLIC,
            published_at=timezone.now(),
        )
        found[row["slug"]] = Organisation.objects.create(
            node=node, acronym=row.get("acronym") or "", homepage=row.get("homepage") or ""
        )
    return found


@transaction.atomic
def load_site(organisations: Mapping[str, Organisation]) -> Site:
    """Say whose site this is: nobody real."""
    return Site.objects.create(
        name={"fr": "Parvis", "en": "Parvis"},
        organisation=organisations["equipe-demo"],
        languages=["fr", "en"],
        privacy_officer={
            "fr": "Responsable de la protection des renseignements personnels (démonstration)",
            "en": "Privacy officer (demonstration)",
        },
        privacy_contact="vie-privee@demo.example",
        contact="accessibilite@demo.example",
        approval=Site.Approval.SECOND_PERSON,
    )


@transaction.atomic
def load_legal(site: Site) -> None:
    """What the demonstration's body says once for all its consultations."""
    values: dict[str, Any] = {
        name: {code: _proposed(name, code) for code in ("fr", "en")} for name in PROPOSED_DEFAULTS
    }
    if site.organisation is None:
        raise ValueError("the demonstration's site has no organisation")
    legal.set_defaults(
        actor=SYSTEM,
        organisation=site.organisation,
        values={**values, **LEGAL, "officer": site.privacy_officer,
                "officer_contact": site.privacy_contact},
    )  # fmt: skip


def _proposed(name: str, code: str) -> str:
    with override(code):
        return str(PROPOSED_DEFAULTS[name])


@transaction.atomic
def load_people() -> None:
    """Create one person a role; they sign in by one click, in demo mode only."""
    from allauth.account.models import EmailAddress

    for role, name in PEOPLE.items():
        person = Person(email=email_of(role), display_name=name)
        person.set_unusable_password()
        person.save()
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
        # A member’s role comes with the seat.
        if role not in {"citizen", "member"}:
            Role.objects.create(person=person, role=role)


def approve(consultation: Consultation) -> None:
    """Have a draft approved as people do: the adviser asks, the coordinator reads and approves."""
    asks, decides = (
        actor_for(Person.objects.get(email=email_of(role))) for role in ("adviser", "coordinator")
    )
    review = approval.ask_review(actor=asks, consultation=consultation)
    approval.approve(actor=decides, review=review)
