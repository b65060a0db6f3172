"""Plain functions that make themes and codings by the services."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from parvis.consult.models import Consultation
from parvis.core.access import SYSTEM
from parvis.core.models import Node, State
from parvis.core.thread import link
from parvis.understand import coding, services
from parvis.understand.models import Theme
from tests.factories import make_answer, survey_of


def make_theme(consultation: Consultation, name: str = "Données claires", **more: Any) -> Theme:
    """Return a theme that is not published, complete in French and in English."""
    return services.create_theme(
        actor=SYSTEM,
        space=consultation.node,
        title={"fr": name, "en": f"{name} (en)"},
        description={"fr": f"{name}, en mots.", "en": f"{name}, in words."},
        **more,
    )


def make_answers(consultation: Consultation, texts: Iterable[str]) -> list[UUID]:
    """Return the ids of survey answers that say these things."""
    activity = survey_of(consultation)
    return [make_answer(activity, {"first": "data", "why": text}).contribution.pk for text in texts]


def code(consultation: Consultation, ids: Iterable[UUID], *themes: Theme) -> coding.Coding:
    """Attach contributions to themes."""
    return coding.code_contributions(
        actor=SYSTEM,
        space=consultation.node,
        contributions=list(ids),
        add=[theme.pk for theme in themes],
    )


def publish(consultation: Consultation, due: date | None = None) -> list[Theme]:
    """Publish every theme of a consultation."""
    return services.publish_themes(
        actor=SYSTEM, space=consultation.node, languages=["fr", "en"], response_due=due
    )


def answer(theme: Theme, slug: str = "reponse") -> Node:
    """Return a published response node tied to a theme."""
    response = Node.objects.create(
        kind="response",
        slug=slug,
        title={"fr": "Réponse", "en": "Response"},
        space=theme.node.space,
        state=State.PUBLIC,
    )
    link(theme.node, "answered_by", response, actor=SYSTEM)
    return response
