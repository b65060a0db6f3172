"""Classes: what is put in each, taken out, or said not to apply. One transaction each."""

from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from parvis.core import access, kinds
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import emit
from parvis.core.i18n import DEFAULT, Text, clean_text
from parvis.core.lists import clean_url
from parvis.core.models import Node, Organisation, State
from parvis.proactive.lists import classes
from parvis.proactive.models import Placement, Waiver
from parvis.proactive.services import reason_of

_WHY = _("Say why it belongs here.")
_MOTIVE = _("Say why it does not apply.")


def _known(code: str) -> None:
    if code not in classes():
        raise Invalid({"code": [_("This class is not in the list.")]})


def find_node(address: str) -> Node | None:
    """Return the public thing of this site that has this address, in any language, or None."""
    parts = urlsplit(address.strip())
    if parts.netloc and parts.netloc != urlsplit(settings.SITE_URL).netloc:
        return None
    path = unquote(parts.path)
    slug = path.strip("/").rsplit("/", 1)[-1]
    for node in Node.objects.filter(slug=slug, state=State.PUBLIC).select_related("space"):
        if path in kinds.urls(node).values():
            return node
    return None


@transaction.atomic
def place(
    *,
    actor: Actor,
    code: str,
    organisation: Organisation,
    address: str,
    reason: Text,
    title: Text | None = None,
) -> Placement:
    """Put a document, a dataset or an address in a class of an organisation; return it.

    An address of this site names the thing itself; one of its pages without a thing, or one
    elsewhere, needs `title`. Raises Invalid by field, Conflict when it is there, Forbidden.
    """
    access.require(actor, "manage_catalogue", organisation)
    _known(code)
    reason = reason_of(reason, "reason", words=_WHY)
    node = find_node(address)
    row = Placement(
        code=code, organisation=organisation, node=node, reason=reason, by_id=actor.person_id
    )
    if node is None:
        row.url = _address(address)
        row.title = clean_text(title or {}, characters_max=200)
        if not row.title.get(DEFAULT):
            raise Invalid({"title": [_("Say in French what is at this address.")]})
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict(_("It is in this class already.")) from None
    emit("disclosure.placed", node=organisation.node, actor=actor, data={"class": code})
    return row


def _address(text: str) -> str:
    """Return an address, of this site as a path. Raises Invalid."""
    text = text.strip()
    if text.startswith(settings.SITE_URL + "/"):
        text = text.removeprefix(settings.SITE_URL)
    if text.startswith("/") and not text.startswith("//") and len(text) <= 500:
        if any(c.isspace() or c in '"<>\\' for c in text):
            raise Invalid({"address": [_("This is not an address of this site.")]})
        return text
    try:
        return clean_url(text)
    except ValidationError as error:
        raise Invalid({"address": error.messages}) from None


@transaction.atomic
def displace(*, actor: Actor, row: Placement) -> None:
    """Take something out of a class; the thing itself stays public."""
    access.require(actor, "manage_catalogue", row.organisation)
    emit("disclosure.displaced", node=row.organisation.node, actor=actor, data={"class": row.code})
    row.delete()


@transaction.atomic
def waive(*, actor: Actor, code: str, organisation: Organisation, motive: Text) -> Waiver:
    """Say that a class does not apply to an organisation, and why. Raises Invalid, Forbidden."""
    access.require(actor, "manage_catalogue", organisation)
    _known(code)
    motive = reason_of(motive, "motive", words=_MOTIVE)
    row, _made = Waiver.objects.update_or_create(
        code=code,
        organisation=organisation,
        defaults={"motive": motive, "by_id": actor.person_id},
    )
    emit("disclosure.waived", node=organisation.node, actor=actor, data={"class": code})
    return row


@transaction.atomic
def claim(*, actor: Actor, code: str, organisation: Organisation) -> None:
    """Say that a class applies after all."""
    access.require(actor, "manage_catalogue", organisation)
    Waiver.objects.filter(code=code, organisation=organisation).delete()
    emit("disclosure.claimed", node=organisation.node, actor=actor, data={"class": code})
