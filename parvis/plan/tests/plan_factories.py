"""Plans, commitments and themes for tests, made by the services so that data is always legal."""

from datetime import date
from typing import Any

from parvis.core import thread
from parvis.core.access import SYSTEM
from parvis.core.models import Node, State
from parvis.plan import reports, responses, services
from parvis.plan.models import Commitment, Milestone, Plan, ProgressUpdate, Response
from tests.factories import make_organisation, make_site

TODAY = date(2026, 6, 1)


def plain(text: object) -> str:
    """Return a phrase with ordinary spaces."""
    return str(text).replace("\u00a0", " ")


def both(text: str) -> dict[str, str]:
    """Return a text in French and English."""
    return {"fr": text, "en": f"{text} (en)"}


def make_plan(slug: str = "plan-essai", *, public: bool = True, **fields: Any) -> Plan:
    """Return a plan, open until the end of 2027 unless said otherwise."""
    make_site()
    known = {"summary": both("Un plan."), "starts": date(2026, 1, 1), "ends": date(2027, 12, 31)}
    plan = services.create_plan(
        actor=SYSTEM,
        title=both(f"Plan {slug}"),
        organisation=make_organisation(f"org-{slug}", f"Organisme {slug}"),
        slug=slug,
        fields={**known, **fields},
    )
    return services.publish_plan(actor=SYSTEM, plan=plan) if public else plan


def make_commitment(
    plan: Plan, number: str = "1", *, public: bool = True, milestones: int = 0, **fields: Any
) -> Commitment:
    """Return a commitment with some milestones, none of them reached."""
    row = services.draft_commitment(
        actor=SYSTEM,
        plan=plan,
        title=both(f"Engagement {number} de {plan.node.slug}"),
        number=number,
        slug=f"{plan.node.slug}-{number}",
        fields={"lead": both("Secrétariat"), "problem": both("Un problème."), **fields},
    )
    for n in range(milestones):
        make_milestone(row, f"Jalon {n + 1}")
    return services.publish_commitment(actor=SYSTEM, commitment=row) if public else row


def make_milestone(
    commitment: Commitment, title: str, reached: bool | None = False, **fields: Any
) -> Milestone:
    """Return one milestone."""
    return services.add_milestone(
        actor=SYSTEM, commitment=commitment, title=both(title), reached=reached, fields=fields
    )


def make_report(commitment: Commitment, completion: str = "limited", **more: Any) -> ProgressUpdate:
    """Return a report, with its why when it is not complete."""
    known: dict[str, Any] = {
        "text": both("Une partie est faite."),
        "why": both("Il manquait du monde."),
        "external": {},
        "reported_on": date(2026, 5, 1),
    }
    return reports.report_progress(
        actor=SYSTEM, commitment=commitment, completion=completion, **{**known, **more}
    )


def make_theme(consultation: Node, slug: str, said: int = 0) -> Node:
    """Return the node of a public theme that `said` contributions express."""
    theme = Node.objects.create(
        kind="theme", slug=slug, title=both(f"Thème {slug}"), space=consultation,
        state=State.PUBLIC,
    )  # fmt: skip
    for n in range(said):
        voice = Node.objects.create(
            kind="contribution", slug=f"{slug}-{n}", title={}, space=consultation, state="private"
        )
        thread.link(voice, "expresses", theme, actor=SYSTEM)
    return theme


def make_response(
    theme: Node, *commitments: Commitment, verdict: str = "retained", public: bool = True
) -> Response:
    """Return the response to a theme, leading to commitments."""
    assert theme.space is not None
    response = responses.draft_response(
        actor=SYSTEM,
        consultation=theme.space,
        themes=[theme],
        fields={"verdict": verdict, "reason": both("Parce que c’est utile.")},
        commitments={row.node: both("Même sujet.") for row in commitments},
    )
    if public:
        responses.publish_response(actor=SYSTEM, response=response, languages=["fr", "en"])
    return response
