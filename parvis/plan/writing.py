"""What every service of the plan does the same way: slugs, validation, dates, history."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.errors import Invalid
from parvis.core.i18n import DEFAULT, Text, clean_text, missing
from parvis.core.ids import new_id
from parvis.core.models import Node, Site, State
from parvis.core.rows import check_row, free_slug
from parvis.plan.values import Precision, by_language

RESERVED = frozenset({"commitments", "engagements", "new", "nouveau"})
"""Words that addresses of the desk use where a slug stands."""
LANGUAGE_NAMES = {"fr": _("French"), "en": _("English")}


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
    kind: str, title: Mapping[str, str], *, slug: str = "", space: Node | None = None,
    public: bool = False,
) -> Node:  # fmt: skip
    """Create the node of a new thing, a draft unless `public`."""
    pk = new_id()
    now = timezone.now()
    return Node.objects.create(
        id=pk,
        kind=kind,
        slug=free_slug(kind, title, slug, reserved=RESERVED),
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


def check(row: Any, *, exclude: Sequence[str] = ()) -> None:
    """Validate a row and its period. Raises Invalid with the messages of each field."""
    for edge in ("starts", "ends", "closed_on"):
        _round(row, edge)
    check_row(row, exclude)
    starts, ends = getattr(row, "starts", None), getattr(row, "ends", None)
    if starts and ends and ends < starts:
        raise Invalid({"ends": [_("The end comes before the start.")]})


def _round(row: Any, edge: str) -> None:
    """A month known without its day is kept by its first day (start) or its last (end)."""
    value = getattr(row, edge, None)
    if isinstance(value, date) and getattr(row, f"{edge}_precision", "") == Precision.MONTH:
        last = 1 if edge == "starts" else monthrange(value.year, value.month)[1]
        setattr(row, edge, value.replace(day=last))


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


def plain(value: Any) -> Any:
    """Return a field as history keeps it: texts by language as they are, the rest as words."""
    if isinstance(value, list):
        return by_language(value)
    if isinstance(value, Mapping):
        return dict(value)
    return "" if value is None else str(value)
