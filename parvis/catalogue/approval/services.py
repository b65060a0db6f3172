"""A dataset is given to read, approved or sent back by another person, then published."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.catalogue import services as catalogue
from parvis.catalogue.approval import changes as changing
from parvis.catalogue.approval import gate, snapshot
from parvis.catalogue.approval.models import DataReview
from parvis.catalogue.conformity.profile import FILES, Hole, holes
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.core import access, deciding
from parvis.core.access import SYSTEM, Actor, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import State
from parvis.core.rows import check_row

_OVER = _("This was decided already.")


def waits(dataset: Dataset) -> bool:
    """Whether something of a dataset is not published yet: itself, a version, a file or a link."""
    if dataset.node.state != State.PUBLIC:
        return True
    if Version.objects.filter(resource__dataset=dataset, published_at__isnull=True).exists():
        return True
    return Resource.objects.filter(catalogue.UNPUBLISHED, dataset=dataset).exists()


def missing(dataset: Dataset) -> list[Hole]:
    """Return what a dataset lacks before anybody reads it: of answers, the files are made later."""
    found = holes(dataset)
    return [one for one in found if one.field != FILES] if gate.of_answers(dataset) else found


@transaction.atomic
def ask_review(
    *,
    actor: Actor,
    dataset: Dataset,
    note: str = "",
    changes: Mapping[str, Any] | None = None,
    key: IdempotencyKey | None = None,
) -> DataReview:
    """Give a dataset, as it is now and with `changes`, to another person to read.

    Asking again replaces what waited: its changes are kept, the new ones added. Raises Forbidden,
    Invalid with every hole or what the changes would break, Conflict when nothing waits or when
    it is approved or given to read as it is.
    """
    if replayed(key):
        return dataset.approvals.all()[0]
    access.require(actor, "manage_catalogue", dataset)
    if dataset.node.state not in {State.DRAFT, State.PRIVATE, State.PUBLIC}:
        raise Conflict(_("This dataset was withdrawn."))
    rows = dataset.approvals.select_for_update(of=("self",))
    before = list(rows.filter(state=DataReview.State.WAITING))
    asked = changing.joined(before[0].changes if before else {}, changing.clean(changes or {}))
    if changes:
        _refuse_changes(actor, dataset, asked)
    elif left := missing(dataset):
        raise Invalid({hole.field: [hole.words] for hole in left})
    if not asked and not waits(dataset):
        raise Conflict(_("Nothing new waits to be published."))
    now = snapshot.take(dataset)
    version = snapshot.version_of(now, asked)
    if gate.approval_of(dataset) and not changes:
        raise Conflict(_("This is approved already."))
    for waiting in before:
        if waiting.version == version:
            raise Conflict(_("This is given to read already."))
        deciding.decide(waiting, DataReview.State.WITHDRAWN, actor)
    review = DataReview(
        dataset=dataset,
        version=version,
        snapshot=now,
        changes=asked,
        asked_by_id=actor.person_id,
        note=note.strip() or (before[0].note if before else ""),
    )
    check_row(review, ["dataset"])
    review.save()
    _say("dataset.review_asked", review, actor, key)
    return review


def _refuse_changes(actor: Actor, dataset: Dataset, asked: Mapping[str, Any]) -> None:
    if dataset.node.state != State.PUBLIC:
        raise Conflict(_("A draft is changed directly: only what is public is proposed."))
    if not asked.get("note", {}).get(DEFAULT):
        raise Invalid({"note": [_("Say why, in French: it is shown to everybody.")]})
    if changing.tried(actor=actor, dataset=dataset, changes=asked) == snapshot.take(dataset):
        raise Invalid({"__all__": [_("Nothing is changed here.")]})


def _say(verb: str, review: DataReview, actor: Actor, key: IdempotencyKey | None = None) -> None:
    """Write what happened to a version: its name, and nothing said by anybody."""
    facts = {"version": review.version}
    emit(verb, node=review.dataset.node, actor=actor, data=facts, key=key)


def _by_another(actor: Actor, review: DataReview) -> DataReview:
    alone = _("Another person than the one who asked decides.")
    return deciding.by_another(actor, review, alone=alone, over=_OVER)


def outdated(review: DataReview) -> bool:
    """Whether the dataset says something else since this was given to read."""
    now = snapshot.take(review.dataset)
    return snapshot.version_of(now, review.changes) != review.version


@transaction.atomic
def approve(
    *, actor: Actor, review: DataReview, words: str = "", key: IdempotencyKey | None = None
) -> DataReview:
    """Approve a state of a dataset: it may be published as long as it says exactly this.

    Raises Forbidden for who asked, Closed when it is decided, Conflict when the dataset changed.
    """
    if replayed(key):
        return DataReview.objects.get(pk=review.pk)
    review = _by_another(actor, review)
    if outdated(review):
        raise Conflict(_("The dataset changed meanwhile: it has to be given to read again."))
    deciding.decide(review, DataReview.State.APPROVED, actor, words)
    _say("dataset.approved", review, actor, key)
    return review


@transaction.atomic
def ask_changes(
    *, actor: Actor, review: DataReview, words: str, key: IdempotencyKey | None = None
) -> DataReview:
    """Send a dataset back, saying what has to change. Raises Forbidden, Closed, Invalid."""
    if replayed(key):
        return DataReview.objects.get(pk=review.pk)
    review = _by_another(actor, review)
    if not words.strip():
        raise Invalid({"words": [_("Say what has to change.")]})
    deciding.decide(review, DataReview.State.CHANGES, actor, words)
    _say("dataset.changes_asked", review, actor, key)
    return review


@transaction.atomic
def withdraw(*, actor: Actor, review: DataReview) -> DataReview:
    """Take back what was given to read, with its changes. Raises Forbidden, Closed."""
    access.require(actor, "manage_catalogue", review.dataset)
    review = deciding.waiting(review, _OVER)
    deciding.decide(review, DataReview.State.WITHDRAWN, actor)
    _say("dataset.review_withdrawn", review, actor)
    return review


@transaction.atomic
def publish(
    *,
    actor: Actor,
    dataset: Dataset,
    note: Text | None = None,
    key: IdempotencyKey | None = None,
) -> Dataset:
    """Publish what waits: alone where one person is enough, else exactly what was approved.

    Approved changes are written in the name of who asked them. Raises Forbidden, Invalid with
    every hole, Conflict without an approval that holds, or when nothing waits.
    """
    if replayed(key):
        return dataset
    access.require(actor, "publish_data", dataset)
    if gate.of_answers(dataset):
        raise Conflict(_("The data of a consultation are published where they are reviewed."))
    # The lock: two persons who publish at once publish one after the other.
    Dataset.objects.select_for_update(of=("self",)).get(pk=dataset.pk)
    approval = gate.approval_of(dataset, alone=not gate.required())
    if approval is None or not approval.changes:
        return catalogue.publish_dataset(actor=actor, dataset=dataset, note=note, key=key)
    author = actor_for(approval.asked_by) if approval.asked_by else SYSTEM
    more = waits(dataset)
    try:
        changing.apply(actor=author, dataset=dataset, changes=approval.changes)
    except Forbidden:
        raise Conflict(_("Its author may no longer change this dataset.")) from None
    dataset = changing.fresh(dataset)
    if more:
        return catalogue.publish_dataset(
            actor=actor, dataset=dataset, note=note, second=SYSTEM, key=key
        )
    gate.served(dataset, dataset.modified_at)
    emit("dataset.changed", node=dataset.node, actor=actor, key=key)
    return dataset
