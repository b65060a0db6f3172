"""Reading plans: where each commitment stands, who answered what. Never HTTP."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, UUIDField
from django.utils import timezone

from parvis.core import thread
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Link, Node, State
from parvis.core.prepared import Many, Prepared
from parvis.plan import lateness as terms
from parvis.plan.lateness import Lateness
from parvis.plan.models import Commitment, Evaluation, Milestone, Plan, ProgressUpdate, Response
from parvis.plan.standing import Standing, natural, stand
from parvis.plan.values import Verdict

_ORDER = (
    terms.LATE, terms.CURRENT, terms.PROMISED, terms.ENDED, terms.UNREAD, terms.DONE,
)  # fmt: skip
NEWEST = (F("reported_on").desc(nulls_last=True), "-pk")


def updates_of(commitment: Commitment) -> QuerySet[ProgressUpdate]:
    """The reports on a commitment, the current one first (dated ones before undated ones)."""
    return commitment.updates.select_related("node", "milestone__node").order_by(*NEWEST)


def last_update(commitment: Commitment) -> ProgressUpdate | None:
    """Return the current report on a commitment, or None."""
    return updates_of(commitment).first()


def with_parts(rows: QuerySet[Commitment]) -> QuerySet[Commitment]:
    """Commitments with their nodes, plans and organisations loaded."""
    return rows.select_related("node", "plan__node", "plan__organisation__node")


def public_commitments() -> QuerySet[Commitment]:
    """Public commitments of public plans."""
    return with_parts(
        Commitment.objects.filter(node__state=State.PUBLIC, plan__node__state=State.PUBLIC)
    )


def public_plans() -> QuerySet[Plan]:
    """Public plans, the newest first."""
    return (
        Plan.objects.filter(node__state=State.PUBLIC)
        .select_related("node", "organisation__node")
        .order_by(F("announced_on").desc(nulls_last=True), F("starts").desc(nulls_last=True), "-pk")
    )


def standings(commitments: QuerySet[Commitment], *, today: date | None = None) -> list[Standing]:
    """Return where commitments stand on `today`, late first, in three queries whatever their
    number."""
    return _stand(list(_with_newest(commitments)), today)


def _with_newest(commitments: QuerySet[Commitment]) -> QuerySet[Commitment]:
    newest = ProgressUpdate.objects.filter(commitment=OuterRef("pk")).order_by(*NEWEST)
    return with_parts(commitments).annotate(
        newest=Subquery(newest.values("pk")[:1], output_field=UUIDField())
    )


_updates = Prepared(
    lambda ids: ProgressUpdate.objects.filter(pk__in=ids).select_related("node"),
    ids=Many(UUIDField()),
)
_milestones = Prepared(
    lambda ids: Milestone.objects.filter(commitment__in=ids).select_related("node"),
    ids=Many(UUIDField()),
)
_public = Prepared(
    lambda ids: _with_newest(public_commitments().filter(pk__in=ids)), ids=Many(UUIDField())
)


def _stand(rows: Sequence[Any], today: date | None) -> list[Standing]:
    today = today or timezone.localdate()
    wanted = [row.newest for row in rows if row.newest]
    updates = {update.pk: update for update in _updates(ids=wanted)} if wanted else {}
    milestones: dict[UUID, list[Milestone]] = {}
    for milestone in _milestones(ids=[row.pk for row in rows]):
        milestones.setdefault(milestone.commitment_id, []).append(milestone)
    found = [stand(row, updates.get(row.newest), milestones.get(row.pk, []), today) for row in rows]
    return sorted(found, key=_late_first)


def _late_first(item: Standing) -> tuple[Any, ...]:
    plan = item.plan
    day = plan.announced_on or plan.starts or date.min
    return (
        plan.closed,
        -day.toordinal() if plan.closed else 0,
        _ORDER.index(item.lateness.state),
        -item.lateness.days,
        str(plan.pk),
        natural(item.commitment.number),
    )


def by_number(items: Iterable[Standing]) -> list[Standing]:
    """Return standings by plan (in the order met), then by number: exports and the timeline."""
    rows = list(items)
    order = {plan: n for n, plan in enumerate(dict.fromkeys(item.plan.pk for item in rows))}
    return sorted(rows, key=lambda item: (order[item.plan.pk], natural(item.commitment.number)))


def standing(commitment: Commitment, *, today: date | None = None) -> Standing:
    """Return where one commitment stands on `today`."""
    return standings(Commitment.objects.filter(pk=commitment.pk), today=today)[0]


def lateness(thing: Commitment | Milestone, *, today: date | None = None) -> Lateness:
    """Return whether a commitment or a milestone is late on `today`, and by how many days.

    Only what is in an open plan and past its end (else its commitment's, else the plan's) can be
    late; a closed plan keeps what was last reported.
    """
    if isinstance(thing, Milestone):
        found = standing(thing.commitment, today=today)
        return next(step.lateness for step in found.steps if step.milestone.pk == thing.pk)
    return standing(thing, today=today).lateness


def commitment_rows(ids: Iterable[UUID], *, today: date | None = None) -> list[Standing]:
    """Return the public commitments of these ids as rows (`plan/_commitment_row.html`)."""
    return _stand(_public(ids=list(ids)), today)


def late_commitments(*, today: date | None = None) -> list[Standing]:
    """Return the public commitments that are late, the latest first."""
    rows = public_commitments().filter(plan__closed=False)
    return [item for item in standings(rows, today=today) if item.lateness.is_late]


def public_evaluations() -> QuerySet[Evaluation]:
    """Evaluations of what is public, the newest first; withdrawn ones keep their place."""
    commitment = Q(commitment__node__state=State.PUBLIC, commitment__plan__node__state=State.PUBLIC)
    rows = Evaluation.objects.filter(node__state__in=[State.PUBLIC, State.HIDDEN])
    rows = rows.filter(commitment | Q(plan__node__state=State.PUBLIC))
    return rows.select_related("node__space__space", "body").order_by("-node__published_at", "-pk")


def plan_by_slug(slug: str) -> Plan:
    """Return a plan with its node and organisation. Raises Plan.DoesNotExist."""
    return Plan.objects.select_related("node", "organisation__node").get(
        node__kind="plan", node__slug=slug
    )


def commitment_by_slug(slug: str) -> Commitment:
    """Return a commitment with its plan. Raises Commitment.DoesNotExist."""
    return with_parts(Commitment.objects.all()).get(node__kind="commitment", node__slug=slug)


def _published(rows: QuerySet[Response]) -> QuerySet[Response]:
    return rows.filter(node__state=State.PUBLIC).select_related("node__space", "existing_node")


def responses_of(consultation: Node, *, drafts: bool = False) -> list[Response]:
    """Return the public responses of a consultation (its node), oldest first; all with `drafts`."""
    rows = Response.objects.filter(node__space=consultation)
    if drafts:
        return list(rows.select_related("node__space", "existing_node").order_by("pk"))
    return list(_published(rows).order_by("published_on", "pk"))


def responses_of_themes(theme_ids: Iterable[UUID]) -> dict[UUID, Response]:
    """Return theme id -> its public response (the newest), in two queries."""
    arrows = Link.objects.filter(source__in=list(theme_ids), relation="answered_by")
    pairs = list(arrows.order_by("pk").values_list("source_id", "target_id"))
    found = _published(Response.objects.all()).in_bulk([target for _source, target in pairs])
    return {source: found[target] for source, target in pairs if target in found}


@dataclass(frozen=True)
class LedTo:
    """A commitment that a response leads to, why, and where it stands."""

    standing: Standing
    reason: Text

    @property
    def node(self) -> Node:
        """The commitment's node."""
        return self.standing.node


def commitments_of_responses(
    ids: Iterable[UUID], *, today: date | None = None
) -> dict[UUID, list[LedTo]]:
    """Return response id -> the public commitments it leads to, in four queries."""
    arrows = thread.linked(ids, "leads_to")
    wanted = {link.target_id for links in arrows.values() for link in links}
    rows = {item.node.pk: item for item in commitment_rows(wanted, today=today)} if wanted else {}
    return {
        source: found
        for source, links in arrows.items()
        if (
            found := [
                LedTo(rows[link.target_id], link.reason) for link in links if link.target_id in rows
            ]
        )
    }


def response_to(theme: Node) -> Response | None:
    """Return the response to a theme, draft or public, or None."""
    linked = Response.objects.filter(node__links_in__source=theme).select_related("node__space")
    if found := linked.order_by("-pk").first():
        return found
    drafts = Response.objects.filter(node__space_id=theme.space_id, node__state=State.DRAFT)
    for row in drafts.select_related("node__space").order_by("-pk"):
        if str(theme.pk) in row.intended.get("themes", []):
            return row
    return None


# A consultation's own row is met through its node: no domain imports another.
def is_reconstructed(consultation: Node) -> bool:
    """Whether a consultation is rebuilt for the demonstration, so that what it says is marked."""
    return bool(getattr(getattr(consultation, "consultation", None), "reconstructed", False))


def languages_of(consultation: Node) -> list[str]:
    """Return the languages in which a consultation publishes."""
    return list(
        getattr(getattr(consultation, "consultation", None), "languages", None) or [DEFAULT]
    )


@dataclass(frozen=True)
class Said:
    """How many contributions express a theme, of how many, and a passage that shows it."""

    count: int
    total: int | None = None
    quote: str = ""
    language: str = DEFAULT


@dataclass(frozen=True)
class Origin:
    """A theme that asked for a commitment, with what was said of it and what answered."""

    node: Node
    said: Said
    reasons: list[Text] = field(default_factory=list)


def verdict_counts(responses: Iterable[Response]) -> dict[str, int]:
    """Return verdict -> number of responses, in the order of the scale."""
    found = [row.verdict for row in responses]
    return {name: found.count(name) for name in Verdict.values if name in found}
