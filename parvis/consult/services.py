"""Setting up a consultation: created, filled, opened, extended. One transaction each."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from parvis.consult import methods
from parvis.consult.approval import gate
from parvis.consult.holes import REQUIRED_DATES, REQUIRED_TEXTS, errors_of, holes
from parvis.consult.models import Activity, Consultation, Extension, Phase, PhaseAction
from parvis.core import access, revisions
from parvis.core.access import Actor
from parvis.core.errors import Closed, Conflict, Invalid, NotFound
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, clean_text
from parvis.core.models import Node, Organisation, State
from parvis.core.rows import check_row, free_slug
from parvis.core.thread import link, unlink

EDITABLE = (
    *REQUIRED_TEXTS,
    *REQUIRED_DATES,
    "summary",
    "who_may",
    "minutes",
    "other_ways",
    "history",
    "languages",
    "sources",
    "reconstructed",
)
# Words that addresses under /consultations/ use already, in both languages.
RESERVED_SLUGS = frozenset(
    {"registre", "register", "calendrier", "calendar", "ailleurs", "elsewhere", "new", "nouvelle"}
)
# Said before people answered, so changing them afterwards would change what they agreed to.
FROZEN_ONCE_OPEN = ("who_may", "notice_purpose", "notice_readers", "retention_on")


@transaction.atomic
def create_consultation(
    *,
    actor: Actor,
    title: Text,
    organisation: Organisation | None = None,
    slug: str = "",
    fields: Mapping[str, Any] | None = None,
    key: IdempotencyKey | None = None,
) -> Consultation:
    """Create a draft consultation and return it. Raises Forbidden, Invalid."""
    if earlier := replayed(key):
        return Consultation.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "manage_consultation", organisation)
    cleaned = clean_text(title, characters_max=200)
    if not cleaned.get(DEFAULT):
        raise Invalid({"title": [_("Give the consultation a title in French.")]})
    node = Node.objects.create(
        kind="consultation",
        slug=free_slug("consultation", cleaned, slug, reserved=RESERVED_SLUGS),
        title=cleaned,
    )
    consultation = Consultation(
        node=node, organisation=organisation, **{"languages": ["fr"], **dict(fields or {})}
    )
    check_row(consultation)
    consultation.save(force_insert=True)
    emit("consultation.drafted", node=node, actor=actor, key=key)
    return consultation


def texts_of(consultation: Consultation) -> dict[str, Any]:
    """Return the published texts of a consultation, for its history."""
    return {
        "title": consultation.node.title,
        **{name: getattr(consultation, name) for name in (*REQUIRED_TEXTS, "summary", "history")},
    }


@transaction.atomic
def update_consultation(
    *,
    actor: Actor,
    consultation: Consultation,
    changes: Mapping[str, Any],
    title: Text | None = None,
    note: Text | None = None,
    second: Actor | None = None,
) -> Consultation:
    """Change fields of a consultation; once it has opened, each change keeps its history.

    `second` is who approved the change, on a site that asks for a second person once it is open.
    Raises Forbidden, Invalid (unknown fields, promises that may not change once open), Conflict
    without that second person.
    """
    access.require(actor, "manage_consultation", consultation)
    if unknown := set(changes) - set(EDITABLE) - {"organisation"}:
        raise Invalid({name: [_("This cannot be changed.")] for name in unknown})
    public = consultation.node.state == State.PUBLIC
    if public:
        gate.require_second(actor, consultation, second)
    for name, value in changes.items():
        if public and name in FROZEN_ONCE_OPEN and getattr(consultation, name) != value:
            raise Invalid({name: [_("People have read this before answering: it stays.")]})
        setattr(consultation, name, value)
    check_row(consultation)
    consultation.save()
    if title is not None:
        consultation.node.title = clean_text(title, characters_max=200)
        if not consultation.node.title.get(DEFAULT):
            raise Invalid({"title": [_("Give the consultation a title in French.")]})
        consultation.node.save(update_fields=["title"])
    if public:
        if left := holes(consultation):
            raise Invalid(errors_of(left))
        revisions.keep(consultation.node, texts_of(consultation), actor=actor, note=note)
    emit("consultation.changed", node=consultation.node, actor=actor, data={})
    return consultation


@transaction.atomic
def add_activity(
    *,
    actor: Actor,
    consultation: Consultation,
    method: str,
    title: Text,
    settings: Mapping[str, Any] | None = None,
    slug: str = "",
) -> Activity:
    """Add a way to participate and return it. Raises Invalid for settings the method refuses."""
    access.require(actor, "manage_consultation", consultation)
    if method not in methods.all_methods():
        raise Invalid({"method": [_("There is no such way to participate.")]})
    cleaned = methods.get(method).clean_settings(dict(settings or {}))
    base = slug or f"{consultation.node.slug}-{slugify(title.get(DEFAULT, method))}"
    node = Node.objects.create(
        kind="activity",
        slug=free_slug("activity", title, base),
        title=clean_text(title, characters_max=200),
        space=consultation.node,
        state=consultation.node.state,
    )
    activity = Activity(
        node=node,
        consultation=consultation,
        method=method,
        settings=cleaned,
        position=consultation.activities.count(),
    )
    activity.save(force_insert=True)
    emit("activity.added", node=node, actor=actor)
    return activity


@transaction.atomic
def change_settings(
    *, actor: Actor, activity: Activity, settings: Mapping[str, Any], title: Text | None = None
) -> Activity:
    """Change an activity's settings; the version grows. Once answers exist, the method decides
    which changes keep them readable. Raises Invalid, Forbidden."""
    access.require(actor, "manage_consultation", activity.consultation)
    cleaned = methods.get(activity.method).clean_settings(dict(settings))
    if activity.settings != cleaned and activity.contributions.exists():
        raise Invalid(
            {"settings": [_("Answers were already received: the questions cannot change.")]}
        )
    activity.settings = cleaned
    activity.version += 1
    activity.save(update_fields=["settings", "version"])
    if title is not None:
        activity.node.title = clean_text(title, characters_max=200)
        activity.node.save(update_fields=["title"])
    emit("activity.changed", node=activity.node, actor=actor, data={"version": activity.version})
    return activity


@transaction.atomic
def remove_activity(*, actor: Actor, activity: Activity) -> None:
    """Remove an activity of a draft that received nothing. Raises Conflict, Forbidden."""
    access.require(actor, "manage_consultation", activity.consultation)
    if activity.contributions.exists() or activity.node.state == State.PUBLIC:
        raise Conflict(_("People took part in this activity: it cannot be removed."))
    emit("activity.removed", node=activity.consultation.node, actor=actor)
    activity.node.delete()


def local_moment(
    day: date, consultation: Consultation, *, end: bool = False, at: time | None = None
) -> datetime:
    """Return the moment of a day in the consultation's own time zone.

    An end without an hour is the end of that day (midnight, excluded).
    """
    zone = ZoneInfo(consultation.time_zone)
    moment = datetime.combine(day, at or time(0, 0), zone)
    return moment + timedelta(days=1) if end and at is None else moment


@transaction.atomic
def set_phase(
    *,
    actor: Actor,
    consultation: Consultation,
    title: Text,
    starts: datetime,
    ends: datetime,
    openings: Sequence[tuple[Activity, str]],
    phase: Phase | None = None,
) -> Phase:
    """Write a phase and what it opens; once public, only `extend` may change its end.

    Raises Invalid when it ends before it starts, Conflict once public.
    """
    access.require(actor, "manage_consultation", consultation)
    if consultation.node.state == State.PUBLIC:
        raise Conflict(_("The consultation is public: its dates change only by extending it."))
    if ends <= starts:
        raise Invalid({"ends": [_("The end comes before the start.")]})
    for activity, action in openings:
        if action not in methods.get(activity.method).actions:
            raise Invalid({"openings": [_("This activity has no such action.")]})
    phase = phase or Phase(consultation=consultation)
    phase.title = clean_text(title, characters_max=200)
    phase.starts, phase.ends = starts, ends
    check_row(phase)
    phase.save()
    phase.actions.all().delete()
    PhaseAction.objects.bulk_create(
        PhaseAction(phase=phase, activity=activity, action=action) for activity, action in openings
    )
    emit("consultation.dated", node=consultation.node, actor=actor)
    return phase


@transaction.atomic
def remove_phase(*, actor: Actor, phase: Phase) -> None:
    """Remove a phase of a draft. Raises Conflict once public."""
    access.require(actor, "manage_consultation", phase.consultation)
    if phase.consultation.node.state == State.PUBLIC:
        raise Conflict(_("The consultation is public: its dates change only by extending it."))
    emit("consultation.dated", node=phase.consultation.node, actor=actor)
    phase.delete()


@transaction.atomic
def open_consultation(
    *, actor: Actor, consultation: Consultation, key: IdempotencyKey | None = None
) -> Consultation:
    """Publish a consultation; its phases then open and close by the clock.

    Raises Invalid with every hole (field -> words), the approval of a second person included
    where the site asks for it; Conflict when it is public already.
    """
    if replayed(key):
        return consultation
    access.require(actor, "open_consultation", consultation)
    node = consultation.node
    if node.state == State.PUBLIC:
        raise Conflict(_("This consultation is public already."))
    left = holes(consultation)
    if not left and (unapproved := gate.refusal(consultation)):
        left = [unapproved]
    if left:
        raise Invalid(errors_of(left))
    node.state, node.published_at = State.PUBLIC, timezone.now()
    node.save(update_fields=["state", "published_at"])
    Node.objects.filter(space=node, kind="activity").update(
        state=State.PUBLIC, published_at=node.published_at
    )
    revisions.keep(node, texts_of(consultation), actor=actor)
    emit(
        "consultation.published",
        node=node,
        actor=actor,
        data={"rules": rules_of(consultation)},
        on=f"consultation/{node.slug}",
        key=key,
    )
    return consultation


def rules_of(consultation: Consultation) -> dict[str, Any]:
    """Return the rules that people rely on, hashed into the ledger when it opens."""
    return {
        "question": dict(consultation.question),
        "who_may": consultation.who_may,
        "duplicate_rule": dict(consultation.duplicate_rule),
        "phases": [
            [phase.starts.isoformat(), phase.ends.isoformat()]
            for phase in consultation.phases.all()
        ],
        "response_due": str(consultation.response_due),
    }


@transaction.atomic
def extend(
    *,
    actor: Actor,
    phase: Phase,
    new_ends: datetime,
    reason: Text,
    key: IdempotencyKey | None = None,
) -> Extension | None:
    """Make a phase longer: an act with its reason, told to participants, written in the ledger.

    Raises Invalid when the new end is not later (shortening is refused) or without a reason in
    French, Closed once the phase is over.
    """
    if replayed(key):
        return phase.extensions.order_by("-at").first()
    consultation = phase.consultation
    access.require(actor, "manage_consultation", consultation)
    if new_ends <= phase.ends:
        raise Invalid(
            {
                "new_ends": [
                    _("A consultation can be extended, never shortened. Choose a later date.")
                ]
            }
        )
    if phase.ends <= timezone.now() and not actor.system:
        raise Closed(_("This phase is over: it cannot be extended."))
    words = clean_text(reason, characters_max=1_000)
    if not words.get(DEFAULT):
        raise Invalid({"reason": [_("Say why, in French: it is shown to everybody.")]})
    extension = Extension.objects.create(
        phase=phase, old_ends=phase.ends, new_ends=new_ends, reason=words, by_id=actor.person_id
    )
    phase.ends = new_ends
    phase.save(update_fields=["ends"])
    facts = {"from": extension.old_ends.isoformat(), "to": new_ends.isoformat()}
    node = consultation.node
    emit(
        "consultation.extended",
        node=node,
        actor=actor,
        data=facts,
        on=f"consultation/{node.slug}",
        key=key,
    )
    return extension


@transaction.atomic
def attach_document(
    *, actor: Actor, consultation: Consultation, document: Node, reason: Text | None = None
) -> None:
    """Say that a document is to be read before answering. Raises Forbidden."""
    access.require(actor, "manage_consultation", consultation)
    link(
        document, "informs", consultation.node, actor=actor, reason=reason,
        action="manage_consultation",
    )  # fmt: skip
    facts = {"document": str(document.pk)}
    emit("consultation.informed", node=consultation.node, actor=actor, data=facts)


@transaction.atomic
def detach_document(*, actor: Actor, consultation: Consultation, document: Node) -> None:
    """Say no more that a document is to be read before answering; the document itself stays.

    Attaching it again undoes it. Raises Forbidden, NotFound where it is not attached.
    """
    access.require(actor, "manage_consultation", consultation)
    if not unlink(
        document, "informs", consultation.node, actor=actor, action="manage_consultation"
    ):
        raise NotFound(_("This document is not attached."))
    facts = {"document": str(document.pk)}
    emit("consultation.document_detached", node=consultation.node, actor=actor, data=facts)


def tick(now: datetime | None = None) -> int:
    """Say once that phases opened or closed; the worker calls it. Return how many were said."""
    now = now or timezone.now()
    said = 0
    for phase in (
        Phase.objects.select_related("consultation__node")
        .filter(consultation__node__state=State.PUBLIC, starts__lte=now, actions__isnull=False)
        .distinct()
    ):
        said += _say_boundary(phase, "opened", phase.starts)
        if phase.ends <= now:
            said += _say_boundary(phase, "closed", phase.ends)
    return said


@transaction.atomic
def _say_boundary(phase: Phase, what: str, moment: datetime) -> int:
    # Keyed by the phase, not by its date: a clock that goes back says nothing twice.
    value = f"{phase.pk}:{what}" + (f":{moment.isoformat()}" if what == "closed" else "")
    key = IdempotencyKey.of("boundary", value)
    if replayed(key):
        return 0
    node = phase.consultation.node
    emit(
        f"consultation.{what}",
        node=node,
        data={"from": phase.starts.isoformat(), "to": phase.ends.isoformat()},
        on=f"consultation/{node.slug}",
        key=key,
    )
    return 1
