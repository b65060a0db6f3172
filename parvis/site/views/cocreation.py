"""The co-creation checklist of a plan: in public, as files, and the form that answers it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from parvis.collaborate import checklist
from parvis.collaborate.models import Check
from parvis.core import access, limits
from parvis.core.desk import editing, key_of, submitted
from parvis.core.forms import KeyedForm, SourcesFormField
from parvis.core.i18n import TextFormField
from parvis.core.lists import source_links
from parvis.core.models import State
from parvis.core.pages import public_page
from parvis.plan.models import Plan
from parvis.plan.views import plan_or_404
from parvis.site import cocreation, cocreation_files


def _public(request: HttpRequest, slug: str) -> Plan:
    plan = plan_or_404(request, slug)
    if plan.node.state != State.PUBLIC:
        raise Http404
    return plan


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Each standard: where the plan stands, who says so, and why."""
    plan = _public(request, slug)
    rows = cocreation.checklist(plan)
    states = [row.state for row in rows]
    context = {
        "plan": plan,
        "node": plan.node,
        "sets": [
            {
                "key": name,
                "name": label,
                "rows": [row for row in rows if row.item.set == name],
                "sources": source_links(checklist.SOURCES[name]),
            }
            for name, label in checklist.SETS.items()
        ],
        "counts": [(label, states.count(state)) for state, label in Check.State.choices],
        "unanswered": states.count(""),
        "reconstructed": any(row.filled and row.filled.reconstructed for row in rows),
        "section": "collaborate",
    }
    return public_page(request, "collaboration/cocreation.html", context)


@require_safe
def as_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The checklist as JSON."""
    body = cocreation_files.document(_public(request, slug), today=timezone.localdate())
    answer = JsonResponse(body, json_dumps_params={"ensure_ascii": False, "indent": 1})
    answer.public_seconds = 60  # type: ignore[attr-defined]
    return answer


@require_safe
def as_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The checklist as CSV."""
    plan = _public(request, slug)
    body = cocreation_files.as_csv(plan, today=timezone.localdate())
    answer = HttpResponse(body, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="cocreation-{plan.node.slug}.csv"'
    answer.public_seconds = 60  # type: ignore[attr-defined]
    return answer


class CheckForm(KeyedForm):
    """An answer to one standard."""

    state = forms.ChoiceField(
        label=gettext_lazy("Where the plan stands"), widget=forms.RadioSelect, required=False,
        choices=[("", gettext_lazy("Leave it to what the program sees")), *Check.State.choices],
    )  # fmt: skip
    comment = TextFormField(
        label=gettext_lazy("Comment"), rows=3, required=False,
        characters_max=limits.REASON_CHARACTERS,
    )  # fmt: skip
    evidence = SourcesFormField(label=gettext_lazy("Evidence"), required=False)


@editing
def check(request: HttpRequest, slug: str, item: str) -> HttpResponse:
    """Answer one standard for a plan."""
    plan = _public(request, slug)
    access.require(request.actor, "check_cocreation", plan)  # type: ignore[attr-defined]
    rows = {row.item.key: row for row in cocreation.checklist(plan)}
    if item not in rows:
        raise Http404
    row = rows[item]
    initial: dict[str, Any] = {}
    if row.check:
        initial = {name: getattr(row.check, name) for name in ("state", "comment", "evidence")}
    form = CheckForm(request.POST or None, initial=initial)

    def act() -> str:
        data = form.cleaned_data
        checklist.answer(
            actor=request.actor,  # type: ignore[attr-defined]
            plan=plan.node,
            item=item,
            state=data["state"],
            comment=data["comment"],
            evidence=data["evidence"],
            key=key_of(form, f"cocreation:{plan.pk}:{item}"),
        )
        messages.success(request, _("The answer is public."))
        return f"{reverse('cocreation', args=[slug])}#{item}"

    context = {"plan": plan, "row": row, "back": reverse("cocreation", args=[slug])}
    return submitted(request, form, act, "collaboration/check.html", context)
