"""What the page of a dataset of answers says of the people in it."""

from typing import Any

from django import template

from parvis.catalogue.anonymisation import notes
from parvis.catalogue.anonymisation.elements import ELEMENTS
from parvis.catalogue.anonymisation.models import Entry
from parvis.catalogue.models import Dataset

register = template.Library()


@register.inclusion_tag("anonymisation/section.html")
def section(entry: Entry, dataset: Dataset) -> dict[str, Any]:
    """The figures of the note, how it was done, and the public summary of the register."""
    return {
        "entry": entry,
        "parts": notes.parts(entry.facts, dataset.kept_of),
        "how": notes.how(entry.facts),
        "elements": [(one.label, entry.texts.get(one.name, {})) for one in ELEMENTS],
    }


@register.simple_tag
def anonymisation_of(dataset: Dataset) -> Entry | None:
    """Return the entry whose note is made; other datasets than those of answers cost no query."""
    if "answers" not in dataset.review:
        return None
    return Entry.objects.filter(dataset_id=dataset.pk).exclude(made_of="").first()
