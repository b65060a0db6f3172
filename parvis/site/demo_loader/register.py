"""Real consultations held elsewhere, and the dataset made of their published numbers."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from parvis.consult.models import Consultation, Elsewhere
from parvis.consult.register import dates, services
from parvis.consult.register.importing import figure_rows
from parvis.core.access import SYSTEM
from parvis.core.models import Organisation
from parvis.site.demo_loader.reading import read

DATASET = "consultations-publiques-chiffres"


@transaction.atomic
def load_elsewhere(organisations: Mapping[str, Organisation]) -> None:
    """Record the consultations of the files, each as its sources say it."""
    for row in read("consultations-real"):
        services.record(
            actor=SYSTEM,
            title=row["title"],
            organisation=organisations[row["organisation"]] if row["organisation"] else None,
            slug=row["slug"],
            fields=_fields(row),
        )


def tie_rebuilt() -> None:
    """Say which one is rebuilt here, once that consultation is loaded."""
    for row in read("consultations-real"):
        if row.get("rebuilt_as"):
            Elsewhere.objects.filter(node__slug=row["slug"]).update(
                rebuilt_as=Consultation.objects.get(node__slug=row["rebuilt_as"])
            )


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    year = str(row["year"]) if row.get("year") else ""
    fields: dict[str, Any] = {
        "forms": row.get("forms") or [],
        "figures": row.get("figures") or [],
        "notes": [
            *(row.get("feedback") or []), *(row.get("criticisms") or []), *(row.get("notes") or []),
        ],
        "sources": row["sources"],
    }  # fmt: skip
    for name, key in (("opens", "starts"), ("closes", "ends")):
        day, precision = dates.read(row.get(key) or year, end=name == "closes")
        precision = row.get(f"{key}_precision") or precision
        fields |= {name: day, f"{name}_precision": precision}
    for figure in row.get("figures") or []:
        if figure["label"]["fr"] == "Participants":
            fields["participants"] = figure.get("value")
            fields["participants_approximate"] = bool(figure.get("approximate"))
    return fields


def numbers(columns: list[str]) -> list[list[Any]]:
    """Return the rows of the dataset of published numbers, made from the register itself."""
    found = Elsewhere.objects.select_related("node", "organisation__node").order_by("pk")
    return [[row[name] for name in columns] for one in found for row in figure_rows(one)]
