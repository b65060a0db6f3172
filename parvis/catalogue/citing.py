"""How to cite a dataset as it stands, or one version of a file: text, DataCite 4.5, BibTeX, RIS.

DataCite Metadata Schema 4.5, https://datacite-metadata-schema.readthedocs.io/en/4.5/. No DOI is
made up: the identifiers are the address that never changes and the UUID.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from parvis.catalogue import queries
from parvis.catalogue.dcat import records
from parvis.catalogue.models import Dataset, Version
from parvis.core import references
from parvis.core.i18n import DEFAULT, tr
from parvis.core.references import plain, tex
from parvis.core.templatetags.parvis import day

MEDIA_TYPES: Mapping[str, str] = {
    "json": "application/vnd.datacite.datacite+json; charset=utf-8",
    "bib": "application/x-bibtex; charset=utf-8",
    "ris": "application/x-research-info-systems; charset=utf-8",
}
SCHEMA = "http://datacite.org/schema/kernel-4"
VERSIONS_MAX = 200


@dataclass(frozen=True)
class Citation:
    """A dataset, or one version of it, as it is cited in the reader's language."""

    dataset: Dataset
    title: str
    author: str
    publisher: str
    issued: date
    version: str
    url: str
    language: str
    accessed: date
    file: Version | None = None

    @property
    def related(self) -> Sequence[tuple[str, str]]:
        """(relation of DataCite, address): versions, where it comes from, what it informs."""
        own = _of_version(self.dataset, self.file) if self.file else _of_dataset(self.dataset)
        return [*own, *_of_thread(self.dataset)]

    @property
    def key(self) -> str:
        """Its name in a list of references."""
        mark = f"-{self.version[:12]}" if self.file else ""
        return f"parvis-{self.dataset.node.slug}{mark}"

    @property
    def note(self) -> str:
        """What must be said beside: that it is rebuilt."""
        words = _("Reconstructed demonstration data")
        return f"{words}." if self.dataset.reconstructed else ""

    @property
    def short_version(self) -> str:
        """The version as people write it: twelve signs of a hash are enough to find it."""
        return self.version[:12] if len(self.version) == 64 else self.version

    @property
    def text(self) -> str:
        """One sentence, for a list of references."""
        version = _(", version %(name)s") % {"name": self.short_version} if self.version else ""
        words = _(
            "%(author)s (%(year)s). %(title)s [dataset%(version)s]. %(publisher)s. "
            "%(url)s (read on %(day)s)."
        ) % {
            "author": self.author, "year": str(self.issued.year), "title": self.title,
            "version": version, "publisher": self.publisher, "url": self.url,
            "day": day(self.accessed),
        }  # fmt: skip
        return f"{words} {self.note}".strip()

    @property
    def bibtex(self) -> str:
        """An entry for BibTeX: braces keep the capitals of names."""
        fields = {
            "author": f"{{{tex(self.author)}}}",
            "title": f"{{{tex(self.title)}}}",
            "year": str(self.issued.year),
            "month": str(self.issued.month),
            "howpublished": tex(_("Dataset")),
            "publisher": tex(self.publisher),
            "version": tex(self.version),
            "url": self.url,
            "urldate": self.accessed.isoformat(),
            "note": tex(self.note),
        }
        return references.bibtex("misc", self.key, fields)

    @property
    def ris(self) -> str:
        """A record of RIS, of the type DATA."""
        rows = [
            ("TY", "DATA"), ("ID", self.key), ("TI", self.title), ("AU", self.author),
            ("PB", self.publisher), ("PY", str(self.issued.year)),
            ("DA", self.issued.strftime("%Y/%m/%d")), ("ET", self.version),
            ("AB", tr(self.dataset.notes, self.language)), ("UR", self.url),
            ("Y2", self.accessed.strftime("%Y/%m/%d")), ("LA", self.language), ("N1", self.note),
        ]  # fmt: skip
        rows += [("KW", tr(tag, self.language)) for tag in self.dataset.tags]
        return references.ris(rows)

    @property
    def datacite(self) -> dict[str, Any]:
        """The record of DataCite, as its JSON Schema has it."""
        dataset, file = self.dataset, self.file
        sizes = [f"{file.bytes} bytes", f"{file.rows} rows"] if file else []
        record: dict[str, Any] = {
            "identifiers": self._identifiers(),
            "creators": [{"name": self.author, "nameType": "Organizational"}],
            "titles": _titles(dataset, self.title, self.language),
            "publisher": {"name": self.publisher},
            "publicationYear": str(self.issued.year),
            "types": {"resourceType": "Dataset", "resourceTypeGeneral": "Dataset"},
            "subjects": [
                {"subject": words, "lang": code}
                for tag in dataset.tags
                for code, words in records.by_language(tag)
            ],
            "contributors": _contributors(dataset),
            "dates": self._dates(),
            "language": dataset.languages[0] if dataset.languages else DEFAULT,
            "version": self.version,
            "sizes": sizes,
            "formats": ["text/csv", "application/vnd.apache.parquet"] if file else [],
            "rightsList": _rights(dataset),
            "descriptions": _descriptions(dataset, self.note),
            "geoLocations": _places(dataset),
            "relatedIdentifiers": [
                {"relatedIdentifier": url, "relatedIdentifierType": "URL", "relationType": relation}
                for relation, url in self.related
            ],
            "schemaVersion": SCHEMA,
        }
        return {name: value for name, value in record.items() if value}

    def _identifiers(self) -> list[dict[str, str]]:
        found = [{"identifier": self.url, "identifierType": "URL"}]
        if self.file:
            found.append({"identifier": self.file.sha256, "identifierType": "SHA-256"})
        else:
            found.append({"identifier": str(self.dataset.pk), "identifierType": "UUID"})
        return found

    def _dates(self) -> list[dict[str, str]]:
        dataset = self.dataset
        found = [{"date": self.issued.isoformat(), "dateType": "Issued"}]
        if self.file is None and (modified := records.past(dataset.modified_at)):
            found.append({"date": modified.date().isoformat(), "dateType": "Updated"})
        start, end = records.period(dataset)
        if start or end:
            covered = f"{start or ''}/{end or ''}"
            words = "Period covered"
            found.append({"date": covered, "dateType": "Other", "dateInformation": words})
        return found


def _titles(dataset: Dataset, title: str, language: str) -> list[dict[str, str]]:
    found = [{"title": title, "lang": language}]
    for code, words in records.by_language(dataset.node.title):
        if code != language:
            found.append({"title": words, "lang": code, "titleType": "TranslatedTitle"})
    return found


def _contributors(dataset: Dataset) -> list[dict[str, str]]:
    names = (dataset.maintainer or dataset.author,)
    return [{"name": name, "contributorType": "ContactPerson"} for name in names if name]


def _rights(dataset: Dataset) -> list[dict[str, str]]:
    address, short = records.licence(dataset)
    if not address:
        return []
    return [
        {
            "rights": short,
            "rightsUri": address,
            "rightsIdentifier": dataset.licence,
            "rightsIdentifierScheme": "SPDX",
            "schemeUri": "https://spdx.org/licenses/",
        }
    ]


def _descriptions(dataset: Dataset, note: str) -> list[dict[str, str]]:
    found = []
    for kind, text in (("Abstract", dataset.notes), ("Methods", dataset.methodology),
                       ("Other", dataset.withheld)):  # fmt: skip
        found += [
            {"description": words, "descriptionType": kind, "lang": code}
            for code, words in records.by_language(text)
        ]
    if note:
        found.append({"description": note, "descriptionType": "Other"})
    return found


def _places(dataset: Dataset) -> list[dict[str, Any]]:
    place: dict[str, Any] = {}
    if dataset.spatial:
        place["geoLocationPlace"] = dataset.spatial
    if sides := records.box(dataset):
        names = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude",
                 "northBoundLatitude")  # fmt: skip
        place["geoLocationBox"] = dict(zip(names, sides, strict=True))
    return [place] if place else []


def version_url(dataset: Dataset, version: Version) -> str:
    """Return the address of a version that no new name changes."""
    return records.address(dataset, "version", version.sha256)


def _of_dataset(dataset: Dataset) -> list[tuple[str, str]]:
    versions = queries.versions_of(dataset)[:VERSIONS_MAX]
    return [("HasVersion", version_url(dataset, one)) for one in versions]


def _of_version(dataset: Dataset, version: Version) -> list[tuple[str, str]]:
    """Return the dataset, then the version before and the one after, of the same file."""
    found = [("IsVersionOf", records.address(dataset))]
    line = [one for one in queries.versions_of(dataset) if one.resource_id == version.resource_id]
    place = next(n for n, one in enumerate(line) if one.pk == version.pk)
    if place + 1 < len(line):
        found.append(("IsNewVersionOf", version_url(dataset, line[place + 1])))
    if place:
        found.append(("IsPreviousVersionOf", version_url(dataset, line[place - 1])))
    return found


def _of_thread(dataset: Dataset) -> list[tuple[str, str]]:
    words = {"published_as": "IsDerivedFrom"}
    found = [
        (words.get(one.relation, "IsReferencedBy"), one.url)
        for one in records.relations([dataset])[dataset.pk]
        if one.relation != "serves"  # a pillar is a subject, it refers to nothing
    ]
    return found + [("IsDerivedFrom", records.iri(source)) for source in dataset.sources]


def of(dataset: Dataset, language: str, *, version: Version | None = None) -> Citation:
    """Return how a public dataset, or a published version of it, is cited today."""
    site = records.current_site()
    publisher = records.site_name(site, language)
    owner = records.publisher(dataset, site)
    author = records.clean(tr(owner.node.title, language)) if owner else publisher
    title = records.clean(tr(dataset.node.title, language)) or dataset.node.slug
    at = dataset.node.published_at or dataset.node.created_at
    name, url = dataset.version or records.manifest_sha256(dataset), records.address(dataset)
    if version is not None:
        title = f"{title} – {records.clean(tr(version.resource.name, language))}"
        at = version.published_at or version.created_at
        name, url = version.sha256, version_url(dataset, version)
    return Citation(
        dataset, plain(title), plain(author), plain(publisher),
        timezone.localdate(records.past(at)), records.clean(name), url, language,
        timezone.localdate(), version,
    )  # fmt: skip
