"""Legal data of proposals, made by the services."""

from typing import Any
from uuid import UUID

from parvis.consult.models import Activity, Consultation, Contribution, Vote
from parvis.core.access import NOBODY, Actor
from parvis.core.ids import new_id
from parvis.core.models import Node, State
from parvis.methods.proposals import consume, queries, services
from parvis.methods.proposals.models import Proposal
from tests.factories import make_consultation


def make_activity(settings: dict[str, Any] | None = None, **more: Any) -> Activity:
    """Return proposals that are open now."""
    consultation = make_consultation(with_proposals=True, **more)
    activity = proposals_of(consultation)
    if settings:
        activity.settings = {**activity.settings, **settings}
        activity.save(update_fields=["settings"])
    return activity


def proposals_of(consultation: Consultation) -> Activity:
    """Return its proposals."""
    return consultation.activities.select_related("node", "consultation__node").get(
        method="proposals"
    )


def make_proposal(
    activity: Activity,
    title: str = "Publier les contrats",
    body: str = "Chaque contrat paraît le jour de sa signature.",
    actor: Actor = NOBODY,
    **more: Any,
) -> Proposal:
    """Return a proposal."""
    receipt = services.propose(actor=actor, activity=activity, title=title, body=body, **more)
    return queries.proposal(receipt.contribution.pk)


def make_comment(
    proposal: Proposal, body: str = "D’accord.", actor: Actor = NOBODY, **more: Any
) -> Contribution:
    """Return a comment."""
    receipt = services.comment(actor=actor, proposal=proposal, body=body, **more)
    return queries.contribution(receipt.contribution.pk, proposal.activity.node.slug)


def bulk(activity: Activity, count: int, comments: int = 0) -> list[UUID]:
    """Write many proposals (and comments on the first) as rows, then count them again.

    Through the services 2,000 would take minutes; `recount` gives the rows that they write.
    """
    start = Contribution.objects.filter(activity=activity, parent=None).count()
    ids = [_contribution(activity, title=f"Proposition numéro {start + n}") for n in range(count)]
    for n in range(comments):
        _contribution(activity, parent=ids[0], body=f"Commentaire {n}. " + "Parce que. " * 20)
    voter = b"v" * 32
    Vote.objects.bulk_create(
        Vote(activity=activity, voter_key=voter, target_id=pk) for pk in ids[::7]
    )
    consume.recount(activity)
    return ids


def _contribution(
    activity: Activity, *, title: str = "", parent: UUID | None = None, body: str = ""
) -> UUID:
    pk = new_id()
    node = Node(
        id=pk,
        kind="contribution",
        slug=pk.hex,
        title={"fr": title} if title else {},
        space_id=activity.pk,
        state=State.PUBLIC,
    )
    node.save(force_insert=True)
    Contribution(
        node=node,
        activity=activity,
        parent_id=parent,
        body=body or "Une date, un service et une raison, publiés ensemble. " * 12,
        payload={"stance": "for"} if parent else {},
        receipt_lookup=0,
    ).save(force_insert=True)
    return pk
