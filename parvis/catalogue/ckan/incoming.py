"""What programs send, as CKAN writes it, read into what the catalogue keeps. Nothing is written."""

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from parvis.catalogue.ckan import objects
from parvis.catalogue.ckan.errors import ValidationFailed
from parvis.catalogue.ckan.models import Group
from parvis.catalogue.cleaning import RESERVED
from parvis.catalogue.lists import CATEGORIES, category_id
from parvis.core.i18n import DEFAULT, LANGUAGES, Text
from parvis.core.models import Node, Organisation, State

MISSING = "Missing value"
Data = Mapping[str, Any]
_NAME = re.compile(r"[a-z0-9_-]*\Z")


class Reader:
    """Reads one dictionary, and gathers what is wrong in it: field -> messages."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.errors: dict[str, Any] = {}

    def wrong(self, name: str, words: str) -> None:
        """Note that a field is wrong."""
        self.errors.setdefault(name, []).append(words)

    def finish(self) -> None:
        """Raise ValidationFailed when something is wrong."""
        if self.errors:
            raise ValidationFailed(self.errors)

    def text(self, name: str, most: int = 20_000) -> str:
        """Return a text, stripped; empty when it is absent."""
        value = self.data.get(name)
        if value is None or value == "":
            return ""
        if isinstance(value, dict | list):
            self.wrong(name, "Must be a text")
            return ""
        found = str(value).strip()
        if len(found) > most:
            self.wrong(name, f"Length must be at most {most} characters")
        return found

    def email(self, name: str) -> str:
        """Return an e-mail address, or empty."""
        value = self.text(name)
        try:
            if value:
                validate_email(value)
        except ValidationError:
            self.wrong(name, f"Email {value} is not a valid format")
        return value

    def name(self, kind: str, itself: UUID | None) -> str:
        """Return a name: 2 to 100 of [a-z0-9_-], that no other node of this kind has."""
        value = self.data.get("name")
        if value in (None, ""):
            self.wrong("name", MISSING)
        elif not isinstance(value, str):
            self.wrong("name", "Names must be strings")
        elif value in RESERVED:
            self.wrong("name", "That name cannot be used")
        elif len(value) < 2:
            self.wrong("name", "Must be at least 2 characters long")
        elif len(value) > 100:
            self.wrong("name", "Name must be a maximum of 100 characters long")
        elif not _NAME.match(value):
            words = "Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_"
            self.wrong("name", words)
        elif taken(kind, value, itself):
            what = "That URL is already in use."
            self.wrong(
                "name", what if kind == "dataset" else "Group name already exists in database"
            )
        return str(value or "")

    def rows(self, name: str) -> list[Any]:
        """Return a list of dictionaries, which forms send as JSON text."""
        value = self.data.get(name)
        if isinstance(value, str) and value.strip():
            try:
                value = json.loads(value)
            except ValueError:
                value = [value]
        if value in (None, ""):
            return []
        if isinstance(value, dict):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.wrong(name, "Only lists of dicts can be placed against subschema")
            return []
        return value

    def words(self, name: str, stored: Text | None = None) -> dict[str, str]:
        """Return a text by language, of `title` and `title_translated`.

        A plain text alone is French, and leaves the translations that are there. Of two that differ
        the one that changed stands.
        """
        given, plain = self.data.get(f"{name}_translated"), self.data.get(name)
        if isinstance(given, str) and given.strip().startswith("{"):
            try:
                given = json.loads(given)
            except ValueError:
                self.wrong(f"{name}_translated", "Not JSON")
        if isinstance(plain, dict):
            given, plain = plain, None
        base: dict[str, str] = {}
        if isinstance(given, dict):
            base = {c: str(given[c]).strip() for c in LANGUAGES if given.get(c)}
        text = "" if plain is None else self.text(name)
        if not text:
            return base
        was = objects.plain(stored or {})
        if not base and text == was:
            return dict(stored or {})
        if base and (objects.plain(base) == text or (stored and text == was)):
            return dict(stored or {}) if objects.by_language(stored or {}) == base else base
        return {**base, DEFAULT: text}


def taken(kind: str, name: str, itself: UUID | None) -> bool:
    """Whether another node of this kind, or another group, has this name."""
    if kind == "group":
        groups = Group.objects.filter(slug=name).values_list("pk", flat=True)
        return name in CATEGORIES or any(pk != itself for pk in groups)
    nodes = Node.objects.filter(kind=kind, slug=name).values_list("pk", flat=True)
    return any(pk != itself for pk in nodes)


def find_group(text: str) -> Group | str | None:
    """Return a group by name or id: a row, the slug of a category, or None."""
    slug = category_id(text)
    for one in CATEGORIES:
        if slug == one or text == objects.stable_id("group", one):
            return one
    pk = objects.is_id(text)
    rows = Group.objects.filter(deleted=False)
    return rows.filter(pk=pk).first() if pk else rows.filter(slug=text).first()


def find_organisation(text: str) -> Organisation | None:
    """Return an organisation by name or id, or None."""
    rows = Organisation.objects.select_related("node").exclude(node__state=State.WITHDRAWN)
    pk = objects.is_id(text)
    return rows.filter(pk=pk).first() if pk else rows.filter(node__slug=text).first()
