"""Groups of equivalent words."""

from django.db import models


class SynonymGroup(models.Model):
    """Words, or expressions of a few words, that searches take as equal, in one language."""

    language = models.CharField(max_length=2)
    place = models.PositiveSmallIntegerField()
    words = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["language", "place"], name="synonym_group_place")
        ]

    def __str__(self) -> str:
        return ", ".join(self.words)
