"""What the operator does about mail: check the domain, send oneself a message, free an address."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import access
from parvis.core.access import Actor
from parvis.core.dns import Lookup, lookup
from parvis.core.errors import Conflict, NotFound
from parvis.core.events import emit
from parvis.core.models import Event
from parvis.notify import deliverability, limits, messages, tokens
from parvis.notify.models import Mailbox, MailCheck

_SALT = "parvis.mail-test"
TEST_DAYS = 7
_STATUS_WORDS = {
    "5.1": _("The address does not exist, or is no longer in use."),
    "5.2": _("The mailbox is full, or closed."),
    "5.3": _("The receiving server cannot take the message."),
    "5.4": _("The receiving server could not be reached."),
    "5.5": _("The two servers did not understand each other."),
    "5.6": _("The receiving server refuses this kind of message."),
    "5.7": _("The receiving server refuses the sender: check SPF, DKIM and DMARC."),
}


def status_words(status: str) -> Any:
    """Return what an enhanced status code (RFC 3463) means, in words."""
    return _STATUS_WORDS.get(status[:3], _("The receiving server gave no reason."))


@transaction.atomic
def check_now(*, actor: Actor, look: Lookup | None = None) -> MailCheck:
    """Check the sender's domain in the DNS and keep what is found; the earlier check goes.

    Raises Forbidden. Questions are asked before anything is written.
    """
    access.require(actor, "see_mail")
    domain = deliverability.sender_domain()
    findings = deliverability.check(
        domain,
        look or lookup(),
        selector=settings.MAIL_DKIM_SELECTOR,
        host=getattr(settings, "EMAIL_HOST", "") if hasattr(settings, "MAIL_TRANSPORT") else "",
    )
    MailCheck.objects.all().delete()
    made = MailCheck.objects.create(domain=domain, findings=deliverability.stored(findings))
    emit("mail.checked", node=None, actor=actor, data={"worst": deliverability.worst(findings)})
    return made


@transaction.atomic
def send_test(*, actor: Actor, language: str, ip: str | None = None) -> str:
    """Send a message to the actor's own address, and return the number of the test.

    Raises Forbidden, SignInNeeded, TooMany (three an hour).
    """
    access.require(actor, "see_mail")
    person = actor.person
    if person is None:
        raise access.Forbidden
    limits.take(person.email, ip)
    number = secrets.token_hex(4)
    token = signing.dumps(number, salt=_SALT)
    messages.test(person.email, language, number, token).send()
    emit("mail.tested", node=None, actor=actor, data={"test": number})
    return number


def number_of(token: str) -> str:
    """Return the number of the test that a link is about. Raises NotFound when it is too old."""
    try:
        number: str = signing.loads(token, salt=_SALT, max_age=timedelta(days=TEST_DAYS))
    except signing.BadSignature:
        raise NotFound(_("This link is no longer valid. Send another message.")) from None
    return number


@transaction.atomic
def confirm_test(token: str) -> str:
    """Say that the message of a test arrived, once; return its number. Raises NotFound."""
    number = number_of(token)
    if not Event.objects.filter(verb="mail.tested", data__test=number).exists():
        raise NotFound(_("This link is no longer valid. Send another message."))
    if not Event.objects.filter(verb="mail.test_received", data__test=number).exists():
        emit("mail.test_received", node=None, data={"test": number})
    return number


@dataclass(frozen=True)
class Test:
    """The last message that somebody sent to themselves."""

    sent_at: datetime
    received_at: datetime | None

    @property
    def minutes(self) -> int:
        """Whole minutes between both."""
        return int(((self.received_at or timezone.now()) - self.sent_at).total_seconds() // 60)


def last_test(actor: Actor) -> Test | None:
    """Return the last test of this person, or None."""
    sent = (
        Event.objects.filter(verb="mail.tested", actor_id=actor.person_id).order_by("-pk").first()
    )
    if sent is None or actor.person_id is None:
        return None
    got = Event.objects.filter(verb="mail.test_received", data__test=sent.data["test"]).first()
    return Test(sent.at, got.at if got else None)


def last_check() -> MailCheck | None:
    """Return the last check, or None."""
    return MailCheck.objects.order_by("-pk").first()


def bounced() -> Any:
    """Return the mailboxes that bounced, latest first. Their addresses are not kept."""
    return Mailbox.objects.filter(bounces__gt=0).order_by("-bounced_at", "-pk")


def mailbox_of(email: str) -> Mailbox | None:
    """Return the mailbox of an address that somebody typed, or None when it never bounced."""
    return Mailbox.objects.filter(digest=tokens.mailbox_digest(email), bounces__gt=0).first()


@transaction.atomic
def release(*, actor: Actor, mailbox: Mailbox) -> None:
    """Write to an address again: its bounces are forgotten. Raises Forbidden, Conflict.

    Subscriptions that ended stay ended, since their address was erased.
    """
    access.require(actor, "see_mail")
    freed = Mailbox.objects.filter(pk=mailbox.pk, bounces__gt=0).update(
        bounces=0, bounce_status="", bounced_since=None, bounced_at=None
    )
    if not freed:
        raise Conflict(_("This address is written to already."))
    emit("mailbox.released", node=None, actor=actor, data={"mailbox": mailbox.pk})
