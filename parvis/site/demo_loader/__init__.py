"""The demonstration: the facts in demo/ loaded through the same services as everything else.

Plans, documents and figures are real, each with its sources. Contributions were written for the
demonstration and are marked as reconstructed on every page that shows them.
"""

import logging
from collections.abc import Callable

from parvis.consult import services
from parvis.core import outbox
from parvis.core.models import Node
from parvis.site.demo_loader.consultations import load_open, load_past, publish_past_data
from parvis.site.demo_loader.disclosure import load_disclosure
from parvis.site.demo_loader.frame import load_pillars, load_strategy
from parvis.site.demo_loader.harvests import load_harvests
from parvis.site.demo_loader.pages import load_pages
from parvis.site.demo_loader.people import (
    load_legal,
    load_organisations,
    load_people,
    load_site,
)
from parvis.site.demo_loader.plans import load_plans
from parvis.site.demo_loader.published import load_datasets, load_documents
from parvis.site.demo_loader.register import load_elsewhere, tie_rebuilt
from parvis.site.demo_loader.requests import load_discussions, load_requests
from parvis.site.demo_loader.together import load_committees

log = logging.getLogger("parvis.demo")


def is_loaded() -> bool:
    """Whether the demonstration is there."""
    return Node.objects.filter(kind="consultation", slug="prochain-plan-2027").exists()


def load(say: Callable[[str], None] = log.info) -> None:
    """Fill an empty site with the demonstration; on a filled one, do nothing."""
    if is_loaded():
        return
    organisations = load_organisations()
    load_legal(load_site(organisations))
    load_people()
    say("plans")
    commitments = load_plans(organisations)
    say("documents")
    load_documents(organisations)
    load_elsewhere(organisations)
    load_datasets(organisations)
    load_requests(organisations)
    load_discussions()
    say("consultation 2020")
    load_past(organisations, commitments)
    tie_rebuilt()
    say("open consultation")
    load_open(organisations)
    say("strategy and pillars")
    load_strategy(organisations)
    load_pillars()
    load_committees(organisations)
    load_disclosure(organisations)
    load_harvests(organisations)
    load_pages()
    services.tick()
    while outbox.pump(500):
        pass
    publish_past_data()
    while outbox.pump(500):
        pass
