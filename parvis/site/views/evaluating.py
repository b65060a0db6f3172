"""The page where a committee or an accredited group publishes its own evaluation."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from parvis.collaborate.voices import bodies_of, member_of
from parvis.core import access
from parvis.core.desk import editing, key_of, submitted
from parvis.core.errors import Forbidden
from parvis.core.i18n import tr
from parvis.plan.forms import IndependentForm
from parvis.plan.models import Commitment, Plan
from parvis.plan.views import commitment_or_404, plan_or_404
from parvis.site.evaluating import publish_evaluation


def _evaluate(request: HttpRequest, thing: Commitment | Plan, back: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    access.require(actor, "evaluate_apart")
    bodies = {str(body.pk): body for body in bodies_of(actor)}
    if not bodies:
        raise Forbidden(_("Your term here is over, or has not begun."))
    seat = member_of(actor, next(iter(bodies.values())).node)
    initial = {"signed": seat.name if seat else "", "evaluated_on": timezone.localdate()}
    nodes = [body.node for body in bodies.values()]
    form = IndependentForm(request.POST or None, bodies=nodes, initial=initial)

    def act() -> str:
        subject = {"plan": thing} if isinstance(thing, Plan) else {"commitment": thing}
        made = publish_evaluation(
            actor=actor,
            body=bodies[form.cleaned_data["body"]],
            kind=form.cleaned_data["kind"],
            fields=form.findings(),
            key=key_of(form, f"independent:{thing.pk}:{actor.person_id}"),
            **subject,  # type: ignore[arg-type]
        )
        messages.success(request, _("The evaluation is public. Nobody can edit it."))
        return f"{back}#e-{made.node.slug}"

    context = {
        "heading": _("Publish an independent evaluation"),
        "intro": _("It is public as soon as you send it, beside the government’s own."),
        "about": tr(thing.node.title),
        "submit": _("Publish the evaluation"),
        "back": back,
    }
    answer = submitted(request, form, act, "evaluating/form.html", context)
    return answer


@editing
def commitment_evaluate(request: HttpRequest, slug: str) -> HttpResponse:
    """Evaluate a commitment for a committee or a group."""
    return _evaluate(request, commitment_or_404(request, slug), reverse("commitment", args=[slug]))


@editing
def plan_evaluate(request: HttpRequest, slug: str) -> HttpResponse:
    """Evaluate a plan for a committee or a group."""
    return _evaluate(request, plan_or_404(request, slug), reverse("plan", args=[slug]))
