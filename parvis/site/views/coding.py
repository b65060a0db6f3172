"""The coding desk: one contribution at a time, or several at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from parvis.consult.models import Consultation
from parvis.consult.queries import consultation_by_slug
from parvis.core import access, jobs
from parvis.core.access import Actor
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.forms import put_errors
from parvis.core.i18n import tr
from parvis.core.models import Job
from parvis.core.pages import paginate
from parvis.core.templatetags.parvis import number
from parvis.site import coding
from parvis.understand import queries
from parvis.understand.forms import BatchForm, CodingForm
from parvis.understand.models import Coded

ROWS = 50
COPIES_SHOWN = 5


def desk_consultation(request: HttpRequest, slug: str) -> tuple[Consultation, Actor]:
    """Return the consultation to code and who codes. Raises NotFound, SignInNeeded, Forbidden."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    try:
        found = consultation_by_slug(slug)
    except Consultation.DoesNotExist:
        access.require(actor, "code")
        raise NotFound from None
    access.require(actor, "code", found)
    access.require(actor, "see_private_answers", found)
    return found, actor


def _choices(themes: Sequence[queries.Counted]) -> list[tuple[str, str]]:
    return [(str(row.theme.pk), tr(row.node.title)) for row in themes]


def _see_other(address: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(address, status=303)  # type: ignore[call-arg]


def _next(consultation: Consultation, after: UUID, actor: Actor) -> HttpResponse:
    slug = consultation.node.slug
    found = coding.next_to_read(consultation, after=after, actor=actor)
    if found is None or found == after:
        return _see_other(reverse("coding", args=[slug]))
    return _see_other(reverse("coding_one", args=[slug, found]))


@require_GET
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """To the next contribution to read; a page that says so when all were read."""
    found, _actor = desk_consultation(request, slug)
    progress = queries.progress(found.node)
    pk = coding.next_to_read(found) if progress.left or progress.skipped else None
    if pk is not None:
        return HttpResponseRedirect(reverse("coding_one", args=[slug, pk]))
    context = {
        "consultation": found,
        "progress": progress,
        "themes": queries.themes_of(found.node),
        "section": "desk",
    }
    return render(request, "coding/done.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """One contribution: read it, tick its themes, keep a passage, go on to the next."""
    found, actor = desk_consultation(request, slug)
    themes = queries.themes_of(found.node)
    form = CodingForm(request.POST or None, themes=_choices(themes))
    if request.method == "POST" and form.is_valid():
        action = request.POST.get("action", "attach")
        wish = _wish(form, action)
        content = [str(pk), action, form.cleaned_data | {"key": ""}]
        key = IdempotencyKey.of(f"coding:{found.pk}", form.cleaned_data["key"], content)
        try:
            done = coding.code(
                actor=actor,
                consultation=found,
                contributions=[pk],
                wish=wish,
                key=key if form.cleaned_data["key"] else None,
            )
        except Invalid as refusal:
            put_errors(form, refusal)
        else:
            if action == "quote":
                if done.quotes:
                    messages.success(request, _("The passage is kept."))
                return _see_other(reverse("coding_one", args=[slug, pk]))
            return _next(found, pk, actor)
    seen = coding.reading(found, pk)
    if seen is None:
        raise NotFound(_("This contribution is not here, or no longer counts."))
    context = _page(found, seen, themes, form)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "coding/one.html", context, status=status)


def _wish(form: CodingForm, action: str) -> coding.Wish:
    data = form.cleaned_data
    if action in {"skip", "none"}:
        outcome = Coded.Outcome.SKIPPED if action == "skip" else Coded.Outcome.NONE
        return coding.Wish(note=data["note"], outcome=outcome)
    return coding.Wish(
        themes=tuple(data["themes"]),
        shown=tuple(data["shown"]),
        new_theme=data["new_theme"],
        passage=data["quote"],
        passage_theme=data["quote_theme"],
        passage_public=data["quote_public"],
        note=data["note"],
    )


def _page(
    found: Consultation,
    seen: coding.Reading,
    themes: Sequence[queries.Counted],
    form: CodingForm,
) -> dict[str, Any]:
    texts = [said.text for said in seen.said]
    if form.is_bound:
        ticked = set(form.data.getlist("themes"))  # type: ignore[attr-defined]
    else:
        ticked = {str(theme) for theme in seen.themes}
    copies = queries.copies(found.node)
    near = copies.near(seen.contribution.pk)
    names = {row.theme.pk: tr(row.node.title) for row in themes}
    return {
        "consultation": found,
        "seen": seen,
        "form": form,
        "progress": queries.progress(found.node),
        "choices": [
            {
                "id": str(row.theme.pk),
                "name": names[row.theme.pk],
                "count": row.count,
                "near": coding.near_words(texts, row),
                "ticked": str(row.theme.pk) in ticked,
                "digit": (place % 10) if place <= 10 else None,
            }
            for place, row in enumerate(themes, start=1)
        ],
        "copies": coding.rows_of(found, near[:COPIES_SHOWN]),
        "copies_count": len(near),
        "together": len(near) + 1,
        "searched": copies.run is not None,
        "job": coding.copies_job(found),
        "names": names,
        "section": "desk",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def many(request: HttpRequest, slug: str) -> HttpResponse:
    """Contributions in a list, filtered; several are coded at once."""
    found, actor = desk_consultation(request, slug)
    themes = queries.themes_of(found.node)
    state, words = request.GET.get("state", "left"), request.GET.get("q", "").strip()[:200]
    picked = next((row for row in themes if row.node.slug == request.GET.get("theme")), None)
    near = _uuid(request.GET.get("near", ""))
    if near is not None:
        ids = [near, *queries.copies(found.node).near(near)]
    elif state == "copies":
        groups = queries.copies(found.node).groups
        left = set(coding.listed(found, state="left"))
        ids = [pk for group in groups for pk in group if pk in left]
    else:
        theme = picked.theme.pk if picked else None
        ids = coding.listed(found, state=state, theme=theme, words=words)
    form = BatchForm(request.POST or None, themes=_choices(themes), ids=ids)
    if request.method == "POST" and form.is_valid():
        try:
            _batch(request, found, actor, form)
        except Invalid as refusal:
            put_errors(form, refusal)
        else:
            return _see_other(request.get_full_path())
    page = paginate(request, ids, per_page=ROWS)
    ticked = set(form.data.getlist("ids")) if form.is_bound else set()  # type: ignore[attr-defined]
    if near is not None and not form.is_bound:
        ticked = {str(pk) for pk in page.rows}
    context = {
        "consultation": found,
        "page": page,
        "rows": [
            {
                "row": row,
                "id": str(row.contribution.pk),
                "ticked": str(row.contribution.pk) in ticked,
            }
            for row in coding.rows_of(found, page.rows)
        ],
        "form": form,
        "themes": themes,
        "names": {row.theme.pk: tr(row.node.title) for row in themes},
        "outcomes": dict(Coded.Outcome.choices),
        "states": _states(found),
        "state": state,
        "picked": picked,
        "near": near,
        "q": words,
        "progress": queries.progress(found.node),
        "section": "desk",
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "coding/many.html", context, status=status)


def _states(found: Consultation) -> list[tuple[str, str]]:
    states = [
        ("left", _("Still to read")),
        ("all", _("All of them")),
        (Coded.Outcome.THEMES, _("With themes")),
        (Coded.Outcome.NONE, _("Without a theme")),
        (Coded.Outcome.SKIPPED, _("Postponed")),
        (Coded.Outcome.NO_TEXT, _("Without words")),
    ]
    if queries.copies(found.node).groups:
        states.insert(1, ("copies", _("Nearly identical, to read")))
    return [(str(value), words) for value, words in states]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _batch(request: HttpRequest, found: Consultation, actor: Actor, form: BatchForm) -> None:
    data = form.cleaned_data
    none = request.POST.get("action") == "none"
    wish = (
        coding.Wish(outcome=Coded.Outcome.NONE)
        if none
        else coding.Wish(themes=tuple(data["themes"]), new_theme=data["new_theme"])
    )
    content = [none, data | {"key": ""}]
    key = IdempotencyKey.of(f"coding:{found.pk}", data["key"], content) if data["key"] else None
    coding.code(actor=actor, consultation=found, contributions=data["ids"], wish=wish, key=key)
    n = len(data["ids"])
    words = ngettext("%(n)s contribution coded.", "%(n)s contributions coded.", n)
    messages.success(request, words % {"n": number(n)})


@require_POST
def copies(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for the search of nearly identical texts; one at a time."""
    found, actor = desk_consultation(request, slug)
    last = coding.copies_job(found)
    if last is None or last.state not in {Job.State.WAITING, Job.State.RUNNING}:
        arguments = {"consultation": slug, "by": str(actor.person_id) if actor.person_id else None}
        jobs.enqueue(coding.COPIES_TASK, actor=actor, arguments=arguments, node=found.node)
    messages.info(request, _("The search has started: you can go on coding."))
    return _see_other(reverse("coding_list", args=[slug]))
