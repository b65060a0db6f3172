"""Closed lists: licences, frequencies and categories.

Frequencies and categories are those of Données Québec's metadata profile (February 2019);
licences are Creative Commons 4.0, https://creativecommons.org/licenses/.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Licence:
    """A licence: its SPDX identifier, its name as people write it, its address, is it open."""

    id: str
    short: str
    title: Any
    url: str
    is_open: bool


LICENCE_DEFAULT = "CC-BY-4.0"


def _cc(code: str, title: Any, is_open: bool = False) -> Licence:
    return Licence(
        f"CC-{code}-4.0",
        f"CC {code} 4.0",
        title,
        f"https://creativecommons.org/licenses/{code.lower()}/4.0/deed.fr",
        is_open,
    )


LICENCES: Mapping[str, Licence] = {
    licence.id: licence
    for licence in (
        _cc("BY", _("Attribution"), True),
        Licence(
            "CC0-1.0",
            "CC0 1.0",
            _("Public domain"),
            "https://creativecommons.org/publicdomain/zero/1.0/deed.fr",
            True,
        ),
        _cc("BY-SA", _("Attribution, share alike"), True),
        _cc("BY-NC", _("Attribution, no commercial use")),
        _cc("BY-NC-SA", _("Attribution, no commercial use, share alike")),
        _cc("BY-ND", _("Attribution, no derivatives")),
        _cc("BY-NC-ND", _("Attribution, no commercial use, no derivatives")),
    )
}
# The identifiers that Données Québec writes for the same licences.
_LICENCE_ALIASES = {
    "cc-by": "CC-BY-4.0",
    "cc0": "CC0-1.0",
    "cc-by-sa": "CC-BY-SA-4.0",
    "cc-by-nc": "CC-BY-NC-4.0",
    "cc-by-nd": "CC-BY-ND-4.0",
    "cc-nd": "CC-BY-ND-4.0",
    "cc-by-nc-nd": "CC-BY-NC-ND-4.0",
    "cc-by-sa-nc": "CC-BY-NC-SA-4.0",
    "cc-by-nc-sa": "CC-BY-NC-SA-4.0",
    "cc-by-sa-nc-4.0": "CC-BY-NC-SA-4.0",
}


def licence_id(written: str) -> str:
    """Return the identifier of a licence however it is written, or `written` when unknown."""
    plain = written.strip()
    for known in LICENCES:
        if plain.lower() in {
            known.lower(),
            known.lower().replace("cc-", "cc ").replace("-4", " 4"),
        }:
            return known
    return _LICENCE_ALIASES.get(plain.lower(), plain)


FREQUENCIES: Mapping[str, Any] = {
    "continuous": _("continuous"),
    "hourly": _("hourly"),
    "daily": _("daily"),
    "weekly": _("weekly"),
    "fortnightly": _("every two weeks"),
    "bimonthly": _("twice a month"),
    "monthly": _("monthly"),
    "quarterly": _("quarterly"),
    "semiannual": _("twice a year"),
    "annual": _("yearly"),
    "biennial": _("every two years"),
    "triennial": _("every three years"),
    "quinquennial": _("every five years"),
    "irregular": _("irregular"),
    "asNeeded": _("as needed"),
    "notPlanned": _("not planned"),
    "archives": _("archived"),
}

CATEGORIES: Mapping[str, Any] = {
    "agriculture-alimentation": _("Agriculture and food"),
    "economie-entreprises": _("Economy and businesses"),
    "education-recherche": _("Education and research"),
    "environnement-ressources-naturelles-energie": _("Environment, natural resources and energy"),
    "gouvernement-finances": _("Government and finances"),
    "infrastructures": _("Infrastructure"),
    "loi-justice-securite-publique": _("Law, justice and public safety"),
    "politiques-sociales": _("Social policies"),
    "sante": _("Health"),
    "societe-culture": _("Society and culture"),
    "tourisme-sports-loisirs": _("Tourism, sports and leisure"),
    "transport": _("Transport"),
}
_CATEGORY_ALIASES = {
    "agriculture-food": "agriculture-alimentation",
    "economy-business": "economie-entreprises",
    "education-research": "education-recherche",
    "environment-natural-resources-energy": "environnement-ressources-naturelles-energie",
    "government-finances": "gouvernement-finances",
    "infrastructure": "infrastructures",
    "law-justice-public-safety": "loi-justice-securite-publique",
    "social-policies": "politiques-sociales",
    "health": "sante",
    "society-culture": "societe-culture",
    "tourism-sports-leisure": "tourisme-sports-loisirs",
    "transportation": "transport",
}


def category_id(written: str) -> str:
    """Return the category's slug from its French or English form, or `written` when unknown."""
    return _CATEGORY_ALIASES.get(written, written)


# Formats in which every table is offered: extension -> (name, media type).
FORMATS: Mapping[str, tuple[str, str]] = {
    "csv": ("CSV", "text/csv; charset=utf-8"),
    "json": ("JSON", "application/json; charset=utf-8"),
    "parquet": ("Parquet", "application/vnd.apache.parquet"),
    "xlsx": ("XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
