"""Themes: written, changed, ordered, merged, published. One transaction each."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import access, limits, revisions
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid, NotFound
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, clean_text, missing
from parvis.core.models import Link, Node, State
from parvis.core.rows import free_slug
from parvis.understand.models import Quote, Theme

THEMES_MAX = 200
SOURCES_MAX = 20
UNSET: Any = object()


def _title(title: Text) -> dict[str, str]:
    try:
        cleaned = clean_text(title, characters_max=limits.TITLE_CHARACTERS)
    except ValidationError as error:
        raise Invalid({"title": error.messages}) from error
    if not cleaned:
        raise Invalid({"title": [_("Give the theme a name.")]})
    return cleaned


def _description(text: Text) -> dict[str, str]:
    try:
        return clean_text(text, characters_max=limits.REASON_CHARACTERS)
    except ValidationError as error:
        raise Invalid({"description": error.messages}) from error


def _sources(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Return lessons as [{"words": {...}, "url": ...}]; a plain address is one too."""
    cleaned = []
    for row in rows:
        source = {"url": row} if isinstance(row, str) else dict(row)
        url = str(source.get("url", "")).strip()
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
            raise Invalid({"sources": [_("A source is an address that starts with https://.")]})
        try:
            words = clean_text(source.get("words"), characters_max=limits.SHORT_CHARACTERS)
        except ValidationError as error:
            raise Invalid({"sources": error.messages}) from error
        cleaned.append({"words": words, "url": url})
    if len(cleaned) > SOURCES_MAX:
        raise Invalid({"sources": [_("At most %(n)d sources.") % {"n": SOURCES_MAX}]})
    return cleaned


def texts_of(theme: Theme) -> dict[str, Any]:
    """Return the texts that the history of a theme keeps."""
    return {"title": dict(theme.node.title), "description": dict(theme.description)}


@transaction.atomic
def create_theme(
    *,
    actor: Actor,
    space: Node,
    title: Text,
    description: Text | None = None,
    slug: str = "",
    response_due: date | None = None,
    sources: Iterable[Any] = (),
    key: IdempotencyKey | None = None,
) -> Theme:
    """Write a theme of a consultation (`space`, its node), not yet public, and return it.

    Raises Forbidden, Invalid (title, description, sources), NotFound when `space` is no
    consultation.
    """
    if (earlier := replayed(key)) and earlier.node_id:
        return Theme.objects.select_related("node__space").get(pk=earlier.node_id)
    access.require(actor, "manage_themes", space)
    if space.kind != "consultation":
        raise NotFound
    cleaned = _title(title)
    others = Theme.objects.filter(node__space=space)
    if others.count() >= THEMES_MAX:
        raise Invalid(
            {"title": [_("A consultation has at most %(n)d themes.") % {"n": THEMES_MAX}]}
        )
    node = Node.objects.create(
        kind="theme",
        slug=free_slug("theme", cleaned, slug),
        title=cleaned,
        space=space,
        state=State.DRAFT,
    )
    last = others.order_by("-position").values_list("position", flat=True).first()
    theme = Theme.objects.create(
        node=node,
        description=_description(description or {}),
        position=0 if last is None else last + 1,
        response_due=response_due,
        sources=_sources(sources),
    )
    emit("theme.created", node=node, actor=actor, key=key)
    return theme


@transaction.atomic
def update_theme(
    *,
    actor: Actor,
    theme: Theme,
    title: Text | None = None,
    description: Text | None = None,
    response_due: Any = UNSET,
    sources: Iterable[Any] | None = None,
    note: Text | None = None,
) -> Theme:
    """Change a theme and return it; what a public theme said before stays in its history.

    Raises Invalid when a public theme would lose a language that it has, or when the date on
    which its answer was promised would move later: lateness is not erased by a new promise.
    """
    access.require(actor, "manage_themes", theme)
    node = theme.node
    public = node.state == State.PUBLIC
    before = texts_of(theme)
    if title is not None:
        node.title = _title(title)
    if description is not None:
        theme.description = _description(description)
    if sources is not None:
        theme.sources = _sources(sources)
    if response_due is not UNSET:
        later = theme.response_due and (response_due is None or response_due > theme.response_due)
        if public and later:
            raise Invalid({"response_due": [_("This date was promised to the public: it stays.")]})
        theme.response_due = response_due
    if public:
        after = texts_of(theme)
        for name, old in before.items():
            if lost := missing(after[name], list(old)):
                words = _("It is public: it cannot lose its text (%(languages)s).")
                raise Invalid({name: [words % {"languages": ", ".join(lost)}]})
    node.save(update_fields=["title"])
    theme.save()
    if public:
        revisions.keep(node, texts_of(theme), actor=actor, note=note)
    emit("theme.changed", node=node, actor=actor)
    return theme


@transaction.atomic
def move_theme(*, actor: Actor, theme: Theme, step: int) -> None:
    """Move a theme `step` places down the list (up when negative); the others make room."""
    access.require(actor, "manage_themes", theme)
    rows = list(
        Theme.objects.filter(node__space_id=theme.node.space_id, merged_into=None)
        .select_related("node")
        .order_by("position", "pk")
    )
    here = next(i for i, row in enumerate(rows) if row.pk == theme.pk)
    there = max(0, min(len(rows) - 1, here + step))
    if here == there:
        return
    rows.insert(there, rows.pop(here))
    for place, row in enumerate(rows):
        row.position = place
    Theme.objects.bulk_update(rows, ["position"])
    emit("theme.changed", node=theme.node, actor=actor)


def _expressed(ids: Iterable[Any]) -> set[Any]:
    return set(
        Link.objects.filter(target_id__in=list(ids), relation="expresses")
        .order_by()
        .values_list("target_id", flat=True)
        .distinct()
    )


@transaction.atomic
def publish_themes(
    *,
    actor: Actor,
    space: Node,
    languages: Sequence[str],
    themes: Sequence[Theme] | None = None,
    response_due: date | None = None,
    key: IdempotencyKey | None = None,
) -> list[Theme]:
    """Make themes (all that are drafts, by default) public, and return those that became so.

    `languages` are those in which name and description must exist; `response_due` is the date
    promised for the answers to themes without one. Raises Invalid, by theme slug, for each text
    that is missing and each theme that nobody expresses and no source backs.
    """
    if replayed(key):
        return []
    access.require(actor, "manage_themes", space)
    rows = list(
        Theme.objects.filter(
            node__space=space, node__state=State.DRAFT, merged_into=None
        ).select_related("node__space")
    )
    if themes is not None:
        wanted = {theme.pk for theme in themes}
        rows = [row for row in rows if row.pk in wanted]
    expressed = _expressed(row.pk for row in rows)
    errors: dict[str, list[Any]] = {}
    for row in rows:
        for name, text in texts_of(row).items():
            if lost := missing(text, list(languages) or [DEFAULT]):
                words = (
                    _("“%(theme)s”: the name is missing (%(languages)s).")
                    if name == "title"
                    else _("“%(theme)s”: the description is missing (%(languages)s).")
                )
                said = {"theme": _name(row), "languages": ", ".join(lost)}
                errors.setdefault(row.node.slug, []).append(words % said)
        if row.pk not in expressed and not row.sources:
            words = _("“%(theme)s”: no contribution expresses it.")
            errors.setdefault(row.node.slug, []).append(words % {"theme": _name(row)})
    if errors:
        raise Invalid(errors)
    now = timezone.now()
    for index, row in enumerate(rows):
        row.node.state, row.node.published_at = State.PUBLIC, now
        row.node.save(update_fields=["state", "published_at"])
        if row.response_due is None and response_due:
            row.response_due = response_due
            row.save(update_fields=["response_due"])
        revisions.keep(row.node, texts_of(row), actor=actor)
        emit("theme.published", node=row.node, actor=actor, key=None if index else key)
    return rows


def _name(theme: Theme) -> str:
    return theme.node.title.get(DEFAULT) or next(iter(theme.node.title.values()), theme.node.slug)


def _answered(ids: Iterable[Any]) -> set[Any]:
    return set(
        Link.objects.filter(
            source_id__in=list(ids), relation="answered_by", target__state=State.PUBLIC
        ).values_list("source_id", flat=True)
    )


@transaction.atomic
def merge_themes(*, actor: Actor, into: Theme, sources: Sequence[Theme]) -> Theme:
    """Put themes into another and return it: whoever expressed one of them expresses `into`.

    Every other theme of those contributions stays. Links and quotes keep who wrote them and when.
    The old addresses lead to `into`. Raises Invalid for another consultation's theme, Conflict
    when a public theme would go into a draft or two published answers would meet.
    """
    access.require(actor, "manage_themes", into)
    sources = [theme for theme in sources if theme.pk != into.pk]
    if not sources:
        raise Invalid({"sources": [_("Choose at least one other theme to put into this one.")]})
    for theme in sources:
        if theme.node.space_id != into.node.space_id or theme.merged_into_id:
            raise Invalid({"sources": [_("Only themes of the same consultation can be merged.")]})
        if theme.node.state == State.PUBLIC and into.node.state != State.PUBLIC:
            raise Conflict(_("A public theme cannot go into one that is not published."))
    ids = [theme.pk for theme in sources]
    if len(_answered([*ids, into.pk])) > 1:
        raise Conflict(_("Two of these themes have a published answer: they stay apart."))
    _move_links(ids, into.pk, "target_id", "source_id", "expresses")
    _move_links(ids, into.pk, "source_id", "target_id", "answered_by")
    _move_quotes(ids, into)
    Theme.objects.filter(merged_into_id__in=ids).update(merged_into=into)
    Theme.objects.filter(pk__in=ids).update(merged_into=into)
    Node.objects.filter(pk__in=ids).update(state=State.WITHDRAWN)
    for theme in sources:
        theme.merged_into, theme.node.state = into, State.WITHDRAWN
        emit("theme.removed", node=theme.node, actor=actor, data={"into": str(into.pk)})
    emit("theme.changed", node=into.node, actor=actor, data={"merged": [str(pk) for pk in ids]})
    return into


def _move_links(ids: Sequence[Any], into: Any, here: str, there: str, relation: str) -> None:
    # Moved, not written again by link(): who attached it, when and why stay true.
    known = set(
        Link.objects.filter(**{here: into}, relation=relation).values_list(there, flat=True)
    )
    for row in Link.objects.filter(**{f"{here}__in": ids}, relation=relation).order_by("pk"):
        if getattr(row, there) in known:
            row.delete()
        else:
            known.add(getattr(row, there))
            Link.objects.filter(pk=row.pk).update(**{here: into})


def _move_quotes(ids: Sequence[Any], into: Theme) -> None:
    place = ("contribution_id", "field", "start", "end")
    known = set(into.quotes.values_list(*place))
    for quote in Quote.objects.filter(theme_id__in=ids).order_by("pk"):
        where = tuple(getattr(quote, name) for name in place)
        if where in known:
            quote.delete()
        else:
            known.add(where)
            Quote.objects.filter(pk=quote.pk).update(theme=into)


@transaction.atomic
def remove_theme(*, actor: Actor, theme: Theme) -> None:
    """Remove a draft that nothing is attached to. Raises Conflict otherwise, Forbidden."""
    access.require(actor, "manage_themes", theme)
    if theme.node.state != State.DRAFT:
        raise Conflict(_("This theme was published: merge it into another instead."))
    tied = Link.objects.filter(target=theme.node) | Link.objects.filter(source=theme.node)
    if tied.exists() or theme.quotes.exists():
        raise Conflict(
            _("Contributions are attached to this theme: merge it into another instead.")
        )
    node = theme.node
    emit("theme.removed", node=node.space, actor=actor, data={"slug": node.slug})
    node.delete()
