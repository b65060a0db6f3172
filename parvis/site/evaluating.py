"""The only door to an independent evaluation: terms are one domain's, scales another's.

Kept apart so that neither domain imports the other.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from parvis.collaborate.voices import Body, require_voice
from parvis.core.access import Actor
from parvis.core.events import IdempotencyKey
from parvis.plan import independent
from parvis.plan.models import Commitment, Evaluation, Plan


@transaction.atomic
def publish_evaluation(
    *,
    actor: Actor,
    body: Body,
    kind: str,
    commitment: Commitment | None = None,
    plan: Plan | None = None,
    fields: Mapping[str, Any] | None = None,
    today: date | None = None,
    key: IdempotencyKey | None = None,
) -> Evaluation:
    """Publish what a committee or a group concludes, at once, and return it; nobody approves it.

    Raises SignInNeeded, Forbidden (no role; a term or an accreditation that is over), NotFound,
    Invalid.
    """
    require_voice(actor, "evaluate_apart", body, today=today)
    return independent.publish(
        actor=actor, body=body.node, kind=kind, commitment=commitment, plan=plan, fields=fields,
        today=today, key=key,
    )  # fmt: skip
