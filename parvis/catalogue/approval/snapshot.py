"""What people will see of a dataset once it is published, as one value with a hash."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from parvis.catalogue.anonymisation.models import Entry
from parvis.catalogue.cleaning import texts_of
from parvis.catalogue.lists import CATEGORIES, FREQUENCIES, LICENCES
from parvis.catalogue.models import Dataset, Version
from parvis.catalogue.templatetags.catalogue import field_words
from parvis.core import revisions
from parvis.core.i18n import LANGUAGES, tr
from parvis.core.models import State
from parvis.core.rows import LANGUAGE_NAMES


def take(dataset: Dataset) -> dict[str, Any]:
    """Return what a dataset says now, as JSON: its words, and each file with what people will get.

    Three queries. The version of a file is the one that waits, else the one people get.
    """
    fresh = Dataset.objects.select_related("node", "organisation__node").get(pk=dataset.pk)
    waiting = {
        row.resource_id: row
        for row in Version.objects.filter(
            Q(published_at__isnull=True), resource__dataset=fresh
        ).defer("profile")
    }
    files = [
        _file(row, waiting.get(row.pk) or row.current)
        for row in fresh.resources.select_related("current", "file").defer("current__profile")
    ]
    organisation = fresh.organisation.node.title if fresh.organisation else {}
    words = {**texts_of(fresh), "organisation": dict(organisation), "box": fresh.box or []}
    found = {"words": words, "extras": fresh.extras, "files": files}
    if fresh.node.state == State.DRAFT and "answers" in fresh.review:
        found["answers"] = _answers(fresh)
    return found


def _answers(dataset: Dataset) -> dict[str, Any]:
    """Return what the files of a consultation's answers will be made of: decisions and note."""
    decisions = dataset.review["answers"]
    note = Entry.objects.filter(dataset=dataset).values_list("made_of", flat=True).first()
    text = json.dumps(decisions, sort_keys=True)
    return {
        "decisions": dict(sorted(Counter(decisions.values()).items())),
        "hash": hashlib.sha256(text.encode()).hexdigest(),
        "note": note or "",
        "reason": dataset.review.get("reason", {}),
    }


def _file(row: Any, version: Version | None) -> dict[str, Any]:
    columns = version.columns if version else []
    return {
        "name": row.name,
        "description": row.description,
        "kind": row.kind,
        "position": row.position,
        "url": row.url,
        "file": row.file.sha256 if row.file else "",
        "file_name": row.file_name,
        "version": version.sha256 if version else "",
        "rows": version.rows if version else 0,
        "columns": [[c["name"], c.get("label"), c.get("description")] for c in columns],
    }


def version_of(snapshot: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> str:
    """Return the name of a state: SHA-256 (hex) of what is said and of the changes that wait."""
    value = json.dumps([snapshot, changes or {}], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(value.encode()).hexdigest()


# Reading -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One thing that people will see: its label, and its words by language ("" for facts)."""

    label: str
    words: Mapping[str, str]


def lines(snapshot: Mapping[str, Any]) -> list[Line]:
    """Return what a snapshot says, line by line, in the reader's language for labels."""
    words = snapshot["words"]
    found = [
        Line(field_words(name), _by_language(name, words[name])) for name in words if words[name]
    ]
    if answers := snapshot.get("answers"):
        found.append(Line(_("Answers of the consultation"), {"": _answers_words(answers)}))
    for file in snapshot["files"]:
        label = _("File: %(name)s") % {"name": tr(file["name"])}
        found.append(Line(label, _file_words(file)))
    return found


def _answers_words(answers: Mapping[str, Any]) -> str:
    counts = {"keep": 0, "mask": 0, "withhold": 0, **answers["decisions"]}
    words = _(
        "Texts reviewed: %(keep)s kept, %(mask)s masked, %(withhold)s withheld (decisions %(hash)s)"
    )
    note = _("Disclosure risk note %(note)s") % {"note": answers["note"][:12] or "—"}
    reason = tr(answers["reason"])
    parts = [words % {**counts, "hash": answers["hash"][:12]}, note, *([reason] if reason else [])]
    return " · ".join(parts)


def _by_language(name: str, value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {code: value[code] for code in LANGUAGES if value.get(code)}
    if name == "licence":
        return {"": LICENCES[value].short if value in LICENCES else value}
    if name == "frequency":
        return {"": str(FREQUENCIES.get(value, value))}
    if name == "categories":
        return {"": ", ".join(str(CATEGORIES.get(one, one)) for one in value.split(", "))}
    if name == "languages":
        return {"": ", ".join(str(LANGUAGE_NAMES.get(one, one)) for one in value.split(", "))}
    return {"": ", ".join(map(str, value)) if isinstance(value, list) else str(value)}


def _file_words(file: Mapping[str, Any]) -> dict[str, str]:
    facts = []
    if file["version"]:
        rows = _("%(n)s rows, version %(hash)s")
        facts.append(rows % {"n": file["rows"], "hash": file["version"][:12]})
    facts += [part for part in (file["url"], file["file_name"]) if part]
    out = {code: text for code, text in file["description"].items() if text}
    columns = [
        f"{name} = {tr(label)}" for name, label, _words in file["columns"] if label and tr(label)
    ]
    return {**out, "": " · ".join([*facts, *columns])}


@dataclass(frozen=True)
class Difference:
    """One line that two snapshots do not say the same way, with its runs of words."""

    label: str
    changes: tuple[revisions.Change, ...]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return what changed from one snapshot to another, line by line."""
    old = {line.label: dict(line.words) for line in lines(before)}
    new = {line.label: dict(line.words) for line in lines(after)}
    found = []
    for label in dict.fromkeys((*new, *old)):
        changes = revisions.differences({"": old.get(label, {})}, {"": new.get(label, {})})
        if changes:
            found.append(Difference(label, changes))
    return found
