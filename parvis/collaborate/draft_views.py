"""Pages of common writing: read a text, propose words for a passage, decide, look back."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from parvis.collaborate import drafting as writing
from parvis.collaborate.forms import why_field
from parvis.collaborate.models import Change, Drafting, Passage
from parvis.collaborate.nodes import drafting_knots
from parvis.collaborate.views import FORM, SECTION, committee_or_404
from parvis.collaborate.voices import has_seat_or_office
from parvis.core import access, kinds, limits, thread
from parvis.core.desk import editing, key_of, submitted
from parvis.core.forms import KeyedForm
from parvis.core.i18n import TextFormField, tr
from parvis.core.models import State
from parvis.core.pages import history_page, public_page

_RELATED = ("node", "committee__node", "committee__organisation__node")


def drafting_or_404(slug: str) -> Drafting:
    """Return a public draft of a public committee."""
    shown = {"node__state": State.PUBLIC, "committee__node__state": State.PUBLIC}
    rows = Drafting.objects.filter(node__kind="drafting", **shown).select_related(*_RELATED)
    return get_object_or_404(rows, node__slug=slug)


def _settles(request: HttpRequest, found: Drafting) -> bool:
    return has_seat_or_office(request.actor, "settle_change", found.committee)


def _commitments(found: Drafting) -> list[Any]:
    links = thread.linked([found.pk], "becomes").get(found.pk, [])
    return [link.target for link in links if link.target.state == State.PUBLIC]


@require_safe
def drafting(request: HttpRequest, slug: str) -> HttpResponse:
    """A text written together: each passage with its changes, proposed and decided."""
    found = drafting_or_404(slug)
    rows = writing.lines(found)
    became = _commitments(found)
    kind = kinds.known().get("commitment")
    later = kind.knots([node.pk for node in became]) if kind and kind.knots and became else []
    context = {
        "drafting": found,
        "committee": found.committee,
        "node": found.node,
        "lines": rows,
        "waiting": sum(len(row.waiting) for row in rows),
        "adopted": sum(
            one.change.status == Change.Status.ADOPTED for row in rows for one in row.decided
        ),
        "became": became,
        "knots": [*drafting_knots([found.pk]), *later] if later else [],
        "may_settle": _settles(request, found),
        "versions": found.node.revisions.count(),
        **SECTION,
    }
    return public_page(request, "collaborate/drafting.html", context)


@require_safe
def history(request: HttpRequest, slug: str) -> HttpResponse:
    """What a text said at each version, with the differences and why."""
    found = drafting_or_404(slug)
    numbers = found.passages.values_list("position", flat=True)
    labels = {f"passage-{n}": _("Passage %(n)d") % {"n": n} for n in numbers}
    labels["intro"] = _("Introduction")
    back = reverse("drafting", args=[slug])
    return history_page(request, found, back, labels=labels, section="collaborate")


class DraftingForm(KeyedForm):
    """A text to open to common writing."""

    title = TextFormField(label=gettext_lazy("Title"), characters_max=limits.TITLE_CHARACTERS)
    intro = TextFormField(
        label=gettext_lazy("What is being written, and for what"), rows=3, required=False,
        characters_max=limits.TEXT_CHARACTERS,
    )  # fmt: skip
    text = TextFormField(
        label=gettext_lazy("The text to start from"), rows=14,
        characters_max=limits.TEXT_CHARACTERS,
        help_text=gettext_lazy(
            "A blank line begins a new passage; the same passages in each language."
        ),
    )  # fmt: skip
    open_to = forms.ChoiceField(
        label=gettext_lazy("Who may propose changes"), choices=Drafting.OpenTo,
        widget=forms.RadioSelect, initial=Drafting.OpenTo.MEMBERS,
    )  # fmt: skip


@editing
def drafting_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Open a text to common writing."""
    committee = committee_or_404(request, slug)
    access.require(request.actor, "draft_together", committee)
    form = DraftingForm(request.POST or None)

    def act() -> str:
        data = form.cleaned_data
        made = writing.open_drafting(
            actor=request.actor,
            committee=committee,
            key=key_of(form, f"drafting:{committee.pk}:{request.actor.person_id}"),
            **{name: data[name] for name in ("title", "intro", "text", "open_to")},
        )
        messages.success(request, _("The text is public."))
        return reverse("drafting", args=[made.node.slug])

    context = {
        "committee": committee, "heading": _("Open a text to common writing"),
        "submit": _("Publish the text"), "back": reverse("committee", args=[slug]),
    }  # fmt: skip
    return submitted(request, form, act, FORM, context)


class SettingsForm(KeyedForm):
    """Who may propose; whether the text is closed."""

    open_to = DraftingForm.base_fields["open_to"]
    closed = forms.BooleanField(
        label=gettext_lazy("Close the text: nothing more is proposed or decided"), required=False
    )


@editing
def drafting_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Say who may propose, close or reopen a text."""
    found = drafting_or_404(slug)
    if not _settles(request, found):
        access.require(request.actor, "settle_change")
        raise Http404
    initial = {"open_to": found.open_to, "closed": not found.is_open}
    form = SettingsForm(request.POST or None, initial=initial)

    def act() -> str:
        changes = {name: form.cleaned_data[name] for name in ("open_to", "closed")}
        writing.change_drafting(actor=request.actor, drafting=found, changes=changes)
        messages.success(request, _("The text is saved."))
        return reverse("drafting", args=[slug])

    context = {
        "committee": found.committee, "heading": tr(found.node.title),
        "submit": _("Save"), "back": reverse("drafting", args=[slug]),
    }  # fmt: skip
    return submitted(request, form, act, FORM, context)


class ChangeForm(KeyedForm):
    """New words for a passage, and why."""

    text = TextFormField(
        label=gettext_lazy("New words"), rows=6, characters_max=limits.CONTRIBUTION_CHARACTERS,
        help_text=gettext_lazy("A language that you empty falls when the change is adopted."),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=limits.REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Public, with the name of your account if you gave it one."),
    )  # fmt: skip


@editing
def change_new(request: HttpRequest, slug: str, position: int) -> HttpResponse:
    """Propose new words for a passage."""
    found = drafting_or_404(slug)
    writing.require_proposer(request.actor, found)
    rows = Passage.objects.select_related("drafting__node", "drafting__committee__node")
    passage = get_object_or_404(rows, drafting=found, position=position)
    form = ChangeForm(request.POST or None, initial={"text": passage.text})

    def act() -> str:
        made = writing.propose_change(
            actor=request.actor,
            passage=passage,
            text=form.cleaned_data["text"],
            reason=form.cleaned_data["reason"],
            key=key_of(form, f"change:{passage.pk}:{request.actor.person_id}"),
        )
        messages.success(request, _("Your change is public; a decision will say why."))
        return f"{reverse('drafting', args=[slug])}#c-{made.node.slug}"

    context = {
        "committee": found.committee,
        "heading": _("Propose a change to passage %(n)d") % {"n": position},
        "before": passage.text,
        "submit": _("Publish the proposal"),
        "back": f"{reverse('drafting', args=[slug])}#passage-{position}",
    }
    return submitted(request, form, act, FORM, context)


class SettleForm(KeyedForm):
    """Adopt or refuse, and why."""

    adopt = forms.ChoiceField(
        label=gettext_lazy("Decision"), widget=forms.RadioSelect,
        choices=[("yes", gettext_lazy("Adopt it")), ("no", gettext_lazy("Refuse it"))],
    )  # fmt: skip
    decision = why_field(gettext_lazy("Why it is adopted or refused"), gettext_lazy("Public."))


@editing
def change_settle(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Adopt or refuse a proposed change."""
    rows = Change.objects.select_related(
        "node", "passage__drafting__node", "passage__drafting__committee__node",
        "passage__drafting__committee__organisation__node",
    )  # fmt: skip
    change = get_object_or_404(rows, pk=pk, node__state=State.PUBLIC)
    found = change.passage.drafting
    access.require(request.actor, "settle_change", found.committee)
    form = SettleForm(request.POST or None)
    back = f"{reverse('drafting', args=[found.node.slug])}#c-{change.node.slug}"

    def act() -> str:
        writing.settle_change(
            actor=request.actor,
            change=change,
            adopt=form.cleaned_data["adopt"] == "yes",
            decision=form.cleaned_data["decision"],
            key=key_of(form, f"settle:{change.pk}"),
        )
        messages.success(request, _("The decision is public."))
        return back

    shown = writing.shown(change)
    context = {
        "committee": found.committee, "drafting": found, "change": change, "shown": shown,
        "heading": _("Decide on a change"), "submit": _("Publish the decision"), "back": back,
    }  # fmt: skip
    return submitted(request, form, act, "collaborate/settle.html", context)
