"""Threads, subscriptions and events for the tests of notices."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from parvis.consult.models import Consultation
from parvis.core.access import NOBODY, SYSTEM
from parvis.core.events import emit
from parvis.core.models import Event, Node
from parvis.core.thread import link
from parvis.notify import services, tokens
from parvis.notify.models import Subscription
from tests.factories import make_answer, make_consultation, survey_of


def make_node(kind: str, slug: str, *, space: Node | None = None, state: str = "public") -> Node:
    """Return a node of the thread with a title in both languages."""
    return Node.objects.create(
        kind=kind,
        slug=slug,
        title={"fr": f"Titre {slug}", "en": f"Title {slug}"},
        space=space,
        state=state,
        published_at=timezone.now(),
    )


def make_thread(slug: str = "plan") -> dict[str, Any]:
    """Return a consultation and the thread of one of its answers, up to a dataset."""
    consultation = make_consultation(slug=slug)
    receipt = make_answer(survey_of(consultation))
    space = consultation.node
    nodes = {
        "contribution": receipt.contribution.node,
        "theme": make_node("theme", f"{slug}-theme", space=space),
        "response": make_node("response", f"{slug}-reponse", space=space),
        "commitment": make_node("commitment", f"{slug}-engagement"),
        "dataset": make_node("dataset", f"{slug}-jeu"),
    }
    for source, relation, target in (
        ("contribution", "expresses", "theme"),
        ("theme", "answered_by", "response"),
        ("response", "leads_to", "commitment"),
        ("commitment", "measured_by", "dataset"),
    ):
        link(nodes[source], relation, nodes[target], actor=SYSTEM)
    return {"consultation": consultation, "code": receipt.code, **nodes}


def make_subscription(
    email: str = "lectrice@test.example",
    node: Node | None = None,
    *,
    language: str = "fr",
    confirmed: bool = True,
    purpose: str = "follow",
    days_ago: int = 1,
) -> Subscription:
    """Return a subscription, confirmed a day ago by default."""
    actor = NOBODY.holding(node.pk) if node is not None else NOBODY
    services.subscribe(email=email, language=language, node=node, actor=actor, purpose=purpose)
    row = Subscription.objects.get(email=email, node=node)
    if confirmed:
        services.confirm(tokens.of_subscription(row), now=timezone.now() - timedelta(days=days_ago))
        row.refresh_from_db()
    return row


@transaction.atomic
def happen(verb: str, node: Node, *, at: datetime | None = None, actor: Any = SYSTEM) -> Event:
    """Return the event of something that happened to a node."""
    event = emit(verb, node=node, actor=actor)
    if at is not None:
        Event.objects.filter(pk=event.pk).update(at=at)
        event.refresh_from_db()
    return event


def extend(consultation: Consultation) -> Event:
    """Return the event of a phase made longer."""
    from parvis.consult import services as consult

    phase = consultation.phases.get()
    consult.extend(
        actor=SYSTEM,
        phase=phase,
        new_ends=phase.ends + timedelta(days=7),
        reason={"fr": "Plus de temps.", "en": "More time."},
    )
    return Event.objects.filter(verb="consultation.extended").latest("pk")


def link_in(text: str, word: str) -> str:
    """Return the path of the first link of a message that holds `word`."""
    found = re.search(rf"https?://[^/\s]+(/\S*{word}\S*)", text)
    assert found, text
    return found[1].rstrip(">")
