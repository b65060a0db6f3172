"""What a source says of a dataset, in our words: one shape for every kind of catalogue.

Readers fill a `Remote` with what they found; `clean` bounds each text, and refuses what cannot
be a dataset here. Nothing in this module touches the database.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from parvis.catalogue.harvest.models import REMOTE_ID_CHARACTERS
from parvis.catalogue.harvest.reasons import Refusal
from parvis.catalogue.harvest.vocabulary import (
    categories_of,
    frequency_of,
    licence_of,
    says_no_licence,
)
from parvis.core.i18n import LANGUAGES

TAGS_MAX, RESOURCES_MAX, EXTRAS_MAX = 30, 500, 60
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Texts = Mapping[str, str]


@dataclass(frozen=True)
class RemoteFile:
    """A file or link of a dataset, elsewhere."""

    url: str
    name: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    format: str = ""
    mimetype: str = ""
    kind: str = ""
    modified: str = ""
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Remote:
    """A dataset as a source gives it; every field may be empty but the identifier.

    licence: as written there. modified: ISO 8601. box: west, south, east, north in degrees.
    """

    remote_id: str
    title: Texts = field(default_factory=dict)
    name: str = ""
    notes: Texts = field(default_factory=dict)
    tags: Sequence[Texts] = ()
    licence: str = ""
    frequency: str = ""
    categories: Sequence[str] = ()
    languages: Sequence[str] = ()
    spatial: str = ""
    temporal: str = ""
    box: Sequence[float] | None = None
    url: str = ""
    version: str = ""
    author: str = ""
    author_email: str = ""
    maintainer: str = ""
    maintainer_email: str = ""
    modified: str = ""
    extras: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[RemoteFile] = ()

    def digest(self) -> str:
        """Return the SHA-256 of what was read: the same words give the same 64 characters."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Bad:
    """Something that a reader found and cannot be a dataset: which one, and why."""

    remote_id: str
    title: str
    reason: Mapping[str, Any]


Found = Remote | Bad


@dataclass(frozen=True)
class Page:
    """Some of what a source has, where the next page is (None: this is the last), how many."""

    found: Sequence[Found]
    next: Mapping[str, Any] | None
    total: int = 0


def line(value: Any, characters_max: int) -> str:
    """Return a value as one line of text, cut with an ellipsis where it is too long."""
    words = " ".join(_CONTROL.sub(" ", str(value or "")).split())
    return words if len(words) <= characters_max else words[: characters_max - 1] + "…"


def block(value: Any, characters_max: int) -> str:
    """Return a value as a text of several lines, cut where it is too long."""
    words = _CONTROL.sub(" ", str(value or "").replace("\r\n", "\n")).strip()
    return words if len(words) <= characters_max else words[: characters_max - 1] + "…"


def texts(value: Any, language: str) -> dict[str, str]:
    """Return a text by language of a word or of a mapping; unknown languages are left out."""
    if isinstance(value, Mapping):
        found = {str(code)[:2].lower(): str(text) for code, text in value.items() if text}
        return {code: found[code] for code in LANGUAGES if code in found}
    return {language: str(value)} if value not in (None, "") else {}


def address(value: Any) -> str:
    """Return a web address of at most 2,000 characters, or an empty text."""
    text = str(value or "").strip()
    try:
        parts = urlsplit(text)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return ""
    if not right or len(text) > 2_000 or re.search(r"[\s<>\"\x00-\x1f]", text):
        return ""
    return text


def email(value: Any) -> str:
    """Return an e-mail address, or an empty text."""
    text = str(value or "").strip().removeprefix("mailto:")
    try:
        validate_email(text)
    except ValidationError:
        return ""
    return text if len(text) <= 254 else ""


def moment(value: Any) -> str:
    """Return a date or time as ISO 8601 in UTC, or an empty text: a time without zone is UTC."""
    text = str(value or "").strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return ""
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return found.isoformat() if found.year >= 1900 else ""


def period(start: Any, end: Any = "") -> str:
    """Return "year-month-day/year-month-day"; empty where neither is a day, or they cross."""
    days = []
    for value in (start, end):
        try:
            days.append(date.fromisoformat(str(value or "")[:10]).isoformat())
        except ValueError:
            days.append("")
    if not any(days) or (all(days) and days[0] > days[1]):
        return ""
    return "/".join(days)


def bounds(west: Any, south: Any, east: Any, north: Any) -> list[float] | None:
    """Return a box in degrees, or None where it is none."""
    try:
        box = [float(str(one).replace(",", ".")) for one in (west, south, east, north)]
    except ValueError:
        return None
    right = -180 <= box[0] <= 180 and -180 <= box[2] <= 180 and -90 <= box[1] <= box[3] <= 90
    return [round(one, 6) for one in box] if right else None


def box_of(geometry: Any) -> list[float] | None:
    """Return the box of GeoJSON (text or mapping), of WKT, or None."""
    from shapely import from_wkt
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    try:
        if isinstance(geometry, str) and not geometry.lstrip().startswith("{"):
            made = from_wkt(geometry.rpartition(">")[2].strip())
        else:
            made = shape(json.loads(geometry) if isinstance(geometry, str) else geometry)
        if made is None or made.is_empty:
            return None
        return bounds(*made.bounds)
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None


def _file(one: RemoteFile) -> RemoteFile | None:
    url = address(one.url)
    if not url:
        return None
    ending = urlsplit(url).path.rpartition(".")[2]
    written = one.format or (ending if re.fullmatch(r"[A-Za-z0-9]{2,7}", ending) else "")
    return RemoteFile(
        url=url,
        name={code: line(text, 200) for code, text in one.name.items() if line(text, 200)},
        description={code: block(text, 5_000) for code, text in one.description.items()},
        format=line(written, 40).upper(),
        mimetype=line(one.mimetype, 120).lower(),
        kind=one.kind if one.kind in {"donnees", "support", "web", "carte"} else "donnees",
        modified=moment(one.modified),
        extras=_extras(one.extras),
    )


def _extras(extras: Mapping[str, Any]) -> dict[str, str]:
    """Return free keys with words as values; those that tell of an earlier harvest are not kept."""
    found = {}
    for key, value in sorted(extras.items()):
        key = line(key, 100)
        if value in (None, "", [], {}) or not key or key.startswith("harvest_"):
            continue
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        found[key] = block(said, 5_000)
    return dict(list(found.items())[:EXTRAS_MAX])


def _tags(tags: Sequence[Texts]) -> list[dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for tag in tags:
        cleaned = {code: line(text, 80) for code, text in tag.items() if line(text, 80)}
        if cleaned:
            found.setdefault(next(iter(cleaned.values())).casefold(), cleaned)
    return list(found.values())[:TAGS_MAX]


def clean(remote: Remote, *, licence: str = "") -> Remote:
    """Return what can be kept of a dataset. Raises Refusal with the reason.

    `licence` is the source's own, for datasets that say none.
    """
    remote_id = line(remote.remote_id, REMOTE_ID_CHARACTERS + 1)
    if not remote_id:
        raise Refusal("no_id")
    if len(remote_id) > REMOTE_ID_CHARACTERS:
        raise Refusal("long_id")
    title = {code: line(text, 200) for code, text in remote.title.items() if line(text, 200)}
    if not title:
        raise Refusal("no_title")
    known = licence_of(remote.licence) if not says_no_licence(remote.licence) else licence
    if not known:
        if says_no_licence(remote.licence):
            raise Refusal("licence_missing")
        raise Refusal("licence_unknown", licence=line(remote.licence, 200))
    files = [made for one in remote.files if (made := _file(one))][:RESOURCES_MAX]
    if not files:
        raise Refusal("no_resource")
    page = address(remote.url)
    return replace(
        remote,
        remote_id=remote_id,
        title=title,
        name=line(remote.name, 100),
        notes={code: block(text, 20_000) for code, text in remote.notes.items()},
        tags=_tags(remote.tags),
        licence=known,
        frequency=frequency_of(remote.frequency),
        categories=categories_of(remote.categories),
        languages=[code for code in LANGUAGES if code in remote.languages],
        spatial=line(remote.spatial, 100),
        temporal=remote.temporal[:21],
        url=page if len(page) <= 500 else "",
        version=line(remote.version, 100),
        author=line(remote.author, 120),
        author_email=email(remote.author_email),
        maintainer=line(remote.maintainer, 120),
        maintainer_email=email(remote.maintainer_email),
        modified=moment(remote.modified),
        extras=_extras(remote.extras),
        files=files,
    )
