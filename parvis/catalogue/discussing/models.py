"""Discussions of datasets: what somebody asks or remarks, what others and its publisher reply."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from parvis.catalogue.models import Dataset
from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.models import Node, Organisation, Person


class Said(models.Model):
    """What somebody wrote. Where it is read first, only its author and moderators see it before.

    Its author has an account, or the receipt code of its node; an address for news is kept by
    notices alone, once confirmed.
    """

    class Review(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("discussion", "Waits to be read")
        ACCEPTED = "accepted", pgettext_lazy("discussion", "Public")
        REFUSED = "refused", pgettext_lazy("discussion", "Not shown")

    author = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    language = models.CharField(max_length=2, default="fr")
    body = models.TextField(
        blank=True, max_length=limits.COMMENT_CHARACTERS, verbose_name=_("Your message")
    )
    review = models.CharField(max_length=8, choices=Review, default=Review.WAITING)
    motive = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    receipt_lookup = models.BigIntegerField(db_index=True)

    class Meta:
        abstract = True


class Discussion(Said):
    """A question or a remark under a dataset, with what opens it.

    `waiting_since`: since when its publisher owes a word; null once it spoke last, or closed it.
    """

    node = models.OneToOneField(
        Node, on_delete=models.CASCADE, primary_key=True, related_name="discussion"
    )
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="discussions")
    last_at = models.DateTimeField(null=True, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_why = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)
    reconstructed = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["dataset", "-last_at"], name="discussion_of_dataset"),
            models.Index(
                fields=["waiting_since"],
                condition=models.Q(waiting_since__isnull=False),
                name="discussion_unanswered",
            ),
            models.Index(
                fields=["node"], condition=models.Q(review="waiting"), name="discussion_to_read"
            ),
        ]

    def __str__(self) -> str:
        return self.node.slug


class Message(Said):
    """A reply in a discussion; `organisation` is set where it is the answer of the publisher."""

    node = models.OneToOneField(
        Node, on_delete=models.CASCADE, primary_key=True, related_name="discussion_message"
    )
    discussion = models.ForeignKey(Discussion, on_delete=models.CASCADE, related_name="messages")
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["node"], condition=models.Q(review="waiting"), name="message_to_read"
            )
        ]

    def __str__(self) -> str:
        return self.node.slug
