"""What every service does with a row: its node, a free slug, its fields set and checked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.errors import Invalid
from parvis.core.i18n import DEFAULT, Text, clean_text, missing
from parvis.core.ids import new_id
from parvis.core.lists import by_language, clean_url
from parvis.core.models import Node, Site, State

SLUG_CHARACTERS = 60
LANGUAGE_NAMES = {"fr": _("French"), "en": _("English")}


def free_slug(kind: str, title: Text, wanted: str = "", *, reserved: Collection[str] = ()) -> str:
    """Return a slug that no node of this kind has, made of `wanted`, else of the title.

    `reserved` are words that addresses use already.
    """
    words = wanted or title.get(DEFAULT) or next(iter(title.values()), "")
    base = slugify(words)[:SLUG_CHARACTERS].strip("-_") or kind
    slug, n = base, 1
    while slug in reserved or Node.objects.filter(kind=kind, slug=slug).exists():
        n += 1
        slug = f"{base}-{n}"
    return slug


def check_row(row: models.Model, excluded: Sequence[str] = ()) -> None:
    """Check the fields of a row that hangs on a node. Raises Invalid with each field's messages.

    The node is excluded, since its own service checked it; uniqueness is the database's.
    """
    try:
        row.full_clean(exclude=["node", *excluded], validate_unique=False)
    except ValidationError as error:
        raise Invalid(error.message_dict) from None


def site_languages() -> list[str]:
    """Return the languages that this site publishes in."""
    site = Site.objects.first()
    return list(site.languages) if site and site.languages else [DEFAULT]


def title_of(title: Text | None) -> dict[str, str]:
    """Return a clean title. Raises Invalid when it is absent in French or too long."""
    try:
        cleaned = clean_text(title, characters_max=limits.TITLE_CHARACTERS)
    except ValidationError as error:
        raise Invalid({"title": error.messages}) from None
    if not cleaned.get(DEFAULT):
        raise Invalid({"title": [_("Give a title in French.")]})
    return cleaned


def new_node(
    kind: str,
    title: Mapping[str, str],
    *,
    slug: str = "",
    space: Node | None = None,
    public: bool = False,
    reserved: Collection[str] = (),
) -> Node:
    """Create the node of a new thing, a draft unless `public`."""
    now = timezone.now()
    return Node.objects.create(
        id=new_id(),
        kind=kind,
        slug=free_slug(kind, title, slug, reserved=reserved),
        title=dict(title),
        space=space,
        state=State.PUBLIC if public else State.DRAFT,
        created_at=now,
        published_at=now if public else None,
    )


def publish_node(node: Node) -> None:
    """Make a node public, now."""
    node.state, node.published_at = State.PUBLIC, timezone.now()
    node.save(update_fields=["state", "published_at"])


def apply(row: models.Model, changes: Mapping[str, Any], allowed: Iterable[str]) -> None:
    """Set fields of a row. Raises Invalid for a field that is not in `allowed`."""
    if unknown := set(changes) - set(allowed):
        raise Invalid({name: [_("This cannot be changed.")] for name in sorted(unknown)})
    for name, value in changes.items():
        setattr(row, name, value)


def holes(texts: Mapping[str, Any], languages: Sequence[str]) -> dict[str, list[object]]:
    """Return field -> messages for texts that are given in one language but not in all asked.

    A text that is absent everywhere is no hole: what is not known stays unknown.
    """
    out: dict[str, list[object]] = {}
    for name, text in texts.items():
        if isinstance(text, Mapping) and text and (absent := missing(text, list(languages))):
            out[name] = [
                _("Missing in this language: %(language)s.")
                % {"language": LANGUAGE_NAMES.get(code, code)}
                for code in absent
            ]
    return out


def refuse_holes(texts: Mapping[str, Any]) -> None:
    """Return when no text is missing in a language of the site. Raises Invalid."""
    if bad := holes(texts, site_languages()):
        raise Invalid(bad)


def check_address(row: models.Model, name: str) -> None:
    """Clean the web address of a row; empty stays empty. Raises Invalid."""
    if value := getattr(row, name):
        try:
            setattr(row, name, clean_url(value))
        except ValidationError as error:
            raise Invalid({name: error.messages}) from None


def plain(value: Any) -> Any:
    """Return a field as history keeps it: texts by language as they are, the rest as words."""
    if isinstance(value, list):
        return by_language(value)
    if isinstance(value, Mapping):
        return dict(value)
    return "" if value is None else str(value)
