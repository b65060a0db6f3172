"""What every service does with a row before it is saved: a free slug, and its fields checked."""

from collections.abc import Collection, Sequence

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import slugify

from parvis.core.errors import Invalid
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Node

SLUG_CHARACTERS = 60


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
