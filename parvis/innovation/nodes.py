"""What reuses and calls say of themselves to the kernel: address and words."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy

from parvis.core import kinds
from parvis.core.i18n import LANGUAGES
from parvis.core.kinds import Kind
from parvis.innovation.models import Call, Reuse

Words = dict[UUID, dict[str, str]]


def reuse_texts(ids: Iterable[UUID]) -> Words:
    """The words of reuses."""
    rows = Reuse.objects.filter(pk__in=list(ids))
    return {row.pk: {row.language: f"{row.description} {row.author_name}"} for row in rows}


def call_texts(ids: Iterable[UUID]) -> Words:
    """The words of calls."""
    return {
        row.pk: {
            code: " ".join(
                text.get(code, "") for text in (row.summary, row.deliverables, row.results)
            )
            for code in LANGUAGES
        }
        for row in Call.objects.filter(pk__in=list(ids))
    }


def register() -> None:
    """Declare the kinds."""
    kinds.register(
        Kind(
            "reuse", gettext_lazy("Reuse"), gettext_lazy("Reuses"),
            lambda node: reverse("reuse", args=[node.slug]), reuse_texts,
        )
    )  # fmt: skip
    kinds.register(
        Kind(
            "call", gettext_lazy("Call"), gettext_lazy("Calls"),
            lambda node: reverse("call", args=[node.slug]), call_texts,
        )
    )  # fmt: skip
