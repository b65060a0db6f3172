"""A catalogue that the demonstration may read: nothing is asked of it until somebody does."""

from collections.abc import Mapping

from parvis.catalogue.harvest import services
from parvis.catalogue.harvest.models import HarvestSource
from parvis.core.access import SYSTEM
from parvis.core.models import Organisation

DONNEES_QUEBEC = "https://www.donneesquebec.ca/recherche/"


def load_harvests(organisations: Mapping[str, Organisation]) -> HarvestSource:
    """Add Données Québec's CKAN as a source, never read, whose datasets would be drafts."""
    return services.create_source(
        actor=SYSTEM,
        organisation=organisations["equipe-demo"],
        name="Données Québec",
        kind=HarvestSource.Kind.CKAN,
        url=DONNEES_QUEBEC,
    )
