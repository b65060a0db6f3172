"""Leaves of the public register, and what opens their commitments."""

from django.db import models

from parvis.core.models import Event


class Leaf(models.Model):
    """One leaf, written in the transaction of its event; the sequencer gives it its index.

    `id` is the order of the register: unlike the event's, it is taken at the moment the leaf is
    inserted, so that a count published under a lock knows exactly what stands before it.
    `members` is {"at", "c", "d"} before sequencing (no `ref` index, `at` as accepted); `bytes` is
    the canonical truth once sequenced. `opening` holds {part: {"salt": base64, "payload":
    canonical JSON}}; destroying it erases the part and leaves the tree valid. `problem` says why
    the sequencer refuses a leaf: signing it would make every audit fail.
    """

    id = models.BigAutoField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT)
    kind = models.CharField(max_length=32)
    on = models.CharField(max_length=110)
    members = models.JSONField()
    ref = models.ForeignKey(
        "self", null=True, blank=True, to_field="event", on_delete=models.PROTECT,
        db_index=False,
    )  # fmt: skip
    opening = models.JSONField(null=True, blank=True)
    index = models.BigIntegerField(null=True, blank=True, unique=True)
    bytes = models.BinaryField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(index__isnull=True, problem=""),
                name="leaf_unsequenced",
            ),
            models.Index(fields=["id"], condition=~models.Q(problem=""), name="leaf_refused"),
            models.Index(fields=["ref"], condition=models.Q(ref__isnull=False), name="leaf_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.index}"
