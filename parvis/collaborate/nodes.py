"""What each kind of collaboration says of itself to the kernel: address and words."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from parvis.collaborate.models import Advice, Change, Committee, Drafting, Group, Meeting, Passage
from parvis.core import kinds
from parvis.core.i18n import tr
from parvis.core.kinds import Kind, Knot
from parvis.core.lists import joined
from parvis.core.models import Node
from parvis.core.templatetags.parvis import number

Words = dict[UUID, dict[str, str]]


def committee_texts(ids: Iterable[UUID]) -> Words:
    """The words of committees."""
    rows = Committee.objects.filter(pk__in=list(ids))
    return {row.pk: joined(row.summary, row.mandate, row.rules, row.notes) for row in rows}


def meeting_texts(ids: Iterable[UUID]) -> Words:
    """The words of meetings."""
    rows = Meeting.objects.filter(pk__in=list(ids))
    return {row.pk: joined(row.place, row.agenda, row.minutes) for row in rows}


def advice_texts(ids: Iterable[UUID]) -> Words:
    """The words of advice, and of the reply."""
    rows = Advice.objects.filter(pk__in=list(ids))
    return {row.pk: joined(row.text, row.reply) for row in rows}


def drafting_texts(ids: Iterable[UUID]) -> Words:
    """The words of drafts."""
    wanted = list(ids)
    found = {row.pk: [row.intro] for row in Drafting.objects.filter(pk__in=wanted)}
    for passage in Passage.objects.filter(drafting__in=wanted):
        found[passage.drafting_id].append(passage.text)
    return {pk: joined(*texts) for pk, texts in found.items()}


def change_texts(ids: Iterable[UUID]) -> Words:
    """The words of proposed changes."""
    rows = Change.objects.filter(pk__in=list(ids))
    return {row.pk: joined(row.text, {row.language: row.reason}) for row in rows}


def group_texts(ids: Iterable[UUID]) -> Words:
    """The words of accredited groups."""
    return {row.pk: joined(row.why) for row in Group.objects.filter(pk__in=list(ids))}


def drafting_knots(ids: Sequence[UUID]) -> list[Knot]:
    """One knot: the draft written together, and how many of its changes were adopted."""
    rows = list(Drafting.objects.filter(pk__in=list(ids), node__state="public")
                .select_related("node"))  # fmt: skip
    if not rows:
        return []
    n = Change.objects.filter(passage__drafting__in=rows, status=Change.Status.ADOPTED).count()
    words = ngettext("%(n)s change adopted", "%(n)s changes adopted", n) % {"n": number(n)}
    first = rows[0]
    state = "current" if first.is_open else "done"
    return [Knot(_("Written together"), tr(first.node.title), words, state, kinds.url(first.node))]


def _change_url(node: Node) -> str | None:
    return f"{kinds.url(node.space)}#c-{node.slug}" if node.space else None


def register() -> None:
    """Declare the kinds."""
    for kind in (
        Kind(
            "committee", gettext_lazy("Committee"), gettext_lazy("Committees"),
            lambda node: reverse("committee", args=[node.slug]), committee_texts,
        ),
        Kind(
            "meeting", gettext_lazy("Meeting"), gettext_lazy("Meetings"),
            lambda node: reverse("meeting", args=[node.slug]), meeting_texts,
        ),
        Kind(
            "advice", gettext_lazy("Advice"), gettext_lazy("Advice"),
            lambda node: reverse("advice", args=[node.slug]), advice_texts,
        ),
        Kind(
            "drafting", gettext_lazy("Common draft"), gettext_lazy("Common drafts"),
            lambda node: reverse("drafting", args=[node.slug]), drafting_texts,
            knots=drafting_knots,
        ),
        Kind(
            "change", gettext_lazy("Proposed change"), gettext_lazy("Proposed changes"),
            _change_url, change_texts, searchable=False,
        ),
        Kind(
            "group", gettext_lazy("Accredited group"), gettext_lazy("Accredited groups"),
            lambda node: reverse("group", args=[node.slug]), group_texts,
        ),
    ):  # fmt: skip
        kinds.register(kind)
