"""Reading a survey: its questionnaire, and the answers that count as a table."""

from typing import Any

import pyarrow as pa

from parvis.consult import queries
from parvis.consult.models import Activity
from parvis.methods.survey import tabulate
from parvis.methods.survey.definition import Questionnaire, parse


def questionnaire_of(activity: Activity) -> Questionnaire:
    """Return an activity's questionnaire, read once for each version of its settings."""
    kept: tuple[Any, Questionnaire] | None = activity.__dict__.get("_questionnaire")
    if kept is None or kept[0] is not activity.settings:
        kept = activity.__dict__["_questionnaire"] = (activity.settings, parse(activity.settings))
    return kept[1]


def table(activity: Activity) -> pa.Table:
    """Return the kept answers as an Arrow table without personal data, in random order."""
    payloads = list(queries.kept(activity).values_list("payload", flat=True))
    return tabulate.table(questionnaire_of(activity), payloads)
