"""{% discussions_of dataset %}: what the page of a dataset shows of its discussions."""

from django import template

from parvis.catalogue.discussing import queries
from parvis.catalogue.models import Dataset

register = template.Library()


@register.simple_tag
def discussions_of(dataset: Dataset) -> queries.OfDataset:
    """Return how many discussions a dataset has, and the last ones: two queries."""
    return queries.of_dataset(dataset)
