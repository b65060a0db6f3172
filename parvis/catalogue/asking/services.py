"""Requests for data: sent, read, answered with a date, tied to what they became."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.asking.models import Answer, DataRequest, Stage, Support
from parvis.core import access, keys, limits
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid, SignInNeeded, TooMany
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, clean_text
from parvis.core.lists import clean_url
from parvis.core.models import Node, Organisation, State
from parvis.core.rows import apply, check_row, new_node, publish_node
from parvis.core.thread import RELATIONS, link, unlink

WAITING_MAX = 300
"""More than people can read: the form then says to come back later."""
RESERVED = ("new", "nouvelle", "follow-up", "suivi")
BECOMES = RELATIONS["becomes"][1]
ANSWERS = frozenset({Stage.PLANNED, Stage.DONE, Stage.REFUSED, Stage.ELSEWHERE})
"""Stages that answer; "being studied" only says that somebody looks at it."""
OVER = frozenset({Stage.DONE, Stage.REFUSED, Stage.ELSEWHERE})


@dataclass(frozen=True)
class Sent:
    """A request that was sent, and the receipt code that finds it again."""

    request: DataRequest
    code: str


@transaction.atomic
def submit(
    *,
    actor: Actor,
    title: str,
    fields: Mapping[str, Any],
    organisation: Organisation | None = None,
    language: str = DEFAULT,
    key: IdempotencyKey | None = None,
    reconstructed: bool = False,
) -> Sent:
    """Keep a request that waits to be read, and return it with its receipt code.

    Nobody sees it but its author and moderators. The promised days run from now. Raises Invalid,
    TooMany when too many wait.
    """
    if earlier := replayed(key):
        found = DataRequest.objects.select_related("node").get(node=earlier.node)
        return Sent(found, keys.receipt_code(found.pk))
    if DataRequest.objects.filter(review=DataRequest.Review.WAITING).count() >= WAITING_MAX:
        raise TooMany(_("Many requests wait to be read. Send yours again in a few days."))
    words = " ".join(title.split())
    if not words or len(words) > limits.TITLE_CHARACTERS:
        raise Invalid({"title": [_("Give a title, of 200 characters at most.")]})
    if organisation is not None and organisation.node.state != State.PUBLIC:
        raise Invalid({"organisation": [_("Choose an organisation of the list.")]})
    node = new_node("data_request", {language: words}, reserved=RESERVED)
    node.state = State.PRIVATE
    node.save(update_fields=["state"])
    code = keys.receipt_code(node.pk)
    row = DataRequest(
        node=node, author_id=actor.person_id, organisation=organisation, language=language,
        due=timezone.localdate() + timedelta(days=settings.DATA_REQUEST_DAYS),
        receipt_lookup=keys.receipt_lookup(code), reconstructed=reconstructed,
    )  # fmt: skip
    apply(row, fields, ("wanted", "reason"))
    row.wanted, row.reason = row.wanted.strip(), row.reason.strip()
    check_row(row)
    row.save(force_insert=True)
    emit("data_request.submitted", node=node, actor=actor, key=key)
    return Sent(row, code)


def by_code(typed: str) -> DataRequest | None:
    """Return the request of a receipt code as typed, or None."""
    code = keys.normalise_code(typed)
    rows = DataRequest.objects.select_related("node", "organisation__node")
    return keys.of_receipt(rows, code) if code else None


def _french(words: Text, field: str, said: Any, characters_max: int) -> dict[str, str]:
    try:
        cleaned = clean_text(words, characters_max=characters_max)
    except ValidationError as error:
        raise Invalid({field: error.messages}) from None
    if not cleaned.get(DEFAULT):
        raise Invalid({field: [said]})
    return cleaned


def _locked(request: DataRequest) -> DataRequest:
    """Return the row as it is now, locked: two people at the desk do not answer over each other."""
    return (
        DataRequest.objects.select_for_update(of=("self",))
        .select_related("node", "organisation__node")
        .get(pk=request.pk)
    )


def _waiting(request: DataRequest) -> DataRequest:
    row = _locked(request)
    if row.review != DataRequest.Review.WAITING or row.node.state != State.PRIVATE:
        raise Conflict(_("This was read already, or taken back by its author."))
    return row


@transaction.atomic
def publish(*, actor: Actor, request: DataRequest) -> DataRequest:
    """Show a request that was read. Raises Forbidden, Conflict when it was read already."""
    access.require(actor, "moderate", request.node)
    row = _waiting(request)
    row.review, row.reviewed_at = DataRequest.Review.ACCEPTED, timezone.now()
    row.save(update_fields=["review", "reviewed_at"])
    publish_node(row.node)
    emit("data_request.published", node=row.node, actor=actor)
    return row


@transaction.atomic
def turn_down(*, actor: Actor, request: DataRequest, motive: Text) -> DataRequest:
    """Say why a request is not shown: its author reads it.

    Raises Forbidden, Conflict when it was read already, Invalid without a reason.
    """
    access.require(actor, "moderate", request.node)
    row = _waiting(request)
    said = _("Say why, in French: the author reads it.")
    row.motive = _french(motive, "motive", said, limits.REASON_CHARACTERS)
    row.review, row.reviewed_at = DataRequest.Review.REFUSED, timezone.now()
    row.save(update_fields=["review", "motive", "reviewed_at"])
    emit("data_request.turned_down", node=row.node, actor=actor)
    return row


def _checked(
    row: DataRequest, stage: str, url: str, planned_on: date | None
) -> tuple[str, date | None]:
    """Return the address and the day that a stage takes. Raises Invalid, Conflict."""
    if stage not in Stage.values or stage == Stage.RECEIVED:
        raise Invalid({"stage": [_("Choose a state of the list.")]})
    if row.node.state != State.PUBLIC:
        raise Conflict(_("Only a public request is answered."))
    if stage == Stage.STUDIED and row.stage != Stage.RECEIVED:
        raise Invalid({"stage": [_("It was looked at already: say what follows.")]})
    if stage == Stage.PLANNED:
        if planned_on is None:
            raise Invalid({"planned_on": [_("Give the day by which the data will be published.")]})
        if planned_on < timezone.localdate():
            raise Invalid({"planned_on": [_("This day is past.")]})
    elif planned_on is not None:
        raise Invalid({"planned_on": [_("Only what is planned has a day.")]})
    url = url.strip()
    if url:
        try:
            url = clean_url(url)
        except ValidationError as error:
            raise Invalid({"url": error.messages}) from None
    if stage == Stage.ELSEWHERE and not url:
        raise Invalid({"url": [_("Give the address where this data is published.")]})
    if (
        stage == Stage.DONE
        and not row.node.links_out.filter(
            relation="becomes", target__kind="dataset", target__state=State.PUBLIC
        ).exists()
    ):
        said = _("Tie it first to the public dataset that it became.")
        raise Invalid({"stage": [said]})
    return url, planned_on


@transaction.atomic
def answer(
    *,
    actor: Actor,
    request: DataRequest,
    stage: str,
    words: Text,
    url: str = "",
    planned_on: date | None = None,
    key: IdempotencyKey | None = None,
) -> Answer:
    """Answer a request in the name of its organisation, and return the answer, dated now.

    "planned" takes a day, "elsewhere" an address, "done" a public dataset tied before. Raises
    Forbidden, Invalid, Conflict when it is not public.
    """
    if earlier := replayed(key):
        return Answer.objects.get(pk=earlier.data["answer"])
    access.require(actor, "manage_catalogue", request)
    row = _locked(request)
    url, planned_on = _checked(row, stage, url, planned_on)
    said = _("Write the answer in French: everybody reads it.")
    now = timezone.now()
    made = Answer.objects.create(
        request=row, stage=stage, words=_french(words, "words", said, limits.COMMENT_CHARACTERS),
        url=url, planned_on=planned_on, at=now, by_id=actor.person_id,
    )  # fmt: skip
    row.stage, row.planned_on = stage, planned_on
    if stage in ANSWERS and row.answered_at is None:
        row.answered_at = now
    row.save(update_fields=["stage", "planned_on", "answered_at"])
    data = {"stage": stage, "answer": made.pk}
    emit("data_request.answered", node=row.node, actor=actor, data=data, key=key)
    return made


@transaction.atomic
def assign(*, actor: Actor, request: DataRequest, organisation: Organisation | None) -> DataRequest:
    """Say which organisation answers. Raises Forbidden, Invalid for one that is not public."""
    access.require(actor, "manage_catalogue", request)
    if organisation is not None and organisation.node.state != State.PUBLIC:
        raise Invalid({"organisation": [_("Choose an organisation of the list.")]})
    row = _locked(request)
    row.organisation = organisation
    row.save(update_fields=["organisation"])
    data = {"organisation": organisation.node.slug if organisation else None}
    emit("data_request.assigned", node=row.node, actor=actor, data=data)
    return row


@transaction.atomic
def tie(*, actor: Actor, request: DataRequest, target: UUID, reason: Text) -> Node:
    """Tie a request to the commitment or dataset that it becomes, with why; return that one.

    Raises Forbidden, Invalid for what is not public or without a reason, Conflict.
    """
    access.require(actor, "manage_catalogue", request)
    if request.node.state != State.PUBLIC:
        raise Conflict(_("Only a public request is answered."))
    other = Node.objects.filter(pk=target, kind__in=BECOMES, state=State.PUBLIC).first()
    if other is None:
        raise Invalid({"target": [_("Choose a commitment or a dataset that is public.")]})
    said = _("Say why, in French: it is shown to everybody.")
    words = _french(reason, "reason", said, limits.REASON_CHARACTERS)
    link(request.node, "becomes", other, actor=actor, reason=words, action="manage_catalogue")
    emit("data_request.tied", node=request.node, actor=actor, data={"to": str(other.pk)})
    return other


@transaction.atomic
def untie(*, actor: Actor, request: DataRequest, target: UUID) -> int:
    """Undo a tie; return how many there were (0 or 1). Raises Forbidden, Conflict.

    What says "published" keeps at least one public dataset.
    """
    access.require(actor, "manage_catalogue", request)
    other = Node.objects.filter(pk=target).first()
    if other is None:
        return 0
    row = _locked(request)
    datasets = row.node.links_out.filter(relation="becomes", target__kind="dataset")
    if row.stage == Stage.DONE and not datasets.exclude(target=other).exists():
        raise Conflict(_("It says that the data is published: this tie says which. It stays."))
    count = unlink(row.node, "becomes", other, actor=actor, action="manage_catalogue")
    if count:
        emit("data_request.untied", node=row.node, actor=actor, data={"from": str(other.pk)})
    return count


@transaction.atomic
def support(*, actor: Actor, request: DataRequest, wanted: bool) -> int:
    """Say that one wants the same data, or no more; return how many people do. Twice is once.

    Raises SignInNeeded without an account, Forbidden for what is not public, Conflict when it is
    over.
    """
    if actor.person_id is None:
        raise SignInNeeded
    access.require(actor, "support", request.node)
    if wanted and request.stage in OVER:
        raise Conflict(_("This request has its last answer: there is nothing more to support."))
    if wanted:
        _row, made = Support.objects.get_or_create(request=request, person_id=actor.person_id)
        changed = made
    else:
        changed = bool(Support.objects.filter(request=request, person=actor.person_id).delete()[0])
    if changed:
        # Whom a person supports is nobody's business: the event does not say who.
        emit("data_request.supported", node=request.node, data={"by": 1 if wanted else -1})
    return request.supports.count()


@transaction.atomic
def withdraw(*, actor: Actor, request: DataRequest) -> None:
    """Take one's own request back, waiting or public. Raises Forbidden for others, Conflict."""
    if request.node.state in {State.WITHDRAWN, State.ERASED}:
        raise Conflict(_("This was taken back already."))
    access.require(actor, "withdraw_own", request)
    request.node.state = State.WITHDRAWN
    request.node.save(update_fields=["state"])
    emit("data_request.withdrawn", node=request.node, actor=actor)
