"""A link, a file, or a table never published: removed, kept aside, put back."""

import json

from django.core import serializers
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from parvis.catalogue import services as catalogue
from parvis.catalogue.approval.models import RemovedFile
from parvis.catalogue.models import Dataset, Resource
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Conflict
from parvis.core.events import emit


@transaction.atomic
def remove(*, actor: Actor, resource: Resource, second: Actor | None = None) -> RemovedFile:
    """Remove a link, a file, or a table that was never published; return what puts it back.

    Raises Forbidden, Conflict for a table that people may cite, or without the second person.
    """
    access.require(actor, "manage_catalogue", resource.dataset)
    rows = [resource, *resource.versions.all()]
    kept = RemovedFile(
        dataset=resource.dataset,
        name=dict(resource.name),
        rows=json.loads(serializers.serialize("json", rows)),
        file_id=resource.file_id,
        by_id=actor.person_id,
    )
    catalogue.remove_resource(actor=actor, resource=resource, second=second)
    kept.save()
    return kept


@transaction.atomic
def put_back(*, actor: Actor, removed: RemovedFile) -> Resource:
    """Put a removed file back, last of its dataset, and return it; it waits for publication again.

    Raises Forbidden, Conflict when it was put back already.
    """
    access.require(actor, "manage_catalogue", removed.dataset)
    kept = RemovedFile.objects.select_for_update(of=("self",)).filter(pk=removed.pk).first()
    if kept is None:
        raise Conflict(_("This file is back already."))
    dataset = Dataset.objects.select_related("node").get(pk=kept.dataset_id)
    taken = set(dataset.resources.values_list("slug", flat=True))
    found: Resource | None = None
    for item in serializers.deserialize("json", json.dumps(kept.rows)):
        row = item.object
        if isinstance(row, Resource):
            base, n = row.slug[:50], 1
            while row.slug in taken:
                n += 1
                row.slug = f"{base}-{n}"
            last = dataset.resources.aggregate(last=Max("position"))["last"]
            row.position = 0 if last is None else last + 1
            # Nobody sees it before the dataset is published again.
            row.published_at = None
            found = row
        item.save()
    if found is None:
        raise Conflict(_("This file is back already."))
    kept.delete()
    emit("dataset.changed", node=dataset.node, actor=actor)
    return Resource.objects.get(pk=found.pk)
