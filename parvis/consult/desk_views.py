"""The desk of a consultation: starting, what is missing, opening, extending, what was received."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.consult import (
    blueprints,
    contributions,
    desk_contributions,
    desk_forms,
    queries,
    services,
)
from parvis.consult.approval import gate, snapshot
from parvis.consult.desk_pages import (
    consultation_of,
    draw,
    items_of,
    link,
    phases_of,
    said,
)
from parvis.consult.models import Channel, Consultation, Contribution
from parvis.core import access
from parvis.core.desk import editing, key_of
from parvis.core.errors import Invalid, NotFound, Refused
from parvis.core.forms import KeyedForm, put_errors
from parvis.core.i18n import DEFAULT, tr
from parvis.core.models import Node, Organisation, Site, State
from parvis.core.pages import paginate
from parvis.core.templatetags.parvis import number

# Starting ----------------------------------------------------------------------------------------


def _default_organisation() -> str:
    site = Site.objects.first()
    if site and site.organisation_id:
        return str(site.organisation_id)
    return ""


@editing
def new(request: HttpRequest) -> HttpResponse:
    """A starting point, a title, an organisation and two dates: all the rest is filled in."""
    access.require(request.actor, "manage_consultation")  # type: ignore[attr-defined]
    plans = blueprints.all_blueprints()
    initial = {"organisation": _default_organisation(), "blueprint": next(iter(plans), "")}
    form = desk_forms.NewForm(request.POST or None, initial=initial)
    form.fields["blueprint"].choices = [  # type: ignore[attr-defined]
        (one.slug, format_html("<strong>{}</strong><br>{}", tr(one.name), tr(one.description)))
        for one in plans.values()
    ]
    form.fields["organisation"].choices = [  # type: ignore[attr-defined]
        ("", _("Choose…")), *desk_forms.organisations(),
    ]  # fmt: skip
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = {name: value for name, value in form.cleaned_data.items() if name != "key"}
            organisation = Organisation.objects.filter(pk=data["organisation"] or None).first()
            scope = f"consultation:{request.actor.person_id}"  # type: ignore[attr-defined]
            try:
                made = blueprints.create_from_blueprint(
                    actor=request.actor,  # type: ignore[attr-defined]
                    blueprint=data["blueprint"],
                    title=data["title"],
                    organisation=organisation,
                    opens=data["opens"],
                    closes=data["closes"],
                    languages=[c for c in (DEFAULT, "en") if c == DEFAULT or data["title"].get(c)],
                    key=key_of(form, scope),
                )
            except Invalid as refusal:
                put_errors(form, refusal)
            else:
                messages.success(request, _("The draft is created. Nobody sees it yet."))
                place = reverse("consult_desk", args=[made.node.slug])
                return HttpResponseRedirect(place, status=303)
    context = {"form": form, "section": "desk"}
    return render(request, "consult/desk/new.html", context, status=status)


# Overview ----------------------------------------------------------------------------------------


def _elsewhere(request: HttpRequest, consultation: Consultation) -> list[tuple[str, str]]:
    slug, actor = consultation.node.slug, request.actor  # type: ignore[attr-defined]
    pages = (
        ("code", "coding", _("Code the contributions")),
        ("manage_themes", "coding_themes", _("Themes")),
        ("respond", "desk_responses", _("Responses to themes")),
        ("publish_data", "publish_data", _("Publish the data")),
    )
    found = [
        (words, link(name, slug))
        for action, name, words in pages
        if access.can(actor, action, consultation)
    ]
    found.append((_("What was said (public page)"), link("results", slug)))
    return [(words, url) for words, url in found if url]


def _documents(consultation: Consultation) -> tuple[list[Node], list[tuple[str, str]]]:
    """Return the documents attached, and those that could be (the latest 200)."""
    attached = [
        link.source
        for link in consultation.node.links_in.filter(relation="informs").select_related("source")
    ]
    others = (
        Node.objects.filter(kind="document", state__in=[State.DRAFT, State.PUBLIC])
        .exclude(pk__in=[node.pk for node in attached])
        .order_by("-created_at")[:200]
    )
    return attached, [(str(node.pk), tr(node.title)) for node in others]


def _detach(request: HttpRequest, consultation: Consultation) -> HttpResponse:
    """Take a document off; it is in the list below at once, to be attached again."""
    attached = {str(node.pk): node for node in _documents(consultation)[0]}
    document = attached.get(request.POST["detach"])
    if document is None:
        raise NotFound(_("This document is not attached."))
    services.detach_document(
        actor=request.actor,  # type: ignore[attr-defined]
        consultation=consultation,
        document=document,
    )
    words = _("“%(title)s” is detached. It can be attached again below.")
    messages.success(request, words % {"title": tr(document.title)})
    return HttpResponseRedirect(f"{request.path}#documents", status=303)


@editing
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """What is missing, the steps, what was received, what to do next; a document to attach."""
    actor = request.actor  # type: ignore[attr-defined]
    try:
        consultation = consultation_of(request, slug, "manage_consultation")
    except Refused:
        found = Consultation.objects.filter(node__slug=slug).select_related("node").first()
        if found and request.method != "POST" and access.can(actor, "set_fate", found):
            # Analysts do not set a consultation up: their work is what was received.
            return HttpResponseRedirect(reverse("consult_contributions", args=[slug]))
        if found and request.method != "POST" and access.can(actor, "approve_consultation", found):
            # Nor do coordinators: theirs is to approve.
            return HttpResponseRedirect(reverse("consult_approval", args=[slug]))
        raise
    if request.method == "POST" and "detach" in request.POST:
        return _detach(request, consultation)
    attached, others = _documents(consultation)
    form = desk_forms.DocumentForm(request.POST or None)
    form.fields["document"].choices = [("", _("Choose…")), *others]  # type: ignore[attr-defined]
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            document = Node.objects.get(pk=form.cleaned_data["document"], kind="document")
            services.attach_document(actor=actor, consultation=consultation, document=document)
            messages.success(request, _("The document is attached."))
            return HttpResponseRedirect(f"{request.path}#documents", status=303)
    now = timezone.now()
    phases = phases_of(consultation)
    counts = queries.counts(consultation, channels=True)
    activities = items_of(consultation)
    standing = gate.standing(consultation)
    stale = standing.stale
    return draw(
        request, "overview", consultation, status,
        standing=standing,
        differences=snapshot.differences(stale.snapshot, standing.now) if stale else [],
        form=form, attached=attached, others=others, phases=phases, now=now, counts=counts,
        activities=activities,
        unopened=[item for item in activities if not item["opened"]] if phases else [],
        row=queries.listed([consultation], now)[0],
        channels=[(Channel(name).label, n) for name, n in sorted(counts.by_channel.items())],
        reasons=[(Contribution.Why(name).label, n) for name, n in counts.rejected_by.items()],
        elsewhere=_elsewhere(request, consultation),
        may_open=access.can(actor, "open_consultation", consultation),
        may_list=access.can(actor, "set_fate", consultation),
        may_enter=access.can(actor, "enter_paper", consultation),
    )  # fmt: skip


# Opening, extending ------------------------------------------------------------------------------


@editing
def open_(request: HttpRequest, slug: str) -> HttpResponse:
    """What people will see and rely on, and one button; refused with all that is missing."""
    consultation = consultation_of(request, slug, "open_consultation")
    status = 200
    form = KeyedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.open_consultation(
                actor=request.actor,  # type: ignore[attr-defined]
                consultation=consultation,
                key=key_of(form, f"open:{consultation.pk}"),
            )
        except Invalid:
            status = 422
            consultation = queries.consultation_by_slug(slug)
        else:
            messages.success(
                request, _("The consultation is public. Its phases open by the clock.")
            )
            return HttpResponseRedirect(reverse("consult_desk", args=[slug]), status=303)
    return draw(
        request, "open", consultation, status,
        form=form, phases=phases_of(consultation), activities=items_of(consultation),
        row=queries.listed([consultation])[0],
        unapproved=None if consultation.node.state == State.PUBLIC else gate.refusal(consultation),
        ask_url=reverse("consult_ask_review", args=[slug]),
    )  # fmt: skip


@editing
def extend(request: HttpRequest, slug: str, phase: int) -> HttpResponse:
    """A later end for a phase, with its reason; the old end stays shown."""
    consultation = consultation_of(request, slug, "manage_consultation")
    found = next((one for one in phases_of(consultation) if one.pk == phase), None)
    if found is None:
        raise Http404
    found.consultation = consultation
    form = desk_forms.ExtendForm(request.POST or None, languages=consultation.languages)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                ends = desk_forms.moment_of(
                    consultation, data["new_day"], data["new_hour"], end=True
                )
                made = services.extend(
                    actor=request.actor,  # type: ignore[attr-defined]
                    phase=found, new_ends=ends, reason=data["reason"],
                    key=key_of(form, f"extend:{phase}"),
                )  # fmt: skip
            except ValidationError as error:
                form.add_error("new_hour", error)
            except Invalid as refusal:
                if "new_ends" in refusal.errors:
                    refusal.errors["new_day"] = refusal.errors.pop("new_ends")
                put_errors(form, refusal)
            except Refused as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                if made:
                    zone = ZoneInfo(consultation.time_zone)
                    words = _("Extended: it was to close on %(old)s, it closes on %(new)s.") % {
                        "old": said(made.old_ends, zone, end=True),
                        "new": said(made.new_ends, zone, end=True),
                    }
                    messages.success(request, words)
                return HttpResponseRedirect(reverse("consult_desk", args=[slug]), status=303)
    return draw(
        request, "extend", consultation, status, form=form, phase=found,
        extensions=list(found.extensions.all()), over=found.ends <= timezone.now(),
    )  # fmt: skip


# What was received -------------------------------------------------------------------------------


@editing
def contributions_list(request: HttpRequest, slug: str) -> HttpResponse:
    """What was received, filtered; whether the ticked ones count. Texts only for who may read."""
    consultation = consultation_of(request, slug, "set_fate")
    actor = request.actor  # type: ignore[attr-defined]
    texts = access.can(actor, "see_private_answers", consultation)
    activities = queries.activities_of(consultation)
    filters = desk_contributions.Filters.read(request.GET, activities)
    found = desk_contributions.received(consultation, filters, activities, texts=texts)
    page = paginate(request, found)
    rows = desk_contributions.rows_of(consultation, page.rows, activities, texts=texts)
    # Bound by an empty form too: what is missing is said on it.
    form = desk_forms.FateForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        chosen = desk_contributions.chosen(consultation, request.POST.getlist("ids"), activities)
        if not chosen:
            form.add_error(None, _("Tick one contribution at least."))
        if form.is_valid() and _set_fates(actor, form, chosen):
            n = len(chosen)
            words = ngettext(
                "Written for %(n)s contribution.", "Written for %(n)s contributions.", n
            )
            messages.success(request, words % {"n": number(n)})
            return HttpResponseRedirect(request.get_full_path(), status=303)
    return draw(
        request, "contributions", consultation, status, holes=(),
        form=form, page=page, rows=rows, filters=filters, texts=texts, activities=activities,
        ticked=request.POST.getlist("ids"), channels=Channel.choices,
        fates=[*Contribution.Fate.choices, ("gone", _("Withdrawn"))],
        counts=queries.counts(consultation),
    )  # fmt: skip


def _set_fates(actor: Any, form: Any, chosen: Sequence[Contribution]) -> bool:
    """Each is an act of its own, with its event; a refusal is about the choice, so the first."""
    try:
        for contribution in chosen:
            contributions.set_fate(
                actor=actor,
                contribution=contribution,
                fate=form.cleaned_data["fate"],
                reason=form.cleaned_data["reason"],
            )
    except Invalid as refusal:
        put_errors(form, refusal)
        return False
    return True
