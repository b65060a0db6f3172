"""The demonstration: the facts in demo/ loaded through the same services as everything else.

Plans, documents and figures are real, each with its sources. Contributions were written for the
demonstration and are marked as reconstructed on every page that shows them.
"""

import csv
import io
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from parvis.catalogue import documents, loading
from parvis.catalogue import services as catalogue
from parvis.consult import contributions, methods, services
from parvis.consult.models import Activity, Consultation, Contribution, Vote
from parvis.core import keys, outbox
from parvis.core.access import SYSTEM
from parvis.core.events import emit
from parvis.core.models import Node, Organisation, Person, Role, Site, State
from parvis.core.thread import link
from parvis.methods.proposals import consume as proposal_counts
from parvis.methods.proposals import services as proposals
from parvis.methods.proposals.models import Proposal
from parvis.plan import reports, responses
from parvis.plan import services as plan
from parvis.plan.models import Commitment, Plan
from parvis.understand import coding
from parvis.understand import services as understand

log = logging.getLogger("parvis.demo")
FOLDER = settings.BASE_DIR / "demo"
ZONE = ZoneInfo("America/Toronto")
PEOPLE = {
    "citizen": "Citoyenne de démonstration",
    "adviser": "Conseillère de démonstration",
    "analyst": "Analyste de démonstration",
    "steward": "Responsable des données de démonstration",
    "coordinator": "Coordonnatrice de démonstration",
    "operator": "Opératrice de démonstration",
}
Text = Mapping[str, str]


def read(name: str) -> Any:
    """Return what a file of demo/ holds."""
    return json.loads((Path(FOLDER) / f"{name}.json").read_text(encoding="utf-8"))


def is_loaded() -> bool:
    """Whether the demonstration is there."""
    return Node.objects.filter(kind="consultation", slug="prochain-plan-2027").exists()


def load(say: Callable[[str], None] = log.info) -> None:
    """Fill an empty site with the demonstration; on a filled one, do nothing."""
    if is_loaded():
        return
    organisations = load_organisations()
    load_site(organisations)
    load_people()
    say("plans")
    commitments = load_plans(organisations)
    say("documents")
    load_documents(organisations)
    load_datasets(organisations)
    say("consultation 2020")
    load_past(organisations, commitments)
    say("open consultation")
    load_open(organisations)
    services.tick()
    while outbox.pump(500):
        pass
    publish_past_data()
    while outbox.pump(500):
        pass


@transaction.atomic
def load_organisations() -> dict[str, Organisation]:
    """Create the organisations that the plans name."""
    found = {}
    for row in read("organisations"):
        node = Node.objects.create(
            kind="organisation",
            slug=row["slug"],
            title=row["title"],
            state=State.PUBLIC,
            published_at=timezone.now(),
        )
        found[row["slug"]] = Organisation.objects.create(
            node=node, acronym=row.get("acronym") or "", homepage=row.get("homepage") or ""
        )
    return found


@transaction.atomic
def load_site(organisations: Mapping[str, Organisation]) -> Site:
    """Say whose site this is: nobody real."""
    return Site.objects.create(
        name={"fr": "Parvis", "en": "Parvis"},
        organisation=organisations["equipe-demo"],
        languages=["fr", "en"],
        privacy_officer={
            "fr": "Responsable de la protection des renseignements personnels (démonstration)",
            "en": "Privacy officer (demonstration)",
        },
        privacy_contact="vie-privee@demo.example",
        contact="accessibilite@demo.example",
    )


@transaction.atomic
def load_people() -> None:
    """Create one person a role; they sign in by one click, in demo mode only."""
    from allauth.account.models import EmailAddress

    for role, name in PEOPLE.items():
        person = Person(email=f"{role}@demo.example", display_name=name)
        person.set_unusable_password()
        person.save()
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
        if role != "citizen":
            Role.objects.create(person=person, role=role)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


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
            "announced_on": _day(row["announced_on"]),
            "filed_on": _day(row.get("filed_with_ogp_on")),
            "starts": _day(row.get("starts")),
            "ends": _day(row.get("ends")),
            "ends_precision": row.get("ends_precision") or "day",
            "notes": notes,
            "sources": row["sources"],
            "closed": row["closed"],
            "closed_on": _day(row.get("closed_on")),
            "closed_on_precision": row.get("closed_on_precision") or "day",
            "last_reported_on": _day(row.get("last_reported_on")),
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
            "starts": _day(row.get("starts")),
            "starts_precision": row.get("starts_precision") or "day",
            "ends": _day(row.get("ends")),
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
                "starts": _day(item.get("starts")),
                "ends": _day(item.get("ends")),
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
            reported_on=_day(item.get("date")),
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


def _document(
    row: Mapping[str, Any], organisation: Organisation | None, *, reconstructed: bool = False
) -> Node:
    document = documents.draft_document(
        actor=SYSTEM,
        title=row["title"],
        slug=row["slug"],
        fields={
            "doc_kind": row["kind"],
            "date": _day(row.get("date")) or timezone.localdate(),
            "summary": row["summary"],
            "body": row["body"],
            "organisation": organisation,
            "sources": row.get("sources") or [],
            "written_by_us": bool(row.get("written_by_us", row.get("sources"))),
            "reconstructed": reconstructed,
        },
    )
    documents.publish_document(actor=SYSTEM, document=document)
    return document.node


@transaction.atomic
def load_documents(organisations: Mapping[str, Organisation]) -> None:
    """Load the register of documents: summaries written by us from public pages."""
    for row in read("documents"):
        node = _document(row, organisations["equipe-demo"])
        for slug in row.get("about") or ():
            _evidence(slug, node)


def _evidence(slug: str, node: Node) -> None:
    target = Node.objects.filter(kind="commitment", slug=slug).first()
    if target is not None:
        link(target, "evidenced_by", node, actor=SYSTEM)


def load_datasets(organisations: Mapping[str, Organisation]) -> None:
    """Load the two small real datasets; the commitments are measured by the first."""
    for row in read("datasets"):
        with transaction.atomic():
            dataset = catalogue.create_dataset(
                actor=SYSTEM,
                title=row["title"],
                organisation=organisations[row["organisation"]],
                slug=row["slug"],
                fields={
                    "notes": row["summary"],
                    "methodology": row["method"],
                    "licence": row["licence_id"],
                    "frequency": row["update_frequency"],
                    "tags": row["tags"],
                    "categories": row["categories"],
                    "temporal": row.get("temporal") or "",
                    "spatial": row.get("spatial") or "",
                    "sources": row["sources"],
                },
            )
            resource = catalogue.add_resource(
                actor=SYSTEM, dataset=dataset, name=row["title"], description=row["summary"]
            )
            version = loading.add_version(
                actor=SYSTEM,
                resource=resource,
                source=_csv(row),
                name=f"{row['slug']}.csv",
                types={
                    column["name"]: "text" if column["type"] == "url" else column["type"]
                    for column in row["columns"]
                },
            )
            catalogue.describe_columns(
                actor=SYSTEM,
                version=version,
                words={
                    column["name"]: {"label": column["title"], "description": column["description"]}
                    for column in row["columns"]
                },
            )
            catalogue.publish_dataset(actor=SYSTEM, dataset=dataset)
            if "plan" in [column["name"] for column in row["columns"]]:
                _measure(dataset.node)


def _csv(row: Mapping[str, Any]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column["name"] for column in row["columns"]])
    for cells in row["rows"]:
        writer.writerow([_cell(cell) for cell in cells])
    return out.getvalue().encode()


def _cell(cell: Any) -> Any:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else cell


def _measure(node: Node) -> None:
    for commitment in Node.objects.filter(kind="commitment", state=State.PUBLIC):
        link(commitment, "measured_by", node, actor=SYSTEM)


# Consultations -----------------------------------------------------------------------------------

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
    first_end = _moment(_day(extension["from"]) or unveiled) + timedelta(days=1)
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
    services.open_consultation(actor=SYSTEM, consultation=consultation)
    services.extend(
        actor=SYSTEM,
        phase=phase,
        new_ends=_moment(_day(extension["to"]) or unveiled) + timedelta(days=1),
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
            published_on=_day(item["date"]),
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
    services.open_consultation(actor=SYSTEM, consultation=consultation)
    for item in row["documents"]:
        node = _document(item, organisation, reconstructed=bool(item.get("reconstructed")))
        services.attach_document(actor=SYSTEM, consultation=consultation, document=node)
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
    from parvis.site import publication

    consultation = Consultation.objects.select_related("node").get(
        node__kind="consultation", node__slug="gouvernement-ouvert-2020"
    )
    publication.publish_consultation_data(actor=SYSTEM, consultation=consultation, decisions={})
