"""Plain functions that call the services of requests for data, so that test data is legal."""

from typing import Any

from parvis.catalogue.asking import services
from parvis.catalogue.asking.models import DataRequest
from parvis.core.access import NOBODY, SYSTEM

FIELDS = {"wanted": "Chaque arrêt, une ligne.", "reason": "Planifier un trajet sans marche."}


def make_request(
    title: str = "Arrêts d’autobus", *, shown: bool = True, **more: Any
) -> DataRequest:
    """Return a request, public by default."""
    sent = services.submit(actor=NOBODY, title=title, fields=FIELDS, **more)
    return services.publish(actor=SYSTEM, request=sent.request) if shown else sent.request
