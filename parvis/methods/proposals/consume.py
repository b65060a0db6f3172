"""Keeps the counts of proposals, in the transaction of the act that changes them.

Named in settings.EVENT_CONSUMERS_IN_TRANSACTION. Whatever changes a contribution (a page, the
API, an import, a withdrawal by receipt, moderation), the counts follow: no service has to know.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models
from django.db.models import Count, Max

from parvis.analysis.text import fold
from parvis.consult.models import Activity, Contribution, Vote
from parvis.core.ids import as_id, stored
from parvis.core.models import Event, State
from parvis.core.prepared import Prepared
from parvis.methods.proposals.models import Proposal

KIND = "proposals"
_OF_CONTRIBUTIONS = frozenset(
    "contribution." + what
    for what in ("accepted", "edited", "withdrawn", "moderated", "restored", "erased")
)
_OF_SUPPORTS = frozenset({"support.accepted", "support.withdrawn"})


def count(
    event: Event,
    *,
    parts: Mapping[str, Any],
    ref: Event | None = None,
    on: str | None = None,
) -> None:
    """Bring the row of the proposal that an event is about up to date."""
    if event.node_id is None:
        return
    if event.verb in _OF_SUPPORTS:
        count_supports(event.node_id)
        return
    if event.verb not in _OF_CONTRIBUTIONS:
        return
    # The node that a service has just written knows its contribution already.
    contribution = getattr(event.node, "contribution", None)
    if contribution is None or contribution.activity.method != KIND:
        return
    if contribution.parent_id and event.verb == "contribution.accepted":
        _add_comment(contribution)
    elif contribution.parent_id:
        count_comments(contribution.parent_id)
    else:
        keep(contribution)


_row = Prepared(
    lambda pk: Proposal.objects.select_for_update().filter(pk=pk), pk=models.UUIDField()
)
_stances = Prepared(
    lambda parent: (
        Contribution.objects.filter(
            parent=parent, fate=Contribution.Fate.KEPT, node__state=State.PUBLIC
        )
        .order_by()
        .values_list("payload__stance")
        .annotate(n=Count("pk"))
    ),
    parent=models.UUIDField(),
)


def _locked(node_id: Any) -> Proposal | None:
    # Locked before counting: two acts at once would each miss the other's row on PostgreSQL.
    found: Proposal | None = _row.first(pk=node_id)
    return found


def count_supports(proposal_id: Any) -> None:
    """Count again the supports of a proposal."""
    row = _locked(proposal_id)
    if row:
        row.supports = Vote.objects.filter(target_id=proposal_id).count()
        row.save(update_fields=["supports"])


# By the ORM, writing it took longer than running it.
_ONE_MORE = """
UPDATE proposals_proposal SET comments = comments + 1, comments_for = comments_for + %s,
  comments_against = comments_against + %s
WHERE node_id = %s
"""


def _add_comment(comment: Contribution) -> None:
    """Count one comment more, in one statement however many there are."""
    if comment.fate != Contribution.Fate.KEPT or comment.node.state != State.PUBLIC:
        return
    stance = comment.payload.get("stance")
    values = [int(stance == "for"), int(stance == "against"), stored(as_id(comment.parent_id))]
    with connection.cursor() as cursor:
        cursor.execute(_ONE_MORE, values)


def count_comments(proposal_id: Any) -> None:
    """Count again the comments of a proposal that are public and kept, by stance."""
    row = _locked(proposal_id)
    if row is None:
        return
    found = dict(_stances(parent=proposal_id))
    row.comments = sum(found.values())
    row.comments_for = found.get("for", 0)
    row.comments_against = found.get("against", 0)
    row.save(update_fields=["comments", "comments_for", "comments_against"])


def keep(contribution: Contribution) -> Proposal:
    """Write what the row says of a proposal's own contribution; it gets its number once."""
    node = contribution.node
    shown = node.state == State.PUBLIC and contribution.fate == Contribution.Fate.KEPT
    said = fold(" ".join((*node.title.values(), contribution.body))) if shown else ""
    row = _locked(node.pk)
    if row is None:
        return Proposal.objects.create(
            node=node,
            activity_id=contribution.activity_id,
            number=_next_number(contribution.activity_id),
            at=node.created_at,
            visible=shown,
            words=said,
        )
    row.visible, row.words = shown, said
    row.save(update_fields=["visible", "words"])
    return row


def _next_number(activity_id: Any) -> int:
    # The activity is locked, so that two proposals at once do not take one number.
    list(Activity.objects.select_for_update().filter(pk=activity_id).values_list("pk"))
    last = Proposal.objects.filter(activity_id=activity_id).aggregate(last=Max("number"))
    return (last["last"] or 0) + 1


def recount(activity: Activity) -> int:
    """Count an activity again from its rows; return how many proposals it has.

    For data that came by another way than the services (an import of votes).
    """
    rows = Contribution.objects.select_related("node").filter(activity=activity, parent=None)
    for contribution in rows.order_by("node__created_at", "pk"):
        keep(contribution)
        count_comments(contribution.pk)
        count_supports(contribution.pk)
    return len(rows)
