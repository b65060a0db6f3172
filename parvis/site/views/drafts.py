"""The page that makes a commitment of a plan from a text written together."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parvis.collaborate.draft_views import drafting_or_404
from parvis.core import access
from parvis.core.desk import editing, key_of, submitted
from parvis.core.forms import KeyedForm, TitleChoice
from parvis.plan.models import Plan
from parvis.site.drafts import become_commitment


class ExportForm(KeyedForm):
    """Which plan, which number."""

    number = forms.CharField(label=gettext_lazy("Number in the plan"), max_length=12)

    def __init__(self, *args: Any, actor: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Plan.objects.filter(closed=False).select_related("node", "organisation__node")
        mine = [row.pk for row in rows if access.can(actor, "manage_plan", row)]
        self.fields["plan"] = TitleChoice(
            rows.filter(pk__in=mine).order_by("-pk"), label=gettext_lazy("Plan")
        )
        self.order_fields(["key", "plan", "number"])


@editing
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a draft commitment of a plan from a closed text."""
    actor = request.actor  # type: ignore[attr-defined]
    found = drafting_or_404(slug)
    access.require(actor, "manage_plan")
    form = ExportForm(request.POST or None, actor=actor)

    def act() -> str:
        made = become_commitment(
            actor=actor,
            drafting=found,
            plan=form.cleaned_data["plan"],
            number=form.cleaned_data["number"],
            key=key_of(form, f"became:{found.pk}"),
        )
        messages.success(request, _("The commitment is a draft: add its dates, then publish it."))
        return reverse("commitment_edit", args=[made.node.slug])

    context = {
        "committee": None, "heading": _("Make it a commitment of a plan"),
        "detail": found.node.title, "submit": _("Make the draft commitment"),
        "back": reverse("drafting", args=[slug]),
    }  # fmt: skip
    return submitted(request, form, act, "collaborate/desk/form.html", context)
