"""The first page of collaboration: committees, what is late, texts, groups, evaluations."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from parvis.collaborate import queries
from parvis.collaborate.models import Drafting
from parvis.core.models import State
from parvis.core.pages import public_page
from parvis.plan import queries as plans
from parvis.plan.models import Evaluation

SHOWN = 5


@require_safe
def collaborate(request: HttpRequest) -> HttpResponse:
    """Everything that is done together, in the same number of queries whatever there is."""
    today = timezone.localdate()
    standings = queries.standings(queries.public_committees(), today=today)
    replies = sorted(
        (row for standing in standings for row in standing.replies),
        key=lambda row: (not row.is_late, -row.advice.given_on.toordinal()),
    )
    drafts = Drafting.objects.filter(
        node__state=State.PUBLIC, committee__node__state=State.PUBLIC
    ).select_related("node", "committee__node")
    groups = list(queries.groups())
    own = plans.public_evaluations().filter(body__isnull=False, node__state=State.PUBLIC)
    context = {
        "standings": standings,
        "late_replies": [row for standing in standings for row in standing.late_replies],
        "meetings": list(queries.public_meetings()[:SHOWN]),
        "replies": [row for row in replies if row.advice.node.state == State.PUBLIC][:SHOWN],
        "drafts": list(drafts.order_by("closed_on", "-pk")[:SHOWN]),
        "groups": [(row, row.is_current(today)) for row in groups[:SHOWN]],
        "groups_total": len(groups),
        "evaluations": list(own[:SHOWN]),
        "plans": list(plans.public_plans()),
        "today": today,
        "government": Evaluation.By.GOVERNMENT,
        "section": "collaborate",
    }
    return public_page(request, "collaboration/collaborate.html", context)
