"""What a draft says, as one value: hashed to name a version, kept, shown again, compared."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parvis.consult import methods, queries
from parvis.consult.legal.elements import DOCUMENTS
from parvis.consult.legal.reading import legal_of
from parvis.consult.models import Activity, Consultation, WhoMay
from parvis.core import revisions
from parvis.core.i18n import DEFAULT, Text, TextField, tr
from parvis.core.models import Node
from parvis.core.templatetags.parvis import day, moment
from parvis.merkle import canon

SECTIONS = {
    "about": gettext_lazy("The subject"),
    "influence": gettext_lazy("What can change"),
    "privacy": gettext_lazy("Privacy"),
    "dates": gettext_lazy("Dates"),
    "activities": gettext_lazy("Ways to take part"),
    "documents": gettext_lazy("Documents to read before answering"),
    "legal": gettext_lazy("What the law asks"),
}
# The fields of a consultation, in the order of the pages of the desk.
FIELDS = {
    "about": ("question", "summary", "minutes", "other_ways", "history", "languages", "sources"),
    "influence": ("influence_decision", "influence_who", "influence_on", "influence_out"),
    "privacy": (
        "who_may", "duplicate_rule", "notice_purpose", "notice_readers", "notice_refusal",
        "notice_rights", "retention_on",
    ),
    "dates": ("themes_due", "report_due", "response_due"),
}  # fmt: skip
LABELS = {
    "history": gettext_lazy("A word on the history"),
    "languages": gettext_lazy("Languages of the consultation"),
    "sources": gettext_lazy("Sources"),
}


@dataclass(frozen=True)
class Line:
    """One thing that people will see. `text` is by language; "" where it has none (a date)."""

    field: str
    section: str
    label: Any
    text: Text
    items: tuple[Text, ...] = ()
    facts: tuple[str, ...] = ()

    @property
    def words(self) -> dict[str, str]:
        """All that it says, by language, to be compared."""
        codes = dict.fromkeys(code for text in (self.text, *self.items) for code in text)
        out = {}
        for code in codes:
            parts = [text[code] for text in (self.text, *self.items) if text.get(code)]
            out[code] = " · ".join(parts)
        if self.facts:
            out[""] = " · ".join([*([out[""]] if "" in out else []), *self.facts])
        return out


def plain(value: Any) -> Any:
    """Return a value that canonical JSON can hold: no null, no float, no date."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value if one is not None]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str | bool | int) else str(value)


def take(consultation: Consultation) -> dict[str, Any]:
    """Return all that people will see of a consultation, as JSON: eight queries at most."""
    fields = {
        name: plain(value)
        for names in FIELDS.values()
        for name in names
        if (value := getattr(consultation, name)) not in (None, "", {}, [])
    }
    organisation = consultation.organisation
    activities = {one.pk: one for one in queries.activities_of(consultation)}
    phases = [
        {
            "title": plain(phase.title),
            "starts": plain(phase.starts),
            "ends": plain(phase.ends),
            "opens": sorted(
                [activities[row.activity_id].node.slug, row.action]
                for row in phase.actions.all()
                if row.activity_id in activities
            ),
        }
        for phase in consultation.phases.prefetch_related("actions")
    ]
    informs = consultation.node.links_in.filter(relation="informs").select_related("source")
    return {
        "title": plain(consultation.node.title),
        "organisation": plain(organisation.node.title) if organisation else {},
        "fields": fields,
        "time_zone": consultation.time_zone,
        "reconstructed": consultation.reconstructed,
        "phases": phases,
        "activities": [
            {
                "slug": one.node.slug,
                "title": plain(one.node.title),
                "method": one.method,
                "settings": plain(one.settings),
                "version": one.version,
            }
            for one in activities.values()
        ],
        "documents": [
            {"id": str(link.source_id), "title": plain(link.source.title)}
            for link in informs.order_by("pk")
        ],
        "legal": {
            reading.kind: {row.element.key: plain(dict(row.shown)) for row in reading.rows}
            for reading in legal_of(consultation).documents
            if reading.document.public
        },
    }


def version_of(snapshot: Mapping[str, Any]) -> str:
    """Return the name of a version: SHA-256 (hex) of the canonical JSON (RFC 8785)."""
    return hashlib.sha256(canon.encode(dict(snapshot))).hexdigest()


# Reading -----------------------------------------------------------------------------------------


def lines(snapshot: Mapping[str, Any]) -> list[Line]:
    """Return what a snapshot says, line by line, in the order in which people will see it."""
    return [
        Line("title", "about", _("Title"), snapshot["title"]),
        Line("organisation", "about", _("Who consults"), snapshot["organisation"]),
        *_fields(snapshot, ("about", "influence", "privacy")),
        *_phases(snapshot),
        *_fields(snapshot, ("dates",)),
        *_activities(snapshot),
        *_documents(snapshot),
        *_legal(snapshot),
    ]


def label_of(name: str) -> Any:
    """Return what a field of a consultation is called on the desk."""
    if name == "title":
        return _("Title")
    if name == "organisation":
        return _("Who consults")
    return LABELS.get(name) or getattr(Consultation._meta.get_field(name), "verbose_name", name)


def text_of(name: str, value: Any) -> Text:
    """Return the value of a field, as JSON keeps it, as words by language ("" where it has none).

    None and what is empty give no words.
    """
    if value in (None, "", [], {}):
        return {}
    field = Consultation._meta.get_field(name)
    if isinstance(field, TextField):
        return dict(value)
    if isinstance(field, models.DateField):
        return {"": day(date.fromisoformat(value))}
    if name == "who_may":
        return {"": str(dict(WhoMay.choices).get(value, value))}
    if isinstance(value, list):
        return {"": ", ".join(str(one) for one in value)}
    if isinstance(value, bool):
        return {"": _("Yes") if value else _("No")}
    return {"": str(value)}


def _fields(snapshot: Mapping[str, Any], sections: Sequence[str]) -> Iterator[Line]:
    for section in sections:
        for name in FIELDS[section]:
            if name in snapshot["fields"]:
                words = text_of(name, snapshot["fields"][name])
                yield Line(name, section, label_of(name), words)


def _phases(snapshot: Mapping[str, Any]) -> Iterator[Line]:
    zone = ZoneInfo(snapshot["time_zone"])
    titles = {one["slug"]: one for one in snapshot["activities"]}
    for number, phase in enumerate(snapshot["phases"], 1):
        starts, ends = (
            moment(datetime.fromisoformat(phase[name]).astimezone(zone))
            for name in ("starts", "ends")
        )
        when = _("From %(start)s to %(end)s") % {"start": starts, "end": ends}
        opened = [
            f"{tr(titles[slug]['title'])} – {_action(titles[slug]['method'], action)}"
            for slug, action in phase["opens"]
        ]
        label = _("Period %(n)d") % {"n": number}
        facts = (when, *(opened or [_("(opens nothing)")]))
        yield Line(f"phase-{number}", "dates", label, phase["title"], (), facts)


def _action(kind: str, action: str) -> str:
    found = methods.all_methods().get(kind)
    return str(found.actions.get(action, action)) if found else action


def _activities(snapshot: Mapping[str, Any]) -> Iterator[Line]:
    languages = snapshot["fields"].get("languages") or [DEFAULT]
    for one in snapshot["activities"]:
        method = methods.all_methods().get(one["method"])
        label = str(method.label) if method else one["method"]
        version = _("version %(n)d of its settings") % {"n": one["version"]}
        place = f"activity-{one['slug']}"
        yield Line(place, "activities", label, one["title"], (), (version,))
        if method is None or method.shown is None:
            continue
        activity = Activity(
            node=Node(kind="activity", slug=one["slug"], title=one["title"]),
            consultation=Consultation(languages=languages),
            method=one["method"],
            settings=one["settings"],
            version=one["version"],
        )
        for shown in method.shown(activity):
            yield Line(
                f"{place}-{shown.field}",
                "activities",
                shown.label,
                shown.text,
                tuple(text for text in shown.items if text),
                tuple(str(fact) for fact in shown.facts),
            )


def _documents(snapshot: Mapping[str, Any]) -> Iterator[Line]:
    for number, one in enumerate(snapshot["documents"], 1):
        label = _("Document %(n)d") % {"n": number}
        yield Line(f"document-{one['id']}", "documents", label, one["title"])


def _legal(snapshot: Mapping[str, Any]) -> Iterator[Line]:
    for kind, texts in snapshot.get("legal", {}).items():
        document = DOCUMENTS[kind]
        labels = {element.key: element.label for element in document.elements}
        for key, text in texts.items():
            label = f"{document.title} – {labels.get(key, key)}"
            yield Line(f"legal-{kind}-{key}", "legal", label, text)


# Comparing ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """A line that two versions do not say alike, language by language."""

    label: Any
    changes: tuple[revisions.Change, ...]


def differences(
    before: Mapping[str, Any] | Iterable[Line], after: Mapping[str, Any] | Iterable[Line]
) -> list[Difference]:
    """Return what changed from one snapshot (or its lines) to another, in the order of lines."""
    old = {line.field: line for line in _lines(before)}
    new = {line.field: line for line in _lines(after)}
    words_old = {name: line.words for name, line in old.items()}
    words_new = {name: line.words for name, line in new.items()}
    found: dict[str, list[revisions.Change]] = {}
    for change in revisions.differences(words_old, words_new):
        found.setdefault(change.field, []).append(change)
    order = [*new, *(name for name in old if name not in new)]
    return [
        Difference((new.get(name) or old[name]).label, tuple(found[name]))
        for name in order
        if name in found
    ]


def _lines(one: Mapping[str, Any] | Iterable[Line]) -> Iterable[Line]:
    return lines(one) if isinstance(one, Mapping) else one
