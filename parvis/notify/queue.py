"""The queue before the mail server: a request writes a row, the worker carries it."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from parvis.core.logs import mask
from parvis.notify import bounces
from parvis.notify.models import Letter

log = logging.getLogger("parvis.mail")
ATTEMPTS_MAX = 8
LEASE = timedelta(minutes=5)


class Backend(BaseEmailBackend):
    """Django mail backend that keeps messages as rows, in the caller's transaction."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep one row a recipient; return how many messages were taken."""
        rows = []
        for message in email_messages:
            html = next(
                (a[0] for a in getattr(message, "alternatives", []) if a[1] == "text/html"), ""
            )
            rows += [
                Letter(  # type: ignore[misc]
                    to=address,
                    sender=message.from_email or settings.DEFAULT_FROM_EMAIL,
                    subject=message.subject,
                    text=message.body,
                    html=html,
                    headers=dict(message.extra_headers or {}),
                )
                for address in message.recipients()
            ]
        Letter.objects.bulk_create(rows)
        return len(email_messages)


def transport() -> Any:
    """Return a connection to what carries mail: the SMTP server, or the folder of the demo."""
    return get_connection(getattr(settings, "MAIL_TRANSPORT", settings.EMAIL_BACKEND))


def wait(attempts: int) -> timedelta:
    """How long before the next try: 1, 2, 4 ... minutes, at most 4 hours."""
    return timedelta(minutes=min(2 ** max(attempts - 1, 0), 240))


def refused(error: Exception) -> bool:
    """Whether the server refused the recipient for good (5xx), which is a bounce."""
    return isinstance(error, SMTPRecipientsRefused) and any(
        int(code) >= 500 for code, _words in error.recipients.values()
    )


def message(letter: Letter) -> EmailMultiAlternatives:
    """Return the message that a row holds."""
    made = EmailMultiAlternatives(
        letter.subject, letter.text, letter.sender, [letter.to], headers=dict(letter.headers)
    )
    if letter.html:
        made.attach_alternative(letter.html, "text/html")
    return made


def deliver(now: datetime | None = None, batch: int = 50) -> int:
    """Carry the rows that are due; return how many left.

    A failure waits longer each time; after eight the message is given up and its row, address
    included, is erased: the failure is logged without the address.
    """
    now = now or timezone.now()
    carried = 0
    for letter in Letter.objects.filter(next_at__lte=now).order_by("next_at")[:batch]:
        taken = Letter.objects.filter(pk=letter.pk, next_at__lte=now).update(next_at=now + LEASE)
        if not taken:
            continue
        try:
            made = message(letter)
            made.connection = transport()
            made.send()
        except (SMTPException, OSError) as error:
            _failed(letter, error, now)
        else:
            Letter.objects.filter(pk=letter.pk).delete()
            carried += 1
    return carried


def _failed(letter: Letter, error: Exception, now: datetime) -> None:
    attempts = letter.attempts + 1
    words = mask(f"{type(error).__name__}: {error}")[:300]
    if refused(error):
        bounces.record(letter.to, now=now, status=str(error))
    if refused(error) or attempts >= ATTEMPTS_MAX:
        log.warning("message given up", extra={"fields": {"error": words, "attempts": attempts}})
        Letter.objects.filter(pk=letter.pk).delete()
        return
    Letter.objects.filter(pk=letter.pk).update(
        attempts=attempts, error=words, next_at=now + wait(attempts)
    )
