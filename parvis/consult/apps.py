"""Consultations as a Django app."""

from collections.abc import Iterable
from uuid import UUID

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsultConfig(AppConfig):
    """Declares the kinds consultation, activity and contribution."""

    name = "parvis.consult"

    def ready(self) -> None:
        """Register the kinds."""
        from django.urls import reverse

        from parvis.consult import methods
        from parvis.consult.models import Activity, Consultation, Contribution, Elsewhere
        from parvis.core import kinds
        from parvis.core.lists import by_language
        from parvis.core.models import Node

        def consultation_texts(ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
            out: dict[UUID, dict[str, str]] = {}
            for row in Consultation.objects.filter(pk__in=list(ids)):
                texts = (row.question, row.summary, row.influence_decision)
                out[row.pk] = {
                    code: " ".join(text.get(code, "") for text in texts) for code in ("fr", "en")
                }
            return out

        def elsewhere_texts(ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
            rows = Elsewhere.objects.filter(pk__in=list(ids))
            found = rows.select_related("organisation__node")
            out: dict[UUID, dict[str, str]] = {}
            for row in found:
                name = row.organisation.node.title if row.organisation else row.body
                texts = (name, by_language(row.forms), by_language(row.notes))
                out[row.pk] = {
                    code: " ".join(text.get(code, "") for text in texts) for code in ("fr", "en")
                }
            return out

        def activity_url(node: Node) -> str | None:
            row = Activity.objects.select_related("node").get(pk=node.pk)
            return methods.get(row.method).url(row)

        def contribution_texts(ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
            rows = Contribution.objects.filter(pk__in=list(ids)).exclude(body="")
            return {row.pk: {row.language: row.body} for row in rows}

        def contribution_url(node: Node) -> str | None:
            row = Contribution.objects.select_related("activity__node").get(pk=node.pk)
            method = methods.get(row.activity.method)
            return method.contribution_url(row) if method.contribution_url else None

        kinds.register(
            kinds.Kind(
                name="consultation",
                label=_("Consultation"),
                label_plural=_("Consultations"),
                url=lambda node: reverse("consultation", args=[node.slug]),
                texts=consultation_texts,
            )
        )
        kinds.register(
            kinds.Kind(
                name="consultation_elsewhere",
                label=_("Consultation held elsewhere"),
                label_plural=_("Consultations held elsewhere"),
                url=lambda node: reverse("elsewhere", args=[node.slug]),
                texts=elsewhere_texts,
            )
        )
        kinds.register(
            kinds.Kind(
                name="activity",
                label=_("Activity"),
                label_plural=_("Activities"),
                url=activity_url,
                searchable=False,
            )
        )
        kinds.register(
            kinds.Kind(
                name="contribution",
                label=_("Contribution"),
                label_plural=_("Contributions"),
                url=contribution_url,
                texts=contribution_texts,
            )
        )
