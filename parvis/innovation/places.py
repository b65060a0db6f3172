"""Places and people that help, and other versions of pages: kept by staff, one transaction each."""

import re
from collections.abc import Mapping
from typing import Any

import filetype
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.core import access, files, limits
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import emit
from parvis.core.models import Node, State
from parvis.core.rows import apply, check_row
from parvis.innovation.models import Alternative, Helper
from parvis.innovation.services import web_address

HELPER_FIELDS = (
    "what", "name", "region", "town", "helps", "hours", "contact", "url", "source", "agreed",
    "checked_on",
)  # fmt: skip
KINDS = ("consultation", "commitment", "document")
"""Kinds whose pages show other versions."""
SIGNED = frozenset({"lsq", "asl"})
_SOUNDS = {"mp3": "audio/mpeg", "ogg": "audio/ogg", "m4a": "audio/mp4", "flac": "audio/x-flac"}


@transaction.atomic
def save_helper(*, actor: Actor, fields: Mapping[str, Any], row: Helper | None = None) -> Helper:
    """Add or change a place or a person, and return it. Raises Forbidden, Invalid.

    A person is listed only where they agreed to it in writing.
    """
    access.require(actor, "manage_innovation")
    verb = "helper.changed" if row else "helper.added"
    row = row or Helper()
    apply(row, fields, HELPER_FIELDS)
    if row.url:
        row.url = web_address(row.url)
    if row.what == Helper.What.PERSON and not row.agreed:
        raise Invalid({"agreed": [_("A person is listed only when they agreed to it.")]})
    check_row(row)
    row.save()
    emit(verb, node=None, actor=actor, data={"helper": row.pk})
    return row


@transaction.atomic
def remove_helper(*, actor: Actor, row: Helper) -> None:
    """Take a place or a person off the list. Raises Forbidden."""
    access.require(actor, "manage_innovation")
    emit("helper.removed", node=None, actor=actor, data={"helper": row.pk})
    row.delete()


@transaction.atomic
def add_alternative(
    *,
    actor: Actor,
    node: Node,
    what: str,
    language: str,
    text: str = "",
    url: str = "",
    upload: tuple[str, bytes] | None = None,
) -> Alternative:
    """Add another version of a page, and return it; the one of the same kind is replaced.

    upload: (file name, bytes). Raises Forbidden, Invalid unless exactly one of text, url and
    upload is given, Conflict for what has no public page.
    """
    access.require(actor, "manage_innovation", node)
    if node.kind not in KINDS or node.state != State.PUBLIC:
        raise Conflict(_("Other versions are for public consultations, commitments, documents."))
    given = [bool(text.strip()), bool(url.strip()), upload is not None]
    if sum(given) != 1:
        raise Invalid({"text": [_("Give one thing: a text, a file or a web address.")]})
    if (what == Alternative.What.SIGN) != (language in SIGNED):
        raise Invalid({"language": [_("A sign-language version is in a sign language.")]})
    row = Alternative.objects.filter(node=node, what=what, language=language).first()
    row = row or Alternative(node=node, what=what, language=language)
    row.text, row.url, row.file, row.file_name = text.strip(), "", None, ""
    if url.strip():
        row.url = web_address(url)
    if upload is not None:
        row.file, row.file_name = _stored(*upload)
    check_row(row, ["file"])
    row.save()
    facts = {"what": row.what, "language": row.language}
    emit("alternative.added", node=node, actor=actor, data=facts)
    return row


def _stored(name: str, content: bytes) -> tuple[Any, str]:
    extension = name.rsplit(".", 1)[-1].lower()
    if extension in _SOUNDS:
        found = filetype.guess(content)
        if len(content) > limits.UPLOAD_BYTES:
            raise Invalid({"upload": [_("The file is larger than 10 MB.")]})
        if found is None or found.mime != _SOUNDS[extension]:
            raise Invalid({"upload": [_("This file is not the sound that its name says.")]})
        media_type = _SOUNDS[extension]
    else:
        try:
            media_type = files.sniff(name, content)
        except Invalid as refusal:
            raise Invalid({"upload": refusal.errors["file"]}) from None
    stem = re.sub(r"[^\w-]+", "-", name.rsplit(".", 1)[0], flags=re.ASCII).strip("-") or "version"
    return files.store([content], media_type), f"{stem[:100]}.{extension}"


@transaction.atomic
def remove_alternative(*, actor: Actor, row: Alternative) -> None:
    """Remove another version. Raises Forbidden."""
    access.require(actor, "manage_innovation", row.node)
    facts = {"what": row.what, "language": row.language}
    emit("alternative.removed", node=row.node, actor=actor, data=facts)
    row.delete()
