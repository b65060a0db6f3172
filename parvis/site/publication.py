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
from django.utils.translation import ngettext, override

from parvis.analysis import privacy
from parvis.catalogue import loading, microdata, review, services
from parvis.catalogue.models import Dataset, Resource
from parvis.catalogue.review import DECISIONS, Flagged, Reviewed
from parvis.consult import methods, queries
from parvis.consult.models import Activity, Consultation
from parvis.consult.phases import Calendar
from parvis.core import access, keys, limits
from parvis.core.access import SYSTEM, Actor
from parvis.core.errors import Closed, Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import LANGUAGES, Text, clean_text, tr
from parvis.core.models import Event, Link, State
from parvis.core.templatetags.parvis import number
from parvis.core.thread import link
from parvis.site import counting


def consume(events: Sequence[Event]) -> None:
    """Publish the counts and draft the dataset of each consultation whose last phase closed."""
    ids = {e.node_id for e in events if e.verb == "consultation.closed" and e.node_id}
    rows = Consultation.objects.filter(pk__in=ids, node__state=State.PUBLIC)
    for consultation in rows.select_related("node", "organisation__node"):
        if is_closed(consultation):
            counting.publish(consultation)
            draft_dataset(consultation)


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


def _spoken(words: Callable[[], str], characters_max: int = 20_000) -> dict[str, str]:
    """Return a text made in each language."""
    found = {}
    for code in LANGUAGES:
        with override(code):
            # Plain spaces: the page sets the no-break ones.
            found[code] = words().replace("\u00a0", " ")[:characters_max]
    return found


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
        title=_spoken(lambda: _("Answers: %(title)s") % {"title": tr(title)}, 200),
        organisation=consultation.organisation,
        slug=f"{consultation.node.slug[:50]}-donnees",
        fields={
            "notes": _spoken(
                lambda: (
                    _("What people answered to “%(title)s”, without name or address.")
                    % {"title": tr(title)}
                )
            ),
            "methodology": _spoken(_method_words),
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


def _method_words() -> str:
    return _(
        "Rows are in random order and their numbers are drawn at random. Opinions are published "
        "answer by answer; characteristics (age, region…) only as counts, never crossed, and "
        "groups of fewer than %(n)s people are merged. Free texts are in a file of their own, "
        "reviewed for personal information. These are people who chose to answer: they do not "
        "represent the population."
    ) % {"n": number(limits.CELL_MIN)}


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
    dataset.review = {"answers": {**kept, **decisions}}
    dataset.save(update_fields=["review"])
    emit("dataset.changed", node=drafted.node, actor=actor)
    drafted.review = dataset.review
    return drafted


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
    decision or holds what may not be kept, Conflict when it is public, Forbidden.
    """
    if earlier := replayed(key):
        return Dataset.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "publish_data", consultation)
    if not is_closed(consultation):
        raise Closed(_("The consultation is still open: its data are published after it closes."))
    dataset = save_review(actor=actor, consultation=consultation, decisions=decisions or {})
    taken = dataset.review["answers"]
    tables = sources(consultation)
    left = [one for one in flagged(consultation, tables, taken) if not one.settled]
    if left:
        words = ngettext(
            "%(n)s text still waits for a decision.",
            "%(n)s texts still wait for a decision.",
            len(left),
        )
        raise Invalid({"decisions": [words % {"n": number(len(left))}]})
    many = len(tables) > 1
    reviews, few = [], False
    for source in tables:
        done = review.reviewed(source.table, _key_of(consultation), taken)
        reviews.append(done)
        few |= _add_files(actor, dataset, source, done, many)
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
            "withheld": _spoken(lambda: _result_words(totals, few, tr(why)), 1_000),
        },
    )
    Dataset.objects.filter(pk=dataset.pk).update(review={"answers": {}})
    dataset.review = {"answers": {}}
    return services.publish_dataset(actor=actor, dataset=dataset, key=key)


def _result_words(totals: Mapping[str, int], few: bool, why: str) -> str:
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
            % {"n": number(privacy.THRESHOLD)}
        )
    return " ".join(parts)


def _add_files(actor: Actor, dataset: Dataset, source: Source, done: Reviewed, many: bool) -> bool:
    """Add the files of one activity; return whether opinions are withheld for want of people."""
    table, title = source.table, source.activity.node.title
    opinions = microdata.opinions(table)
    asked = {column.kind for column in microdata.columns_of(table)}
    files: list[tuple[str, str, microdata.Table | None]] = [
        ("opinion", "opinions", opinions),
        ("text", "textes", microdata.texts(done.rows)),
        ("characteristic", "caracteristiques", microdata.characteristics(table)),
    ]
    suffix = f"-{source.activity.method}" if many else ""
    names: dict[str, str] = {}
    for kind, slug, found in files:
        if found is not None:
            resource = _add_file(actor, dataset, kind, slug + suffix, title if many else {}, found)
            names[kind] = f"{resource.slug}.csv"
    book = microdata.codebook(names, table)
    if book is not None:
        _add_file(actor, dataset, "codebook", f"dictionnaire{suffix}", title if many else {}, book)
    return "opinion" in asked and opinions is None and table.num_rows > 0


def _file_words(kind: str) -> tuple[str, str]:
    words = {
        "opinion": (
            _("Opinions, answer by answer"),
            _("One row a person, numbered at random, without any characteristic."),
        ),
        "text": (
            _("Free texts"),
            _("One row a text, numbered at random, tied to nothing else."),
        ),
        "characteristic": (
            _("Who answered"),
            _("Counts by characteristic, one at a time; small groups are merged."),
        ),
        "codebook": (_("Codebook"), _("What each column and each value means.")),
    }
    return words[kind]


def _add_file(
    actor: Actor,
    dataset: Dataset,
    kind: str,
    slug: str,
    title: Text,
    found: microdata.Table,
) -> Resource:
    def name() -> str:
        words = _file_words(kind)[0]
        return f"{words} ({tr(title)})" if title else words

    resource = services.add_resource(
        actor=actor,
        dataset=dataset,
        name=_spoken(name, 200),
        description=_spoken(lambda: _file_words(kind)[1]),
        kind=Resource.What.SUPPORT if kind == "codebook" else Resource.What.DATA,
        slug=slug,
    )
    loading.put_table(
        actor=actor, resource=resource, data=found.data, schema=found.schema, values=found.values
    )
    return resource
