"""Coding: a person reads contributions and says which themes each one expresses."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.analysis import privacy
from parvis.core import access, limits
from parvis.core.access import Actor
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import Text
from parvis.core.models import Link, Node
from parvis.core.thread import link, unlink
from parvis.understand.models import Coded, Quote, Theme
from parvis.understand.queries import counted

BATCH_MAX = 500
Texts = Mapping[UUID, Mapping[str, str]]
"""Contribution id -> {field: its free text}, as its method gives them."""


@dataclass(frozen=True)
class Passage:
    """A passage to keep: which contribution, for which theme, its words, shown or not."""

    contribution: UUID
    theme: UUID
    text: str
    public: bool = False


@dataclass(frozen=True)
class Coding:
    """What one act of coding changed; all zero when everything was so already."""

    contributions: int = 0
    attached: int = 0
    detached: int = 0
    quotes: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything is different now."""
        return any((self.contributions, self.attached, self.detached, self.quotes))


def locate(passage: str, texts: Mapping[str, str]) -> tuple[str, int, int] | None:
    """Return (field, start, end) of the first place where `passage` stands word for word.

    Runs of white space are equal to one another: a browser copies line breaks as it likes. None
    when it is nowhere.
    """
    words = passage.split()
    if not words:
        return None
    pattern = re.compile(r"\s+".join(re.escape(word) for word in words))
    for field, text in texts.items():
        if found := pattern.search(text):
            return field, found.start(), found.end()
    return None


def check_public(text: str) -> None:
    """Return when a passage may be shown. Raises Invalid when it holds somebody's number or
    address: those identify one person (Act respecting Access, CQLR c. A-2.1, s. 54)."""
    if any(found.severity == "block" for found in privacy.scan(text)):
        words = _("This passage holds a number or an address of somebody: it cannot be shown.")
        raise Invalid({"quotes": [words]})


def _checked(contributions: Sequence[UUID], note: str | None) -> list[UUID]:
    ids = list(dict.fromkeys(contributions))
    if not ids or len(ids) > BATCH_MAX:
        words = _("Choose between 1 and %(n)d contributions.")
        raise Invalid({"contributions": [words % {"n": BATCH_MAX}]})
    if note and len(note) > limits.SHORT_CHARACTERS:
        raise Invalid({"note": [_("At most %(n)d characters.") % {"n": limits.SHORT_CHARACTERS}]})
    return ids


def _nodes(space: Node, ids: Sequence[UUID]) -> list[Node]:
    rows = list(
        Node.objects.filter(
            counted(""), pk__in=ids, kind="contribution", space__space=space
        ).order_by("pk")
    )
    if len(rows) != len(set(ids)):
        raise NotFound(_("Some of these contributions are not here, or no longer count."))
    return rows


def _themes(space: Node, ids: Iterable[UUID]) -> dict[UUID, Theme]:
    wanted = set(ids)
    rows = Theme.objects.filter(pk__in=wanted, node__space=space, merged_into=None)
    found = {row.pk: row for row in rows.select_related("node")}
    if len(found) != len(wanted):
        raise Invalid({"themes": [_("One of these themes is no longer here: choose again.")]})
    return found


def _links(nodes: Sequence[Node]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {node.pk: set() for node in nodes}
    rows = Link.objects.filter(source_id__in=list(found), relation="expresses")
    for source, target in rows.values_list("source_id", "target_id"):
        found[source].add(target)
    return found


@transaction.atomic
def code_contributions(
    *,
    actor: Actor,
    space: Node,
    contributions: Sequence[UUID],
    add: Iterable[UUID] = (),
    remove: Iterable[UUID] = (),
    outcome: str | None = None,
    quotes: Sequence[Passage] = (),
    texts: Texts | None = None,
    note: str | None = None,
    reason: Text | None = None,
    key: IdempotencyKey | None = None,
) -> Coding:
    """Say which themes some contributions of a consultation (`space`) express.

    `add` and `remove` are theme ids; `outcome` is needed only where no theme stands afterwards:
    "none" (read, expresses no theme: detaches all) or "skipped" (put off: a theme stays if one
    is there). `quotes` are passages of `texts`, which the caller reads from the method; `note` is
    for the team (None leaves it as it is), `reason` goes on new links. One event a batch, none
    when nothing changes: the same coding twice is one.

    Raises Forbidden, NotFound for contributions that are elsewhere or do not count, Invalid
    (themes, quotes, note): no theme and no outcome, a passage that is not there word for word.
    """
    if replayed(key):
        return Coding()
    access.require(actor, "code", space)
    nodes = _nodes(space, _checked(contributions, note))
    adding, removing = list(dict.fromkeys(add)), set(remove)
    if outcome == Coded.Outcome.NONE and adding:
        raise Invalid({"themes": [_("Either some themes or “No theme”, not both.")]})
    themes = _themes(space, {*adding, *(quote.theme for quote in quotes)})
    before = _links(nodes)
    if outcome == Coded.Outcome.NONE:
        removing |= {theme for found in before.values() for theme in found}
    if both := removing & {*adding, *(quote.theme for quote in quotes)}:
        removing -= both
    attached, detached = 0, 0
    for node in nodes:
        for pk in adding:
            if pk not in before[node.pk]:
                link(node, "expresses", themes[pk].node, actor=actor, reason=reason, action="code")
                before[node.pk].add(pk)
                attached += 1
    detached = _detach(nodes, before, removing, actor)
    kept, bound = _keep(nodes, quotes, texts or {}, before, themes, actor, reason)
    marked = _mark(nodes, before, outcome, note, actor)
    done = Coding(marked, attached + bound, detached, kept)
    if done.changed:
        facts = {
            "contributions": len(nodes),
            "themes": sorted(str(pk) for pk in {*adding, *removing}),
        }
        emit("theme.coded", node=space, actor=actor, data=facts, key=key)
    return done


def _detach(
    nodes: Sequence[Node], before: dict[UUID, set[UUID]], removing: set[UUID], actor: Actor
) -> int:
    targets = Node.objects.in_bulk([pk for found in before.values() for pk in found & removing])
    detached = 0
    for node in nodes:
        for pk in sorted(before[node.pk] & removing):
            detached += unlink(node, "expresses", targets[pk], actor=actor, action="code")
            Quote.objects.filter(contribution=node, theme_id=pk).delete()
            before[node.pk].discard(pk)
    return detached


def _keep(
    nodes: Sequence[Node],
    quotes: Sequence[Passage],
    texts: Texts,
    standing: dict[UUID, set[UUID]],
    themes: Mapping[UUID, Theme],
    actor: Actor,
    reason: Text | None,
) -> tuple[int, int]:
    """Keep passages; return how many are new or newly shown, and how many links they needed."""
    by_id = {node.pk: node for node in nodes}
    kept = bound = 0
    for passage in quotes:
        node = by_id.get(passage.contribution)
        place = locate(passage.text, texts.get(passage.contribution, {})) if node else None
        if node is None or place is None:
            words = _("This passage is not in the contribution, word for word.")
            raise Invalid({"quotes": [words]})
        field, start, end = place
        exact = texts[node.pk][field][start:end]
        if len(exact) > limits.CONTRIBUTION_CHARACTERS:
            most = {"n": limits.CONTRIBUTION_CHARACTERS}
            raise Invalid({"quotes": [_("At most %(n)d characters.") % most]})
        if passage.public:
            check_public(exact)
        if passage.theme not in standing[node.pk]:
            # A passage that shows a theme says that the contribution expresses it.
            theme = themes[passage.theme]
            link(node, "expresses", theme.node, actor=actor, reason=reason, action="code")
            standing[node.pk].add(passage.theme)
            bound += 1
        row, made = Quote.objects.get_or_create(
            theme_id=passage.theme,
            contribution=node,
            field=field,
            start=start,
            end=end,
            defaults={"text": exact, "public": passage.public, "by_id": actor.person_id},
        )
        if not made and passage.public and not row.public:
            row.public = True
            row.save(update_fields=["public"])
            made = True
        kept += made
    return kept, bound


def _mark(
    nodes: Sequence[Node],
    standing: Mapping[UUID, set[UUID]],
    outcome: str | None,
    note: str | None,
    actor: Actor,
) -> int:
    rows = Coded.objects.in_bulk([node.pk for node in nodes])
    now, changed = timezone.now(), 0
    for node in nodes:
        row = rows.get(node.pk)
        if standing[node.pk]:
            after = Coded.Outcome.THEMES
        elif outcome in (Coded.Outcome.NONE, Coded.Outcome.SKIPPED):
            after = Coded.Outcome(outcome)
        else:
            words = _("Choose at least one theme, or press “No theme”.")
            raise Invalid({"themes": [words]})
        if row and row.outcome == after and note in (None, row.note):
            continue
        said = note if note is not None else (row.note if row else "")
        Coded.objects.update_or_create(
            contribution=node,
            defaults={"outcome": after, "note": said, "by_id": actor.person_id, "at": now},
        )
        changed += 1
    return changed


@transaction.atomic
def mark_silent(*, actor: Actor, space: Node, contributions: Sequence[UUID]) -> int:
    """Set aside contributions in which nothing is written in words; return how many.

    They are kept and counted in the activity's own results; there is nothing to read in them.
    """
    access.require(actor, "code", space)
    known = set(Coded.objects.filter(pk__in=contributions).values_list("pk", flat=True))
    nodes = [node for node in _nodes(space, contributions) if node.pk not in known]
    Coded.objects.bulk_create(
        Coded(contribution=node, outcome=Coded.Outcome.NO_TEXT) for node in nodes
    )
    if nodes:
        facts = {"contributions": len(nodes), "themes": [], "outcome": "no_text"}
        emit("theme.coded", node=space, actor=actor, data=facts)
    return len(nodes)


@transaction.atomic
def show_quote(*, actor: Actor, quote: Quote, public: bool) -> None:
    """Show a kept passage to everybody, or no longer. Raises Invalid on personal data."""
    access.require(actor, "manage_themes", quote.theme)
    if quote.public == public:
        return
    if public:
        check_public(quote.text)
    quote.public = public
    quote.save(update_fields=["public"])
    emit("theme.changed", node=quote.theme.node, actor=actor)


@transaction.atomic
def drop_quote(*, actor: Actor, quote: Quote) -> None:
    """Forget a kept passage; the contribution still expresses its theme."""
    access.require(actor, "code", quote.theme)
    node = quote.theme.node
    quote.delete()
    emit("theme.changed", node=node, actor=actor)


@transaction.atomic
def forget(*, contributions: Iterable[UUID], before: datetime) -> int:
    """Forget what was coded before a moment on contributions that changed or are gone.

    A withdrawn text leaves no passage behind; a changed one is to be read again. Called for the
    events of the contributions themselves, so it needs no right of its own. Returns how many
    contributions had been coded.
    """
    ids = list(contributions)
    Quote.objects.filter(contribution_id__in=ids, at__lte=before).delete()
    Link.objects.filter(source_id__in=ids, relation="expresses", at__lte=before).delete()
    gone, _rows = Coded.objects.filter(pk__in=ids, at__lte=before).delete()
    return gone


@transaction.atomic
def forget_space(*, space: Node) -> int:
    """Forget the notes and the passages that were not made public: retention has ended."""
    Coded.objects.filter(contribution__space__space=space).update(note="", by=None)
    gone, _rows = Quote.objects.filter(contribution__space__space=space, public=False).delete()
    return gone
