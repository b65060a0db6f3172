"""A site that asks for a second person, and the people of a review."""

from dataclasses import dataclass
from typing import Any

from parvis.consult.approval import services
from parvis.consult.approval.models import Review
from parvis.consult.models import Consultation
from parvis.core.access import Actor
from parvis.core.models import Site
from tests.factories import make_actor, make_consultation


@dataclass
class Team:
    """An adviser who asks, a coordinator who decides, their consultation."""

    adviser: Actor
    coordinator: Actor
    consultation: Consultation


def make_team(*, opened: bool = False, **more: Any) -> Team:
    """Return a complete draft on a site that asks for a second person (or an open one)."""
    consultation = make_consultation(opened=opened, **more)
    Site.objects.update(approval=Site.Approval.SECOND_PERSON)
    adviser = make_actor("adviser", "conseillere@test.example")
    coordinator = make_actor("coordinator", "coordonnatrice@test.example")
    return Team(adviser, coordinator, consultation)


def make_review(team: Team, *, approved: bool = False) -> Review:
    """Return a review asked by the adviser, approved by the coordinator when said."""
    review = services.ask_review(actor=team.adviser, consultation=team.consultation)
    if approved:
        review = services.approve(actor=team.coordinator, review=review)
    return review
