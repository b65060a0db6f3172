"""A consultation's data, from closing to publication: drafted, reviewed, published once.

Republishing is refused: the difference between two files would show the answers added between.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import pyarrow as pa
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.catalogue import microdata, review, services
from parvis.catalogue.anonymisation import crossing, figures
from parvis.catalogue.anonymisation import services as anonymisation
from parvis.catalogue.anonymisation.models import Entry
from parvis.catalogue.approval import gate
from parvis.catalogue.approval import services as approval
from parvis.catalogue.approval.models import DataReview
from parvis.catalogue.models import Dataset
from parvis.catalogue.review import DECISIONS, Flagged, Reviewed
from parvis.consult import methods, queries
from parvis.consult.models import Activity, Consultation
from parvis.consult.phases import Calendar
from parvis.core import access, jobs, keys
from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Closed, Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import Text, clean_text, tr
from parvis.core.models import Event, Link, State
from parvis.core.templatetags.parvis import number
from parvis.core.thread import link
from parvis.site import counting
from parvis.site.publication_files import add_file, spoken


def consume(events: Sequence[Event]) -> None:
    """Publish the counts and draft the dataset of each consultation whose last phase closed."""
    ids = {e.node_id for e in events if e.verb == "consultation.closed" and e.node_id}
    rows = Consultation.objects.filter(pk__in=ids, node__state=State.PUBLIC)
    for consultation in rows.select_related("node", "organisation__node"):
        if is_closed(consultation):
            counting.publish(consultation)
            dataset = draft_dataset(consultation)
            if dataset.node.state == State.DRAFT:
                jobs.enqueue(
                    "parvis.site.publication_jobs.prepare",
                    actor=SYSTEM,
                    arguments={"consultation": str(consultation.pk), "person": None},
                    node=dataset.node,
                )


def is_closed(consultation: Consultation) -> bool:
    """Whether every phase of a consultation is over."""
    return Calendar.of(consultation).state == "closed"


def datasets_of(consultations: Iterable[Consultation]) -> dict[UUID, Dataset]:
    """Return consultation id -> its dataset of answers, drafted or public: two queries."""
    links = Link.objects.filter(source__in=[c.pk for c in consultations], relation="published_as")
    pairs = dict(links.order_by("-pk").values_list("target_id", "source_id"))
    # Other datasets may be linked too; the one of the answers has a review.
    rows = Dataset.objects.select_related("node", "organisation__node").filter(
        pk__in=pairs, review__has_key="answers"
    )
    return {pairs[row.pk]: row for row in rows}


def dataset_of(consultation: Consultation) -> Dataset | None:
    """Return the dataset of a consultation's answers, drafted or public, or None."""
    return datasets_of([consultation]).get(consultation.pk)


@transaction.atomic
def draft_dataset(consultation: Consultation) -> Dataset:
    """Return the draft of a consultation's dataset, made at the first call only."""
    # The lock makes two workers draft one dataset.
    Consultation.objects.select_for_update(of=("self",)).get(pk=consultation.pk)
    if found := dataset_of(consultation):
        return found
    title = consultation.node.title
    calendar = Calendar.of(consultation)
    days = [
        timezone.localtime(m).date().isoformat() for m in (calendar.opens(), calendar.closes()) if m
    ]
    dataset = services.create_dataset(
        actor=SYSTEM,
        title=spoken(lambda: _("Answers: %(title)s") % {"title": tr(title)}, 200),
        organisation=consultation.organisation,
        slug=f"{consultation.node.slug[:50]}-donnees",
        fields={
            "notes": spoken(
                lambda: (
                    _("What people answered to “%(title)s”, without name or address.")
                    % {"title": tr(title)}
                )
            ),
            "methodology": spoken(lambda: _method_words(Entry())),
            "frequency": "archives",
            "tags": [{"fr": "Consultation publique", "en": "Public consultation"}],
            "categories": ["gouvernement-finances"],
            "languages": consultation.languages or ["fr"],
            "spatial": "Québec",
            "temporal": "/".join(days),
            "reconstructed": consultation.reconstructed,
        },
    )
    dataset.review = {"answers": {}}
    dataset.save(update_fields=["review"])
    link(consultation.node, "published_as", dataset.node, actor=SYSTEM)
    return dataset


def _method_words(entry: Entry) -> str:
    words = _(
        "Rows are in random order and their numbers are drawn at random. Opinions are published "
        "answer by answer; characteristics (age, region…) only as counts, never crossed, and "
        "groups of fewer than %(n)s people are merged. Free texts are in a file of their own, "
        "reviewed for personal information. These are people who chose to answer: they do not "
        "represent the population."
    )
    if entry.crosses:
        words = _(
            "Rows are in random order and their numbers are drawn at random. Opinions are "
            "published answer by answer; characteristics (age, region…) only as counts. Some are "
            "crossed with one other column, with cells hidden so that none can be worked out; "
            "groups of fewer than %(n)s people are merged. Free texts are in a file of their own, "
            "reviewed for personal information. These are people who chose to answer: they do not "
            "represent the population."
        )
    return words % {"n": number(entry.threshold)}


@dataclass(frozen=True)
class Source:
    """An activity with its table."""

    activity: Activity
    table: pa.Table


def sources(consultation: Consultation) -> list[Source]:
    """Return the table of each activity."""
    return [
        Source(activity, methods.get(activity.method).table(activity))
        for activity in queries.activities_of(consultation)
    ]


def _key_of(consultation: Consultation) -> Callable[[str], str]:
    """Return what names a text in a review: a MAC, so that the review itself tells nothing."""
    return lambda message: keys.mac("review", message, consultation.node).hex()[:32]


def flagged(
    consultation: Consultation, tables: Sequence[Source], decisions: Mapping[str, str]
) -> list[Flagged]:
    """Return the texts to review, each once: those that block first."""
    found: dict[str, Flagged] = {}
    for source in tables:
        for one in review.flagged(source.table, _key_of(consultation), decisions):
            found[one.key] = one
    return sorted(found.values(), key=lambda one: (not one.blocks, one.key))


def refuse_unsettled(texts: Sequence[Flagged]) -> None:
    """Return when each text has a decision that may stand. Raises Invalid."""
    left = [one for one in texts if not one.settled]
    if left:
        words = ngettext(
            "%(n)s text still waits for a decision.",
            "%(n)s texts still wait for a decision.",
            len(left),
        )
        raise Invalid({"decisions": [words % {"n": number(len(left))}]})


@transaction.atomic
def save_review(
    *, actor: Actor, consultation: Consultation, decisions: Mapping[str, str]
) -> Dataset:
    """Keep the decisions on some texts; publication comes later. Raises Invalid, Forbidden."""
    access.require(actor, "publish_data", consultation)
    if any(decision not in DECISIONS for decision in decisions.values()):
        raise Invalid({"decisions": [_("Keep, mask or withhold: nothing else.")]})
    drafted = draft_dataset(consultation)
    dataset = Dataset.objects.select_for_update(of=("self",)).get(pk=drafted.pk)
    _refuse_public(drafted)
    kept = dataset.review.get("answers", {})
    dataset.review = {**dataset.review, "answers": {**kept, **decisions}}
    dataset.save(update_fields=["review"])
    emit("dataset.changed", node=drafted.node, actor=actor)
    drafted.review = dataset.review
    return drafted


@transaction.atomic
def ask_approval(
    *,
    actor: Actor,
    consultation: Consultation,
    reason: Text | None = None,
    key: IdempotencyKey | None = None,
) -> DataReview:
    """Give the decisions, the note and `reason` to a second person to approve before publication.

    Raises Invalid while a text waits or without a note, Forbidden, Conflict when it is approved or
    given to read as it is.
    """
    access.require(actor, "publish_data", consultation)
    dataset = draft_dataset(consultation)
    _refuse_public(dataset)
    tables = sources(consultation)
    refuse_unsettled(flagged(consultation, tables, dataset.review.get("answers", {})))
    entry = anonymisation.entry_of(dataset)
    anonymisation.require_note(dataset, _made_of(consultation, tables, entry))
    dataset.review = {**dataset.review, "reason": clean_text(reason or {}, characters_max=300)}
    Dataset.objects.filter(pk=dataset.pk).update(review=dataset.review)
    return approval.ask_review(actor=actor, dataset=dataset, key=key)


def answers_of(tables: Sequence[Source]) -> list[figures.Answers]:
    """Return the tables under the names that the note gives them."""
    return [
        figures.Answers(one.activity.node.slug, one.activity.node.title, one.table)
        for one in tables
    ]


def _made_of(consultation: Consultation, tables: Sequence[Source], entry: Entry) -> str:
    """Return a keyed digest of the answers and choices: unkeyed, guesses could be tried on it."""
    content = figures.digest(answers_of(tables), anonymisation.choices_of(entry))
    return keys.mac("review", content, consultation.node).hex()


def prepare_note(
    *, actor: Actor, consultation: Consultation, progress: jobs.Progress | None = None
) -> Entry:
    """Make the disclosure risk note of a closed consultation, and its crossed tables.

    Long work, for a job. Raises Closed while a phase is open, Invalid when a chosen table cannot
    be made, Conflict when the data are public, Forbidden.
    """
    access.require(actor, "publish_data", consultation)
    if not is_closed(consultation):
        raise Closed(_("The consultation is still open: its data are published after it closes."))
    dataset = draft_dataset(consultation)
    _refuse_public(dataset)
    tables = sources(consultation)
    return anonymisation.make_note(
        actor=actor,
        dataset=dataset,
        answers=answers_of(tables),
        made_of=_made_of(consultation, tables, anonymisation.entry_of(dataset)),
        progress=progress,
    )


def _refuse_public(dataset: Dataset) -> None:
    if dataset.node.state != State.DRAFT:
        raise Conflict(
            _(
                "These data are public already. They are not published twice: the difference would "
                "show the answers added since."
            )
        )


@transaction.atomic
def publish_consultation_data(
    *,
    actor: Actor,
    consultation: Consultation,
    decisions: Mapping[str, str] | None = None,
    key: IdempotencyKey | None = None,
    reason: Text | None = None,
) -> Dataset:
    """Build and publish the data of a closed consultation, once; return its dataset.

    `decisions` (text key -> keep, mask or withhold) complete those saved before; `reason` says why
    texts are withheld. Raises Closed while a phase is open, Invalid while a text waits for its
    decision or holds what may not be kept, or while the disclosure risk note is not made of these
    very answers; Conflict when it is public, or without the second person that this site asks
    for (`ask_approval`, whose reason is then the one shown); Forbidden.
    """
    if earlier := replayed(key):
        return Dataset.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "publish_data", consultation)
    if not is_closed(consultation):
        raise Closed(_("The consultation is still open: its data are published after it closes."))
    dataset = save_review(actor=actor, consultation=consultation, decisions=decisions or {})
    taken = dataset.review["answers"]
    tables = sources(consultation)
    refuse_unsettled(flagged(consultation, tables, taken))
    entry = anonymisation.entry_of(dataset)
    entry = anonymisation.require_note(dataset, _made_of(consultation, tables, entry))
    if gate.required() and not actor.system:
        # Here, while it says what was approved: the files are made of it below.
        gate.require_second(actor, dataset, None)
        reason = dataset.review.get("reason")
    many = len(tables) > 1
    reviews, few = [], False
    for source in tables:
        done = review.reviewed(source.table, _key_of(consultation), taken)
        reviews.append(done)
        few |= _add_files(actor, dataset, source, done, many, entry)
    totals = {
        "published": sum(len(done.rows) for done in reviews),
        "total": sum(done.total for done in reviews),
        "masked": sum(done.masked for done in reviews),
        "withheld": sum(done.withheld for done in reviews),
    }
    why = clean_text(reason or {}, characters_max=300)
    services.update_dataset(
        actor=actor,
        dataset=dataset,
        changes={
            "kept_of": totals,
            "methodology": spoken(lambda: _method_words(entry)),
            "withheld": spoken(
                lambda: _result_words(totals, entry.threshold if few else 0, tr(why)), 1_000
            ),
        },
    )
    anonymisation.add_note_file(actor=actor, dataset=dataset, entry=entry)
    Dataset.objects.filter(pk=dataset.pk).update(review={"answers": {}})
    dataset.review = {"answers": {}}
    return services.publish_dataset(actor=actor, dataset=dataset, second=SYSTEM, key=key)


def _result_words(totals: Mapping[str, int], few: int, why: str) -> str:
    """Return "x of y published, z withheld, because …", in the active language."""
    numbers = {name: number(value) for name, value in totals.items()}
    parts = []
    if totals["total"]:
        parts.append(_("%(published)s free texts of %(total)s are published.") % numbers)
    if totals["masked"]:
        parts.append(
            ngettext(
                "In %(masked)s text, personal information is masked.",
                "In %(masked)s texts, personal information is masked.",
                totals["masked"],
            )
            % numbers
        )
    if totals["withheld"]:
        because = why or _("they hold personal information that masking does not remove")
        words = ngettext(
            "%(withheld)s text is withheld, because %(why)s.",
            "%(withheld)s texts are withheld, because %(why)s.",
            totals["withheld"],
        )
        parts.append(words % {**numbers, "why": because})
    if few:
        parts.append(
            _("Fewer than %(n)s people answered: their answers are not published one by one.")
            % {"n": number(few)}
        )
    return " ".join(parts)


def _add_files(
    actor: Actor, dataset: Dataset, source: Source, done: Reviewed, many: bool, entry: Entry
) -> bool:
    """Add the files of one activity; return whether opinions are withheld for want of people."""
    table, title = source.table, source.activity.node.title
    opinions = microdata.opinions(table, entry.threshold)
    crossed = entry.tables.get(source.activity.node.slug, [])
    asked = {column.kind for column in microdata.columns_of(table)}
    files: list[tuple[str, str, microdata.Table | None]] = [
        ("opinion", "opinions", opinions),
        ("text", "textes", microdata.texts(done.rows)),
        (
            "characteristic",
            "caracteristiques",
            microdata.characteristics(table, entry.threshold),
        ),
        ("crossed", "tableaux-croises", crossing.as_table(crossed)),
    ]
    suffix = f"-{source.activity.method}" if many else ""
    names: dict[str, str] = {}
    for kind, slug, found in files:
        if found is not None:
            resource = add_file(actor, dataset, kind, slug + suffix, title if many else {}, found)
            names[kind] = f"{resource.slug}.csv"
    book = microdata.codebook(names, table)
    if book is not None:
        add_file(actor, dataset, "codebook", f"dictionnaire{suffix}", title if many else {}, book)
    return "opinion" in asked and opinions is None and table.num_rows > 0
