"""What a source keeps is not edited here: asked by every service that changes a dataset."""

from django.utils.translation import gettext_lazy as _

from parvis.catalogue.harvest.models import HarvestItem
from parvis.catalogue.models import Dataset
from parvis.core.errors import Forbidden


def refuse_by_hand(dataset: Dataset) -> None:
    """Return when a dataset may be edited here. Raises Forbidden while a source keeps it."""
    held = HarvestItem.objects.filter(dataset=dataset, detached_at__isnull=True)
    if (item := held.select_related("source").first()) is not None:
        words = _("This dataset comes from “%(source)s”: detach it first, to edit it here.")
        raise Forbidden(words % {"source": item.source.name})
