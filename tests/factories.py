"""Plain functions that call the services, so that test data is always legal."""

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from parvis.consult import contributions, services
from parvis.consult.approval import gate
from parvis.consult.approval import services as approval
from parvis.consult.legal import services as legal
from parvis.consult.legal.models import LegalDefaults
from parvis.consult.models import Activity, Consultation
from parvis.core.access import SYSTEM, Actor, actor_for
from parvis.core.errors import Invalid
from parvis.core.models import Node, Organisation, Person, Role, Site, State

SURVEY = {
    "pages": [
        {
            "id": "p1",
            "title": {"fr": "Vos priorités", "en": "Your priorities"},
            "questions": [
                {
                    "id": "first",
                    "type": "single",
                    "label": {"fr": "Quelle action d’abord?", "en": "Which action first?"},
                    "required": True,
                    "opinion": True,
                    "options": [
                        {"id": "data", "label": {"fr": "Données", "en": "Data"}},
                        {"id": "docs", "label": {"fr": "Documents", "en": "Documents"}},
                    ],
                },
                {
                    "id": "why",
                    "type": "long",
                    "label": {"fr": "Pourquoi?", "en": "Why?"},
                    "required": False,
                    "opinion": True,
                    "max": 500,
                },
            ],
        }
    ]
}


def make_person(role: str | None = None, email: str | None = None) -> Person:
    """Return a person, with a role on the whole site when given."""
    person = Person.objects.create(email=email or f"{role or 'citizen'}@test.example")
    if role:
        Role.objects.create(person=person, role=role)
    return person


def make_actor(role: str | None = None, email: str | None = None) -> Actor:
    """Return the actor of a new person."""
    return actor_for(make_person(role, email))


def make_organisation(slug: str = "sct", title: str = "Secrétariat") -> Organisation:
    """Return a public organisation."""
    node = Node.objects.create(
        kind="organisation", slug=slug, title={"fr": title, "en": title}, state=State.PUBLIC
    )
    return Organisation.objects.create(node=node, acronym=slug.upper()[:20])


def make_site() -> Site:
    """Return the site's row, once."""
    return Site.objects.first() or Site.objects.create(
        name={"fr": "Parvis", "en": "Parvis"},
        languages=["fr", "en"],
        organisation=make_organisation("site", "Organisme"),
        privacy_officer={"fr": "La personne responsable", "en": "The officer"},
        privacy_contact="vie-privee@test.example",
    )


def make_legal_defaults() -> LegalDefaults:
    """Return what the site's body says once for all, with nothing to complete."""
    site = make_site()
    found = LegalDefaults.objects.filter(pk=site.organisation_id).first()
    if found:
        return found
    text = {"fr": "Une phrase claire.", "en": "A clear sentence."}
    return legal.set_defaults(
        actor=SYSTEM,
        organisation=site.organisation,
        values={
            **{name: text for name in legal.DEFAULT_FIELDS if name != "officer_contact"},
            "officer_contact": "vie-privee@test.example",
        },
    )


def consultation_fields() -> dict[str, Any]:
    """Return every field that opening asks for."""
    text = {"fr": "Un texte clair.", "en": "A clear text."}
    today = timezone.localdate()
    return {
        **dict.fromkeys(services.REQUIRED_TEXTS, text),
        "summary": text,
        "influence_on": today + timedelta(days=90),
        "retention_on": today + timedelta(days=700),
        "themes_due": today + timedelta(days=60),
        "response_due": today + timedelta(days=80),
        "report_due": today + timedelta(days=70),
        "who_may": "anyone",
        "languages": ["fr", "en"],
        "minutes": 5,
    }


def make_consultation(
    *,
    slug: str = "plan",
    opened: bool = True,
    days: tuple[int, int] = (-5, 30),
    fields: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    with_proposals: bool = False,
) -> Consultation:
    """Return a consultation with a survey (and proposals), open now by default."""
    make_legal_defaults()
    consultation = services.create_consultation(
        actor=SYSTEM,
        title={"fr": "Le prochain plan", "en": "The next plan"},
        organisation=Organisation.objects.filter(node__slug=f"org-{slug}").first()
        or make_organisation(f"org-{slug}"),
        slug=slug,
        fields={**consultation_fields(), **(fields or {})},
    )
    survey = services.add_activity(
        actor=SYSTEM,
        consultation=consultation,
        method="survey",
        title={"fr": "Questionnaire", "en": "Questionnaire"},
        settings=settings or SURVEY,
        slug=f"{slug}-questionnaire",
    )
    openings = [(survey, "answer")]
    if with_proposals:
        proposals = services.add_activity(
            actor=SYSTEM,
            consultation=consultation,
            method="proposals",
            title={"fr": "Propositions", "en": "Proposals"},
            settings={},
            slug=f"{slug}-propositions",
        )
        openings += [(proposals, name) for name in ("propose", "support", "comment")]
    now = timezone.now()
    services.set_phase(
        actor=SYSTEM,
        consultation=consultation,
        title={"fr": "Vous répondez", "en": "You answer"},
        starts=now + timedelta(days=days[0]),
        ends=now + timedelta(days=days[1]),
        openings=openings,
    )
    # A text that a test takes away leaves documents that cannot be confirmed.
    with suppress(Invalid):
        legal.confirm(actor=SYSTEM, consultation=consultation)
    if opened:
        if gate.required():
            make_approval(consultation)
        services.open_consultation(actor=SYSTEM, consultation=consultation)
    return consultation


def make_approval(consultation: Consultation) -> None:
    """Have a draft read and approved by two people, as a site of `parvis init` asks."""
    n = Person.objects.count()
    asks = make_actor("adviser", f"asks-{n}@test.example")
    decides = make_actor("coordinator", f"decides-{n}@test.example")
    review = approval.ask_review(actor=asks, consultation=consultation)
    approval.approve(actor=decides, review=review)


def survey_of(consultation: Consultation) -> Activity:
    """Return its survey."""
    return consultation.activities.select_related("node", "consultation__node").get(method="survey")


def make_answer(
    activity: Activity, payload: dict[str, Any] | None = None, **more: Any
) -> contributions.Receipt:
    """Return the receipt of one survey answer."""
    from parvis.core.access import NOBODY

    return contributions.submit(
        actor=more.pop("actor", NOBODY),
        activity=activity,
        payload=payload or {"first": "data", "why": "Parce que les données servent à tous."},
        **more,
    )


def a_day(offset: int) -> date:
    """Return a day counted from today."""
    return timezone.localdate() + timedelta(days=offset)
