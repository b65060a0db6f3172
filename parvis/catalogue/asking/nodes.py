"""What requests for data say of themselves to the kernel: address, words, knot."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.asking.models import DataRequest
from parvis.core import kinds
from parvis.core.i18n import LANGUAGES


def texts(ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """The words of requests, and those of their answers."""
    found: dict[UUID, dict[str, str]] = {}
    for row in DataRequest.objects.filter(pk__in=list(ids)).prefetch_related("answers"):
        words = {
            code: " ".join(answer.words.get(code, "") for answer in row.answers.all())
            for code in LANGUAGES
        }
        own = f"{row.wanted} {row.reason}"
        words[row.language] = f"{own} {words.get(row.language, '')}"
        found[row.pk] = words
    return found


def register() -> None:
    """Declare the kind."""
    kinds.register(
        kinds.Kind(
            name="data_request",
            label=_("Request for data"),
            label_plural=_("Requests for data"),
            url=lambda node: reverse("data_request", args=[node.slug]),
            texts=texts,
        )
    )
