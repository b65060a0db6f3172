"""Pages of the documents: read and confirmed at the desk; the policy and the notice in public."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.consult import queries
from parvis.consult.approval import gate
from parvis.consult.desk_pages import consultation_of, draw
from parvis.consult.holes import holes
from parvis.consult.legal import forms, services
from parvis.consult.legal.models import Kind, LegalDefaults
from parvis.consult.legal.reading import PLACES, Legal, Reading, legal_of, place
from parvis.consult.models import Consultation
from parvis.consult.views import consultation_or_404
from parvis.core import access
from parvis.core.desk import editing, key_of
from parvis.core.errors import Conflict, Invalid, Refused
from parvis.core.forms import put_errors
from parvis.core.i18n import LANGUAGES
from parvis.core.models import Organisation, Site, State
from parvis.core.pages import public_page


def _listed(legal: Legal) -> list[dict[str, Any]]:
    """Each document with what remains to do, each with its link."""
    here = legal.consultation
    return [
        {
            "reading": one,
            "url": reverse("consult_legal", args=[here.node.slug, one.kind]),
            "gaps": [(row, place(here, one, row)) for row in one.gaps],
            "stale": [(row, place(here, one, row)) for row in one.stale if not row.gap],
        }
        for one in legal.documents
    ]


@editing
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Every document, what remains, and one button that confirms them all."""
    consultation = consultation_of(request, slug, "manage_consultation")
    legal = legal_of(consultation)
    form = forms.ConfirmForm(request.POST or None)
    refusal: Refused | None = None
    status = 200
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            services.confirm(
                actor=request.actor,  # type: ignore[attr-defined]
                consultation=consultation,
                seen=seen,
                key=key_of(form, f"legal:{consultation.pk}"),
            )
        except (Invalid, Conflict) as error:
            refusal, status = error, error.status
        else:
            messages.success(request, _("The documents are confirmed, in your name."))
            return HttpResponseRedirect(_next(request, slug), status=303)
    elif request.method == "POST":
        status, refusal = 422, Conflict(_("Read this page again, then confirm."))
    gaps = sum(len(one.gaps) for one in legal.documents)
    body = consultation.organisation
    return draw(
        request, "legal", consultation, status,
        legal=legal, items=_listed(legal), gaps=gaps, refusal=refusal,
        form=forms.ConfirmForm(initial={"seen": legal.version}), here="legal",
        body_url=f"{reverse('legal_defaults', args=[body.node.slug])}?for={slug}" if body else "",
    )  # fmt: skip


def _next(request: HttpRequest, slug: str) -> str:
    """After confirming: opening, or asking for approval, where nothing else is missing; else the
    overview."""
    fresh = queries.consultation_by_slug(slug)
    may = access.can(request.actor, "open_consultation", fresh)  # type: ignore[attr-defined]
    draft = fresh.node.state != State.PUBLIC
    ready = draft and may and not holes(fresh)
    if ready and gate.refusal(fresh):
        return reverse("consult_ask_review", args=[slug])
    return reverse("consult_open" if ready else "consult_desk", args=[slug])


def _reading(consultation: Consultation, kind: str) -> Reading:
    found = legal_of(consultation).get(kind)
    if found is None:
        raise Http404
    return found


@editing
def document(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """One document, element by element: its source, its proposal, an example, one's own words."""
    consultation = consultation_of(request, slug, "manage_consultation")
    reading = _reading(consultation, kind)
    posted = request.method == "POST"
    form = forms.DocumentForm(
        request.POST if posted else None,
        reading=reading, languages=consultation.languages,
    )  # fmt: skip
    status = 200
    if posted:
        status = 422
        restored = request.POST.get("restore", "")
        if restored or form.is_valid():
            texts = {restored: {}} if restored else form.values
            try:
                services.write_texts(
                    actor=request.actor,  # type: ignore[attr-defined]
                    consultation=consultation, kind=kind, texts=texts,
                )  # fmt: skip
            except Invalid as refusal:
                if not form.is_bound or restored:
                    raise
                put_errors(form, refusal)
            else:
                messages.success(
                    request, _("The proposal is back.") if restored else _("Saved.")
                )  # fmt: skip
                if restored:
                    back = f"{request.path}#id_{restored}"
                else:
                    back = reverse("consult_edit_legal", args=[slug]) + f"#{kind}"
                return HttpResponseRedirect(back, status=303)
    rows = [
        {
            "row": row,
            "field": form[row.element.key] if row.editable else None,
            "url": place(consultation, reading, row),
            "place": PLACES.get(row.element.at, ""),
        }
        for row in reading.rows
    ]
    return draw(
        request, "legal_document", consultation, status,
        reading=reading, rows=rows, form=form, all_forms=[form], here="legal",
    )  # fmt: skip


@require_safe
def printable(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """The document as it is handed to a committee: to print, or (`?download`) as a file."""
    consultation = consultation_of(request, slug, "manage_consultation")
    reading = _reading(consultation, kind)
    context = {
        "consultation": consultation, "node": consultation.node, "reading": reading,
        "section": "desk",
    }  # fmt: skip
    if "download" not in request.GET:
        return render(request, "consult/legal/print.html", context)
    answer = render(request, "consult/legal/file.html", context)
    answer["Content-Disposition"] = f'attachment; filename="{slug}-{kind}.html"'
    return answer


@editing
def defaults(request: HttpRequest, slug: str) -> HttpResponse:
    """What a body says once for all its consultations."""
    actor = request.actor  # type: ignore[attr-defined]
    organisation = Organisation.objects.filter(node__slug=slug).select_related("node").first()
    if organisation is None:
        access.require(actor, "see_desk")
        raise Http404
    access.require(actor, "manage_consultation", organisation)
    row = LegalDefaults.objects.filter(pk=organisation.pk).first()
    if row is None:
        site = Site.objects.first()
        row = LegalDefaults.objects.filter(pk=site.organisation_id).first() if site else None
        row = row or LegalDefaults()
        if site and not row.officer:
            row.officer, row.officer_contact = site.privacy_officer, site.privacy_contact
    form = forms.DefaultsForm(request.POST or None, row=row, languages=LANGUAGES)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                services.set_defaults(actor=actor, organisation=organisation, values=form.values)
            except Invalid as refusal:
                put_errors(form, refusal)
            else:
                messages.success(request, _("Saved. Drafts that used the words before say it."))
                return HttpResponseRedirect(_after(request, organisation), status=303)
    context = {
        "organisation": organisation, "form": form, "all_forms": [form],
        "wrong": len(form.errors), "section": "desk",
        "consultations": Consultation.objects.filter(organisation=organisation)
        .select_related("node").order_by("-node__created_at")[:20],
    }  # fmt: skip
    return render(request, "consult/legal/defaults.html", context, status=status)


def _after(request: HttpRequest, organisation: Organisation) -> str:
    """Back to the consultation from which one came, else the same page."""
    slug = request.GET.get("for", "")
    mine = Consultation.objects.filter(node__slug=slug, organisation=organisation).exists()
    return reverse("consult_edit_legal", args=[slug]) if mine else request.path


# Public ------------------------------------------------------------------------------------------


def _public(request: HttpRequest, slug: str, kind: str, template: str) -> HttpResponse:
    consultation = consultation_or_404(request, slug)
    reading = _reading(consultation, kind)
    labels = {row.element.key: row.element.label for row in reading.rows}
    earlier = [
        {
            "at": parse_datetime(one["at"]),
            "rows": [(labels.get(key, key), text) for key, text in one["texts"].items()],
        }
        for one in reversed(reading.earlier)
    ]
    context = {
        "consultation": consultation, "reading": reading, "earlier": earlier,
        "section": "consultations",
    }  # fmt: skip
    return public_page(request, template, context)


@require_safe
def policy(request: HttpRequest, slug: str) -> HttpResponse:
    """The confidentiality policy of what is collected by technological means (A-2.1, s. 63.4)."""
    return _public(request, slug, Kind.POLICY, "consult/legal/policy.html")


@require_safe
def notice(request: HttpRequest, slug: str) -> HttpResponse:
    """The notice at collection (A-2.1, s. 65)."""
    return _public(request, slug, Kind.NOTICE, "consult/privacy.html")
