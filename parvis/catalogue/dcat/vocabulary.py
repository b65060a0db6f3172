"""Our closed lists in the vocabularies that DCAT-AP 3 asks for: the EU's authority tables and IANA.

Tables: https://op.europa.eu/en/web/eu-vocabularies/authority-tables (frequency, data-theme,
language, file-type, access-right), https://www.iana.org/assignments/media-types/.
"""

from collections.abc import Mapping
from urllib.parse import quote

AUTHORITY = "http://publications.europa.eu/resource/authority/"
IANA = "https://www.iana.org/assignments/media-types/"

FREQUENCY: Mapping[str, str] = {
    "continuous": "CONT",
    "hourly": "HOURLY",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "fortnightly": "BIWEEKLY",
    "bimonthly": "MONTHLY_2",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "semiannual": "ANNUAL_2",
    "annual": "ANNUAL",
    "biennial": "BIENNIAL",
    "triennial": "TRIENNIAL",
    "quinquennial": "QUINQUENNIAL",
    "irregular": "IRREG",
    "asNeeded": "AS_NEEDED",
    "notPlanned": "NOT_PLANNED",
    "archives": "NEVER",
}

THEME_WORDS: Mapping[str, tuple[str, str]] = {
    "AGRI": ("Agriculture, pêche, sylviculture et alimentation",
             "Agriculture, fisheries, forestry and food"),
    "ECON": ("Économie et finances", "Economy and finance"),
    "EDUC": ("Éducation, culture et sport", "Education, culture and sport"),
    "ENER": ("Énergie", "Energy"),
    "ENVI": ("Environnement", "Environment"),
    "GOVE": ("Gouvernement et secteur public", "Government and public sector"),
    "HEAL": ("Santé", "Health"),
    "JUST": ("Justice, système juridique et sécurité publique",
             "Justice, legal system and public safety"),
    "REGI": ("Régions et villes", "Regions and cities"),
    "SOCI": ("Population et société", "Population and society"),
    "TRAN": ("Transports", "Transport"),
}  # fmt: skip
"""Code of the table data-theme -> its label in French and in English."""

THEMES: Mapping[str, tuple[str, ...]] = {
    "agriculture-alimentation": ("AGRI",),
    "economie-entreprises": ("ECON",),
    "education-recherche": ("EDUC",),
    "environnement-ressources-naturelles-energie": ("ENVI", "ENER"),
    "gouvernement-finances": ("GOVE",),
    "infrastructures": ("REGI",),
    "loi-justice-securite-publique": ("JUST",),
    "politiques-sociales": ("SOCI",),
    "sante": ("HEAL",),
    "societe-culture": ("SOCI", "EDUC"),
    "tourisme-sports-loisirs": ("EDUC",),
    "transport": ("TRAN",),
}
"""Category of Données Québec -> themes of the EU."""

LANGUAGE: Mapping[str, str] = {"fr": "FRA", "en": "ENG"}

# Format as it is written here -> (code in the table file-type, media type).
FORMATS: Mapping[str, tuple[str, str]] = {
    "CSV": ("CSV", "text/csv"),
    "TSV": ("TSV", "text/tab-separated-values"),
    "JSON": ("JSON", "application/json"),
    "PARQUET": ("PARQUET", "application/vnd.apache.parquet"),
    "XLSX": ("XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "XLS": ("XLS", "application/vnd.ms-excel"),
    "ODS": ("ODS", "application/vnd.oasis.opendocument.spreadsheet"),
    "GEOJSON": ("GEOJSON", "application/geo+json"),
    "GPKG": ("GPKG", "application/geopackage+sqlite3"),
    "KML": ("KML", "application/vnd.google-earth.kml+xml"),
    "KMZ": ("KMZ", "application/vnd.google-earth.kmz"),
    "GML": ("GML", "application/gml+xml"),
    "SHP": ("SHP", "application/vnd.shp"),
    "WMS": ("WMS_SRVC", ""),
    "WFS": ("WFS_SRVC", ""),
    "PDF": ("PDF", "application/pdf"),
    "TXT": ("TXT", "text/plain"),
    "HTML": ("HTML", "text/html"),
    "XML": ("XML", "application/xml"),
    "DOC": ("DOC", "application/msword"),
    "DOCX": ("DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "ODT": ("ODT", "application/vnd.oasis.opendocument.text"),
    "ZIP": ("ZIP", "application/zip"),
    "PNG": ("PNG", "image/png"),
    "JPEG": ("JPEG", "image/jpeg"),
    "RDF": ("RDF", "application/rdf+xml"),
    "TTL": ("RDF_TURTLE", "text/turtle"),
    "SQLITE": ("", "application/vnd.sqlite3"),
}


def authority(table: str, code: str) -> str:
    """Return the IRI of a code in a table of the EU."""
    return f"{AUTHORITY}{table}/{code}"


def format_of(written: str) -> tuple[str, str]:
    """Return (code in file-type, media type) of a format as it is written, "" where unknown."""
    return FORMATS.get(written.strip().lstrip(".").upper(), ("", ""))


def media_type_iri(media_type: str) -> str:
    """Return the IRI of a media type at IANA, without its parameters; "" for what is none."""
    plain = media_type.split(";")[0].strip().lower()
    kind, slash, name = plain.partition("/")
    return f"{IANA}{quote(kind)}/{quote(name, safe='+.-')}" if slash and kind and name else ""


def licence_iri(url: str) -> str:
    """Return the address that names a licence: without the page of one language."""
    return url.removesuffix("deed.fr").removesuffix("deed.en")
