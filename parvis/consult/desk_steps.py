"""Setting a consultation up, page by page: the subject, what can change, privacy, dates, ways."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from parvis.consult import desk_fields, desk_forms, queries, services
from parvis.consult.approval import changes as proposed
from parvis.consult.approval import gate
from parvis.consult.desk_pages import (
    STEPS,
    consultation_of,
    draw,
    go_on,
    items_of,
    phases_of,
)
from parvis.consult.models import Activity, Consultation
from parvis.consult.register import queries as register
from parvis.core.desk import editing
from parvis.core.errors import Conflict, Invalid, Refused
from parvis.core.forms import put_errors
from parvis.core.i18n import DEFAULT
from parvis.core.models import Organisation, State


def _write(
    request: HttpRequest,
    consultation: Consultation,
    changes: dict[str, Any],
    title: Any = None,
    note: Any = None,
) -> str | None:
    """Change the consultation; return None, or where the change waits for a second person."""
    actor = request.actor  # type: ignore[attr-defined]
    more = {"consultation": consultation, "changes": changes, "title": title, "note": note}
    if consultation.node.state == State.PUBLIC and gate.required():
        made = proposed.propose_change(actor=actor, **more)
        messages.success(request, _("Proposed: a second person reads it before it is public."))
        return reverse("consult_change", args=[consultation.node.slug, made.pk])
    services.update_consultation(actor=actor, **more)
    messages.success(request, _("Saved."))
    return None


def _ask_why(form: Any, second: bool) -> None:
    """Where a second person reads the change, its reason is asked, not only offered."""
    form.fields["note"].optional = not second


def _edit(
    request: HttpRequest,
    slug: str,
    step: str,
    form_class: type[desk_fields.DeskForm],
    prepare: Any = None,
    changes_of: Any = None,
) -> HttpResponse:
    """One step: a form over the consultation's fields, saved by one service."""
    consultation = consultation_of(request, slug, "manage_consultation")
    public = consultation.node.state == State.PUBLIC
    holes = services.holes(consultation)
    initial = {
        name: getattr(consultation, name)
        for name in form_class.base_fields
        if hasattr(consultation, name)
    }
    initial |= {
        "title": consultation.node.title,
        "organisation": str(consultation.organisation_id or ""),
        "switched_on": [code for code in consultation.languages if code != DEFAULT],
    }
    form = form_class(
        request.POST or None,
        initial=initial,
        languages=consultation.languages or [DEFAULT],
        gaps={hole.field: hole.words for hole in holes},
    )
    second = public and gate.required()
    if public:
        _ask_why(form, second)
    else:
        form.fields.pop("note", None)
    if prepare:
        prepare(form, public)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            values = form.values
            note, title = values.pop("note", None), values.pop("title", None)
            changes = changes_of(consultation, values) if changes_of else values
            try:
                place = _write(request, consultation, changes, title, note)
            except Invalid as refusal:
                put_errors(form, refusal)
                consultation = queries.consultation_by_slug(slug)
            except Conflict as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                if place:
                    return HttpResponseRedirect(place, status=303)
                return go_on(request, consultation, step)
    title, words = STEPS[step]
    return draw(
        request, "step", consultation, status,
        form=form, here=step, heading=title, lead=words, holes=holes, second=second,
    )  # fmt: skip


def _about_changes(consultation: Consultation, values: dict[str, Any]) -> dict[str, Any]:
    """Languages as a list; [brackets] of a language switched off go with it."""
    languages = [DEFAULT, *values.pop("switched_on")]
    organisation = Organisation.objects.filter(pk=values.pop("organisation") or None).first()
    changes: dict[str, Any] = {**values, "languages": languages, "organisation": organisation}
    if set(consultation.languages) - set(languages):
        for name in services.REQUIRED_TEXTS:
            text = changes.get(name, getattr(consultation, name))
            shown = {code: text[code] for code in languages if code in text}
            changes[name] = {**shown, **desk_fields.unseen(text, languages)}
    return changes


@editing
def about(request: HttpRequest, slug: str) -> HttpResponse:
    """The title, the question, who asks it, in which languages."""

    def prepare(form: Any, public: bool) -> None:
        form.fields["organisation"].choices = [
            ("", _("Choose…")), *desk_forms.organisations(),
        ]  # fmt: skip

    return _edit(request, slug, "about", desk_forms.AboutForm, prepare, _about_changes)


@editing
def influence(request: HttpRequest, slug: str) -> HttpResponse:
    """What an opinion can change."""
    return _edit(request, slug, "influence", desk_forms.InfluenceForm)


@editing
def privacy(request: HttpRequest, slug: str) -> HttpResponse:
    """Who may answer, duplicates, the notice at collection."""

    def prepare(form: Any, public: bool) -> None:
        if public:
            form.freeze()

    return _edit(request, slug, "privacy", desk_forms.PrivacyForm, prepare)


@editing
def dates(request: HttpRequest, slug: str) -> HttpResponse:
    """Every phase with what it opens, and the three promises: one page, one button."""
    consultation = consultation_of(request, slug, "manage_consultation")
    public = consultation.node.state == State.PUBLIC
    holes = services.holes(consultation)
    phases = phases_of(consultation)
    activities = queries.activities_of(consultation)
    data = request.POST or None
    common = {"languages": consultation.languages or [DEFAULT]}
    dues = desk_forms.DuesForm(
        data,
        initial={name: getattr(consultation, name) for name in desk_forms.DuesForm.base_fields
                 if name not in {"key", "note"}},
        gaps={hole.field: hole.words for hole in holes},
        **common,
    )  # fmt: skip
    second = public and gate.required()
    if public:
        _ask_why(dues, second)
    else:
        dues.fields.pop("note", None)
    forms = [] if public else [
        desk_forms.PhaseForm(
            data, consultation=consultation, activities=activities, phase=phase, **common
        )
        for phase in (*phases, None)
    ]  # fmt: skip
    status = 200
    if request.method == "POST":
        status = 422
        checked = [form.is_valid() for form in (*forms, dues)]
        if all(checked):
            saved, place = _save_dates(request, consultation, forms, dues)
            if place:
                return HttpResponseRedirect(place, status=303)
            if saved:
                return go_on(request, consultation, "dates")
    return draw(
        request, "dates", consultation, status,
        forms=forms, dues=dues, all_forms=[*forms, dues], phases=phases, now=timezone.now(),
        here="dates", heading=STEPS["dates"][0], holes=holes, second=second,
        near=register.overlapping(consultation, request.actor),  # type: ignore[attr-defined]
    )  # fmt: skip


def _save_dates(
    request: HttpRequest,
    consultation: Consultation,
    forms: Sequence[desk_forms.PhaseForm],
    dues: desk_forms.DuesForm,
) -> tuple[bool, str | None]:
    """Write what the forms, already checked, say; a refusal goes to the form it is about.

    Return whether it is done, and where it waits for a second person.
    """
    actor = request.actor  # type: ignore[attr-defined]
    form: Any = dues
    try:
        for form in forms:
            if form.unused:
                continue
            if form.cleaned_data.get("remove"):
                services.remove_phase(actor=actor, phase=form.phase)
                continue
            services.set_phase(
                actor=actor,
                consultation=consultation,
                title=form.cleaned_data["title"],
                starts=form.cleaned_data["start"],
                ends=form.cleaned_data["end"],
                openings=form.chosen,
                phase=form.phase,
            )
        form = dues
        values = dues.values
        note = values.pop("note", None)
        place = _write(request, consultation, values, note=note)
    except Invalid as refusal:
        put_errors(form, refusal)
    except Conflict as refusal:
        form.add_error(None, str(refusal))
    else:
        return True, place
    return False, None


@editing
def activities(request: HttpRequest, slug: str) -> HttpResponse:
    """The ways to take part: add one, name it, set it up, remove it while nobody used it."""
    consultation = consultation_of(request, slug, "manage_consultation")
    languages = consultation.languages or [DEFAULT]
    add = desk_forms.ActivityForm(languages=languages)
    renamed: dict[str, desk_forms.RenameForm] = {}
    refusal: Refused | None = None
    if request.method == "POST":
        action, target = request.POST.get("action", ""), request.POST.get("activity", "")
        if action == "add":
            add = desk_forms.ActivityForm(request.POST, languages=languages)
        elif action == "rename":
            renamed[target] = desk_forms.RenameForm(
                request.POST, prefix=f"name-{target}", languages=languages
            )
        form = renamed.get(target) or add
        try:
            if action == "remove" or form.is_valid():
                _change_activities(request, consultation, action, target, form)
                return HttpResponseRedirect(request.path, status=303)
        except Invalid as error:
            if form.is_bound:
                put_errors(form, error)
            else:
                refusal = error
        except Conflict as error:
            refusal = error
    items = items_of(consultation)
    for item in items:
        name = item["activity"].node.slug
        item["form"] = renamed.get(name) or desk_forms.RenameForm(
            prefix=f"name-{name}", initial={"title": item["activity"].node.title},
            languages=languages,
        )  # fmt: skip
    return draw(
        request, "activities", consultation, 422 if request.method == "POST" else 200,
        items=items, form=add, all_forms=[add, *renamed.values()], refusal=refusal,
        here="activities", heading=STEPS["activities"][0],
    )  # fmt: skip


def _change_activities(
    request: HttpRequest, consultation: Consultation, action: str, target: str, form: Any
) -> None:
    actor = request.actor  # type: ignore[attr-defined]
    if action == "add":
        services.add_activity(
            actor=actor,
            consultation=consultation,
            method=form.cleaned_data["method"],
            title=form.cleaned_data["title"],
        )
        messages.success(request, _("Added. Set it up, then say on the dates page when it opens."))
        return
    activity: Activity | None = (
        consultation.activities.select_related("node", "consultation__node")
        .filter(node__slug=target)
        .first()
    )
    if activity is None or action not in {"rename", "remove"}:
        raise Invalid({"__all__": [_("This button is not known: reload the page.")]})
    if action == "remove":
        services.remove_activity(actor=actor, activity=activity)
        messages.success(request, _("Removed."))
        return
    title = {**desk_fields.unseen(activity.node.title, consultation.languages or [DEFAULT]),
             **form.cleaned_data["title"]}  # fmt: skip
    services.change_settings(
        actor=actor, activity=activity, settings=activity.settings, title=title
    )
    messages.success(request, _("Saved."))
