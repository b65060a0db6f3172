"""Requests for data and discussions of the demonstration: simulated, each marked so."""

from collections.abc import Mapping

from django.db import transaction

from parvis.catalogue.asking import services
from parvis.catalogue.discussing import services as discussing
from parvis.catalogue.models import Dataset
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


@transaction.atomic
def load_discussions() -> None:
    """Ask and answer under datasets of the demonstration, by the same services."""
    for row in read("requests")["discussions"]:
        dataset = Dataset.objects.select_related("node", "organisation").get(
            node__kind="dataset", node__slug=row["dataset"]
        )
        sent = discussing.open_discussion(
            actor=SYSTEM, dataset=dataset, title=row["title"], body=row["body"], reconstructed=True
        )
        discussion = sent.row
        if not sent.shown:
            discussing.publish(actor=SYSTEM, row=discussion)
        if "answer" in row:
            discussing.reply(
                actor=SYSTEM, discussion=discussion, body=row["answer"], as_publisher=True
            )
