"""Committees, members, meetings, advice and groups for tests, made by the services."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from parvis.collaborate import advice as advising
from parvis.collaborate import drafting, groups, meetings, services
from parvis.collaborate.models import (
    Advice,
    Change,
    Committee,
    Drafting,
    Group,
    Meeting,
    Member,
)
from parvis.core.access import SYSTEM, Actor, actor_for
from parvis.core.models import Organisation, Person
from tests.factories import make_organisation, make_person, make_site

SOURCE = "https://exemple.test/comite"


def both(text: str) -> dict[str, str]:
    """Return a text in French and English."""
    return {"fr": text, "en": f"{text} (en)"}


def plain(text: object) -> str:
    """Return a phrase with ordinary spaces."""
    return str(text).replace("\u00a0", " ").replace("&nbsp;", " ")


def ago(days: int) -> date:
    """Return the day so many days before today."""
    return timezone.localdate() - timedelta(days=days)


def make_committee(
    slug: str = "comite-essai",
    *,
    public: bool = True,
    organisation: Organisation | None = None,
    **fields: Any,
) -> Committee:
    """Return a committee that was created a month ago."""
    make_site()
    known = {
        "summary": both("Un comité."),
        "mandate": both("Conseiller le gouvernement."),
        "rules": both("Une voix par personne."),
        "created_on": ago(30),
        "sources": [SOURCE],
    }
    row = services.create_committee(
        actor=SYSTEM,
        title=both(f"Comité {slug}"),
        organisation=organisation or make_organisation(f"org-{slug}", f"Organisme {slug}"),
        slug=slug,
        fields={**known, **fields},
    )
    return services.publish_committee(actor=SYSTEM, committee=row) if public else row


def make_member(
    body: Committee | Group, name: str = "Mado", person: Person | None = None, **fields: Any
) -> Member:
    """Return a seat; with a person, the right to speak."""
    known = {"name": name, "seat": "civil_society", "organisation_name": "Un groupe"}
    return services.name_member(
        actor=SYSTEM, body=body, fields={**known, **fields}, email=person.email if person else ""
    )


def make_speaker(
    body: Committee | Group, email: str = "membre@test.example", **fields: Any
) -> Actor:
    """Return the actor of a person whose term runs on this body."""
    person = Person.objects.filter(email=email).first() or make_person(email=email)
    make_member(body, email.split("@")[0], person, **fields)
    return actor_for(person)


def make_meeting(
    committee: Committee, on: date | None = None, *, held: bool = True, **fields: Any
) -> Meeting:
    """Return a meeting, held with everybody there unless said otherwise."""
    row = meetings.call_meeting(
        actor=SYSTEM, committee=committee, on=on or ago(10),
        fields={"agenda": both("Le plan."), **fields},
    )  # fmt: skip
    if not held:
        return row
    members = list(Member.objects.filter(body=committee.node)) or [make_member(committee)]
    return meetings.record_meeting(
        actor=SYSTEM, meeting=row, attendance={one.pk: True for one in members},
        minutes=both("Nous avons parlé du plan."),
    )  # fmt: skip


def make_advice(
    committee: Committee, title: Any = "Ouvrir plus tôt", *, actor: Actor = SYSTEM, **more: Any
) -> Advice:
    """Return an advice."""
    words = both(title) if isinstance(title, str) else title
    known = {"title": words, "text": both("Nous conseillons d’ouvrir plus tôt."), **more}
    return advising.give_advice(actor=actor, committee=committee, **known)


def make_reply(advice: Advice, **more: Any) -> Advice:
    """Return the advice with its reply."""
    return advising.reply_to(
        actor=SYSTEM, advice=advice,
        **{"reply": both("D’accord."), "replier": both("Le ministre"), **more},
    )  # fmt: skip


def make_group(name: str = "Groupe d’essai", **fields: Any) -> Group:
    """Return a group accredited a month ago."""
    make_site()
    known = {"why": both("Il suit les plans."), "since": ago(30), "by_name": "Une sous-ministre"}
    slug = name.lower().replace(" ", "-").replace("’", "-")
    return groups.accredit(
        actor=SYSTEM, name=both(name),
        organisation=Organisation.objects.filter(node__slug=f"org-{slug}").first()
        or make_organisation(f"org-{slug}"[:60]),
        fields={**known, **fields},
    )  # fmt: skip


def make_draft(committee: Committee, title: str = "Ouvrir les budgets", **more: Any) -> Drafting:
    """Return a text of two passages, open to the members."""
    text = {
        "fr": "Publier les budgets.\n\nChaque année, en avril.",
        "en": "Publish the budgets.\n\nEvery year, in April.",
    }
    known = {"actor": SYSTEM, "title": both(title), "text": text, **more}
    return drafting.open_drafting(committee=committee, **known)


def make_change(
    draft: Drafting, position: int = 1, words: str = "Publier tous les budgets.", **more: Any
) -> Change:
    """Return a change proposed to a passage."""
    passage = draft.passages.select_related(
        "drafting__node", "drafting__committee__organisation"
    ).get(position=position)
    known = {"actor": SYSTEM, "text": both(words), "reason": "C’est plus clair.", **more}
    return drafting.propose_change(passage=passage, **known)
