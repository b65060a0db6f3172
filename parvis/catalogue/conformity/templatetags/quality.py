"""Tags of the pages of data: the profile's fields, the criteria of quality, the checks of files."""

from typing import Any

from django import template
from django.utils.translation import get_language

from parvis.catalogue.conformity import profile, quality, standing, words
from parvis.catalogue.models import Dataset
from parvis.core.i18n import tr

register = template.Library()


@register.inclusion_tag("catalogue/conformity/profile.html")
def dataset_profile(dataset: Dataset) -> dict[str, Any]:
    """The seventeen fields of Données Québec's profile, in its own words."""
    return {"fields": profile.shown(dataset), "dataset": dataset, "language": _language()}


@register.inclusion_tag("catalogue/conformity/quality.html")
def dataset_quality(dataset: Dataset, draft: bool = False) -> dict[str, Any]:
    """The criteria of quality, each met or not and why; the rules of conformity of each file."""
    contents = standing.contents_of([dataset], published=not draft)[0]
    found = quality.criteria(contents)
    met, total = quality.counts(found)
    files = [
        {"resource": row, "rules": words.rules(checked), "remarks": words.remarks(checked)}
        for row, _version, checked in contents.files
        if checked is not None
    ]
    return {
        "criteria": found, "met": met, "total": total, "files": files, "dataset": dataset,
        "late_since": contents.late_since, "language": _language(),
    }  # fmt: skip


@register.simple_tag
def conformity_counts(conformity: Any) -> tuple[int, int]:
    """How many rules a file follows, of how many that apply."""
    found = [check["offered"] for check in conformity.checks]
    return sum(one == "oui" for one in found), sum(one != "n/a" for one in found)


@register.filter
def answer_words(value: str) -> str:
    """Oui, non or n/a in the reader's language."""
    return words.answer(value)


@register.filter
def criteria_words(codes: list[str]) -> str:
    """The names of criteria, joined."""
    return ", ".join(tr(str(quality.LABELS[code])) for code in codes if code in quality.LABELS)


def _language() -> str:
    return (get_language() or "fr")[:2]
