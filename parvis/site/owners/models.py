"""What owners of data were told already. No address is kept: only its keyed digest."""

from django.db import models
from django.utils import timezone

from parvis.catalogue.discussing.models import Discussion
from parvis.catalogue.models import Resource


class Correspondent(models.Model):
    """An address that was written to as that of an owner; `stopped_at`: it wants no more."""

    digest = models.BinaryField(max_length=32, unique=True)
    token_digest = models.BinaryField(max_length=32, unique=True)
    links_at = models.DateTimeField(null=True, blank=True)
    discussions_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.pk}"


class LinkTold(models.Model):
    """A broken link that a correspondent was told of; gone once the link answers again."""

    correspondent = models.ForeignKey(Correspondent, on_delete=models.CASCADE)
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["correspondent", "resource"], name="link_told_once")
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} → {self.correspondent_id}"


class DiscussionTold(models.Model):
    """A discussion that waits, of which a correspondent was told; gone once it was answered."""

    correspondent = models.ForeignKey(Correspondent, on_delete=models.CASCADE)
    discussion = models.ForeignKey(Discussion, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["correspondent", "discussion"], name="discussion_told_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.discussion_id} → {self.correspondent_id}"
