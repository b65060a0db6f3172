"""Licences, frequencies and categories as other catalogues write them.

Frequencies: Dublin Core's (purl.org/cld/freq), the EU's authority table, ISO 19115's
MD_MaintenanceFrequencyCode, ISO 8601 intervals. Themes: the EU's data themes and ISO 19115's
topic categories. Licences: Creative Commons 4.0 and CC0, by address, identifier or name.
"""

import re
from collections.abc import Iterable

from parvis.catalogue.lists import CATEGORIES, FREQUENCIES, LICENCES, category_id, licence_id

_CC = re.compile(r"creativecommons\.org/(licenses|publicdomain)/([a-z-]+)/(\d\.\d)", re.IGNORECASE)
_NO_LICENCE = {"", "notspecified", "none", "unknown", "not specified", "null", "-"}
_PLAIN = re.compile(r"[^a-z0-9]+")

_FREQUENCIES = {
    "cont": "continuous", "continual": "continuous", "update_cont": "continuous",
    "rpt1s": "continuous", "hour": "hourly", "rpt1h": "hourly", "rp1d": "daily", "rp1w": "weekly",
    "rp7d": "weekly",
    "biweekly": "fortnightly", "rp2w": "fortnightly",
    "monthly_2": "bimonthly", "semimonthly": "bimonthly",
    "rp1m": "monthly", "rp3m": "quarterly", "annual_2": "semiannual", "biannually": "semiannual",
    "biannual": "semiannual", "rp6m": "semiannual", "annually": "annual", "yearly": "annual",
    "rp1y": "annual", "bienn": "biennial", "biennially": "biennial", "rp2y": "biennial",
    "trienn": "triennial", "rp3y": "triennial", "rp5y": "quinquennial", "irreg": "irregular",
    "as_needed": "asNeeded",
    "asneeded": "asNeeded", "notplanned": "notPlanned", "not_planned": "notPlanned",
    "never": "notPlanned",
}  # fmt: skip

_THEMES = {
    # https://publications.europa.eu/resource/authority/data-theme
    "agri": "agriculture-alimentation", "econ": "economie-entreprises",
    "educ": "education-recherche", "ener": "environnement-ressources-naturelles-energie",
    "envi": "environnement-ressources-naturelles-energie", "gove": "gouvernement-finances",
    "heal": "sante", "just": "loi-justice-securite-publique", "regi": "infrastructures",
    "soci": "societe-culture", "tech": "education-recherche", "tran": "transport",
    # ISO 19115-1, MD_TopicCategoryCode
    "farming": "agriculture-alimentation", "economy": "economie-entreprises",
    "environment": "environnement-ressources-naturelles-energie",
    "biota": "environnement-ressources-naturelles-energie",
    "inlandwaters": "environnement-ressources-naturelles-energie",
    "oceans": "environnement-ressources-naturelles-energie",
    "climatologymeteorologyatmosphere": "environnement-ressources-naturelles-energie",
    "geoscientificinformation": "environnement-ressources-naturelles-energie",
    "health": "sante", "society": "societe-culture", "structure": "infrastructures",
    "utilitiescommunication": "infrastructures", "planningcadastre": "infrastructures",
    "transportation": "transport",
}  # fmt: skip


def says_no_licence(written: str) -> bool:
    """Whether these words say that no licence is given."""
    return written.strip().lower() in _NO_LICENCE


def licence_of(written: str) -> str:
    """Return our identifier of a licence, or an empty text: another version is another licence."""
    text = written.strip()
    if found := _CC.search(text):
        family, code, version = found.groups()
        if family.lower() == "publicdomain":
            return "CC0-1.0" if code.lower() == "zero" else ""
        name = f"CC-{code.upper()}-{version}"
        return name if name in LICENCES else ""
    known = licence_id(text)
    if known in LICENCES:
        return known
    # http://publications.europa.eu/resource/authority/licence/CC_BY_4_0
    plain = _PLAIN.sub("-", text.lower().rstrip("/").rpartition("/")[2]).strip("-")
    by_plain = {_PLAIN.sub("-", one.lower()): one for one in LICENCES} | {"cc0": "CC0-1.0"}
    return by_plain.get(plain, "")


def frequency_of(written: str) -> str:
    """Return our word for a frequency; "irregular" for what is not known."""
    last = re.split(r"[/#]", written.strip())[-1] if "://" in written else written.strip()
    if last in FREQUENCIES:
        return last
    plain = last.replace("/", "").lower()
    if plain in FREQUENCIES:
        return plain
    return _FREQUENCIES.get(plain, "irregular")


def categories_of(written: Iterable[str]) -> list[str]:
    """Return our categories among these words or addresses, sorted."""
    found = set()
    for one in written:
        known = category_id(one)
        if known not in CATEGORIES:
            known = _THEMES.get(re.split(r"[/#]", one.strip())[-1].lower(), "")
        if known:
            found.add(known)
    return sorted(found)
