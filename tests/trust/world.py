"""A small world in which every address has something to show, made by the services."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.test import Client
from django.utils import timezone

from parvis.catalogue import loading, others
from parvis.catalogue import services as datasets
from parvis.catalogue.anonymisation import services as anonymisation
from parvis.catalogue.approval import removing
from parvis.catalogue.asking.tests import asking_factories as asking
from parvis.catalogue.discussing.tests import discussing_factories as discussing
from parvis.catalogue.facsimile.models import Facsimile, Leaf
from parvis.catalogue.harvest import services as harvest
from parvis.catalogue.harvest.tests import harvest_factories as harvests
from parvis.catalogue.tests import catalogue_factories as catalogue
from parvis.catalogue.texts.models import FileText
from parvis.collaborate import meetings
from parvis.collaborate.tests import collaborate_factories as together
from parvis.consult import contributions
from parvis.consult.approval import changes
from parvis.consult.approval import services as approval
from parvis.consult.launch import addresses
from parvis.consult.models import Consultation, Phase
from parvis.consult.register import services as register
from parvis.core import files, keys
from parvis.core import tokens as api_tokens
from parvis.core.access import SYSTEM, actor_for
from parvis.core.events import emit
from parvis.core.models import ApiToken, Person, Role
from parvis.innovation import places
from parvis.innovation.tests import innovation_factories as innovation
from parvis.ledger import openings, reading, sequencer
from parvis.methods.proposals.tests import factories as proposals
from parvis.moderation import services as moderation
from parvis.notify import bounces, tokens
from parvis.notify import services as notify
from parvis.notify.models import Mailbox, Subscription
from parvis.pages.tests import pages_factories as pages
from parvis.plan.tests import plan_factories as plans
from parvis.proactive import placing
from parvis.proactive import services as typed_registers
from parvis.proactive.tests import proactive_factories as proactive
from parvis.site.alerts import services as alerts
from parvis.site.alerts.models import SavedSearch
from parvis.site.models import FrozenCopy
from parvis.site.owners import letters as owner_letters
from parvis.site.owners import services as owners
from parvis.strategy.tests import strategy_factories as frame
from parvis.understand.tests import understand_factories as understand
from tests.factories import make_answer, make_consultation, make_organisation, make_person
from tests.factories import survey_of as survey_activity

PASSWORD = "une phrase assez longue"
STAFF = ("adviser", "analyst", "steward", "coordinator", "operator")
SIGNED_IN = ("citizen", *STAFF, "elsewhere", "member")
ROLES = ("anonymous", "author", *SIGNED_IN)
WRONG_CODE = "0000-0000-0000-0000-00"


def close(consultation: Consultation, days_ago: int = 1) -> None:
    """Move the phases of a consultation into the past."""
    end = timezone.now() - timedelta(days=days_ago)
    Phase.objects.filter(consultation=consultation).update(
        starts=end - timedelta(days=20), ends=end
    )


@dataclass
class World:
    """What was made, by name, and the people who look at it."""

    people: dict[str, Person] = field(default_factory=dict)
    args: dict[str, Any] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)

    def client(self, role: str, **more: Any) -> Client:
        """Return a browser of this role; the author has a receipt and no account."""
        client = Client(**more)
        if role in self.people:
            client.force_login(self.people[role])
        return client


def _people() -> dict[str, Person]:
    people = {"citizen": make_person()}
    for role in STAFF:
        people[role] = make_person(role)
    other = make_organisation("ailleurs", "Un autre organisme")
    elsewhere = make_person(email="elsewhere@test.example")
    for role in ("adviser", "analyst", "steward", "coordinator"):
        Role.objects.create(person=elsewhere, role=role, scope=other.node)
    member = make_person(email="membre@test.example")
    return {**people, "elsewhere": elsewhere, "member": member}


def _frozen(consultation: Consultation) -> str:
    """Return the digest of a frozen copy."""
    file = files.store([b"<!doctype html>"], "text/html")
    FrozenCopy.objects.create(
        consultation=consultation.node, moment="closed", language="fr", at=timezone.now(),
        file=file, content_sha256=file.sha256,
    )  # fmt: skip
    return str(file.sha256)


def _consultations(world: World) -> None:
    consultation = make_consultation(with_proposals=True)
    activity = proposals.proposals_of(consultation)
    survey = survey_activity(consultation)
    answer = make_answer(survey)
    proposal = proposals.make_proposal(activity)
    comment = proposals.make_comment(proposal)
    hidden = proposals.make_proposal(activity, title="Un titre caché", body="Un corps caché.")
    withdrawn = proposals.make_proposal(activity, title="Un titre repris", body="Un corps repris.")
    waiting = proposals.make_proposal(activity, title="Hors sujet", body="Peut-être.")
    row = proposals.queries.contribution(withdrawn.pk, activity.node.slug)
    contributions.withdraw(actor=SYSTEM, contribution=row)
    moderator = actor_for(make_person("adviser", "autre-moderateur@test.example"))
    decision = moderation.hide(
        actor=moderator, node=hidden.node, rule="insult", motive="Insultant."
    )
    appeal = moderation.appeal(actor=SYSTEM, decision=decision, text="Relisez.", key=None)
    second = moderation.hide(
        actor=moderator, node=waiting.node, rule="off_topic", motive="Hors sujet."
    )
    moderation.report(actor=SYSTEM, node=proposal.node, reason="insult", details="Voyez.")
    draft = make_consultation(slug="secrete", opened=False, with_proposals=True)
    secret_survey = survey_activity(draft)
    place = addresses.add_source(actor=SYSTEM, consultation=consultation, label="Bibliothèque")
    held = register.record(
        actor=SYSTEM, title={"fr": "Tenue ailleurs"}, organisation=consultation.organisation,
        fields={"sources": ["https://exemple.test/"]},
    )  # fmt: skip
    token = contributions.save_draft(activity=survey, payload={"first": "data", "why": "Brouillon"})
    world.things |= {
        "consultation": consultation, "survey": survey, "proposal": proposal, "comment": comment,
        "hidden": hidden, "withdrawn": withdrawn, "draft": draft, "answer": answer,
        "decision": decision, "appeal": appeal, "activity": activity,
    }  # fmt: skip
    world.args |= {
        "consultation": [consultation.node.slug],
        "elsewhere": [held.node.slug],
        "copy_at": [consultation.node.slug, _frozen(consultation)],
        "draft_consultation": [draft.node.slug],
        "legal": [consultation.node.slug, "policy"],
        "legal_body": [consultation.organisation.node.slug],
        "launch_file": [consultation.node.slug, "communique-fr.html"],
        "launch_source": [consultation.node.slug, place.name],
        "short": [addresses.code_of(consultation)],
        "short_from": [addresses.code_of(consultation), place.name],
        "draft_short": [addresses.code_of(draft)],
        "draft_survey": [secret_survey.node.slug],
        "draft_proposals": [proposals.proposals_of(draft).node.slug],
        "phase": [consultation.node.slug, consultation.phases.get().pk],
        "survey": [survey.node.slug],
        "survey_page": [survey.node.slug, "p1"],
        "survey_sheet": [survey.node.slug, "csv"],
        "survey_question": [survey.node.slug, "first"],
        "survey_preview": [survey.node.slug, 1],
        "step": [survey.node.slug, token, 1],
        "send": [survey.node.slug, token],
        "code": [answer.code],
        "survey_code": [survey.node.slug, answer.code],
        "proposals": [activity.node.slug],
        "proposal": [activity.node.slug, proposal.pk],
        "proposal_id": [proposal.pk],
        "comment": [activity.node.slug, comment.pk],
        "proposal_code": [activity.node.slug, proposal.pk, keys.receipt_code(proposal.pk)],
        "hidden": [activity.node.slug, hidden.pk],
        "hidden_id": [hidden.pk],
        "withdrawn": [activity.node.slug, withdrawn.pk],
        "answer_node": [answer.contribution.pk],
        "decision": [decision.pk],
        "second": [second.pk],
        "appeal": [appeal.pk],
        "decision_code": [decision.pk, keys.receipt_code(hidden.pk)],
    }


def _approval(world: World) -> None:
    """A draft that waits to be read, a secret link, a change of what is open."""
    asks = actor_for(make_person("adviser", "demande-relecture@test.example"))
    draft = make_consultation(slug="a-relire", opened=False)
    review = approval.ask_review(actor=asks, consultation=draft)
    _reviewer, secret = approval.invite_reviewer(actor=asks, review=review, name="Lise")
    change = changes.propose_change(
        actor=asks, consultation=world.things["consultation"], changes={"minutes": 7},
        note={"fr": "Il faut moins de temps."},
    )  # fmt: skip
    world.args |= {
        "review_draft": [draft.node.slug],
        "review": [draft.node.slug, review.pk],
        "review_secret": [secret],
        "proposed_change": [world.things["consultation"].node.slug, change.pk],
    }


def _themes(world: World) -> None:
    consultation = world.things["consultation"]
    theme = understand.make_theme(consultation)
    secret = understand.make_theme(consultation, "Thème secret")
    survey = world.things["survey"]
    ids = [make_answer(survey).contribution.pk for _n in range(3)]
    understand.code(consultation, ids, theme)
    from parvis.understand import services

    services.publish_themes(
        actor=SYSTEM, space=consultation.node, languages=["fr", "en"], themes=[theme]
    )
    world.things |= {"theme": theme, "secret_theme": secret}
    slug = consultation.node.slug
    world.args |= {
        "theme_history": [slug, theme.node.slug],
        "coding_theme": [slug, theme.pk],
        "coding_one": [slug, ids[0]],
        "response_edit": [slug, theme.node.slug],
        "draft_theme_id": [secret.pk],
    }


def _plans(world: World) -> None:
    plan = plans.make_plan()
    commitment = plans.make_commitment(plan, "1", milestones=1)
    draft = plans.make_commitment(plan, "2", public=False)
    plans.make_report(commitment)
    hidden = plans.make_plan("plan-secret", public=False)
    theme = world.things["theme"].node
    theme.refresh_from_db()
    theme.space = world.things["consultation"].node
    response = plans.make_response(theme, commitment)
    milestone = commitment.milestones.get()
    world.things |= {
        "plan": plan, "commitment": commitment, "draft_commitment": draft, "response": response,
        "draft_plan": hidden,
    }  # fmt: skip
    world.args |= {
        "plan": [plan.node.slug],
        "draft_plan": [hidden.node.slug],
        "commitment": [commitment.node.slug],
        "draft_commitment": [draft.node.slug],
        "milestone": [commitment.node.slug, milestone.node.slug],
        "response": [response.node.slug],
    }


def _frame(world: World) -> None:
    strategy = frame.make_strategy()
    orientation = frame.make_orientation(strategy)
    ambition = frame.make_ambition(strategy, orientation=orientation)
    indicator = frame.make_indicator(strategy, ambition=ambition)
    measure = frame.make_measure(indicator)
    draft = frame.make_indicator(strategy, "secret", public=False)
    hidden = frame.make_strategy("strategie-secrete", public=False)
    pillar = frame.make_pillar()
    frame.tie(pillar, world.things["commitment"].node)
    world.args |= {
        "strategy": [strategy.node.slug],
        "draft_strategy": [hidden.node.slug],
        "orientation": [orientation.node.slug],
        "ambition": [ambition.node.slug],
        "indicator": [indicator.node.slug],
        "draft_indicator": [draft.node.slug],
        "draft_indicator_publish": ["indicator", draft.node.slug],
        "measure": [indicator.node.slug, measure.pk],
        "pillar": [pillar.node.slug],
        "pillar_key": [pillar.key],
        "frame_place": [pillar.pk],
        "frame_tie": [pillar.pk, world.things["commitment"].pk],
    }


def _catalogue(world: World) -> None:
    dataset = catalogue.make_dataset()
    anonymisation.entry_of(dataset)
    draft = catalogue.make_dataset("secret", title="Jeu secret", public=False)
    document = catalogue.make_document(file=("bilan.pdf", b"%PDF-1.4\n%%EOF\n"))
    hidden = catalogue.make_document("note", public=False)
    version = dataset.resources.get().current
    resource = dataset.resources.get()
    FileText.objects.create(document=document, sha256="0" * 64, state="read", parts=["Un mot."])
    places = catalogue.make_dataset("lieux", content="lieu,latitude,longitude\nA,46.8,-71.2\n")
    located = places.resources.get()
    loading.add_version(
        actor=SYSTEM, resource=located, name="l.csv",
        source=b"lieu,latitude,longitude\nA,46.9,-71.2\n",
    )  # fmt: skip
    picture = others.add_other(
        actor=SYSTEM, dataset=places, name={"fr": "Lisez-moi"}, content=b"# Lieux\n",
        file_name="lisez-moi.md",
    )  # fmt: skip
    drawn = Facsimile.objects.create(file=picture.file, kind="picture", state="ready")
    leaf = Leaf.objects.create(facsimile=drawn, number=1, width=9, height=9, file=picture.file)
    datasets.publish_dataset(actor=SYSTEM, dataset=places)
    private = catalogue.make_dataset("prive", title="Jeu privé")
    datasets.make_private(actor=SYSTEM, dataset=private)
    waiting = draft.resources.get().versions.get()
    removed = removing.remove(
        actor=SYSTEM,
        resource=others.add_other(
            actor=SYSTEM, dataset=dataset, name={"fr": "Page"}, url="https://exemple.test/page"
        ),
    )
    world.things |= {"dataset": dataset, "draft_dataset": draft, "document": document}
    world.args |= {
        "dataset": [dataset.node.slug],
        "draft_dataset": [draft.node.slug],
        "private_dataset": [private.node.slug],
        "version_page": [dataset.node.slug, version.sha256],
        "draft_dataset_file": [draft.node.slug, waiting.pk, "villes.csv"],
        "removed_file": [dataset.node.slug, removed.pk],
        "dataset_file": [dataset.node.slug, version.sha256, f"{resource.slug}.csv"],
        "file_map": [places.node.slug, located.slug],
        "file_compared": [places.node.slug, located.slug],
        "file_preview": [places.node.slug, picture.slug],
        "file_leaf": [places.node.slug, picture.slug, 1, leaf.file.sha256[:20]],
        "draft_preview": [draft.node.slug, "secret"],
        "file_view": [dataset.node.slug, resource.slug, "csv"],
        "file": [dataset.node.slug, resource.slug],
        "ckan_file": [dataset.pk, resource.pk, f"{resource.slug}.csv"],
        "dump": [resource.pk],
        "draft_dump": [draft.resources.get().pk],
        "rdf": ["ttl"],
        "dataset_rdf": [dataset.node.slug, "jsonld"],
        "dataset_cited": [dataset.node.slug, "json"],
        "dataset_version": [dataset.node.slug, version.sha256],
        "version_cited": [dataset.node.slug, version.sha256, "ris"],
        "dataset_resource": [dataset.node.slug, resource.pk],
        "data_owner": [dataset.organisation.node.slug],
        "draft_dataset_rdf": [draft.node.slug, "ttl"],
        "draft_dataset_cited": [draft.node.slug, "bib"],
        "draft_dataset_version": [draft.node.slug, version.sha256],
        "draft_dataset_resource": [draft.node.slug, draft.resources.get().pk],
        "document": [document.node.slug],
        "draft_document": [hidden.node.slug],
        "document_file": [document.node.slug, document.file_name],
        "document_text": [document.node.slug],
    }


def _proactive(world: World) -> None:
    row = proactive.make_register("contrats")
    record = proactive.make_record(row, numero="C-1")
    typed_registers.attach_file(
        actor=SYSTEM, record=record, name="contrat.pdf", content=b"%PDF-1.4\n%%EOF\n"
    )
    body = row.organisation
    placed = placing.place(
        actor=SYSTEM, code="lois", organisation=body, address="https://exemple.test/lois",
        title={"fr": "Les lois"}, reason={"fr": "Elles y sont."},
    )  # fmt: skip
    waiting = proactive.send(row, proactive.csv_of("contrats", [{"numero": "C-2"}]), apply=False)
    world.args |= {
        "typed_kind": ["contrats"],
        "typed_template": ["contrats", "csv"],
        "typed_record": ["contrats", record.pk],
        "typed_record_file": ["contrats", record.pk, "contrat.pdf"],
        "disclosure_class": [body.node.slug, "lois"],
        "placement": [body.node.slug, "lois", placed.pk],
        "kept_register": [row.node.slug],
        "register_import": [row.node.slug, waiting.pk],
        "kept_record": [row.node.slug, record.pk],
    }


def _harvests(world: World) -> None:
    source = harvests.make_source()
    running = harvests.make_source(url="https://lu.exemple.org")
    kept, gone = harvests.make_items(source)
    harvest.ask_run(actor=SYSTEM, source=running)
    world.args |= {
        "harvest": [source.pk],
        "harvest_running": [running.pk],
        "harvest_item": [kept.pk],
        "harvest_gone": [gone.pk],
    }


def _together(world: World) -> None:
    committee = together.make_committee()
    member = together.make_member(committee, "Mado", world.people["member"])
    meeting = together.make_meeting(committee)
    called = together.make_meeting(committee, together.ago(-10), held=False)
    document = world.things["document"].node
    meetings.attach_document(actor=SYSTEM, meeting=meeting, document=document.pk)
    advice = together.make_advice(committee)
    hidden = together.make_committee("comite-secret", public=False)
    draft = together.make_draft(committee, open_to="everybody")
    change = together.make_change(draft)
    group = together.make_group()
    voice = together.make_member(group, "Porte-parole")
    world.things |= {"committee": committee, "advice": advice, "group": group}
    world.args |= {
        "committee": [committee.node.slug],
        "draft_committee": [hidden.node.slug],
        "member": [committee.node.slug, member.pk],
        "meeting": [meeting.node.slug],
        "called_meeting": [called.node.slug],
        "meeting_document": [meeting.node.slug, document.pk],
        "advice": [advice.node.slug],
        "drafting": [draft.node.slug],
        "passage": [draft.node.slug, 1],
        "change": [change.pk],
        "cocreation_item": [world.things["plan"].node.slug, "ogp-5"],
        "group": [group.node.slug],
        "group_member": [group.node.slug, voice.pk],
    }


def _pages(world: World) -> None:
    page = pages.make_page()
    image = pages.make_image()
    news = pages.make_news(image=image, consultations=[world.things["consultation"].node])
    size = image.sizes.select_related("file").last()
    assert size is not None
    block = pages.make_block()
    world.args |= {
        "page": [page.node.slug],
        "draft_page": [pages.make_page("page-secrete", public=False).node.slug],
        "page_version": [page.node.slug, page.node.revisions.get().pk],
        "news": [news.node.slug],
        "draft_news": [pages.make_news("nouvelle-secrete", public=False).node.slug],
        "image": [image.pk],
        "media": [image.pk, size.width, size.file.sha256[:16], size.extension],
        "banner": [pages.make_banner().pk],
        "block": [block.pk],
        "block_kind": ["text"],
        "block_move": [block.pk, "up"],
        "host": [pages.make_host().pk],
        "sitemap": ["news"],
        "language": ["fr"],
        "card": ["news", news.node.slug, "fr"],
        "draft_card": ["news", "nouvelle-secrete", "fr"],
    }


def _innovation(world: World) -> None:
    row = innovation.make_reuse()
    waiting = innovation.make_reuse("Une autre carte", accepted=False)
    call, draft = innovation.make_call(), innovation.make_call("Secret", public=False)
    helper = innovation.make_helper()
    node = world.things["consultation"].node
    text = places.add_alternative(
        actor=SYSTEM, node=node, what="plain", language="fr", text="Un mot."
    )
    places.add_alternative(
        actor=SYSTEM, node=node, what="easy", language="fr", upload=("facile.txt", b"Un mot.")
    )
    world.args |= {
        "reuse": [row.node.slug],
        "reuse_code": [keys.receipt_code(row.pk)],
        "waiting_reuse": [waiting.pk],
        "waiting_reuse_slug": [waiting.node.slug],
        "call": [call.node.slug],
        "draft_call": [draft.node.slug],
        "helper": [helper.pk],
        "version": [node.pk, "plain", "fr"],
        "version_file": [node.pk, "easy", "fr", "facile.txt"],
        "version_row": [node.pk, text.pk],
        "lesson": ["who-answered"],
    }


def _asking(world: World) -> None:
    row = asking.make_request(organisation=world.things["consultation"].organisation)
    waiting = asking.make_request("Une autre demande", shown=False)
    world.args |= {
        "data_request": [row.node.slug],
        "data_request_id": [row.pk],
        "data_request_code": [keys.receipt_code(row.pk)],
        "data_request_tie": [row.pk, row.pk],
        "waiting_data_request": [waiting.pk],
        "waiting_data_request_slug": [waiting.node.slug],
    }
    dataset = world.things["dataset"]
    talk = discussing.make_discussion(dataset)
    unread = discussing.make_discussion(dataset, "Une autre question", shown=False)
    world.args |= {
        "discussion": [talk.pk],
        "discussion_code": [keys.receipt_code(talk.pk)],
        "waiting_discussion": [unread.pk],
    }


def _others(world: World) -> None:
    node = world.things["consultation"].node
    notify.subscribe(email="lectrice@test.example", language="fr", node=node, actor=SYSTEM)
    row = Subscription.objects.get(email="lectrice@test.example")
    own = make_organisation("suivi-perso", "Suivi").node
    notify.subscribe(email=world.people["citizen"].email, language="fr", node=own, actor=SYSTEM)
    theirs = Subscription.objects.get(email=world.people["citizen"].email)
    notify.confirm(tokens.of_subscription(theirs))
    api_tokens.issue(actor=SYSTEM, person=world.people["citizen"], name="Programme", days=None)
    alerts.save(actor=SYSTEM, where="dataset", query="q=a", email="chercheuse@test.example")
    owners.correspondents(["gardienne@test.example"])
    unsure = SavedSearch.objects.get(email="chercheuse@test.example")
    citizen = actor_for(world.people["citizen"])
    kept = alerts.save(actor=citizen, where="dataset", query="q=b")
    assert kept is not None
    bounces.record("perdue@test.example", status="5.1.1")
    with transaction.atomic():
        emit("mail.tested", node=None, data={"test": "0badcafe"})
    mail_test = signing.dumps("0badcafe", salt="parvis.mail-test")
    world.args |= {
        "none": [],
        "promise": ["responses"],
        "token": [tokens.of_subscription(row)],
        "node": [node.pk],
        "own_subscription": [theirs.pk],
        "alert_token": [alerts.token_of(unsure)],
        "owner_token": [owner_letters.token_of("gardienne@test.example")],
        "own_search": [kept.pk],
        "own_token": [ApiToken.objects.get(person=world.people["citizen"]).pk],
        "mail": ["20260101-000000-1.log", 0],
        "mailbox": [Mailbox.objects.get(bounces__gt=0).pk],
        "mail_test": [mail_test],
        "index": [0],
        "lost": [1, "checkpoint"],
        "role": ["citizen"],
        "action": ["package_list"],
    }


def make_world(settings: Any, tmp_path: Any) -> World:
    """Return the world; the register has a home of its own."""
    settings.HOME = tmp_path
    settings.MAIL_FOLDER = tmp_path / "mail"
    settings.MAIL_FOLDER.mkdir()
    (settings.MAIL_FOLDER / "20260101-000000-1.log").write_text("Subject: Essai\n\nUn mot.\n")
    world = World(people=_people())
    _consultations(world)
    _approval(world)
    _themes(world)
    _plans(world)
    _frame(world)
    _catalogue(world)
    _harvests(world)
    _proactive(world)
    _together(world)
    _pages(world)
    _innovation(world)
    _asking(world)
    _others(world)
    sequence()
    openings.publish()
    sequence()
    head = reading.published()
    assert head is not None
    world.args["tile"] = [f"0/000.p/{head.head.size}"]
    return world


def sequence() -> None:
    """Write every leaf in the register."""
    while sequencer.run_once():
        pass


def closed_world_consultation(slug: str = "finie", answers: int = 12) -> Consultation:
    """Return a consultation that closed yesterday, with answers."""
    consultation = make_consultation(slug=slug)
    for n in range(answers):
        make_answer(
            survey_activity(consultation),
            {"first": "data" if n % 2 else "docs", "why": f"Parce que, numéro {n}."},
        )
    close(consultation)
    return consultation


def sent(message: EmailMessage) -> str:
    """Return everything that a message says, headers and parts."""
    return message.message().as_string()


TODAY = date(2026, 6, 1)
