"""What the method knows of a proposal beside its contribution: its number, counts and answer."""

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from parvis.consult.models import Activity
from parvis.core.i18n import TextField
from parvis.core.models import Node, Person

SHUFFLE_MAX = 2**31 - 1
"""A prime: multiplying by a day's number modulo it is a new order, the same for everybody."""


def _shuffle() -> int:
    return 1 + secrets.randbelow(SHUFFLE_MAX - 1)


class Status(models.TextChoices):
    """The official answer to a proposal, in one word."""

    UNDER_REVIEW = "under_review", pgettext_lazy("proposal", "Under review")
    RETAINED = "retained", pgettext_lazy("proposal", "Retained")
    IN_PART = "in_part", pgettext_lazy("proposal", "Retained in part")
    REFUSED = "refused", pgettext_lazy("proposal", "Refused")
    OUT_OF_SCOPE = "out_of_scope", pgettext_lazy("proposal", "Out of scope")
    DONE = "done", pgettext_lazy("proposal", "Done")


TAG_STATES: dict[str, str] = {
    Status.UNDER_REVIEW: "current",
    Status.RETAINED: "done",
    Status.DONE: "done",
    Status.IN_PART: "current",
}
"""How a `.tag` draws an answer; the others are drawn as dropped."""


class Proposal(models.Model):
    """Counts, so that a list of 2,000 is one index read, and the official answer.

    Counts are written in the transaction of the act by `consume.count`, and only there; a test
    counts them again from the rows. `visible`: public and kept. `words`: title and text folded,
    to search in; emptied when the author takes them back.
    """

    node = models.OneToOneField(
        Node, on_delete=models.CASCADE, primary_key=True, related_name="proposal"
    )
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="proposals")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    visible = models.BooleanField(default=True)
    supports = models.PositiveIntegerField(default=0)
    comments = models.PositiveIntegerField(default=0)
    comments_for = models.PositiveIntegerField(default=0)
    comments_against = models.PositiveIntegerField(default=0)
    shuffle = models.BigIntegerField(default=_shuffle)
    status = models.CharField(max_length=12, choices=Status, blank=True)
    answer = TextField(blank=True, rows=6, verbose_name=_("Answer"))
    answered_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    words = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["activity", "number"], name="proposal_number")
        ]
        # Partial, because "visible" alone as a condition is no equality that an index could use;
        # "visible" again as a column, or the row would be read for it.
        indexes = [
            models.Index(
                fields=["activity", "-supports", "number", "node", "visible"],
                condition=models.Q(visible=True),
                name="proposal_supports",
            ),
            models.Index(
                fields=["activity", "-comments", "number", "node", "visible"],
                condition=models.Q(visible=True),
                name="proposal_comments",
            ),
            models.Index(
                fields=["activity", "-at", "number", "node", "visible"],
                condition=models.Q(visible=True),
                name="proposal_newest",
            ),
            models.Index(
                fields=["activity", "shuffle", "number", "node", "visible"],
                condition=models.Q(visible=True),
                name="proposal_random",
            ),
            models.Index(
                fields=["activity", "visible", "status", "supports", "comments"],
                name="proposal_totals",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}"

    @property
    def comments_neutral(self) -> int:
        """Comments that are neither for nor against."""
        return self.comments - self.comments_for - self.comments_against

    @property
    def is_answered(self) -> bool:
        """Whether an official answer was given (being under review is none yet)."""
        return bool(self.status) and self.status != Status.UNDER_REVIEW

    @property
    def verdict(self) -> str:
        """The answer as the `.verdict` component draws it."""
        return {
            Status.RETAINED: "kept",
            Status.DONE: "existing",
            Status.IN_PART: "part",
            Status.REFUSED: "refused",
            Status.OUT_OF_SCOPE: "outside",
        }.get(self.status, "")  # type: ignore[call-overload]

    @property
    def tag_state(self) -> str:
        """The answer as a `.tag` draws it."""
        return TAG_STATES.get(self.status, "dropped")
