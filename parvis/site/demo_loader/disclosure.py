"""The classes of the law at the demonstration's team, and registers whose rows are simulated."""

from collections.abc import Mapping
from datetime import date

from django.urls import reverse
from django.utils.translation import override

from parvis.core import kinds
from parvis.core.access import SYSTEM
from parvis.core.models import Node, Organisation
from parvis.proactive import importing, placing, services
from parvis.proactive.models import Import
from parvis.site.demo_loader.reading import read
from parvis.tables.cells import csv_text

NOTE = {"fr": "Lignes simulées pour la démonstration.", "en": "Rows simulated for the demo."}


def load_disclosure(organisations: Mapping[str, Organisation]) -> None:
    """Say what the demonstration publishes in each class, and open its registers."""
    team, facts = organisations["equipe-demo"], read("disclosure")
    for row in facts["placed"]:
        with override("fr"):
            address = reverse(row["view"]) if "view" in row else _address(row["kind"], row["slug"])
        placing.place(
            actor=SYSTEM, code=row["class"], organisation=team, address=address,
            title=row.get("title"), reason=row["reason"],
        )  # fmt: skip
    for row in facts["waived"]:
        placing.waive(actor=SYSTEM, code=row["class"], organisation=team, motive=row["motive"])
    for row in facts["registers"]:
        register = services.open_register(
            actor=SYSTEM, kind=row["type"], organisation=team,
            since=date.fromisoformat(row["since"]), reconstructed=True,
        )  # fmt: skip
        made = importing.send_file(
            actor=SYSTEM, register=register, name="simule.csv", note=NOTE,
            content=csv_text(row["columns"], row["rows"]).encode(),
        )  # fmt: skip
        importing.read_file(_silent, pk=str(made.pk))
        made = Import.objects.select_related("register__node").get(pk=made.pk)
        importing.put_in(actor=SYSTEM, made=made)
        importing.apply_file(_silent, pk=str(made.pk))
        for period in row["nothing"]:
            services.declare_nothing(actor=SYSTEM, register=register, period=period)


def _address(kind: str, slug: str) -> str:
    node = Node.objects.select_related("space").get(kind=kind, slug=slug)
    return kinds.url(node) or ""


def _silent(done: int, total: int) -> None:
    """No one watches the progress of the demonstration's loading."""
