"""Plain functions that call the services of discussions, so that test data is legal."""

from typing import Any

from parvis.catalogue.discussing import services
from parvis.catalogue.discussing.models import Discussion, Message
from parvis.catalogue.models import Dataset
from parvis.core.access import NOBODY, SYSTEM


def make_discussion(
    dataset: Dataset, title: str = "Que veut dire « code » ?", *, shown: bool = True, **more: Any
) -> Discussion:
    """Return a discussion of somebody without an account, public by default."""
    fields = {"body": "La colonne n’est pas décrite.", "actor": NOBODY, **more}
    row: Discussion = services.open_discussion(dataset=dataset, title=title, **fields).row
    if shown and row.node.state != "public":
        services.publish(actor=SYSTEM, row=row)
        row.refresh_from_db()
    return row


def make_message(discussion: Discussion, *, shown: bool = True, **more: Any) -> Message:
    """Return a reply, of somebody without an account and public by default."""
    fields = {"body": "Moi aussi, je me le demande.", "actor": NOBODY, **more}
    row: Message = services.reply(discussion=discussion, **fields).row
    if shown and row.node.state != "public":
        services.publish(actor=SYSTEM, row=row)
        row.refresh_from_db()
    return row
