"""The quality of a dataset as a list of criteria: met or not, why, and what to do about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from parvis.catalogue.conformity import lateness
from parvis.catalogue.conformity.checks import NO
from parvis.catalogue.conformity.models import Conformity
from parvis.catalogue.conformity.profile import anchor_of
from parvis.catalogue.conformity.services import described
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.core.i18n import LANGUAGES, tr
from parvis.core.rows import LANGUAGE_NAMES
from parvis.core.templatetags.parvis import day

NOTES_MIN, TAGS_MIN = 100, 3
OPEN_FORMATS = frozenset(
    {"CSV", "TSV", "JSON", "GEOJSON", "NDJSON", "JSONL", "XML", "GML", "KML", "GPKG", "GEOPACKAGE",
     "PARQUET", "ODS", "ODT", "TXT", "MD", "HTML", "PDF", "PNG", "JPEG", "JPG", "SVG", "GTFS",
     "GBFS", "GEOTIFF", "TIFF", "SQLITE", "ICS", "RDF", "TTL", "JSON-LD", "WMS", "WFS", "API"}
)  # fmt: skip
# Pictures and texts: what is in them has to be typed again.
_TO_READ = frozenset({"PDF", "PNG", "JPEG", "JPG", "ODT", "TXT", "MD", "HTML", "SVG"})
MACHINE_FORMATS = (OPEN_FORMATS - _TO_READ) | {"XLSX", "XLS", "SHP"}
LABELS: Mapping[str, Any] = {
    "description": gettext_lazy("The description says enough"),
    "keywords": gettext_lazy("Keywords help to find it"),
    "languages": gettext_lazy("Title and description in each language"),
    "licence": gettext_lazy("Open licence"),
    "contact": gettext_lazy("Somebody to write to"),
    "coverage": gettext_lazy("Territory and period covered"),
    "files": gettext_lazy("Each file is described"),
    "codebook": gettext_lazy("Each column is described"),
    "up_to_date": gettext_lazy("Up to date"),
    "open_formats": gettext_lazy("Open formats"),
    "machine": gettext_lazy("A program can read it"),
    "links": gettext_lazy("Links that work"),
    "conformity": gettext_lazy("Follows Données Québec’s rules"),
}


@dataclass(frozen=True)
class Contents:
    """A dataset with what its quality depends on: each file with its version and its checks."""

    dataset: Dataset
    files: Sequence[tuple[Resource, Version | None, Conformity | None]]
    now: datetime = field(default_factory=timezone.now)

    @property
    def tables(self) -> list[tuple[Resource, Version, Conformity | None]]:
        """The files that are tables."""
        return [(r, v, c) for r, v, c in self.files if v is not None]

    @property
    def last(self) -> datetime | None:
        """When its data last changed, as people know it."""
        moments = [
            (v.published_at or v.created_at) if v else r.modified_at for r, v, _c in self.files
        ]
        return max(moments, default=self.dataset.node.published_at)

    @property
    def late_since(self) -> datetime | None:
        """Since when an update is missing, or None."""
        return lateness.late_since(self.dataset.frequency, self.last, self.now)


@dataclass(frozen=True)
class Criterion:
    """One criterion. `met` is None where it has no object. `to_do` is empty when it is met.

    `place`: edit, file or columns, and the anchor or the file there; see `url`.
    """

    code: str
    met: bool | None
    evidence: str
    to_do: str = ""
    place: tuple[str, str] = ("", "")

    @property
    def label(self) -> str:
        """Its name in the reader's language."""
        return str(LABELS[self.code])

    def url(self, slug: str) -> str:
        """Return where the desk fills what is missing."""
        page, target = self.place
        if page == "edit":
            return reverse("desk_dataset_edit", args=[slug]) + f"#{anchor_of(target)}"
        if page in {"desk_file_columns", "desk_file_edit", "desk_file_version"}:
            return reverse(page, args=[slug, target])
        return reverse("desk_dataset", args=[slug])


def criteria(contents: Contents) -> list[Criterion]:
    """Return every criterion of a dataset, in a fixed order."""
    made = (
        _description, _keywords, _languages, _licence, _contact, _coverage, _files, _codebook,
        _up_to_date, _open_formats, _machine, _links, _conformity,
    )  # fmt: skip
    return [make(contents) for make in made]


def counts(found: Sequence[Criterion]) -> tuple[int, int]:
    """Return how many criteria are met, of how many that have an object."""
    return sum(one.met is True for one in found), sum(one.met is not None for one in found)


def _description(contents: Contents) -> Criterion:
    n = len(contents.dataset.notes.get("fr", ""))
    words = ngettext("%(n)d character.", "%(n)d characters.", n) % {"n": n}
    to_do = _("Say in %(n)d characters or more what is counted, by whom, how and for whom.")
    met = n >= NOTES_MIN
    return Criterion("description", met, words, "" if met else to_do % {"n": NOTES_MIN},
                     ("edit", "notes"))  # fmt: skip


def _keywords(contents: Contents) -> Criterion:
    n = len(contents.dataset.tags)
    words = ngettext("%(n)d keyword.", "%(n)d keywords.", n) % {"n": n}
    met = n >= TAGS_MIN
    to_do = _("Give %(n)d keywords or more, as people would say them.") % {"n": TAGS_MIN}
    return Criterion("keywords", met, words, "" if met else to_do, ("edit", "tags"))


def _languages(contents: Contents) -> Criterion:
    texts = {"title": contents.dataset.node.title, "notes": contents.dataset.notes}
    absent = [code for code in LANGUAGES if any(not text.get(code) for text in texts.values())]
    names = ", ".join(str(LANGUAGE_NAMES.get(code, code)) for code in absent)
    if not absent:
        return Criterion("languages", True, _("Both are there in each language."))
    first = "title" if any(not texts["title"].get(code) for code in absent) else "notes"
    words = _("Missing in this language: %(language)s.") % {"language": names}
    return Criterion("languages", False, words, _("Write both in each language."), ("edit", first))


def _licence(contents: Contents) -> Criterion:
    licence = contents.dataset.licence_words
    words = _("%(name)s is an open licence.") if licence.is_open else _("%(name)s forbids uses.")
    to_do = "" if licence.is_open else _("Choose CC BY 4.0, unless a law forbids it.")
    return Criterion("licence", licence.is_open, words % {"name": licence.short}, to_do,
                     ("edit", "licence"))  # fmt: skip


def _contact(contents: Contents) -> Criterion:
    dataset = contents.dataset
    found = dataset.author_email or dataset.maintainer_email
    if found:
        return Criterion("contact", True, str(found))
    to_do = _("Give the e-mail of the team that answers questions.")
    return Criterion("contact", False, _("No e-mail is given."), to_do, ("edit", "author_email"))


def _coverage(contents: Contents) -> Criterion:
    dataset = contents.dataset
    given = [part for part in (dataset.spatial, dataset.temporal) if part]
    if len(given) == 2:
        return Criterion("coverage", True, ", ".join(given) + ".")
    missing = "temporal" if dataset.spatial else "spatial"
    words = _("The period is not given.") if dataset.spatial else _("The territory is not given.")
    to_do = _("Say which territory and which period the data are about.")
    return Criterion("coverage", False, words, to_do, ("edit", missing))


def _files(contents: Contents) -> Criterion:
    bare = [row for row, _v, _c in contents.files if not tr(row.description)]
    if not contents.files:
        return Criterion("files", None, _("There is no file yet."))
    if not bare:
        return Criterion("files", True, _("Each file says what it holds."))
    names = ", ".join(tr(row.name) for row in bare[:5])
    words = _("Without description: %(names)s.") % {"names": names}
    to_do = _("Say in one sentence what each file holds.")
    return Criterion("files", False, words, to_do, ("desk_file_edit", bare[0].slug))


def _codebook(contents: Contents) -> Criterion:
    if not contents.tables:
        return Criterion("codebook", None, _("There is no table."))
    total = sum(len(version.columns) for _r, version, _c in contents.tables)
    bare = [row for row, version, _c in contents.tables if not described(version)]
    if not bare:
        words = ngettext("%(n)d column described.", "%(n)d columns described.", total)
        return Criterion("codebook", True, words % {"n": total})
    names = ", ".join(tr(row.name) for row in bare[:5])
    words = _("Some columns have no words: %(names)s.") % {"names": names}
    to_do = _("Say what each column means, and its unit.")
    return Criterion("codebook", False, words, to_do, ("desk_file_columns", bare[0].slug))


def _up_to_date(contents: Contents) -> Criterion:
    dataset, since = contents.dataset, contents.late_since
    next_one = lateness.due(dataset.frequency, contents.last)
    frequency = dataset.frequency_words
    if next_one is None:
        words = _("No date is promised (%(frequency)s).") % {"frequency": frequency}
        return Criterion("up_to_date", None, words)
    if since is None:
        words = _("Next update by %(date)s (%(frequency)s).")
        said = words % {"date": day(next_one), "frequency": frequency}
        return Criterion("up_to_date", True, said)
    days = (contents.now - since).days
    words = ngettext(
        "Late by %(n)d day: an update was due on %(date)s (%(frequency)s).",
        "Late by %(n)d days: an update was due on %(date)s (%(frequency)s).", days,
    ) % {"n": days, "date": day(since), "frequency": frequency}  # fmt: skip
    to_do = _("Load the new data, or correct the frequency.")
    first = contents.tables[0][0].slug if contents.tables else ""
    place = ("desk_file_version", first) if first else ("edit", "frequency")
    return Criterion("up_to_date", False, words, to_do, place)


def _formats(contents: Contents) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row, version, _c in contents.files:
        name = "CSV" if version else row.format.upper()
        found.setdefault(name, []).append(row.slug)
    return found


def _open_formats(contents: Contents) -> Criterion:
    found = _formats(contents)
    if not found:
        return Criterion("open_formats", None, _("There is no file yet."))
    closed = sorted(set(found) - OPEN_FORMATS)
    if not closed:
        return Criterion("open_formats", True, ", ".join(sorted(found)) + ".")
    words = _("These formats belong to somebody or are not known: %(names)s.")
    to_do = _("Offer the same content in an open format too (CSV, JSON, GeoJSON…).")
    return Criterion("open_formats", False, words % {"names": ", ".join(closed)}, to_do)


def _machine(contents: Contents) -> Criterion:
    found = _formats(contents)
    if not found:
        return Criterion("machine", None, _("There is no file yet."))
    good = sorted(set(found) & MACHINE_FORMATS)
    if good:
        return Criterion("machine", True, ", ".join(good) + ".")
    words = _("Only %(names)s.") % {"names": ", ".join(sorted(found))}
    to_do = _("Add the table itself (CSV, XLSX, JSON…): what is in a picture cannot be reused.")
    return Criterion("machine", False, words, to_do)


def _links(contents: Contents) -> Criterion:
    links = [row for row, _v, _c in contents.files if row.url]
    if not links:
        return Criterion("links", None, _("There is no link to another site."))
    broken = [row for row in links if row.broken_since]
    if not broken:
        tried = sum(row.checked_at is not None for row in links)
        words = ngettext("%(n)d link answered.", "%(n)d links answered.", tried) % {"n": tried}
        return Criterion("links", True, words)
    first = broken[0]
    words = _("“%(name)s” (%(host)s) does not answer since %(date)s.") % {
        "name": tr(first.name), "host": urlsplit(first.url).netloc, "date": day(first.broken_since),
    }  # fmt: skip
    to_do = _("Correct the address, or keep a copy of the file here.")
    return Criterion("links", False, words, to_do, ("desk_file_edit", first.slug))


def _conformity(contents: Contents) -> Criterion:
    checked = [(row, found) for row, _v, found in contents.tables if found]
    if not checked:
        return Criterion("conformity", None, _("No file was checked yet."))
    broken = [
        (row, sum(check["offered"] == NO for check in found.checks)) for row, found in checked
    ]
    total = sum(n for _row, n in broken)
    if not total:
        return Criterion("conformity", True, _("The eight rules are followed where they apply."))
    words = ngettext("%(n)d rule is not followed.", "%(n)d rules are not followed.", total)
    first = next(row.slug for row, n in broken if n)
    to_do = _("See what was found, correct the file and load it again.")
    return Criterion("conformity", False, words % {"n": total}, to_do,
                     ("desk_file_version", first))  # fmt: skip
