"""What can be shown of a file, by its name: pages, a picture, a text, a list, a map, or nothing."""

from parvis.catalogue.facsimile.models import Facsimile
from parvis.catalogue.models import Resource
from parvis.core.pictures import STILLS

TEXT = "text"
_BY_EXTENSION: dict[str, str] = {
    "pdf": Facsimile.Kind.PDF,
    "docx": Facsimile.Kind.DOCX,
    "zip": Facsimile.Kind.ARCHIVE,
    "geojson": Facsimile.Kind.PLACES,
    **dict.fromkeys(STILLS, Facsimile.Kind.PICTURE),
    **dict.fromkeys(
        "txt log md markdown rst json jsonl ndjson xml kml gml gpx svg html htm csv tsv yaml yml "
        "toml ini cfg sql py r js ts css sh c h cpp java rb go rs pl php tex bib ttl rdf nt "
        "jsonld sparql qgs qml sld wkt prj srt vtt ics vcf".split(),
        TEXT,
    ),
}
_BY_MEDIA = {
    "application/pdf": "pdf", "application/zip": "zip", "application/geo+json": "geojson",
    "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif",
    "image/tiff": "tif", "application/json": "json", "application/xml": "xml",
}  # fmt: skip


def extension_of(resource: Resource) -> str:
    """Return the extension that tells what a file is: of its name, else of its media type."""
    name = resource.file_name
    found = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if found in _BY_EXTENSION:
        return found
    media = resource.mimetype.split(";")[0].strip().lower()
    return _BY_MEDIA.get(media) or ("txt" if media.startswith("text/") else found)


def kind_of(resource: Resource) -> str:
    """Return a kind of `Facsimile`, `TEXT`, or nothing for what cannot be shown."""
    return _BY_EXTENSION.get(extension_of(resource), "")


def is_made(kind: str) -> bool:
    """Whether a kind is made by the worker; a text is read when it is asked for."""
    return kind in Facsimile.Kind.values
