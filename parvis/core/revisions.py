"""History of published texts: what a text said, when it changed, and the difference."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parvis.core.access import Actor
from parvis.core.i18n import Text
from parvis.core.models import Node, Revision


def keep(
    node: Node, texts: Mapping[str, Any], *, actor: Actor, note: Text | None = None
) -> Revision | None:
    """Keep what the texts of `node` say now; None when nothing changed since the last one.

    Call it in the service's transaction, for what is published.
    """
    now = {name: text for name, text in texts.items() if text}
    last = node.revisions.order_by("-at", "-pk").first()
    if last and last.texts == now:
        return None
    return Revision.objects.create(
        node=node, by_id=actor.person_id, texts=now, note=dict(note or {})
    )


@dataclass(frozen=True)
class Change:
    """One field, one language: runs of (operation, words), operation in equal, insert, delete."""

    field: str
    language: str
    runs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Version:
    """A revision with what it changed since the one before."""

    pk: int
    at: datetime
    note: Mapping[str, str]
    changes: tuple[Change, ...]
    first: bool


def _runs(old: str, new: str) -> tuple[tuple[str, str], ...]:
    a, b = old.split(" "), new.split(" ")
    runs: list[tuple[str, str]] = []
    for operation, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, False).get_opcodes():
        if operation == "equal":
            runs.append(("equal", " ".join(a[i1:i2])))
        else:
            if i2 > i1:
                runs.append(("delete", " ".join(a[i1:i2])))
            if j2 > j1:
                runs.append(("insert", " ".join(b[j1:j2])))
    return tuple(runs)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return what changed between two sets of texts, field by field and language by language."""
    changes = []
    for field in dict.fromkeys((*before, *after)):
        old, new = before.get(field, {}), after.get(field, {})
        if isinstance(old, str) or isinstance(new, str):
            old, new = {"fr": old or ""}, {"fr": new or ""}
        for language in dict.fromkeys((*old, *new)):
            one, two = old.get(language, ""), new.get(language, "")
            if one != two:
                changes.append(Change(field, language, _runs(one, two)))
    return tuple(changes)


def history(node: Node, *, versions_max: int | None = None) -> list[Version]:
    """Return the versions of a node's texts, newest first, each with its differences."""
    newest = node.revisions.order_by("-at", "-pk")
    # One more than is shown: what the oldest shown is compared with.
    rows = list(newest if versions_max is None else newest[: versions_max + 1])
    versions = []
    for index, row in enumerate(rows[:versions_max]):
        first = index + 1 == len(rows)
        changes = differences({} if first else rows[index + 1].texts, row.texts)
        versions.append(Version(row.pk, row.at, row.note, changes, first))
    return versions
