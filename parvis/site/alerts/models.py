"""Searches that people saved, and what each of them was told already."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core.models import Node, Person

NAME_CHARACTERS = 120
QUERY_CHARACTERS = 2_000


class SavedSearch(models.Model):
    """A search of an account, or of a confirmed address; `query` as in the address of its page.

    The token of its links is an HMAC of its id, never stored; only the digest that finds the row
    is. The address, the words and the name are erased as soon as it ends; the digest stays, so
    that the same link says again that it is over.
    """

    class Where(models.TextChoices):
        SITE = "site", _("The whole site")
        DATASET = "dataset", _("Data")
        DOCUMENT = "document", _("Documents")

    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.CASCADE, related_name="saved_searches"
    )
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=2, default="fr")
    name = models.CharField(max_length=NAME_CHARACTERS, blank=True, verbose_name=_("Name"))
    where = models.CharField(max_length=8, choices=Where)
    query = models.CharField(max_length=QUERY_CHARACTERS, blank=True)
    token_digest = models.BinaryField(max_length=32, unique=True, null=True)
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(default=timezone.now)
    # The last entry of the site's index that was looked at.
    after = models.PositiveBigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "where", "query"],
                condition=models.Q(ended_at__isnull=True, person__isnull=False),
                name="saved_search_once",
            ),
            models.UniqueConstraint(
                fields=["email", "where", "query"],
                condition=models.Q(ended_at__isnull=True, person__isnull=True),
                name="saved_search_address_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["looked_at"],
                condition=models.Q(ended_at__isnull=True, confirmed_at__isnull=False),
                name="saved_search_due",
            ),
            models.Index(fields=["email"], name="saved_search_address"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Told(models.Model):
    """Something that a saved search found and told: never told again."""

    search = models.ForeignKey(SavedSearch, on_delete=models.CASCADE, related_name="told")
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["search", "node"], name="told_once")]

    def __str__(self) -> str:
        return f"{self.search_id} {self.node_id}"
