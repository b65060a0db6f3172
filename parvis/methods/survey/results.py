"""When the charts of a survey are public, and the charts themselves, computed once a change."""

from collections.abc import Mapping
from typing import Any

from django.core.cache import cache as local
from django.utils.translation import get_language

from parvis.consult import phases
from parvis.consult.models import Activity
from parvis.core.models import Event
from parvis.methods.survey import method

SECONDS = 3600


def are_public(activity: Activity) -> bool:
    """Whether the charts may be seen: while it runs when so set, else once it is closed."""
    live = method.questionnaire_of(activity).results == "live"
    return live or not phases.is_open(activity, "answer")


def public_results(activity: Activity) -> Mapping[str, Any] | None:
    """Return the charts, or None while they are not public.

    They are kept until another answer is received, changed or set aside.
    """
    if not are_public(activity):
        return None
    last = (
        Event.objects.filter(node__space_id=activity.pk)
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )
    key = f"survey-results:{activity.pk}:{activity.version}:{last}:{get_language()}"
    found = local.get(key)
    if found is None:
        found = method.charts(activity)
        local.set(key, found, SECONDS)
    return found
