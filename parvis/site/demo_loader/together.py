"""The real committee as far as it was read, and an invented one, marked so, that is alive."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from parvis.collaborate import advice, drafting, groups, meetings, services
from parvis.collaborate.models import Committee, Member
from parvis.core.access import SYSTEM
from parvis.core.models import Node, Organisation, State
from parvis.site.demo_loader.reading import day_of, email_of, read

_KEPT = ("summary", "mandate", "rules", "created_precision", "status", "months_apart",
         "reply_days", "seats_civil_society", "seats_government", "notes", "sources")  # fmt: skip


def _ago(days: int | None) -> date | None:
    return None if days is None else timezone.localdate() - timedelta(days=days)


@transaction.atomic
def load_committees(organisations: Mapping[str, Organisation]) -> None:
    """Load both committees; the invented one with its meetings, advice, text and group."""
    rows = read("committees")
    _committee(rows["real"], organisations, day_of(rows["real"]["created_on"]))
    row = rows["rebuilt"]
    made = _committee(row, organisations, _ago(row["created_days_ago"]), reconstructed=True)
    members = {item["name"]: _member(made, item) for item in row["members"]}
    for item in row["meetings"]:
        _meeting(made, item, members)
    for item in row["advice"]:
        _advice(made, item)
    _draft(made, row["draft"])
    group = row["group"]
    groups.accredit(
        actor=SYSTEM,
        name=group["title"],
        organisation=made.organisation,
        fields={
            "why": group["why"], "by_name": group["by_name"],
            "since": _ago(group["since_days_ago"]),
        },
        reconstructed=True,
    )  # fmt: skip


def _committee(
    row: Mapping[str, Any],
    organisations: Mapping[str, Organisation],
    created_on: date | None,
    *,
    reconstructed: bool = False,
) -> Committee:
    fields = {name: row[name] for name in _KEPT if name in row}
    made = services.create_committee(
        actor=SYSTEM,
        title=row["title"],
        organisation=organisations[row["organisation"]],
        slug=row["slug"],
        fields={**fields, "created_on": created_on},
        reconstructed=reconstructed,
    )
    return services.publish_committee(actor=SYSTEM, committee=made)


def _member(made: Committee, row: Mapping[str, Any]) -> Member:
    return services.name_member(
        actor=SYSTEM,
        body=made,
        fields={
            "name": row["name"],
            "seat": row["seat"],
            "organisation_name": row["organisation_name"],
            "starts": _ago(row["starts_days_ago"]),
            "ends": _ago(row.get("ends_days_ago")),
        },
        email=email_of(row["account"]) if row.get("account") else "",
    )


def _meeting(made: Committee, row: Mapping[str, Any], members: Mapping[str, Member]) -> None:
    on = timezone.localdate() - timedelta(days=row["days_ago"])
    meeting = meetings.call_meeting(
        actor=SYSTEM, committee=made, on=on, fields={"agenda": row["agenda"]}
    )
    if "minutes" in row:
        seated = {name: one for name, one in members.items() if one.is_current(on)}
        meetings.record_meeting(
            actor=SYSTEM,
            meeting=meeting,
            attendance={one.pk: name in row["present"] for name, one in seated.items()},
            minutes=row["minutes"],
        )


def _advice(made: Committee, row: Mapping[str, Any]) -> None:
    kind, slug = row["about"].split("/")
    given = advice.give_advice(
        actor=SYSTEM,
        committee=made,
        title=row["title"],
        text=row["text"],
        given_on=_ago(row["days_ago"]),
        about=Node.objects.filter(kind=kind, slug=slug, state=State.PUBLIC).first(),
    )
    if "reply" in row:
        advice.reply_to(
            actor=SYSTEM,
            advice=given,
            reply=row["reply"],
            replier=row["replier"],
            today=_ago(row["reply_days_ago"]),
        )


def _draft(made: Committee, row: Mapping[str, Any]) -> None:
    draft = drafting.open_drafting(
        actor=SYSTEM, committee=made, title=row["title"], intro=row["intro"], text=row["text"],
        open_to="everybody",
    )  # fmt: skip
    passages = {
        passage.position: passage
        for passage in draft.passages.select_related("drafting__node", "drafting__committee__node")
    }
    for item in row["changes"]:
        change = drafting.propose_change(
            actor=SYSTEM, passage=passages[item["passage"]], text=item["text"],
            reason=item["reason"],
        )  # fmt: skip
        decision = item.get("adopt") or item.get("refuse")
        if decision:
            drafting.settle_change(
                actor=SYSTEM, change=change, adopt="adopt" in item, decision=decision
            )
