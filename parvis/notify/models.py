"""Notices: who asked for news, what waits to be told, and messages that wait for a mail server."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core.models import Event, Node, Person


class Mailbox(models.Model):
    """What is known of an address without keeping it: its keyed digest, its bounces, its day.

    One mailbox receives at most one notice a day, whatever the subscriptions behind it.
    """

    digest = models.BinaryField(max_length=32, unique=True)
    bounces = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    bounce_status = models.CharField(max_length=9, blank=True)
    bounced_since = models.DateTimeField(null=True, blank=True)
    bounced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["-bounced_at"], condition=models.Q(bounces__gt=0), name="mailbox_bounced"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class MailCheck(models.Model):
    """The last look at the sender's domain: what was found, by code."""

    at = models.DateTimeField(default=timezone.now)
    domain = models.CharField(max_length=253)
    findings = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.domain}"


class Subscription(models.Model):
    """An address that asked for news of a node, or (node null) of the whole site.

    The token of its links is an HMAC of its id: printed in each message, never stored; only the
    digest that finds the row is. The address is erased as soon as the subscription ends.
    """

    class Purpose(models.TextChoices):
        FOLLOW = "follow", _("News of what is followed")
        RECEIPT = "receipt", _("What becomes of a contribution")

    email = models.EmailField(blank=True)
    language = models.CharField(max_length=2, default="fr")
    node = models.ForeignKey(
        Node, null=True, blank=True, on_delete=models.CASCADE, related_name="subscriptions"
    )
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.FOLLOW)
    token_digest = models.BinaryField(max_length=32, unique=True, null=True)
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Two, since SQLite has no unique constraint that takes nulls as equal.
            models.UniqueConstraint(
                fields=["email", "node"],
                condition=models.Q(ended_at__isnull=True),
                name="subscription_once",
            ),
            models.UniqueConstraint(
                fields=["email"],
                condition=models.Q(ended_at__isnull=True, node__isnull=True),
                name="subscription_site_once",
            ),
        ]
        indexes = [models.Index(fields=["node", "confirmed_at"], name="subscription_node")]

    def __str__(self) -> str:
        return f"{self.pk}"


class Notification(models.Model):
    """One event to be told to one mailbox, once; `node` is what they follow that it concerns."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        DROPPED = "dropped", _("Dropped")

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE)
    subscription = models.ForeignKey(Subscription, null=True, blank=True, on_delete=models.CASCADE)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.CASCADE)
    event = models.ForeignKey(Event, on_delete=models.CASCADE)
    node = models.ForeignKey(Node, null=True, blank=True, on_delete=models.CASCADE)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    created_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "event"], name="notification_once")
        ]
        indexes = [models.Index(fields=["state", "next_at"], name="notification_due")]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.mailbox_id} {self.state}"


class Letter(models.Model):
    """A message that waits for the mail server; the row, address included, goes once it left."""

    to = models.EmailField()
    sender = models.CharField(max_length=254)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now, db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.pk}"


class Sending(models.Model):
    """That a stranger made us write to an address, or from an address of the network: counted
    under a daily key for an hour, to stop mail bombing."""

    digest = models.BinaryField(max_length=32)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["digest", "at"], name="sending_count")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
