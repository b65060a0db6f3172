"""Co-creation checklists over HTTP, for programs."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from parvis.core.errors import NotFound
from parvis.core.models import State
from parvis.plan import queries
from parvis.plan.models import Plan
from parvis.site import cocreation_files

router = Router(tags=["collaboration"])
Text = dict[str, str]


class ProgramOut(Schema):
    """What the program sees by itself, why, and where to check it."""

    state: str
    why: Text
    evidence: list[str]
    reconstructed: bool


class PeopleOut(Schema):
    """What people answer, on a day."""

    state: str
    comment: Text
    evidence: list[str]
    on: date


class StandardOut(Schema):
    """A standard. state: met, partly, not_yet, not_applicable; null when nobody answered."""

    standard: str
    set: str
    number: int
    name: Text
    asks: Text
    state: str | None
    answered_by: str | None
    program: ProgramOut | None
    people: PeopleOut | None


class ChecklistOut(Schema):
    """The checklist of a plan: the same content as its checklist.json."""

    plan: str
    title: Text
    url: Text
    generated_on: date
    sources: dict[str, list[str]]
    standards: list[StandardOut]


@router.get(
    "/checklists/{plan}", response=ChecklistOut, summary="The co-creation checklist of a plan"
)
def get_checklist(request: HttpRequest, plan: str) -> dict[str, Any]:
    """OGP's five standards and the seven principles of Québec's framework, for a public plan."""
    try:
        found = queries.plan_by_slug(plan)
    except Plan.DoesNotExist:
        raise NotFound from None
    if found.node.state != State.PUBLIC:
        raise NotFound
    return cocreation_files.document(found, today=timezone.localdate())
