"""Coding joined: the texts come from the ways to participate, the themes from understanding."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from parvis.analysis import privacy
from parvis.analysis.text import fold, stems
from parvis.consult import methods, queries
from parvis.consult.models import Activity, Consultation, Contribution
from parvis.core.access import SYSTEM, Actor, actor_for
from parvis.core.errors import Invalid
from parvis.core.events import IdempotencyKey, replayed
from parvis.core.i18n import DEFAULT
from parvis.core.jobs import Progress
from parvis.core.models import Job, Person
from parvis.understand import coding, services, tasks
from parvis.understand import queries as understood
from parvis.understand.models import Coded, Quote, Run

SCAN_ROWS = 200
COPIES_TASK = "parvis.site.coding.find_copies"
_LITTLE = 4
"""Words of fewer letters are near everything: they say nothing; nor do these."""
_EMPTY_WORDS = frozenset(
    (
        "afin ainsi alors apres aussi autre autres avant avec avoir beaucoup bien cela celle "
        "celles celui cette ceux chaque chez comme contre dans depuis deux dire dont donc elle "
        "elles encore entre etre etaient etait faire fait font jamais leur leurs lorsque mais "
        "meme memes moins notre nous parce peut peuvent plus plutot pour pourquoi quand quel "
        "quelle quelles quels quoi sans sera sont sous souvent tous tout toute toutes toujours "
        "tres trop votre vous about also been being both each from have into just like make many "
        "more most much must only other over same should some such than that their them then "
        "there these they this those very want were what when where which while will with would "
        "your"
    ).split()
)


def contributions_of(consultation: Consultation) -> QuerySet[Contribution]:
    """The contributions of a consultation that count, in order of arrival."""
    return (
        Contribution.objects.filter(
            activity__consultation=consultation,
            fate=Contribution.Fate.KEPT,
            node__in=understood.contributions(consultation.node),
        )
        .select_related("node")
        .order_by("pk")
    )


def _with_activities(
    consultation: Consultation, rows: Iterable[Contribution]
) -> list[Contribution]:
    # One Activity for all its contributions: a method reads its settings once.
    activities: dict[UUID, Activity] = {a.pk: a for a in queries.activities_of(consultation)}
    out = list(rows)
    for row in out:
        row.activity = activities[row.activity_id]
    return out


def texts_of(rows: Iterable[Contribution]) -> dict[UUID, dict[str, str]]:
    """Return contribution id -> {field: free text}, as its method gives them."""
    return {row.pk: dict(methods.get(row.activity.method).texts(row)) for row in rows}


def texts_by_id(consultation: Consultation, ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """Return the free texts of some contributions of a consultation."""
    rows = contributions_of(consultation).filter(pk__in=list(ids))
    return texts_of(_with_activities(consultation, rows))


@dataclass(frozen=True)
class Wish:
    """What a person asks at the coding desk, as the form gives it.

    `shown` are the themes that were on the page: those of them not in `themes` are detached. A
    passage without `passage_theme` goes to the only theme that is chosen.
    """

    themes: tuple[UUID, ...] = ()
    shown: tuple[UUID, ...] = ()
    new_theme: str = ""
    passage: str = ""
    passage_theme: UUID | None = None
    passage_public: bool = False
    note: str | None = None
    outcome: str | None = None


@transaction.atomic
def code(
    *,
    actor: Actor,
    consultation: Consultation,
    contributions: Sequence[UUID],
    wish: Wish,
    key: IdempotencyKey | None = None,
) -> coding.Coding:
    """Code contributions as asked, with a new theme made on the way, all or nothing.

    Raises what `understand.coding.code_contributions` and `create_theme` raise, and Invalid when a
    passage could belong to several themes.
    """
    space = consultation.node
    if replayed(key):
        return coding.Coding()
    chosen = list(wish.themes)
    if wish.new_theme:
        made = services.create_theme(actor=actor, space=space, title={DEFAULT: wish.new_theme})
        chosen.append(made.pk)
    quotes = []
    if wish.passage.strip():
        theme = wish.passage_theme or (chosen[0] if len(chosen) == 1 else None)
        if theme is None:
            raise Invalid({"quote_theme": [_("Say which theme this passage shows.")]})
        for pk in contributions[:1]:
            quotes.append(coding.Passage(pk, theme, wish.passage, wish.passage_public))
    try:
        return coding.code_contributions(
            actor=actor,
            space=space,
            contributions=contributions,
            add=chosen,
            remove=set(wish.shown) - set(chosen),
            outcome=wish.outcome,
            quotes=quotes,
            texts=texts_by_id(consultation, contributions[:1]) if quotes else {},
            note=wish.note,
            key=key,
        )
    except Invalid as refusal:
        # The page has one passage field.
        raise Invalid(
            {("quote" if k == "quotes" else k): v for k, v in refusal.errors.items()}
        ) from None


# One contribution ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A stretch of a text, kept as a passage or not."""

    words: str
    kept: bool


@dataclass(frozen=True)
class Said:
    """One free text of a contribution: what was asked, what was written, in pieces."""

    field: str
    question: str
    text: str
    pieces: tuple[Piece, ...]
    personal: bool


@dataclass(frozen=True)
class Reading:
    """A contribution as the coding desk shows it. `number` is its place in order of arrival."""

    contribution: Contribution
    number: int
    said: tuple[Said, ...]
    themes: frozenset[UUID]
    quotes: tuple[Quote, ...]
    coded: Coded | None


def _pieces(text: str, spans: Iterable[tuple[int, int]]) -> tuple[Piece, ...]:
    out: list[Piece] = []
    here = 0
    for start, end in sorted(spans):
        start = max(start, here)
        if start >= end:
            continue
        if start > here:
            out.append(Piece(text[here:start], False))
        out.append(Piece(text[start:end], True))
        here = end
    if here < len(text):
        out.append(Piece(text[here:], False))
    return tuple(out)


def reading(consultation: Consultation, pk: UUID) -> Reading | None:
    """Return a contribution to read, or None when it is not there or does not count."""
    rows = _with_activities(consultation, contributions_of(consultation).filter(pk=pk))
    if not rows:
        return None
    row = rows[0]
    method = methods.get(row.activity.method)
    asked = {str(answer).strip(): str(question) for question, answer in method.readable(row)}
    quotes = list(Quote.objects.filter(contribution=row.node).select_related("theme__node"))
    said = []
    for name, text in method.texts(row):
        # A passage whose text changed since is not drawn anywhere else.
        spans = [
            (quote.start, quote.end)
            for quote in quotes
            if quote.field == name and text[quote.start : quote.end] == quote.text
        ]
        said.append(
            Said(
                name,
                asked.get(text.strip(), ""),
                text,
                _pieces(text, spans),
                bool(privacy.scan(text)),
            )
        )
    attached = understood.themes_by_contribution([pk]).get(pk, [])
    number = contributions_of(consultation).filter(pk__lte=pk).count()
    coded = Coded.objects.select_related("by").filter(pk=pk).first()
    return Reading(row, number, tuple(said), frozenset(attached), tuple(quotes), coded)


def next_to_read(
    consultation: Consultation, *, after: UUID | None = None, actor: Actor | None = None
) -> UUID | None:
    """Return the next contribution that holds words to read, or None when all were read.

    Those without words met on the way are set aside when an `actor` (a POST) comes along, so that
    the progress shown counts only what there is to read.
    """
    starts = (after, None) if after else (None,)
    for start in starts:
        here = start
        while True:
            rows = understood.uncoded(consultation.node)
            if here:
                rows = rows.filter(pk__gt=here)
            ids = list(rows.values_list("pk", flat=True)[:SCAN_ROWS])
            if not ids:
                break
            texts = texts_by_id(consultation, ids)
            silent: list[UUID] = []
            for pk in ids:
                if texts.get(pk):
                    _set_aside(consultation, silent, actor)
                    return pk
                silent.append(pk)
            _set_aside(consultation, silent, actor)
            here = ids[-1]
    put_off = understood.uncoded(consultation.node, skipped=True)
    found = put_off.filter(pk__gt=after).first() if after else None
    found = found or put_off.first()
    return found.pk if found else None


def _set_aside(consultation: Consultation, silent: Sequence[UUID], actor: Actor | None) -> None:
    if actor is not None and silent:
        coding.mark_silent(actor=actor, space=consultation.node, contributions=silent)


def set_aside_silent(consultation: Consultation, actor: Actor) -> int:
    """Set aside every unread contribution without words, so that counts say what is to be read;
    return how many."""
    ids = list(understood.uncoded(consultation.node).values_list("pk", flat=True))
    done = 0
    for start in range(0, len(ids), coding.BATCH_MAX):
        part = ids[start : start + coding.BATCH_MAX]
        texts = texts_by_id(consultation, part)
        silent = [pk for pk in part if not texts.get(pk)]
        if silent:
            done += coding.mark_silent(actor=actor, space=consultation.node, contributions=silent)
    return done


def near_words(texts: Iterable[str], theme: understood.Counted, limit: int = 4) -> list[str]:
    """Return the words of a contribution that a theme's own words share, as written.

    Same stem, four letters or more. They help to choose; they attach nothing.
    """
    own: set[str] = set()
    for text in (*theme.node.title.values(), *theme.theme.description.values()):
        own.update(stems(text))
    found: dict[str, str] = {}
    for text in texts:
        for word in fold(text).split():
            if len(word) >= _LITTLE and word not in _EMPTY_WORDS:
                for stem in stems(word):
                    if stem in own:
                        found.setdefault(stem, word)
    surface = {fold(w): w for text in texts for w in _words(text)}
    return [surface.get(word, word) for word in list(found.values())[:limit]]


def _words(text: str) -> list[str]:
    return [word.strip(".,;:!?«»()\"'’") for word in text.replace("’", " ").lower().split()]


# Many contributions -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A contribution as lists show it."""

    contribution: Contribution
    text: str
    themes: tuple[UUID, ...]
    outcome: str
    note: str


def rows_of(consultation: Consultation, ids: Sequence[UUID]) -> list[Row]:
    """Return what lists show of some contributions, in the order of `ids`; five queries."""
    found = _with_activities(consultation, contributions_of(consultation).filter(pk__in=ids))
    texts = texts_of(found)
    themes = understood.themes_by_contribution(ids)
    coded = Coded.objects.in_bulk(list(ids))
    by_id = {
        row.pk: Row(
            row,
            " ".join(texts[row.pk].values()),
            tuple(themes.get(row.pk, ())),
            coded[row.pk].outcome if row.pk in coded else "",
            coded[row.pk].note if row.pk in coded else "",
        )
        for row in found
    }
    return [by_id[pk] for pk in ids if pk in by_id]


def listed(
    consultation: Consultation, *, state: str = "", theme: UUID | None = None, words: str = ""
) -> list[UUID]:
    """Return the ids of contributions in a state (left, themes, none, skipped, no_text or any),
    with a theme, that hold every word of `words` (same stems); oldest first."""
    nodes = understood.contributions(consultation.node)
    if state == "left":
        nodes = nodes.filter(coded=None)
    elif state in Coded.Outcome:
        nodes = nodes.filter(coded__outcome=state)
    if theme is not None:
        nodes = nodes.filter(links_out__relation="expresses", links_out__target_id=theme)
    ids = list(nodes.order_by("pk").values_list("pk", flat=True))
    wanted = set(stems(words))
    if not wanted:
        return ids
    kept = []
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        texts = texts_by_id(consultation, part)
        kept += [pk for pk in part if wanted <= set(stems(" ".join(texts.get(pk, {}).values())))]
    return kept


# Nearly identical texts ---------------------------------------------------------------------------


def find_copies(progress: Progress, consultation: str, by: str | None = None) -> dict[str, Any]:
    """Job: read every text of a consultation (its slug), group those that repeat one another."""
    found = queries.consultation_by_slug(consultation)
    ids = list(contributions_of(found).values_list("pk", flat=True))
    texts: dict[UUID, str] = {}
    for start in range(0, len(ids), 500):
        progress(start, len(ids))
        for pk, said in texts_by_id(found, ids[start : start + 500]).items():
            if said:
                texts[pk] = "\n".join(said.values())
    person = Person.objects.filter(pk=by).first() if by else None
    actor = actor_for(person) if person else SYSTEM
    run: Run = tasks.find_copies(actor=actor, space=found.node, texts=texts)
    progress(len(ids), len(ids))
    return {"run": run.pk, "groups": len(understood.copies(found.node).groups)}


def copies_job(consultation: Consultation) -> Job | None:
    """Return the last search for nearly identical texts that was asked for."""
    return (
        Job.objects.filter(task=COPIES_TASK, node=consultation.node).order_by("-created_at").first()
    )
