"""Fills a temporary home with what the measures need, and says where it is in `bench.json`.

Settings, consultation and comments go through the services; what would take minutes that way
(11,000 contributions, 2,000 proposals, drafts) is inserted in bulk, with the same columns.
"""

import json
import random
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from bench.settings import CONTRIBUTIONS, DRAFTS, HOME, PROPOSALS, WITH_COMMENTS


def _nodes(kind: str, count: int, **more: Any) -> list[Any]:
    from django.utils import timezone

    from parvis.core.ids import new_id
    from parvis.core.models import Node

    now = timezone.now()
    rows = []
    for _n in range(count):
        pk = new_id()
        fields = {"title": {}, "published_at": now, **more}
        rows.append(Node(id=pk, kind=kind, slug=pk.hex, created_at=now, **fields))
    return Node.objects.bulk_create(rows, batch_size=500)


def _contributions(nodes: Iterable[Any], activity: Any, **more: Any) -> list[Any]:
    from parvis.consult.models import Contribution
    from parvis.core import keys

    rows = [
        Contribution(
            node=node,
            activity=activity,
            receipt_lookup=keys.receipt_lookup(keys.receipt_code(node.pk)),
            **more,
        )
        for node in nodes
    ]
    return Contribution.objects.bulk_create(rows, batch_size=500)


def _proposals(activity: Any) -> list[UUID]:
    """2,000 proposals with counts; the first one gets its comments from the service."""
    from parvis.analysis.text import fold
    from parvis.methods.proposals import services
    from parvis.methods.proposals.models import Proposal

    chance = random.Random(7)
    nodes = _nodes("contribution", PROPOSALS, space_id=activity.pk, state="public")
    body = "Publier les données de la direction chaque mois, avec leur dictionnaire. " * 6
    for n, node in enumerate(nodes):
        node.title = {"fr": f"Proposition {n}: publier les données de la direction"}
        node.save(update_fields=["title"])
    _contributions(nodes, activity, body=body)
    rows = Proposal.objects.bulk_create(
        [
            Proposal(
                node=node,
                activity=activity,
                number=n + 1,
                at=node.created_at,
                supports=chance.randrange(400),
                words=fold(f"{node.title['fr']} {body}"),
            )
            for n, node in enumerate(nodes)
        ],
        batch_size=200,
    )
    from parvis.core.access import NOBODY

    for n in range(WITH_COMMENTS):
        services.comment(
            actor=NOBODY,
            proposal=rows[0],
            body=f"Commentaire {n}. " + "Un avis écrit en quelques phrases, avec ses raisons. " * 4,
            stance=("for", "against", "neutral")[n % 3],
        )
    return [row.pk for row in rows]


def _thread(consultation: Any, survey: Any) -> tuple[Any, list[Any]]:
    """11,000 contributions express 3 themes, answered by 2 responses, leading to 1 commitment."""
    from parvis.core.models import Link
    from parvis.plan.models import Commitment, Plan, Response
    from parvis.understand.models import Theme

    given = _nodes("contribution", CONTRIBUTIONS, space_id=survey.pk, state="private")
    _contributions(given, survey, payload={"first": "data", "why": "Pour que tous s’en servent."})
    here = {"space_id": consultation.pk, "state": "public"}
    themes = _nodes("theme", 3, title={"fr": "Un thème", "en": "A theme"}, **here)
    Theme.objects.bulk_create(Theme(node=node, position=n) for n, node in enumerate(themes))
    responses = _nodes("response", 2, title={"fr": "Une réponse", "en": "A response"}, **here)
    Response.objects.bulk_create(
        Response(node=node, verdict="kept", sources=[]) for node in responses
    )
    (plan,) = _nodes("plan", 1, title={"fr": "Un plan", "en": "A plan"}, state="public")
    of_plan = Plan.objects.create(node=plan, organisation=consultation.organisation, sources=[])
    (promise,) = _nodes(
        "commitment", 1, title={"fr": "Un engagement", "en": "A commitment"},
        space_id=plan.pk, state="public",
    )  # fmt: skip
    Commitment.objects.create(node=promise, plan=of_plan, number="1", sources=[])
    links = [
        Link(source=node, relation="expresses", target=themes[n % 3])
        for n, node in enumerate(given)
    ]
    links += [
        Link(source=theme, relation="answered_by", target=responses[n % 2])
        for n, theme in enumerate(themes)
    ]
    links += [Link(source=node, relation="leads_to", target=promise) for node in responses]
    Link.objects.bulk_create(links, batch_size=500)
    return promise, themes


def _drafts(survey: Any) -> list[str]:
    """Answers ready to be sent. One goes through the service, the others copy its row."""
    from parvis.consult import contributions
    from parvis.consult.models import Draft

    payload = {"first": "data", "why": "Parce que les données servent à tous, et longtemps."}
    first = contributions.save_draft(activity=survey, payload=payload)
    model = Draft.objects.get()
    tokens = [contributions.new_token() for _n in range(DRAFTS - 1)]
    Draft.objects.bulk_create(
        [
            Draft(
                token_digest=contributions._digest(token),
                activity=survey,
                payload=model.payload,
                expires=model.expires + timedelta(days=1),
            )
            for token in tokens
        ],
        batch_size=500,
    )
    return [first, *tokens]


def fill() -> dict[str, Any]:
    """Fill the home of PARVIS_HOME; return (and write) what the measures ask by name."""
    from django.db import connection, transaction

    from parvis.commands.prepare import prepare, start_django

    start_django()
    prepare()
    from parvis.methods.proposals.forms import CommentForm
    from tests.factories import make_consultation

    started = time.monotonic()
    with transaction.atomic():
        consultation = make_consultation(slug="plan", with_proposals=True)
        survey = consultation.activities.get(method="survey")
        proposals = consultation.activities.get(method="proposals")
        for activity in (survey, proposals):
            activity.consultation = consultation
        numbers = _proposals(proposals)
        promise, _themes = _thread(consultation, survey)
        tokens = _drafts(survey)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    found = {
        "consultation": consultation.node.slug,
        "survey": survey.node.slug,
        "proposals": proposals.node.slug,
        "numbers": [str(pk) for pk in numbers],
        "commitment": str(promise.pk),
        "tokens": tokens,
        # The moment a form was first shown, signed by the application as for any person.
        "opened": CommentForm().fields["opened"].initial,
        "seconds": round(time.monotonic() - started, 1),
    }
    (HOME / "bench.json").write_text(json.dumps(found))
    return found


if __name__ == "__main__":
    print(f"filled in {fill()['seconds']} s")
