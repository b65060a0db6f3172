"""Evaluations that a committee or an accredited group publishes alone: no approval, no edit.

Whether somebody's term or a group's accreditation still runs is known to the collaboration
domain: `parvis.site.evaluating` asks it first.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import access, revisions
from parvis.core.access import Actor
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.models import Node, State
from parvis.core.rows import apply, plain
from parvis.core.thread import link
from parvis.merkle import canon
from parvis.plan import scales
from parvis.plan.models import Commitment, Evaluation, Plan
from parvis.plan.reports import EVALUATION_FIELDS
from parvis.plan.writing import check, new_node

FIELDS = tuple(name for name in EVALUATION_FIELDS if name != "evaluator")
BODIES = {"committee": Evaluation.By.COMMITTEE, "group": Evaluation.By.GROUP}


@transaction.atomic
def publish(
    *,
    actor: Actor,
    body: Node,
    kind: str,
    commitment: Commitment | None = None,
    plan: Plan | None = None,
    fields: Mapping[str, Any] | None = None,
    today: date | None = None,
    key: IdempotencyKey | None = None,
) -> Evaluation:
    """Publish what a committee or a group (`body`) concludes, at once, and return it.

    Each answer on OGP's scales has its reason; `signed` is required. The register keeps its
    SHA-256. Raises Forbidden, NotFound (not public), Invalid.
    """
    if earlier := replayed(key):
        return Evaluation.objects.select_related("node").get(pk=earlier.data["evaluation"])
    subject = commitment or plan
    if subject is None or (commitment is not None and plan is not None):
        raise Invalid({"__all__": [_("An evaluation is of one commitment or of one plan.")]})
    if body.kind not in BODIES:
        raise Invalid({"body": [_("Only a committee or an accredited group may.")]})
    access.require(actor, "evaluate_apart", body)
    if subject.node.state != State.PUBLIC or body.state != State.PUBLIC:
        raise NotFound
    row = Evaluation(
        commitment=commitment,
        plan=plan,
        kind=kind,
        by=BODIES[body.kind],
        body=body,
        author_id=actor.person_id,
        evaluator=dict(body.title),
    )
    apply(row, fields or {}, FIELDS)
    _check(row, today or timezone.localdate())
    slug = f"{subject.node.slug[:36]}-{body.slug[:16]}-{kind}"
    row.node = new_node(
        "evaluation", subject.node.title, slug=slug, space=subject.node, public=True
    )
    row.save(force_insert=True)
    link(subject.node, "evaluated_by", row.node, actor=actor, action="evaluate_apart")
    content = content_of(row)
    revisions.keep(row.node, {"text": row.text, "signed": row.signed}, actor=actor)
    digest = hashlib.sha256(canon.encode(content)).hexdigest()
    data = {"evaluation": str(row.pk), "sha256": digest, "by": row.by}
    emit("evaluation.published", node=subject.node, actor=actor, data=data, key=key)
    return row


def _check(row: Evaluation, today: date) -> None:
    errors: dict[str, list[object]] = {}
    if not row.text:
        errors["text"] = [_("Write it in French or in English.")]
    if not row.signed.strip():
        errors["signed"] = [_("Sign it: a name, and in what capacity.")]
    row.evaluated_on = row.evaluated_on or today
    if isinstance(row.evaluated_on, date) and row.evaluated_on > today:
        errors["evaluated_on"] = [_("This day has not come yet.")]
    if not any(scales.is_answered(row, scale) for scale in scales.SCALES):
        errors["completion"] = [_("Answer one scale at least.")]
    if errors:
        raise Invalid(errors)
    scales.check_reasons(row, asked=True)
    check(row, exclude=["commitment", "plan", "author", "body"])


def content_of(row: Evaluation) -> dict[str, Any]:
    """Return what the register seals of an evaluation: anybody hashes it again from the API."""
    names = ("kind", "by", "evaluated_on", "text", "signed")
    answers = {scale: getattr(row, scale) for scale in scales.SCALES}
    return {
        **{name: plain(getattr(row, name)) for name in names},
        "body": str(row.body_id),
        "subject": str(row.commitment_id or row.plan_id),
        "answers": {k: v for k, v in answers.items() if v not in (None, "")},
        "reasons": row.reasons,
        "sources": list(row.sources),
    }
