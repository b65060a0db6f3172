"""The kit at the desk, the box for other sites, and short addresses."""

from typing import Any
from zoneinfo import ZoneInfo

from csp.constants import NONE
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language, get_language_from_request
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from parvis.consult import phases
from parvis.consult.desk_pages import consultation_of
from parvis.consult.launch import addresses, pdf, pieces, services
from parvis.consult.launch.facts import Facts, facts_of, languages_of
from parvis.consult.launch.forms import QuotationForm, SourceForm
from parvis.consult.launch.models import Quotation, VisitSource
from parvis.consult.models import Consultation
from parvis.consult.views import consultation_or_404
from parvis.core.desk import SECTION, editing, key_of, submitted
from parvis.core.errors import Refused
from parvis.core.i18n import LANGUAGES
from parvis.core.models import State

_ALL = "trousse.zip"
_PREVIEW = {"affiche-fr.svg": "fr", "poster-en.svg": "en"}


def _edited(request: HttpRequest, slug: str) -> Consultation:
    return consultation_of(request, slug, "manage_consultation")


def _said(facts: Facts) -> dict[str, Any]:
    """What the page shows of a language: words to copy, files to take."""
    with translation.override(facts.language):
        quote = pieces.quotation(facts)
        return {
            "language": facts.language,
            "language_name": dict(settings.LANGUAGES)[facts.language],
            "subject": pieces.subject(facts),
            "invitation": pieces.invitation(facts),
            "release": pieces.release(facts),
            "missing_quote": not quote["words"],
            "missing_contact": not quote["contact"],
            "short": pieces.short_post(facts),
            "medium": pieces.medium_post(facts),
            "embed": pieces.embed(facts).strip(),
            "link": pieces.plain_link(facts).strip(),
            "preview": next(n for n, code in _PREVIEW.items() if code == facts.language),
            "files": {p.key: p.names[facts.language] for p in pieces.PIECES},
            "posters": [
                (p.names[facts.language], p.label)
                for p in pieces.PIECES
                if p.media_type == "application/pdf"
            ],
        }


@require_safe
def kit(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that helps people hear of a consultation, and where visits come from."""
    consultation = _edited(request, slug)
    language = (get_language() or "fr")[:2]
    every = [facts_of(consultation, code) for code in languages_of(consultation)]
    context = {
        "consultation": consultation,
        "node": consultation.node,
        "public": consultation.node.state == State.PUBLIC,
        "languages": [_said(facts) for facts in every],
        "short_url": every[0].short_url,
        "shown_url": every[0].shown_url(""),
        "visits": addresses.visits_of(consultation, language),
        "quotation": every[0].quotation,
        "all_name": _ALL,
        **SECTION,
    }
    return render(request, "launch/kit.html", context)


@require_safe
def file(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """One piece, or the whole kit; made when asked, from what is written now."""
    consultation = _edited(request, slug)
    if name == _ALL:
        everything = [facts_of(consultation, code) for code in languages_of(consultation)]
        return _attached(pieces.whole_kit(everything), f"trousse-{slug}.zip", "application/zip")
    if name in _PREVIEW and _PREVIEW[name] in languages_of(consultation):
        return _preview(request, facts_of(consultation, _PREVIEW[name]))
    found = pieces.piece_named(name)
    if found is None or found[1] not in languages_of(consultation):
        raise Http404
    piece, language = found
    content = pieces.made(piece, facts_of(consultation, language))
    return _attached(content, name, piece.media_type)


@gzip_page
def _preview(request: HttpRequest, facts: Facts) -> HttpResponse:
    """The poster as a picture. Packed: its letters are outlines, five times heavier as they are."""
    return HttpResponse(pdf.poster(facts, form="svg"), content_type="image/svg+xml")


def _attached(content: bytes, name: str, media_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@editing
def quote(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the quotation of whoever announces the consultation, with its source."""
    consultation = _edited(request, slug)
    row = Quotation.objects.filter(consultation=consultation).first()
    form = QuotationForm(request.POST or None, row=row)
    back = reverse("launch_kit", args=[slug])

    def act() -> str:
        services.quote(
            actor=request.actor, consultation=consultation, fields=form.changes(),
            key=key_of(form, f"quote:{consultation.pk}"),
        )  # fmt: skip
        messages.success(request, _("The quotation is in the news release."))
        return back

    context = {
        "consultation": consultation, "node": consultation.node, "back": back, "row": row,
        "heading": _("The quotation of the news release"), "submit": _("Put it in the release"),
        "lead": _("Words that somebody really said or approved, and where this can be checked."),
    }  # fmt: skip
    return submitted(request, form, act, "launch/form.html", context)


@require_POST
def unquote(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the quotation out of the release."""
    consultation = _edited(request, slug)
    services.unquote(actor=request.actor, consultation=consultation)
    messages.success(request, _("The quotation is taken out: the release says what is missing."))
    return HttpResponseRedirect(reverse("launch_kit", args=[slug]), status=303)


@editing
def source_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a place whose visits are counted apart."""
    consultation = _edited(request, slug)
    form = SourceForm(request.POST or None)
    back = reverse("launch_kit", args=[slug])

    def act() -> str:
        addresses.add_source(
            actor=request.actor, consultation=consultation, label=form.cleaned_data["label"],
            name=form.cleaned_data["name"], key=key_of(form, f"source:{consultation.pk}"),
        )  # fmt: skip
        messages.success(request, _("The address is ready. Its visits are counted from now on."))
        return f"{back}#visites"

    context = {
        "consultation": consultation, "node": consultation.node, "back": back,
        "heading": _("A place where the address is shown"), "submit": _("Make this address"),
        "lead": _("One address a place: its visits tell what brings people. Nobody is followed."),
    }  # fmt: skip
    return submitted(request, form, act, "launch/form.html", context)


@require_POST
def source_remove(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Remove a place that nobody came from."""
    consultation = _edited(request, slug)
    row = get_object_or_404(
        VisitSource.objects.select_related("consultation__node"),
        consultation=consultation, name=name,
    )  # fmt: skip
    try:
        addresses.remove_source(actor=request.actor, source=row)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("This address is removed."))
    return HttpResponseRedirect(reverse("launch_kit", args=[slug]) + "#visites", status=303)


_FRAMED = {
    "frame-ancestors": ["*"], "script-src": [NONE], "form-action": [NONE], "connect-src": [NONE],
}  # fmt: skip


@require_safe
@csp_replace(_FRAMED)  # type: ignore[arg-type]
def embed(request: HttpRequest, slug: str) -> HttpResponse:
    """The box that other sites show: no script, no cookie, no form; links leave the frame."""
    found = consultation_or_404(request, slug)
    calendar = phases.Calendar.of(found)
    language = (get_language() or "fr")[:2]
    context = {
        "consultation": found,
        "node": found.node,
        "state": calendar.state,
        "opens": calendar.opens(),
        "closes": calendar.closes(),
        "days_left": phases.days_left(calendar.closes(), calendar.now),
        "address": addresses.path_of(found, "embed", language),
    }
    with timezone.override(ZoneInfo(found.time_zone)):
        response = render(request, "launch/embed.html", context)
    if found.node.state == State.PUBLIC:
        response.public_seconds = calendar.seconds_to_boundary()  # type: ignore[attr-defined]
    return response


@require_safe
def short(request: HttpRequest, code: str, source: str = "") -> HttpResponse:
    """Send to a consultation, and add one to the visits of a source: nothing else is kept."""
    consultation = addresses.consultation_at(code)
    if consultation is None:
        raise Http404
    key, language = addresses.source_of(consultation, source)
    agent = request.headers.get("User-Agent", "")
    if request.method == "GET" and not addresses.is_bot(agent, request.headers):
        addresses.count_visit(consultation, key)
    chosen = language or (get_language_from_request(request) or "fr")[:2]
    with translation.override(chosen if chosen in LANGUAGES else "fr"):
        place = reverse("consultation", args=[consultation.node.slug])
    response = HttpResponseRedirect(place)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
