"""What happens to discussions when their dataset changes of state: they are public with it."""

from typing import Any

from django.db.models import Q

from parvis.catalogue.discussing import services
from parvis.catalogue.discussing.models import Discussion, Message, Said
from parvis.core.models import Event, Node, State


def follow(event: Event, **_about: Any) -> None:
    """Show or put away the discussions of the dataset of an event, in its transaction.

    Those of an erased dataset are erased. What moderation hid stays hidden.
    """
    node = event.node
    if node is None or node.kind != "dataset":
        return
    if event.verb == "dataset.erased":
        said: list[services.Row] = list(
            Message.objects.filter(discussion__dataset=node.pk).select_related("node")
        )
        said += Discussion.objects.filter(dataset=node.pk).select_related("node")
        for row in said:
            services.erase(row)
        return
    ours = Node.objects.filter(
        Q(discussion__dataset=node.pk) | Q(discussion_message__discussion__dataset=node.pk)
    )
    accepted = Q(discussion__review=Said.Review.ACCEPTED) | Q(
        discussion_message__review=Said.Review.ACCEPTED
    )
    before, after = State.PUBLIC, State.PRIVATE
    if node.state == State.PUBLIC:
        before, after = after, before
    ids = list(ours.filter(accepted, state=before).values_list("pk", flat=True))
    if ids:
        Node.objects.filter(pk__in=ids).update(state=after)
