"""Writing the documents that the law asks for, and confirming them: one transaction each."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.consult.legal.elements import DOCUMENTS
from parvis.consult.legal.models import LegalDefaults, LegalText
from parvis.consult.legal.reading import legal_of, plain
from parvis.consult.models import Consultation
from parvis.core import access, limits
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import Text, clean_text
from parvis.core.models import Organisation, State
from parvis.core.rows import apply, check_row

ELEMENT_CHARACTERS = 2 * limits.REASON_CHARACTERS
EARLIER_MAX = 50
DEFAULT_FIELDS = (
    "officer", "officer_contact", "hosting", "outside", "third_parties", "security",
    "retention_rule", "access", "complaint", "governance", "accessibility_limits",
)  # fmt: skip


@transaction.atomic
def write_texts(
    *, actor: Actor, consultation: Consultation, kind: str, texts: Mapping[str, Text]
) -> LegalText:
    """Write some elements of a document and return it; a text equal to its proposal is no text of
    its own, and goes on following the settings.

    Raises Forbidden, Invalid (an element that is not written here, or too long a text).
    """
    access.require(actor, "manage_consultation", consultation)
    reading = legal_of(consultation).get(kind)
    if reading is None:
        raise Invalid({"__all__": [_("This consultation does not need this document.")]})
    rows = {row.element.key: row for row in reading.rows if row.editable}
    errors: dict[str, list[Any]] = {}
    cleaned: dict[str, dict[str, str]] = {}
    for key, text in texts.items():
        if key not in rows:
            errors[key] = [_("This is not written here.")]
            continue
        try:
            cleaned[key] = clean_text(text, characters_max=ELEMENT_CHARACTERS)
        except ValidationError as error:
            errors[key] = error.messages
    if errors:
        raise Invalid(errors)
    kept, _created = LegalText.objects.get_or_create(consultation=consultation, kind=kind)
    fields = dict(kept.fields)
    for key, text in cleaned.items():
        if not text or plain(text) == plain(rows[key].proposal):
            fields.pop(key, None)
        else:
            fields[key] = text
    if fields != kept.fields:
        kept.fields = fields
        kept.save(update_fields=["fields"])
        emit("legal.written", node=consultation.node, actor=actor, data={"document": kind})
    return kept


@transaction.atomic
def confirm(
    *,
    actor: Actor,
    consultation: Consultation,
    seen: str | None = None,
    key: IdempotencyKey | None = None,
) -> None:
    """Confirm every document that is not confirmed as it stands.

    `seen` is the version that the reader saw. Raises Forbidden, Conflict when something changed
    since, Invalid with the elements that miss something.
    """
    access.require(actor, "manage_consultation", consultation)
    if replayed(key):
        return
    legal = legal_of(consultation)
    if seen is not None and seen != legal.version:
        raise Conflict(_("A text or a setting changed since you read this page: read it again."))
    gaps = [(one, row) for one in legal.documents for row in one.gaps]
    if gaps:
        words = _("“%(title)s”, “%(element)s”: this is not complete.")
        raise Invalid(
            {
                "__all__": [
                    words % {"title": one.document.title, "element": row.element.label}
                    for one, row in gaps
                ]
            }
        )
    now = timezone.now()
    done = {}
    for one in legal.left:
        kept, _made = LegalText.objects.get_or_create(consultation=consultation, kind=one.kind)
        if kept.confirmed_at and consultation.node.state == State.PUBLIC:
            # People relied on it: what it said stays readable.
            texts = {key: value["text"] for key, value in kept.confirmed.items()}
            before = {"at": kept.confirmed_at.isoformat(), "texts": texts}
            kept.earlier = [*kept.earlier, before][-EARLIER_MAX:]
        kept.confirmed = {
            row.element.key: {"text": dict(row.text), "of": row.of} for row in one.rows
        }
        kept.version, kept.confirmed_at, kept.confirmed_by = one.version, now, actor.person
        kept.save()
        done[one.kind] = one.version
    if done:
        emit("legal.confirmed", node=consultation.node, actor=actor, data=done, key=key)


@transaction.atomic
def set_defaults(
    *, actor: Actor, organisation: Organisation, values: Mapping[str, Any]
) -> LegalDefaults:
    """Write what a body says once for all its consultations, and return it.

    Raises Forbidden, Invalid (unknown field, too long a text).
    """
    access.require(actor, "manage_consultation", organisation)
    row = LegalDefaults.objects.filter(pk=organisation.pk).first()
    row = row or LegalDefaults(organisation=organisation)
    apply(row, values, DEFAULT_FIELDS)
    check_row(row, ["organisation"])
    row.save()
    emit("legal.defaults_written", node=organisation.node, actor=actor)
    return row


def kinds() -> list[str]:
    """Return every kind of document, in order."""
    return [str(kind) for kind in DOCUMENTS]
