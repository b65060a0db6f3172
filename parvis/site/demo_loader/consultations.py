"""The consultation of 2020 rebuilt with its thread, and the one that is open now."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from parvis.consult import contributions, methods, services
from parvis.consult.legal import services as legal
from parvis.consult.models import Activity, Consultation, Contribution, Vote
from parvis.core import keys
from parvis.core.access import SYSTEM
from parvis.core.events import emit
from parvis.core.models import Node, Organisation
from parvis.methods.proposals import consume as proposal_counts
from parvis.methods.proposals import services as proposals
from parvis.methods.proposals.models import Proposal
from parvis.plan import responses
from parvis.plan.models import Commitment
from parvis.site import publication
from parvis.site.demo_loader.people import approve
from parvis.site.demo_loader.published import publish_text
from parvis.site.demo_loader.reading import ZONE, day_of, read
from parvis.understand import coding
from parvis.understand import services as understand

NO_CONSEQUENCE = {
    "fr": "Répondre est libre. Ne pas répondre n’a aucune conséquence.",
    "en": "Answering is free. Not answering has no consequence.",
}


def _fields(row: Mapping[str, Any], dates: Mapping[str, date]) -> dict[str, Any]:
    influence, notice = row["influence"], row["notice"]
    return {
        "question": row["question"],
        "summary": row["summary"],
        "influence_decision": influence["decision"],
        "influence_who": influence["who"],
        "influence_out": influence["out"],
        "who_may": "anyone",
        "duplicate_rule": row["duplicate_rule"],
        "notice_purpose": notice["purpose"],
        "notice_readers": notice["readers"],
        "notice_refusal": NO_CONSEQUENCE,
        "notice_rights": notice["rights"],
        "other_ways": row.get("other_ways") or {},
        "history": row["reconstruction_note"],
        "sources": row.get("sources") or [],
        "languages": ["fr", "en"],
        "reconstructed": True,
        **dates,
    }


def _moment(day: date, hour: int = 0) -> datetime:
    return datetime.combine(day, time(hour), ZONE)


def _activities(
    consultation: Consultation, row: Mapping[str, Any], live: bool
) -> dict[str, Activity]:
    made = {}
    for item in row["activities"]:
        given = dict(item["settings"])
        if item["method"] == "survey":
            given["results"] = "live" if live else "closed"
        else:
            given = {"supports_max": None, "intro": item["summary"]}
        made[item["slug"]] = services.add_activity(
            actor=SYSTEM,
            consultation=consultation,
            method=item["method"],
            title=item["title"],
            settings=given,
            slug=f"{consultation.node.slug}-{item['slug']}",
        )
    return made


def load_past(
    organisations: Mapping[str, Organisation], commitments: Mapping[str, Commitment]
) -> Consultation:
    """Rebuild the consultation of 6 February 2020 and follow its thread to today."""
    row = read("consultation-2020")
    consultation = _past_consultation(row, organisations)
    survey = consultation.activities.select_related("node", "consultation__node").get()
    ids = _past_answers(row, survey)
    _past_thread(row, consultation, survey, ids, commitments)
    return consultation


@transaction.atomic
def _past_consultation(
    row: Mapping[str, Any], organisations: Mapping[str, Organisation]
) -> Consultation:
    unveiled = date(2020, 11, 5)
    dates = {
        "influence_on": unveiled,
        "themes_due": unveiled,
        "response_due": unveiled,
        "report_due": unveiled,
        "retention_on": timezone.localdate() + timedelta(days=row["retention_offset_days"]),
    }
    consultation = services.create_consultation(
        actor=SYSTEM,
        title=row["title"],
        organisation=organisations[row["organisation"]],
        slug=row["slug"],
        fields={**_fields(row, dates), "minutes": 5},
    )
    made = _activities(consultation, row, live=False)
    extension = row["extensions"][0]
    first_end = _moment(day_of(extension["from"]) or unveiled) + timedelta(days=1)
    answering = row["phases"][0]
    phase = services.set_phase(
        actor=SYSTEM,
        consultation=consultation,
        title=answering["title"],
        starts=_moment(date.fromisoformat(answering["starts"])),
        ends=first_end,
        openings=[(made[a["activity"]], a["action"]) for a in answering["actions"]],
    )
    for later in row["phases"][1:2]:
        services.set_phase(
            actor=SYSTEM,
            consultation=consultation,
            title=later["title"],
            starts=_moment(date.fromisoformat(later["starts"])),
            ends=_moment(date.fromisoformat(later["ends"])) + timedelta(days=1),
            openings=[],
        )
    legal.confirm(actor=SYSTEM, consultation=consultation)
    approve(consultation)
    services.open_consultation(actor=SYSTEM, consultation=consultation)
    services.extend(
        actor=SYSTEM,
        phase=phase,
        new_ends=_moment(day_of(extension["to"]) or unveiled) + timedelta(days=1),
        reason=extension["reason"],
    )
    opened = _moment(date.fromisoformat(row["starts"]))
    Node.objects.filter(pk=consultation.pk).update(published_at=opened)
    consultation.node.published_at = opened
    return consultation


@transaction.atomic
def _past_answers(row: Mapping[str, Any], survey: Activity) -> dict[str, UUID]:
    ids = {}
    for item in row["contributions"]:
        receipt = contributions.submit(
            actor=SYSTEM,
            activity=survey,
            payload=item["answers"],
            language=item["language"],
            channel=item["channel"],
            at=_moment(date.fromisoformat(item["received_on"]), 12),
            once=False,
        )
        ids[item["ref"]] = receipt.contribution.pk
    return ids


@transaction.atomic
def _past_thread(
    row: Mapping[str, Any],
    consultation: Consultation,
    survey: Activity,
    ids: Mapping[str, UUID],
    commitments: Mapping[str, Commitment],
) -> None:
    space = consultation.node
    themes = {
        item["slug"]: understand.create_theme(
            actor=SYSTEM,
            space=space,
            title=item["title"],
            description=item["description"],
            slug=item["slug"],
            response_due=consultation.response_due,
            sources=[item["lesson_source"]],
        )
        for item in row["themes"]
    }
    question = row["text_question"]
    for item in row["contributions"]:
        pk = ids[item["ref"]]
        wanted = [themes[slug].node.pk for slug in item["themes"]]
        passages = (
            [coding.Passage(pk, wanted[0], item["quote"], public=True)]
            if item.get("quote") and wanted
            else []
        )
        coding.code_contributions(
            actor=SYSTEM,
            space=space,
            contributions=[pk],
            add=wanted,
            outcome=None if wanted else "none",
            quotes=passages,
            texts={pk: {question: item["text"]}},
        )
    understand.publish_themes(
        actor=SYSTEM, space=space, languages=["fr", "en"], response_due=consultation.response_due
    )
    for item in row["responses"]:
        drafted = responses.draft_response(
            actor=SYSTEM,
            consultation=space,
            themes=[Node.objects.get(pk=themes[item["theme"]].node.pk)],
            slug=item["slug"],
            fields={
                "verdict": item["verdict"],
                "reason": item["reason"],
                "follows": item.get("follows") or {},
            },
            commitments={
                commitments[target["commitment"]].node: target["reason"]
                for target in item["leads_to"]
            },
        )
        responses.publish_response(
            actor=SYSTEM,
            response=drafted,
            languages=["fr", "en"],
            published_on=day_of(item["date"]),
        )


def load_open(organisations: Mapping[str, Organisation]) -> Consultation:
    """Load the consultation that is open now, so that a visitor can take part at once."""
    row = read("consultation-open")
    consultation, made = _open_consultation(row, organisations)
    today = timezone.localdate()
    with transaction.atomic():
        for item in row["answers"]:
            contributions.submit(
                actor=SYSTEM,
                activity=made["questionnaire"],
                payload=item["answers"],
                language=item["language"],
                channel=item["channel"],
                at=_past_moment(today + timedelta(days=item["received_offset"])),
                once=False,
            )
    _proposals(row, made["propositions"], today)
    return consultation


def _past_moment(day: date) -> datetime:
    return min(_moment(day, 12), timezone.now())


@transaction.atomic
def _open_consultation(
    row: Mapping[str, Any], organisations: Mapping[str, Organisation]
) -> tuple[Consultation, dict[str, Activity]]:
    today = timezone.localdate()
    offsets = row["offsets"]
    dates = {
        "influence_on": today + timedelta(days=offsets["response_due"]),
        "themes_due": today + timedelta(days=offsets["themes_due"]),
        "response_due": today + timedelta(days=offsets["response_due"]),
        "report_due": today + timedelta(days=offsets["report_due"]),
        "retention_on": today + timedelta(days=offsets["retention"]),
    }
    organisation = organisations[row["organisation"]]
    consultation = services.create_consultation(
        actor=SYSTEM,
        title=row["title"],
        organisation=organisation,
        slug=row["slug"],
        fields={**_fields(row, dates), "minutes": 8, "sources": []},
    )
    made = _activities(consultation, row, live=True)
    for item in row["phases"][:2]:
        services.set_phase(
            actor=SYSTEM,
            consultation=consultation,
            title=item["title"],
            starts=_moment(today + timedelta(days=item["starts_offset"])),
            ends=_moment(
                today + timedelta(days=item["ends_offset"] + (1 if item["actions"] else 0))
            ),
            openings=[
                (made[a["activity"]], a["action"])
                for a in item["actions"]
                if a["action"] in methods.get(made[a["activity"]].method).actions
            ],
        )
    legal.confirm(actor=SYSTEM, consultation=consultation)
    for item in row["documents"]:
        node = publish_text(item, organisation, reconstructed=bool(item.get("reconstructed")))
        services.attach_document(actor=SYSTEM, consultation=consultation, document=node)
    approve(consultation)
    services.open_consultation(actor=SYSTEM, consultation=consultation)
    return consultation, made


def _proposals(row: Mapping[str, Any], activity: Activity, today: date) -> None:
    for item in row["proposals"]:
        with transaction.atomic():
            language = item["language"]
            # The demonstration is written in both languages; a citizen writes in one.
            receipt = contributions.submit(
                actor=SYSTEM,
                activity=activity,
                title=item["title"],
                body=item["text"][language],
                payload={},
                language=language,
                action="propose",
                at=_past_moment(today + timedelta(days=item["offset"])),
                once=False,
            )
            proposal = Proposal.objects.select_related(
                "node", "activity__node", "activity__consultation__node"
            ).get(pk=receipt.contribution.pk)
            for comment in item["comments"]:
                proposals.comment(
                    actor=SYSTEM,
                    proposal=proposal,
                    body=comment["text"],
                    stance=comment["stance"],
                    language=comment["language"],
                    at=_past_moment(today + timedelta(days=comment["offset"])),
                )
            _supports(proposal, int(item["supports"]))


def _supports(proposal: Proposal, n: int) -> None:
    """Invented supporters: a random key each, with the events that real ones would make."""
    activity = proposal.activity
    accepted = contributions.accepted_event(
        Contribution.objects.select_related("activity__consultation__node").get(pk=proposal.pk)
    )
    voters = [
        keys.mac("participant", f"demo:{proposal.pk}:{rank}", activity.node) for rank in range(n)
    ]
    Vote.objects.bulk_create(
        Vote(activity=activity, voter_key=voter, target=proposal.node) for voter in voters
    )
    for voter in voters:
        emit(
            "support.accepted",
            node=proposal.node,
            parts={"supporter": voter.hex()},
            ref=accepted,
            on=f"consultation/{activity.consultation.node.slug}",
        )
    proposal_counts.count_supports(proposal.pk)


def publish_past_data() -> None:
    """Publish the data of the rebuilt consultation, every text kept after review."""
    consultation = Consultation.objects.select_related("node").get(
        node__kind="consultation", node__slug="gouvernement-ouvert-2020"
    )
    publication.prepare_note(actor=SYSTEM, consultation=consultation)
    publication.publish_consultation_data(actor=SYSTEM, consultation=consultation, decisions={})
