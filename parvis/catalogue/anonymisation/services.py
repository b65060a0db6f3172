"""The entry of a dataset: choices before publication, the note, what a person completes."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from parvis.analysis.privacy import FLOOR
from parvis.catalogue import services
from parvis.catalogue.anonymisation import crossing, figures, notes
from parvis.catalogue.anonymisation.elements import ELEMENTS, NAMES
from parvis.catalogue.anonymisation.figures import Answers
from parvis.catalogue.anonymisation.models import THRESHOLD_MAX, Entry, EntryVersion
from parvis.catalogue.models import Dataset, Resource
from parvis.core import access, files
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import emit
from parvis.core.i18n import DEFAULT, clean_text
from parvis.core.jobs import Progress
from parvis.core.models import State

NOTE_FILE = "note-de-risque.txt"


def entry_of(dataset: Dataset) -> Entry:
    """Return the entry of a dataset of answers, made at the first call."""
    return Entry.objects.get_or_create(dataset=dataset)[0]


def bad_pair(error: crossing.BadPair) -> str:
    """Return in words why a crossed table is not made."""
    words = {
        "many": _("Cross %(n)d pairs at most.") % {"n": crossing.PAIRS_MAX},
        "unknown": _("“%(a)s” and “%(b)s” are not two columns of these answers."),
        "opinions": _("“%(a)s” and “%(b)s” are both opinions: their file tells this already."),
        "circle": _(
            "“%(a)s” with “%(b)s” closes a circle of tables: together they would tell more "
            "than each. Leave one out."
        ),
        "few": _("“%(a)s” with “%(b)s”: too few people in all groups but one."),
        "values": _("“%(a)s” with “%(b)s”: too many different values."),
    }
    a, b = error.pair
    return words[error.reason] % {"a": a, "b": b} if error.reason != "many" else words["many"]


@transaction.atomic
def choose(
    *,
    actor: Actor,
    dataset: Dataset,
    threshold: int,
    crosses: Sequence[Sequence[str]],
    answers: Sequence[Answers],
) -> Entry:
    """Keep the threshold and the pairs ([activity, column, column]) to cross. Raises Invalid,
    Conflict once the dataset is public, Forbidden."""
    access.require(actor, "publish_data", dataset)
    entry = _draft_entry(dataset)
    if not FLOOR <= threshold <= THRESHOLD_MAX:
        words = _("Choose a threshold from %(least)d to %(most)d people.")
        raise Invalid({"threshold": [words % {"least": FLOOR, "most": THRESHOLD_MAX}]})
    wanted = [list(one) for one in dict.fromkeys(tuple(one) for one in crosses)]
    tables = {one.name: one.table for one in answers}
    try:
        for name, a, b in wanted:
            if name not in tables:
                raise crossing.BadPair("unknown", (a, b))
        for name, table in tables.items():
            crossing.check(table, [(a, b) for each, a, b in wanted if each == name])
    except crossing.BadPair as error:
        raise Invalid({"crosses": [bad_pair(error)]}) from None
    entry.threshold, entry.crosses = threshold, wanted
    entry.save(update_fields=["threshold", "crosses"])
    emit("anonymisation.chosen", node=dataset.node, actor=actor)
    return entry


def _draft_entry(dataset: Dataset) -> Entry:
    entry = Entry.objects.select_for_update(of=("self",)).get(pk=entry_of(dataset).pk)
    if dataset.node.state != State.DRAFT:
        raise Conflict(_("These data are public already: their note stays as it is."))
    return entry


def choices_of(entry: Entry) -> dict[str, Any]:
    """Return what a note depends on besides the answers."""
    return {"threshold": entry.threshold, "crosses": entry.crosses}


def make_note(
    *,
    actor: Actor,
    dataset: Dataset,
    answers: Sequence[Answers],
    made_of: str,
    progress: Progress | None = None,
) -> Entry:
    """Compute the figures and the crossed tables of a drafted dataset, and keep them.

    Long work, for a job: the transaction is short and at the end. Raises Invalid when a chosen
    table cannot be made, Conflict once the dataset is public, Forbidden.
    """
    access.require(actor, "publish_data", dataset)
    entry = entry_of(dataset)
    try:
        facts, tables = figures.compute(answers, entry.threshold, entry.crosses, progress)
    except crossing.BadPair as error:
        raise Invalid({"crosses": [bad_pair(error)]}) from None
    except (ArithmeticError, ValueError):
        raise Invalid({"crosses": [_("No safe plan was found: cross fewer columns.")]}) from None
    with transaction.atomic():
        now = _draft_entry(dataset)
        if choices_of(now) != choices_of(entry):
            raise Conflict(_("The choices changed meanwhile: prepare the note again."))
        now.facts, now.tables, now.made_of = facts, tables, made_of
        now.made_at = timezone.now()
        now.save(update_fields=["facts", "tables", "made_of", "made_at"])
        emit("anonymisation.note_made", node=dataset.node, actor=actor)
    return now


def require_note(dataset: Dataset, made_of: str) -> Entry:
    """Return the entry whose note was made of these answers. Raises Invalid without one."""
    entry = entry_of(dataset)
    if not entry.made_of:
        raise Invalid({"note": [_("The disclosure risk note is not made yet: prepare it first.")]})
    if entry.made_of != made_of:
        words = _("Answers or choices changed since the note was made: prepare it again.")
        raise Invalid({"note": [words]})
    return entry


def add_note_file(*, actor: Actor, dataset: Dataset, entry: Entry) -> Resource:
    """Put the note, as a text file, among the files of a drafted dataset. Raises Forbidden."""
    access.require(actor, "manage_catalogue", dataset)
    content = notes.as_text(entry.facts, dataset.kept_of, dataset.node.title)
    resource = services.add_resource(
        actor=actor,
        dataset=dataset,
        name={"fr": "Note sur le risque de divulgation", "en": "Disclosure risk note"},
        description={
            "fr": "Ce qui a été fait pour que ces données ne montrent personne, en chiffres.",
            "en": "What was done so that these data show nobody, in figures.",
        },
        kind=Resource.What.SUPPORT,
        slug="note-de-risque",
    )
    resource.file = files.store([content], "text/plain")
    resource.file_name, resource.mimetype, resource.format = NOTE_FILE, "text/plain", "TXT"
    resource.save(update_fields=["file", "file_name", "mimetype", "format"])
    return resource


def _words(texts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return the texts of all elements. Raises Invalid for each that is missing or too long."""
    found, bad = {}, {}
    for element in ELEMENTS:
        try:
            found[element.name] = clean_text(texts.get(element.name) or {}, characters_max=2_000)
        except ValidationError as error:
            bad[element.name] = list(error.messages)
            continue
        if not found[element.name].get(DEFAULT):
            bad[element.name] = [_("Write it in French at least.")]
    if bad:
        raise Invalid(bad)
    return found


@transaction.atomic
def complete(
    *,
    actor: Actor,
    entry: Entry,
    texts: Mapping[str, Mapping[str, str]],
    qualified: str,
    reassess_on: date | None,
) -> EntryVersion:
    """Keep what a person says of an anonymisation, as a new version. Raises Invalid, Forbidden."""
    dataset = entry.dataset
    access.require(actor, "publish_data", dataset)
    now = Entry.objects.select_for_update(of=("self",)).get(pk=entry.pk)
    if not now.made_of:
        raise Invalid({"__all__": [_("Prepare the note first: the register speaks of it.")]})
    bad: dict[str, list[str]] = {}
    if set(texts) - set(NAMES):
        bad["__all__"] = [_("This cannot be changed.")]
    if not qualified.strip() or len(qualified) > 200:
        bad["qualified"] = [_("Name the qualified person, with the function.")]
    if reassess_on is None or reassess_on <= timezone.localdate():
        bad["reassess_on"] = [_("Give a day to come.")]
    try:
        cleaned = _words(texts)
    except Invalid as refusal:
        bad |= {name: list(map(str, words)) for name, words in refusal.errors.items()}
    if bad:
        raise Invalid(bad)
    now.texts, now.qualified, now.reassess_on = cleaned, qualified.strip(), reassess_on
    now.version += 1
    now.completed_of, now.completed_at, now.completed_by_id = (
        now.made_of,
        timezone.now(),
        actor.person_id,
    )
    now.save()
    kept = EntryVersion.objects.create(
        entry=now,
        number=now.version,
        content={
            "texts": cleaned,
            "qualified": now.qualified,
            "reassess_on": reassess_on.isoformat() if reassess_on else "",
            "facts": now.facts,
            "made_of": now.made_of,
            **choices_of(now),
        },
        at=now.completed_at,
        by_id=actor.person_id,
    )
    emit("anonymisation.completed", node=dataset.node, actor=actor)
    return kept
