"""Surveys as people meet them: a page, the next, what will be sent, the receipt. No script."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from parvis.consult import contributions, phases, queries
from parvis.consult.models import Activity, Channel, Contribution
from parvis.core import access
from parvis.core.errors import Closed, Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.i18n import tr
from parvis.core.ids import new_token
from parvis.core.keys import receipt_code
from parvis.core.models import Event, State
from parvis.core.pages import public_page
from parvis.methods.survey import answers, screens
from parvis.methods.survey.definition import Questionnaire
from parvis.methods.survey.queries import questionnaire_of

CHANGES = contributions.CHANGES


def _activity(request: HttpRequest, slug: str) -> Activity:
    try:
        activity = queries.activity_by_slug(slug, "survey")
    except Activity.DoesNotExist:
        raise Http404 from None
    if activity.consultation.node.state != State.PUBLIC and not access.can(
        request.actor, "manage_consultation", activity.consultation
    ):
        raise Http404
    return activity


def _screen(
    request: HttpRequest,
    activity: Activity,
    questionnaire: Questionnaire,
    number: int,
    typed: Mapping[str, Any],
    before: Mapping[str, Any],
    *,
    token: str = "",
    refusal: Invalid | None = None,
    closed: bool = False,
    status: int = 200,
) -> HttpResponse:
    page = questionnaire.pages[number - 1]
    errors = refusal.errors if refusal else {}
    shown = screens.show(page, typed, before, errors)
    context = {
        "activity": activity,
        "consultation": activity.consultation,
        "page": page,
        "title": tr(page.title),
        "shown": shown,
        "wrong": [item for item in shown if item.error],
        "general": [str(m) for m in errors.get("__all__", ())],
        "number": number,
        "total": len(questionnaire.pages),
        "token": token,
        "closed": closed,
        "closes": phases.closes_at(activity, "answer"),
        "section": "consultations",
    }
    return render(request, "survey/page.html", context, status=status)


def _closed(request: HttpRequest, activity: Activity) -> HttpResponse:
    calendar = phases.Calendar.of(activity.consultation)
    context = {
        "activity": activity,
        "consultation": activity.consultation,
        "state": calendar.state,
        "opens": calendar.opens(),
        "closes": calendar.closes(activity.pk),
        "section": "consultations",
    }
    return public_page(
        request, "survey/closed.html", context, seconds=calendar.seconds_to_boundary()
    )


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """The first page of questions; what is sent becomes a draft."""
    activity = _activity(request, slug)
    open_now = phases.is_open(activity, "answer")
    if request.method != "POST" and not open_now:
        return _closed(request, activity)
    contributions.require_eligible(activity, request.actor)
    questionnaire = questionnaire_of(activity)
    if request.method != "POST":
        return _screen(request, activity, questionnaire, 1, {}, {})
    return _save_page(request, activity, questionnaire, 1, {}, None, open_now)


def _save_page(
    request: HttpRequest,
    activity: Activity,
    questionnaire: Questionnaire,
    number: int,
    held: dict[str, Any],
    token: str | None,
    open_now: bool,
) -> HttpResponse:
    page = questionnaire.pages[number - 1]
    before = {key: value for key, value in held.items() if key not in _names(page)}
    if CHANGES in before:
        before[CHANGES] = str(_replaced(activity, before[CHANGES]).pk)
    raw = answers.from_form(page, request.POST, before)
    if not open_now:
        return _screen(
            request, activity, questionnaire, number, raw, before, token=token or "",
            closed=True, status=403,
        )  # fmt: skip
    back = request.POST.get("back")
    try:
        cleaned = answers.clean_page(page, raw, before)
    except Invalid as refusal:
        if not back:
            return _screen(
                request, activity, questionnaire, number, raw, before,
                token=token or "", refusal=refusal, status=422,
            )  # fmt: skip
        # Going back keeps what is right and forgets only what is wrong on this page.
        cleaned = _right_ones(page, raw, before)
    token = contributions.save_draft(activity=activity, payload={**before, **cleaned}, token=token)
    slug = activity.node.slug
    if back and number > 1:
        return HttpResponseRedirect(reverse("survey_step", args=[slug, token, number - 1]))
    if number < len(questionnaire.pages):
        return HttpResponseRedirect(reverse("survey_step", args=[slug, token, number + 1]))
    return HttpResponseRedirect(reverse("survey_send", args=[slug, token]))


def _names(page: Any) -> set[str]:
    return {name for q in page.questions for name in (q.id, f"{q.id}_other")}


def _right_ones(page: Any, raw: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for question in page.questions:
        if answers.shown(question, {**before, **cleaned}):
            try:
                cleaned.update(answers.clean_question(question, raw))
            except ValueError:
                continue
    return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, slug: str, token: str, step: int) -> HttpResponse:
    """One page of a draft, at an address that resumes it on any device."""
    activity = _activity(request, slug)
    held = contributions.draft(activity, token)
    questionnaire = questionnaire_of(activity)
    if not 1 <= step <= len(questionnaire.pages):
        raise Http404
    if request.method == "POST":
        open_now = phases.is_open(activity, "answer")
        return _save_page(request, activity, questionnaire, step, held, token, open_now)
    return _screen(request, activity, questionnaire, step, held, held, token=token)


@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """What will be sent, the notice, and one button."""
    activity = _activity(request, slug)
    key = request.POST.get("key", "")
    try:
        held = contributions.draft(activity, token)
    except NotFound:
        # The draft goes in the transaction of the answer: without it, look for the receipt.
        done = _already_sent(activity, key) if request.method == "POST" and key else None
        if done is None:
            raise
        return done
    questionnaire = questionnaire_of(activity)
    changes = held.pop(CHANGES, None)
    status, refusal, closed = 200, None, False
    if request.method == "POST":
        try:
            return _submit(request, activity, held, changes, token, key or new_token())
        except Invalid as error:
            refusal, status = error, 422
        except Closed:
            closed, status = True, 403
    context = {
        "activity": activity,
        "consultation": activity.consultation,
        "lines": answers.lines(questionnaire, held),
        "refusal": refusal,
        "closed": closed,
        "token": token,
        "total": len(questionnaire.pages),
        "changes": changes,
        "resume": request.build_absolute_uri(),
        "closes": phases.closes_at(activity, "answer"),
        "section": "consultations",
    }
    return render(request, "survey/send.html", context, status=status)


def _already_sent(activity: Activity, key: str) -> HttpResponse | None:
    """A second click on the button finds the draft gone and the receipt there."""
    stored = IdempotencyKey(f"answer:{activity.pk}", key).stored
    event = Event.objects.filter(key=stored).only("node_id").first()
    if event is None or event.node_id is None:
        return None
    return HttpResponseRedirect(reverse("receipt", args=[receipt_code(event.node_id)]))


def _submit(
    request: HttpRequest,
    activity: Activity,
    payload: dict[str, Any],
    changes: str | None,
    token: str,
    key: str,
) -> HttpResponse:
    idempotency = IdempotencyKey.of(f"answer:{activity.pk}", key, payload)
    receipt = _write(request, activity, payload, changes, idempotency, token)
    return HttpResponseRedirect(reverse("receipt", args=[receipt.code]))


def _replaced(activity: Activity, kept: str) -> Contribution:
    """Return the answer that a draft replaces, of this activity. Raises NotFound.

    Drafts made before hold the receipt code: read the same, and written back as an id.
    """
    try:
        pk = UUID(kept)
    except ValueError:
        found = contributions.by_code(kept)
        if found.activity_id == activity.pk:
            return found
        raise NotFound from None
    rows = Contribution.objects.select_related(
        "node", "activity__node", "activity__consultation__node"
    )
    row = rows.filter(pk=pk, activity=activity).first()
    if row is None:
        raise NotFound
    return row


def _write(
    request: HttpRequest,
    activity: Activity,
    payload: dict[str, Any],
    changes: str | None,
    key: IdempotencyKey,
    draft: str,
) -> contributions.Receipt:
    if changes:
        contribution = _replaced(activity, changes)
        return contributions.change(
            actor=request.actor.holding(contribution.pk),
            contribution=contribution,
            payload=payload,
            key=key,
            draft=draft,
        )
    return contributions.submit(
        actor=request.actor,
        activity=activity,
        payload=payload,
        language=(get_language() or "fr")[:2],
        key=key,
        draft=draft,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Open a sent answer again as a draft; it replaces the first one only when sent."""
    activity = _activity(request, slug)
    contribution = contributions.by_code(code)
    if contribution.activity_id != activity.pk or contribution.node.state != State.PRIVATE:
        raise NotFound
    phases.require_open(activity, "answer")
    payload = {**contribution.payload, CHANGES: str(contribution.pk)}
    token = contributions.save_draft(activity=activity, payload=payload)
    return HttpResponseRedirect(reverse("survey_step", args=[slug, token, 1]))


@require_safe
def printable(request: HttpRequest, slug: str) -> HttpResponse:
    """The same questions on paper, their conditions written out."""
    activity = _activity(request, slug)
    questionnaire = questionnaire_of(activity)
    pages = []
    for page in questionnaire.pages:
        rows = []
        for question in page.questions:
            condition = ""
            if question.show_if:
                before = questionnaire.question(question.show_if.question)
                names = (
                    [tr(o.label) for o in before.options if o.id in question.show_if.one_of]
                    if before
                    else []
                )
                condition = _("Answer only if, at “%(question)s”, you chose: %(answers)s.") % {
                    "question": tr(before.label) if before else "",
                    "answers": ", ".join(names),
                }
            rows.append({"question": question, "condition": condition})
        pages.append({"page": page, "rows": rows})
    context = {
        "activity": activity,
        "consultation": activity.consultation,
        "pages": pages,
        "closes": phases.closes_at(activity, "answer"),
        "section": "consultations",
    }
    return public_page(request, "survey/print.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def paper(request: HttpRequest, slug: str) -> HttpResponse:
    """Staff type in a form received on paper, by telephone or at a meeting."""
    activity = _activity(request, slug)
    access.require(request.actor, "enter_paper", activity)
    questionnaire = questionnaire_of(activity)
    typed: dict[str, Any] = {}
    refusal: Invalid | None = None
    if request.method == "POST":
        for page in questionnaire.pages:
            typed.update(answers.from_form(page, request.POST, typed))
        try:
            receipt = contributions.submit(
                actor=request.actor,
                activity=activity,
                payload=typed,
                language=request.POST.get("language", "fr"),
                channel=_staff_channel(request.POST.get("channel", "")),
                at=_received_on(request.POST.get("received_on", ""), activity),
                key=IdempotencyKey.of(
                    f"paper:{activity.pk}", request.POST.get("key") or new_token(), typed
                ),
            )
        except Invalid as error:
            refusal = error
        else:
            return HttpResponseRedirect(reverse("receipt", args=[receipt.code]))
    errors = refusal.errors if refusal else {}
    pages = [
        {"page": page, "shown": screens.show(_unconditional(page), typed, {}, errors)}
        for page in questionnaire.pages
    ]
    context = {
        "activity": activity,
        "consultation": activity.consultation,
        "pages": pages,
        "wrong": [item for part in pages for item in part["shown"] if item.error],
        "general": [str(m) for key in ("__all__", "at", "channel") for m in errors.get(key, ())],
        "channels": [(c.value, c.label) for c in (Channel.PAPER, Channel.PHONE, Channel.MEETING)],
        "channel": request.POST.get("channel", "paper"),
        "received_on": request.POST.get("received_on", timezone.localdate().isoformat()),
        "section": "desk",
    }
    return render(request, "survey/paper.html", context, status=422 if refusal else 200)


def _unconditional(page: Any) -> Any:
    questions = [q.model_copy(update={"show_if": None}) for q in page.questions]
    return page.model_copy(update={"questions": questions})


def _staff_channel(text: str) -> str:
    if text not in {Channel.PAPER, Channel.PHONE, Channel.MEETING}:
        raise Invalid({"channel": [_("Say how the answer came: paper, telephone or meeting.")]})
    return text


def _received_on(text: str, activity: Activity) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid(
            {"at": [_("“%(v)s” is not a date (year-month-day).") % {"v": text}]}
        ) from None
    noon = datetime.combine(day, time(12), ZoneInfo(activity.consultation.time_zone))
    return min(noon, timezone.now()) if day == timezone.localdate() else noon
