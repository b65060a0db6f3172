"""Requests for data of the demonstration: simulated, each marked so."""

from collections.abc import Mapping

from django.db import transaction

from parvis.catalogue.asking import services
from parvis.core.access import SYSTEM
from parvis.core.models import Node, Organisation
from parvis.site.demo_loader.reading import read


@transaction.atomic
def load_requests(organisations: Mapping[str, Organisation]) -> None:
    """Ask, show, answer: through the same services as everything else."""
    for row in read("requests")["requests"]:
        sent = services.submit(
            actor=SYSTEM, title=row["title"], organisation=organisations["equipe-demo"],
            fields={"wanted": row["wanted"], "reason": row["reason"]}, reconstructed=True,
        )  # fmt: skip
        request = services.publish(actor=SYSTEM, request=sent.request)
        if "dataset" in row:
            dataset = Node.objects.get(kind="dataset", slug=row["dataset"])
            services.tie(actor=SYSTEM, request=request, target=dataset.pk, reason=row["why"])
        if "answer" in row:
            services.answer(actor=SYSTEM, request=request, **row["answer"])
