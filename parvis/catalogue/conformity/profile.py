"""Données Québec's metadata profile: its seventeen fields, and what is missing before publishing.

`profile.json` is the profile as it was read (aide-mémoire of February 2019, sources in the file);
here each of its fields is tied to ours.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from parvis.catalogue.lists import LICENCE_DEFAULT
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.core.i18n import DEFAULT
from parvis.core.models import State
from parvis.core.rows import LANGUAGE_NAMES

FILES = "files"
"""The name of the hole that is filled by adding a file, not by a field."""


@lru_cache(maxsize=1)
def as_read() -> Mapping[str, Any]:
    """Return the profile as it was read."""
    path = resources.files("parvis.catalogue.conformity") / "profile.json"
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Field:
    """A field of the profile: its key and words there, our field, and what it says.

    `kind` tells how `value` is shown: text, markdown, day, tags, link, mail or words.
    """

    key: str
    name: Any
    ours: str
    value: Callable[[Dataset], Any]
    kind: str = "words"

    @property
    def status(self) -> str:
        """R (required), F (optional) or A (automatic), as the profile has it."""
        return str(next(row["statut"] for row in as_read()["jeu"] if row["champ"] == self.key))

    @property
    def anchor(self) -> str:
        """The place of our field in the form of the desk; empty when it is automatic."""
        return anchor_of(self.ours) if self.ours else ""


def _languages(dataset: Dataset) -> str:
    return ", ".join(str(LANGUAGE_NAMES.get(code, code)) for code in dataset.languages)


def _visibility(dataset: Dataset) -> Any:
    public = dataset.node.state == State.PUBLIC
    return _("Public") if public else _("Private: not published")


def _organisation(dataset: Dataset) -> Any:
    return dataset.organisation.node.title if dataset.organisation else ""


FIELDS: tuple[Field, ...] = (
    Field(
        "title", pgettext_lazy("metadata profile", "Title"), "title", lambda d: d.node.title, "text"
    ),
    Field(
        "notes",
        pgettext_lazy("metadata profile", "Description"),
        "notes",
        lambda d: d.notes,
        "markdown",
    ),
    Field("tags", pgettext_lazy("metadata profile", "Keywords"), "tags", lambda d: d.tags, "tags"),
    Field(
        "license_id",
        pgettext_lazy("metadata profile", "Licence"),
        "licence",
        lambda d: d.licence_words.short,
    ),
    Field(
        "owner_org",
        pgettext_lazy("metadata profile", "Participating organisation"),
        "organisation",
        _organisation,
        "text",
    ),
    Field("private", pgettext_lazy("metadata profile", "Visibility"), "", _visibility),
    Field("author", pgettext_lazy("metadata profile", "Responsible"), "author", lambda d: d.author),
    Field(
        "author_email",
        pgettext_lazy("metadata profile", "E-mail"),
        "author_email",
        lambda d: d.author_email,
        "mail",
    ),
    Field(
        "update_frequency",
        pgettext_lazy("metadata profile", "Update frequency"),
        "frequency",
        lambda d: d.frequency_words,
    ),
    Field("language", pgettext_lazy("metadata profile", "Language"), "languages", _languages),
    Field(
        "ext_spatial",
        pgettext_lazy("metadata profile", "Geographic coverage"),
        "spatial",
        lambda d: d.spatial,
    ),
    Field(
        "temporal",
        pgettext_lazy("metadata profile", "Temporal coverage"),
        "temporal",
        lambda d: d.temporal,
    ),
    Field(
        "methodologie",
        pgettext_lazy("metadata profile", "Further information"),
        "methodology",
        lambda d: d.methodology,
        "markdown",
    ),
    Field("url", pgettext_lazy("metadata profile", "Source URL"), "url", lambda d: d.url, "link"),
    Field(
        "id",
        pgettext_lazy("metadata profile", "Unique identifier"),
        "",
        lambda d: str(d.pk),
        "code",
    ),
    Field(
        "metadata_created",
        pgettext_lazy("metadata profile", "First published"),
        "",
        lambda d: d.node.published_at,
        "day",
    ),
    Field(
        "metadata_modified",
        pgettext_lazy("metadata profile", "Updated"),
        "",
        lambda d: d.modified_at,
        "day",
    ),
)


@dataclass(frozen=True)
class Shown:
    """A field with what the dataset says there."""

    field: Field
    value: Any

    @property
    def filled(self) -> bool:
        """Whether something is said."""
        return bool(self.value)


def shown(dataset: Dataset) -> list[Shown]:
    """Return the seventeen fields in the order of the profile, each with its value."""
    return [Shown(field, field.value(dataset)) for field in FIELDS]


# Before publishing ------------------------------------------------------------------------------

_BY_LANGUAGE = frozenset({"title", "notes", "tags", "licence_reason", "methodology", "withheld"})


def anchor_of(name: str) -> str:
    """Return the id of the first input of a field of the desk's form."""
    return f"id_{name}_0" if name in _BY_LANGUAGE or name in {"languages"} else f"id_{name}"


@dataclass(frozen=True)
class Hole:
    """Something missing before a dataset may be published."""

    field: str
    words: Any

    @property
    def anchor(self) -> str:
        """The place in the form where it is filled; empty for files."""
        return "" if self.field == FILES else anchor_of(self.field)


def holes(dataset: Dataset) -> list[Hole]:
    """Return what the profile requires and the dataset lacks; empty: it can go."""
    required = {
        "title": (dataset.node.title.get(DEFAULT), _("Give a title in French.")),
        "notes": (dataset.notes.get(DEFAULT), _("The description is missing.")),
        "tags": (dataset.tags, _("Give one keyword at least.")),
        "licence": (dataset.licence, _("Choose a licence.")),
        "organisation": (dataset.organisation_id, _("Say which organisation publishes it.")),
        "frequency": (dataset.frequency, _("Say how often it is updated.")),
        "languages": (dataset.languages, _("Say in which language the data is.")),
        "spatial": (dataset.spatial, _("Say which territory it covers.")),
    }
    found = [Hole(name, words) for name, (value, words) in required.items() if not value]
    if dataset.licence != LICENCE_DEFAULT and not dataset.licence_reason.get(DEFAULT):
        found.append(Hole("licence_reason", _("Say why the licence is not CC BY.")))
    if not has_content(dataset):
        found.append(Hole(FILES, _("There is no file yet.")))
    return found


def has_content(dataset: Dataset) -> bool:
    """Whether there is something to publish: a table, a file or a link."""
    if Version.objects.filter(resource__dataset=dataset).exists():
        return True
    kept = Q(file__isnull=False) | ~Q(url="")
    return Resource.objects.filter(kept, dataset=dataset).exists()
