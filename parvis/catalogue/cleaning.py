"""What a dataset may say of itself: each field cleaned, and all of them as a history keeps them."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import count
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.lists import CATEGORIES, LICENCE_DEFAULT, category_id, licence_id
from parvis.catalogue.models import Dataset
from parvis.core.errors import Invalid
from parvis.core.i18n import DEFAULT, LANGUAGES, Text, clean_text, tr
from parvis.core.rows import check_row, free_slug

EDITABLE = (
    "organisation",
    "notes",
    "licence",
    "licence_reason",
    "frequency",
    "tags",
    "categories",
    "languages",
    "spatial",
    "temporal",
    "methodology",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "url",
    "version",
    "box",
    "extras",
    "sources",
    "withheld",
    "kept_of",
    "reconstructed",
)
TAGS_MAX, SOURCES_MAX = 30, 60
# CKAN keeps these words for its own addresses, and so do we.
RESERVED = frozenset(
    (
        "new edit search feed files harvest moissonnage requests demandes sql nouveau discussions"
    ).split()
)
_PERIOD = re.compile(r"(\d{4}-\d\d-\d\d)?/?(\d{4}-\d\d-\d\d)?")


def dataset_slug(kind: str, title: Text, wanted: str = "") -> str:
    """Return a free slug that is a CKAN name too: two or more of [a-z0-9_-].

    A title that makes a reserved word has its kind before; the very word asked raises Invalid.
    """
    if wanted in RESERVED:
        words = _("“%(name)s” is a word of this site’s own addresses: choose another name.")
        raise Invalid({"slug": [words % {"name": wanted}]})
    base = slugify(wanted or title.get(DEFAULT) or next(iter(title.values()), ""))[:60].strip("-_")
    if len(base) < 2 or base in RESERVED:
        base = f"{kind}-{base}".strip("-")
    return free_slug(kind, title, base)


def file_slug(dataset: Dataset, words: str) -> str:
    """Return a name that no file of a dataset has in its address, made of these words."""
    base = slugify(words)[:50].strip("-_") or "donnees"
    taken = set(dataset.resources.filter(slug__startswith=base).values_list("slug", flat=True))
    names = (base if n == 1 else f"{base}-{n}" for n in count(1))
    return next(name for name in names if name not in taken)


def clean_title(title: Text) -> dict[str, str]:
    """Return a title. Raises Invalid without one in French."""
    try:
        cleaned = clean_text(title, characters_max=200)
    except ValidationError as error:
        raise Invalid({"title": error.messages}) from None
    if not cleaned.get(DEFAULT):
        raise Invalid({"title": [_("Give a title in French.")]})
    return cleaned


def clean_tags(tags: Iterable[Any]) -> list[dict[str, str]]:
    """Return tags as texts by language, without repetition. Raises Invalid."""
    found: dict[str, dict[str, str]] = {}
    for tag in tags:
        words = {DEFAULT: tag} if isinstance(tag, str) else tag
        try:
            cleaned = clean_text(words, characters_max=80)
        except ValidationError as error:
            raise Invalid({"tags": error.messages}) from None
        if cleaned:
            found.setdefault(tr(cleaned, DEFAULT).casefold(), cleaned)
    if len(found) > TAGS_MAX:
        raise Invalid({"tags": [_("%(n)d keywords at most.") % {"n": TAGS_MAX}]})
    return list(found.values())


def clean_sources(sources: Iterable[Any]) -> list[str]:
    """Return web addresses, in order. Raises Invalid for what is none."""
    found = list(dict.fromkeys(str(source).strip() for source in sources if str(source).strip()))
    for source in found:
        if not re.match(r"https?://[^\s<>\"]{3,2000}\Z", source):
            words = _("“%(address)s” is not a web address (https://…).")
            raise Invalid({"sources": [words % {"address": source[:100]}]})
    if len(found) > SOURCES_MAX:
        raise Invalid({"sources": [_("%(n)d sources at most.") % {"n": SOURCES_MAX}]})
    return found


def clean_period(text: str) -> str:
    """Return "from/to" in ISO days, one end of which may be absent. Raises Invalid."""
    text = "".join(text.split())
    match = _PERIOD.fullmatch(text)
    try:
        days = [date.fromisoformat(part) for part in (match.groups() if match else ()) if part]
    except ValueError:
        match = None
    if text and (match is None or not days or days != sorted(days)):
        words = _("Write the period as year-month-day/year-month-day, the earliest first.")
        raise Invalid({"temporal": [words]})
    return text


def clean_box(box: Any) -> list[float] | None:
    """Return west, south, east, north in degrees, or None. Raises Invalid."""
    if box in (None, "", []):
        return None
    words = _("Four numbers: west, south, east and north, in degrees.")
    try:
        west, south, east, north = (float(side) for side in box)
    except (TypeError, ValueError):
        raise Invalid({"box": [words]}) from None
    # False for what is not a number, too.
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Invalid({"box": [words]})
    return [west, south, east, north]


def assign(dataset: Dataset, changes: Mapping[str, Any]) -> None:
    """Set fields of a dataset, cleaned and checked. Raises Invalid by field."""
    if unknown := set(changes) - set(EDITABLE):
        raise Invalid({name: [_("This cannot be changed.")] for name in unknown})
    values = dict(changes)
    if "licence" in values:
        values["licence"] = licence_id(values["licence"] or LICENCE_DEFAULT)
    if "tags" in values:
        values["tags"] = clean_tags(values["tags"])
    if "sources" in values:
        values["sources"] = clean_sources(values["sources"])
    if "categories" in values:
        values["categories"] = [category_id(item) for item in values["categories"]]
        if lost := [item for item in values["categories"] if item not in CATEGORIES]:
            words = _("“%(name)s” is not a category.")
            raise Invalid({"categories": [words % {"name": item} for item in lost]})
    if "languages" in values:
        values["languages"] = [code for code in LANGUAGES if code in values["languages"]]
    if "temporal" in values:
        values["temporal"] = clean_period(values["temporal"] or "")
    if "box" in values:
        values["box"] = clean_box(values["box"])
    for name, value in values.items():
        setattr(dataset, name, value)
    check_row(dataset)


def texts_of(dataset: Dataset) -> dict[str, Any]:
    """Return what a revision keeps of a dataset: its words, and its facts as words."""
    tags = {code: ", ".join(tr(tag, code) for tag in dataset.tags) for code in LANGUAGES}
    names = ("notes", "methodology", "licence_reason", "withheld")
    facts = (
        "licence", "frequency", "spatial", "temporal", "author", "author_email",
        "maintainer", "maintainer_email", "url", "version",
    )  # fmt: skip
    return {
        "title": dict(dataset.node.title),
        **{name: dict(getattr(dataset, name)) for name in names},
        **{name: getattr(dataset, name) for name in facts},
        "tags": tags if dataset.tags else {},
        "categories": ", ".join(dataset.categories),
        "languages": ", ".join(dataset.languages),
        "sources": " ".join(dataset.sources),
    }
