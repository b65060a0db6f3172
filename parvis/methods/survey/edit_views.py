"""The questionnaire's editor, page by page and question by question; nothing needs a script."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from parvis.consult import queries
from parvis.consult.models import Activity
from parvis.core import access
from parvis.core.errors import Invalid, NotFound
from parvis.core.i18n import DEFAULT, tr
from parvis.methods.survey import answers, edit_forms, editing, screens
from parvis.methods.survey.definition import CHOICES, Questionnaire
from parvis.methods.survey.method import METHOD
from parvis.methods.survey.queries import questionnaire_of

_METHODS = ["GET", "HEAD", "POST"]


def _activity(request: HttpRequest, slug: str) -> Activity:
    actor = request.actor  # type: ignore[attr-defined]
    try:
        activity = queries.activity_by_slug(slug, "survey")
    except Activity.DoesNotExist:
        access.require(actor, "see_desk")
        raise Http404 from None
    access.require(actor, "manage_consultation", activity.consultation)
    return activity


def _draw(
    request: HttpRequest, template: str, activity: Activity, status: int, **more: Any
) -> HttpResponse:
    forms = more.get("all_forms", ())
    context = {
        "activity": activity,
        "consultation": activity.consultation,
        "node": activity.consultation.node,
        "wrong": sum(len(form.errors) for form in forms),
        "frozen": activity.contributions.exists(),
        "section": "desk",
        **more,
    }
    return render(request, f"survey/edit{template}.html", context, status=status)


def _languages(activity: Activity) -> list[str]:
    return list(activity.consultation.languages or [DEFAULT])


def _back(activity: Activity, anchor: str = "") -> HttpResponse:
    place = reverse("survey_edit", args=[activity.node.slug])
    return HttpResponseRedirect(f"{place}#{anchor}" if anchor else place, status=303)


def _refused(form: Any, refusal: Invalid) -> None:
    for name, words in refusal.errors.items():
        for one in words:
            form.add_error(name if name in form.fields else None, str(one))


# The list ----------------------------------------------------------------------------------------


def _listed(questionnaire: Questionnaire) -> list[dict[str, Any]]:
    pages = []
    for page in questionnaire.pages:
        rows = []
        for question in page.questions:
            condition = ""
            before = question.show_if and questionnaire.question(question.show_if.question)
            if question.show_if and before:
                names = [tr(o.label) for o in before.options if o.id in question.show_if.one_of]
                condition = _("Shown after “%(answers)s” to “%(question)s”.") % {
                    "answers": _("” or “").join(names), "question": tr(before.label),
                }  # fmt: skip
            rows.append(
                {
                    "question": question,
                    "type": edit_forms.TYPES[question.type],
                    "condition": condition,
                    "choices": question.type in CHOICES,
                    "bracket": "[" in "".join(
                        words for text in (question.label, *(o.label for o in question.options))
                        for words in text.values()
                    ),
                }
            )  # fmt: skip
        pages.append({"page": page, "rows": rows})
    return pages


@require_http_methods(_METHODS)
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Pages and questions in order, with what can be done to each; the settings."""
    activity = _activity(request, slug)
    settings = activity.settings
    initial = {"title": activity.node.title, "results": settings.get("results", "closed")}
    form = edit_forms.SettingsForm(initial=initial, languages=_languages(activity))
    refusal: Any = None
    if request.method == "POST":
        action = request.POST.get("action", "settings")
        try:
            if action != "settings":
                return _act(request, activity, action)
            form = edit_forms.SettingsForm(
                request.POST, initial=initial, languages=_languages(activity)
            )
            if form.is_valid():
                editing.save(
                    actor=request.actor,  # type: ignore[attr-defined]
                    activity=activity,
                    settings={**settings, "results": form.cleaned_data["results"]},
                    title=form.cleaned_data["title"],
                )
                messages.success(request, _("Saved."))
                return _back(activity)
        except Invalid as error:
            if action == "settings":
                _refused(form, error)
            else:
                refusal = error
    activity.settings = settings
    questionnaire = questionnaire_of(activity)
    return _draw(
        request, "", activity, 422 if request.method == "POST" else 200,
        form=form, all_forms=[form], refusal=refusal, pages=_listed(questionnaire),
        holes=METHOD.holes(activity), count=sum(1 for _q in questionnaire.questions()),
    )  # fmt: skip


def _act(request: HttpRequest, activity: Activity, action: str) -> HttpResponse:
    """A button of the list: `up:question:id`, `down:page:id`, `copy:question:id`."""
    verb, _colon, rest = action.partition(":")
    kind, _colon, known = rest.partition(":")
    settings = activity.settings
    changes: Mapping[tuple[str, str], Callable[[], Any]] = {
        ("up", "question"): lambda: (editing.move_question(settings, known, -1), known),
        ("down", "question"): lambda: (editing.move_question(settings, known, 1), known),
        ("copy", "question"): lambda: editing.duplicate_question(settings, known),
        ("up", "page"): lambda: (editing.move_page(settings, known, -1), known),
        ("down", "page"): lambda: (editing.move_page(settings, known, 1), known),
        ("copy", "page"): lambda: editing.duplicate_page(settings, known),
    }
    change = changes.get((verb, kind))
    if change is None:
        raise Invalid({"__all__": [_("This button is not known: reload the page.")]})
    new, place = change()
    editing.save(actor=request.actor, activity=activity, settings=new)  # type: ignore[attr-defined]
    return _back(activity, f"{kind}-{place}")


# One page, one question --------------------------------------------------------------------------


def _earlier(settings: Mapping[str, Any], rank: int) -> list[dict[str, Any]]:
    return [q for page in settings.get("pages", [])[:rank] for q in page["questions"]]


@require_http_methods(_METHODS)
def page(request: HttpRequest, slug: str, page: str = "") -> HttpResponse:
    """A page's title and introduction; a new page comes with its first question."""
    activity = _activity(request, slug)
    settings, languages = activity.settings, _languages(activity)
    pages = settings.get("pages", [])
    known = pages[editing.page_at(settings, page)] if page else None
    initial = {"page_title": known["title"], "intro": known.get("intro") or {}} if known else {}
    data = request.POST or None
    form = edit_forms.PageForm(data, initial=initial, languages=languages)
    earlier = _earlier(settings, len(pages))
    first = None if known else edit_forms.QuestionForm(data, languages=languages, earlier=earlier)
    all_forms = [form, first] if first else [form]
    if request.method == "POST":
        checked = [one.is_valid() for one in all_forms]
        if all(checked):
            definition = first.definition if first else None
            try:
                new, made = editing.put_page(settings, form.texts, page or None, definition)
                editing.save(actor=request.actor, activity=activity, settings=new)  # type: ignore[attr-defined]
            except Invalid as refusal:
                _refused(form, refusal)
            else:
                messages.success(request, _("Saved."))
                return _back(activity, f"page-{made}")
    return _draw(
        request, "_page", activity, 422 if request.method == "POST" else 200,
        form=form, first=first, all_forms=all_forms, known=known,
    )  # fmt: skip


@require_http_methods(_METHODS)
def question(request: HttpRequest, slug: str, page: str = "", question: str = "") -> HttpResponse:
    """One question: added at the end of a page, or changed."""
    activity = _activity(request, slug)
    settings = activity.settings
    known = None
    if question:
        rank, place = editing.question_at(settings, question)
        known = settings["pages"][rank]["questions"][place]
    else:
        rank = editing.page_at(settings, page)
    form = edit_forms.QuestionForm(
        request.POST or None, question=known, languages=_languages(activity),
        earlier=_earlier(settings, rank),
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            new, made = editing.put_question(settings, page, form.definition, question or None)
            editing.save(actor=request.actor, activity=activity, settings=new)  # type: ignore[attr-defined]
        except Invalid as refusal:
            _refused(form, refusal)
        else:
            messages.success(request, _("Saved."))
            return _back(activity, f"question-{made}")
    return _draw(
        request, "_question", activity, 422 if request.method == "POST" else 200,
        form=form, all_forms=[form], known=known, rank=rank + 1,
        page_title=settings["pages"][rank]["title"],
    )  # fmt: skip


@require_http_methods(_METHODS)
def remove(request: HttpRequest, slug: str, page: str = "", question: str = "") -> HttpResponse:
    """Ask before a page or a question goes: what it says is shown."""
    activity = _activity(request, slug)
    settings = activity.settings
    if question:
        rank, place = editing.question_at(settings, question)
        going = [settings["pages"][rank]["questions"][place]]
        name = tr(going[0]["label"])
    else:
        rank = editing.page_at(settings, page)
        going = settings["pages"][rank]["questions"]
        name = tr(settings["pages"][rank]["title"])
    refusal = None
    if request.method == "POST":
        try:
            change = editing.remove_question if question else editing.remove_page
            new = change(settings, question or page)
            editing.save(actor=request.actor, activity=activity, settings=new)  # type: ignore[attr-defined]
        except Invalid as error:
            refusal = error
        else:
            messages.success(request, _("Removed."))
            return _back(activity)
    alone = bool(question) and len(settings["pages"][rank]["questions"]) == 1
    return _draw(
        request, "_remove", activity, 422 if refusal else 200,
        going=going, name=name, refusal=refusal, whole_page=not question, alone=alone,
    )  # fmt: skip


# The whole definition ----------------------------------------------------------------------------


@require_safe
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """The definition as a file, which `import_` takes back."""
    activity = _activity(request, slug)
    body = {"format": "parvis-survey-1", "title": activity.node.title, **activity.settings}
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False, indent=2) + "\n", content_type="application/json"
    )
    response["Content-Disposition"] = f'attachment; filename="{activity.node.slug}.json"'
    return response


@require_http_methods(_METHODS)
def import_(request: HttpRequest, slug: str) -> HttpResponse:
    """A file replaces the whole questionnaire; every error is said by place, nothing changes."""
    activity = _activity(request, slug)
    posted = request.method == "POST"
    form = edit_forms.ImportForm(
        request.POST if posted else None, request.FILES if posted else None
    )
    if posted and form.is_valid():
        try:
            editing.save(
                actor=request.actor,  # type: ignore[attr-defined]
                activity=activity,
                settings=form.cleaned_data["file"],
            )
        except Invalid as refusal:
            _refused(form, refusal)
        else:
            messages.success(request, _("The questionnaire is the one of the file."))
            return _back(activity)
    return _draw(request, "_import", activity, 422 if posted else 200, form=form, all_forms=[form])


# As a resident sees it ---------------------------------------------------------------------------


@require_safe
def preview(request: HttpRequest, slug: str, step: int = 1) -> HttpResponse:
    """The pages as people will meet them, conditions and errors included; nothing is recorded.

    What is typed travels in the address, from page to page.
    """
    activity = _activity(request, slug)
    questionnaire = questionnaire_of(activity)
    total = len(questionnaire.pages)
    if not 1 <= step <= total + 1:
        raise NotFound
    typed: dict[str, Any] = {}
    for one in questionnaire.pages[: step - 1]:
        typed.update(answers.from_form(one, request.GET, typed))
    context: dict[str, Any] = {"number": step, "total": total, "end": step == total + 1}
    carried = [(name, value) for name, values in request.GET.lists() for value in values
               if name != "_go"]  # fmt: skip
    if context["end"]:
        context["lines"] = answers.lines(questionnaire, _cleaned(questionnaire, typed))
        return _draw(request, "_preview", activity, 200, **context, carried=carried)
    current = questionnaire.pages[step - 1]
    raw = answers.from_form(current, request.GET, typed)
    errors: Mapping[str, Any] = {}
    if "_go" in request.GET:
        try:
            answers.clean_page(current, raw, typed)
        except Invalid as refusal:
            errors = refusal.errors
        else:
            query = request.GET.copy()
            query.pop("_go")
            place = reverse("survey_preview", args=[slug, step + 1])
            return HttpResponseRedirect(f"{place}?{query.urlencode()}")
    shown = screens.show(current, raw, typed, errors)
    own = {name for q in current.questions for name in
           (q.id, f"{q.id}_other", *(f"{q.id}_{o.id}" for o in q.options))}  # fmt: skip
    return _draw(
        request, "_preview", activity, 200, **context,
        page=current, title=tr(current.title), shown=shown,
        wrong=[item for item in shown if item.error], general=[],
        carried=[(name, value) for name, value in carried if name not in own],
    )  # fmt: skip


def _cleaned(questionnaire: Questionnaire, typed: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return answers.clean_all(questionnaire, typed)
    except Invalid:
        return {}
