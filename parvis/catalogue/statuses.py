"""Where a program that loads or checks a file is: written by it, no event, since it is no act."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from parvis.catalogue.ckan.models import TaskStatus
from parvis.core import access
from parvis.core.access import Actor


@transaction.atomic
def put_status(
    *, actor: Actor, entity_id: UUID, task_type: str, key: str, values: Mapping[str, Any]
) -> TaskStatus:
    """Write where a task is, once for each thing, task and key; return it. Raises Forbidden."""
    access.require(actor, "manage_catalogue")
    row, _made = TaskStatus.objects.update_or_create(
        entity_id=entity_id, task_type=task_type, key=key, defaults=dict(values)
    )
    return row


@transaction.atomic
def drop_status(*, actor: Actor, row: TaskStatus) -> None:
    """Forget where a task is. Raises Forbidden."""
    access.require(actor, "manage_catalogue")
    row.delete()
