"""How the register is, for its page, its banner and the operator."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from parvis.ledger import reading, sequencer
from parvis.ledger.models import Leaf
from parvis.ledger.store import Store
from parvis.merkle.checkpoint import CheckpointError

WAITING_SECONDS_MAX = 60
BAD_CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Status:
    """The register now.

    fault: why it is read-only (missing, behind, ahead, tiles, checkpoint), empty if it is not.
    refused: leaves that break a rule and are not signed. late: whether leaves wait for more than
    a minute. lost: how many registers failures ended before this one. resumed: day on which the
    register was put right after a failure (YYYY-MM-DD), empty if never.
    """

    origin: str
    size: int
    root: str
    fault: str
    waiting: int
    late: bool
    refused: int
    lost: int
    resumed: str

    @property
    def banner(self) -> bool:
        """Whether the public must be told of something."""
        return bool(self.fault or self.late or self.refused or self.resumed)


def status(now: datetime | None = None) -> Status:
    """Return how the register is; reads a few small files and two short queries."""
    store = Store.here()
    fault, head = sequencer.fault(store), None
    try:
        head = reading.published(store)
    except CheckpointError:
        fault = fault or BAD_CHECKPOINT
    waiting = Leaf.objects.filter(index=None, problem="")
    oldest = waiting.select_related("event").defer("opening").order_by("id").first()
    late = (
        oldest is not None
        and ((now or timezone.now()) - oldest.event.at).total_seconds() > WAITING_SECONDS_MAX
    )
    return Status(
        origin=head.head.origin if head else "",
        size=head.head.size if head else 0,
        root=head.head.root.hex() if head else "",
        fault=fault,
        waiting=waiting.count() if oldest else 0,
        late=late,
        refused=Leaf.objects.exclude(problem="").count(),
        lost=store.lost_count,
        resumed=(store.read("resumed") or b"").decode().strip(),
    )
