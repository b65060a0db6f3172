"""The three real plans, with their commitments, results and evaluations."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from parvis.core.access import SYSTEM
from parvis.core.models import Organisation
from parvis.plan import reports
from parvis.plan import services as plan
from parvis.plan.models import Commitment, Plan
from parvis.site.demo_loader.reading import day_of, read


def _names(slugs: Sequence[str] | None, organisations: Mapping[str, Organisation]) -> list[Any]:
    return [dict(organisations[slug].node.title) for slug in slugs or ()]


def load_plans(organisations: Mapping[str, Organisation]) -> dict[str, Commitment]:
    """Load the three plans with their commitments, milestones, results and evaluations."""
    made: dict[str, Plan] = {}
    commitments: dict[str, Commitment] = {}
    for row in sorted(read("plans"), key=lambda item: item["announced_on"]):
        with transaction.atomic():
            made[row["slug"]] = _plan(row, organisations, made)
            for item in row["commitments"]:
                commitments[item["slug"]] = _commitment(item, made[row["slug"]], organisations)
    return commitments


def _plan(
    row: Mapping[str, Any], organisations: Mapping[str, Organisation], made: Mapping[str, Plan]
) -> Plan:
    notes = [
        *row.get("notes", ()),
        *(item["text"] for item in row.get("criticisms") or ()),
        *(
            {
                code: f"{item['code']}. {item['title'][code]}. {item['note'][code]}"
                for code in item["title"]
            }
            for item in row.get("challenges") or ()
        ),
    ]
    if row.get("closed_note"):
        notes.append(row["closed_note"])
    created = plan.create_plan(
        actor=SYSTEM,
        title=row["title"],
        organisation=organisations[row["organisation"]],
        slug=row["slug"],
        fields={
            "summary": row["summary"],
            "announced_on": day_of(row["announced_on"]),
            "filed_on": day_of(row.get("filed_with_ogp_on")),
            "starts": day_of(row.get("starts")),
            "ends": day_of(row.get("ends")),
            "ends_precision": row.get("ends_precision") or "day",
            "notes": notes,
            "sources": row["sources"],
            "closed": row["closed"],
            "closed_on": day_of(row.get("closed_on")),
            "closed_on_precision": row.get("closed_on_precision") or "day",
            "last_reported_on": day_of(row.get("last_reported_on")),
        },
        follows_on=made.get(row.get("follows_on") or ""),
    )
    return plan.publish_plan(actor=SYSTEM, plan=created)


def _commitment(
    row: Mapping[str, Any], parent: Plan, organisations: Mapping[str, Organisation]
) -> Commitment:
    lead = organisations.get(row.get("lead") or "")
    commitment = plan.draft_commitment(
        actor=SYSTEM,
        plan=parent,
        title=row["title"],
        number=row["number"],
        slug=row["slug"],
        fields={
            "code": row.get("code") or "",
            "institutions": _names(row.get("institutions"), organisations),
            "ogp_value": row.get("ogp_value") or "",
            "lead": dict(lead.node.title) if lead else {},
            **{
                name: row.get(name) or {}
                for name in ("problem", "status_quo", "action", "contributes", "policy_area")
            },
            "starts": day_of(row.get("starts")),
            "starts_precision": row.get("starts_precision") or "day",
            "ends": day_of(row.get("ends")),
            "ends_precision": row.get("ends_precision") or "day",
            "notes": list(row.get("notes") or ()),
            "sources": row["sources"],
        },
    )
    for item in row["milestones"]:
        plan.add_milestone(
            actor=SYSTEM,
            commitment=commitment,
            title=item["title"],
            reached=item.get("reached"),
            fields={
                "starts": day_of(item.get("starts")),
                "ends": day_of(item.get("ends")),
                "responsible": item.get("responsible") or {},
                "note": item.get("note") or {},
            },
        )
    plan.publish_commitment(actor=SYSTEM, commitment=commitment)
    for item in row["progress"]:
        reports.report_progress(
            actor=SYSTEM,
            commitment=commitment,
            text=item["text"],
            completion=item.get("completion") or "",
            reported_on=day_of(item.get("date")),
            milestones_reached=item.get("milestones_reached"),
            milestones_total=item.get("milestones_total"),
            why=item.get("why") or {},
            external=item.get("external") or {},
            sources=item["sources"],
            source_silent=True,
        )
    for item in row["evaluations"]:
        _evaluation(item, commitment, organisations)
    return commitment


def _evaluation(
    row: Mapping[str, Any], commitment: Commitment, organisations: Mapping[str, Organisation]
) -> None:
    evaluator = organisations.get(row.get("evaluator") or "")
    reports.evaluate(
        actor=SYSTEM,
        kind=row["kind"],
        commitment=commitment,
        fields={
            "evaluator": dict(evaluator.node.title) if evaluator else {},
            "verifiable": row.get("verifiable"),
            "relevant": row.get("relevant"),
            "potential": row.get("potential") or "",
            "completion": row.get("completion") or "",
            "early_results": row.get("early_results") or "",
            "text": row["text"],
            "sources": row["sources"],
        },
    )
