"""What waits for somebody among data: approvals, late datasets, what is missing, broken links."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.catalogue.approval import queries as approval
from parvis.catalogue.conformity.models import Quality
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.i18n import tr
from parvis.core.models import State
from parvis.core.templatetags.parvis import moment, number

LOOKED_AT_MAX = 500


@dataclass(frozen=True)
class Found:
    """A task, in the words of the desk's page."""

    count: int
    title: str
    words: str
    url: str
    action: str
    late: bool = False
    urgent: bool = True


def found(actor: Actor) -> Iterator[Found]:
    """Return what waits for this person among data: four queries, whatever there is."""
    yield from _approvals(actor)
    if access.can(actor, "manage_catalogue"):
        yield from _quality(actor)


def _approvals(actor: Actor) -> Iterator[Found]:
    for review in approval.to_approve(actor):
        slug, name = review.dataset.node.slug, tr(review.dataset.node.title)
        said = {"name": name, "who": review.asked_by or "—", "date": moment(review.asked_at)}
        words = _("%(name)s: asked by %(who)s on %(date)s.") % said
        yield Found(
            1, _("Waiting for my approval: data"), words, reverse("data_approval", args=[slug]),
            _("Read and decide"),
        )  # fmt: skip
    for review in approval.refused_publications():
        if access.can(actor, "publish_data", review.dataset):
            words = _("%(name)s: %(reason)s.") % {
                "name": tr(review.dataset.node.title),
                "reason": review.get_refused_because_display(),
            }
            url = reverse("data_approval", args=[review.dataset.node.slug])
            title = _("A planned publication did not happen")
            yield Found(1, title, words, url, _("See why"), late=True)


def _rows(actor: Actor, **which: Any) -> list[Quality]:
    rows = Quality.objects.filter(**which).select_related("dataset__node").order_by("pk")
    return [
        row for row in rows[:LOOKED_AT_MAX] if access.can(actor, "manage_catalogue", row.dataset)
    ]


def _quality(actor: Actor) -> Iterator[Found]:
    late = _rows(actor, late_since__isnull=False, dataset__node__state=State.PUBLIC)
    if late:
        n = len(late)
        title = ngettext("%(n)s late dataset", "%(n)s late datasets", n) % {"n": number(n)}
        words = _("Update the data, or say another frequency.")
        url = reverse("desk_data") + "?sort=late"
        yield Found(n, title, words, url, _("See the late ones"), late=True)
    broken = _rows(actor, broken__gt=0, dataset__node__state=State.PUBLIC)
    if broken:
        n = sum(row.broken for row in broken)
        title = ngettext("%(n)s broken link in the data", "%(n)s broken links in the data", n)
        url = (
            reverse("desk_dataset", args=[broken[0].dataset.node.slug])
            if len(broken) == 1
            else reverse("desk_data") + "?sort=quality"
        )
        words = _("The desk says which, and since when.")
        yield Found(n, title % {"n": number(n)}, words, url, _("See the broken links"))
    drafts = _rows(actor, holes__gt=0, dataset__node__state__in=[State.DRAFT, State.PRIVATE])
    if drafts:
        n = len(drafts)
        title = ngettext("%(n)s dataset to complete", "%(n)s datasets to complete", n)
        words = _("The profile’s fields that are missing keep them from being published.")
        url = (
            reverse("desk_dataset", args=[drafts[0].dataset.node.slug])
            if n == 1
            else reverse("desk_data")
        )
        title = title % {"n": number(n)}
        yield Found(n, title, words, url, _("See the drafts"), urgent=False)
