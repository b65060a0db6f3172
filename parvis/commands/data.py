"""`parvis import`, `export`, `recount`: what goes in, what comes out, and whether counts agree."""

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parvis.commands.words import Stop, complain, gettext, ngettext, say

_ = gettext
ROWS_SHOWN = 50
ENTRIES_AT_ONCE = 4096


def consultation(slug: str) -> Any:
    """Return a consultation. Raises Stop that lists those that exist."""
    from parvis.consult import queries
    from parvis.consult.models import Consultation

    try:
        return queries.consultation_by_slug(slug)
    except Consultation.DoesNotExist:
        known = Consultation.objects.order_by("-pk").values_list("node__slug", flat=True)[:20]
        raise Stop(
            _("There is no consultation “%(slug)s”. There are: %(known)s.")
            % {"slug": slug, "known": ", ".join(known) or _("(none)")}
        ) from None


def _activity(chosen: Any, slug: str | None) -> Any:
    activities = list(chosen.activities.select_related("node", "consultation__node"))
    if slug:
        activities = [one for one in activities if one.node.slug == slug]
    if len(activities) == 1:
        return activities[0]
    names = ", ".join(chosen.activities.values_list("node__slug", flat=True))
    if not activities:
        raise Stop(_("This consultation has no such activity. It has: %(names)s.")
                   % {"names": names or _("(none)")})  # fmt: skip
    raise Stop(_("Choose one activity with --activity: %(names)s.") % {"names": names}, 2)


def import_contributions(given: Namespace) -> int:
    """`parvis import contributions`: each row becomes a contribution; bad rows are named."""
    from parvis.consult import importing
    from parvis.core.access import SYSTEM

    path = Path(given.file)
    if not path.is_file():
        raise Stop(_("There is no file %(path)s.") % {"path": path})
    activity = _activity(consultation(given.consultation), given.activity)
    done = importing.import_contributions(
        path, activity=activity, actor=SYSTEM, text=given.text or ""
    )
    say(
        ngettext("%(n)d contribution received", "%(n)d contributions received", done.imported)
        % {"n": done.imported}
    )
    if done.already:
        say(_("%(n)d rows were there already") % {"n": done.already})
    for number, words in done.problems[:ROWS_SHOWN]:
        complain(_("Row %(n)d: %(words)s") % {"n": number, "words": words})
    if len(done.problems) > ROWS_SHOWN:
        complain(_("…and %(n)d more rows") % {"n": len(done.problems) - ROWS_SHOWN})
    return 1 if done.problems else 0


# Export ------------------------------------------------------------------------------------------


def export(given: Namespace) -> int:
    """`parvis export`: public nodes and links as JSON lines, and tables of what was answered."""
    folder = Path(given.folder)
    if folder.exists() and any(folder.iterdir()):
        raise Stop(_("%(path)s is not empty: give a new folder.") % {"path": folder})
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [consultation(given.consultation)] if given.consultation else _public()
    rows = 0
    for one in chosen:
        rows += _export_consultation(one, folder / "consultations" / one.node.slug)
    if not given.consultation:
        _lines(folder / "nodes.jsonl", _nodes())
        _lines(folder / "links.jsonl", _links())
    say(
        _("%(c)d consultations, %(r)d rows, written in %(folder)s")
        % {"c": len(chosen), "r": rows, "folder": folder}
    )
    return 0


def _public() -> list[Any]:
    from parvis.consult import queries

    return list(queries.public_consultations())


def _lines(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def _nodes() -> Iterator[dict[str, Any]]:
    from parvis.core.models import Node, State

    for node in Node.objects.filter(state=State.PUBLIC).order_by("pk").iterator(500):
        yield {
            "id": node.pk,
            "kind": node.kind,
            "slug": node.slug,
            "title": node.title,
            "inside": node.space_id,
            "published_at": node.published_at.isoformat() if node.published_at else None,
        }


def _links() -> Iterator[dict[str, Any]]:
    from parvis.core.models import Link, State

    public = Link.objects.filter(source__state=State.PUBLIC, target__state=State.PUBLIC)
    for link in public.order_by("pk").iterator(500):
        yield {
            "source": link.source_id,
            "relation": link.relation,
            "target": link.target_id,
            "reason": link.reason,
            "at": link.at.isoformat(),
        }


def _export_consultation(chosen: Any, folder: Path) -> int:
    from dataclasses import asdict

    from parvis.consult import methods, queries
    from parvis.tables import write
    from parvis.tables.schema import Schema

    folder.mkdir(parents=True)
    counts = asdict(queries.counts(chosen))
    counts["by_activity"] = {str(key): n for key, n in counts["by_activity"].items()}
    facts = {"slug": chosen.node.slug, "title": chosen.node.title, "counts": counts}
    (folder / "consultation.json").write_text(
        json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
    )
    rows = 0
    for activity in queries.activities_of(chosen):
        table = methods.get(activity.method).table(activity)
        schema = Schema.from_arrow(table.schema)
        base = folder / activity.node.slug
        with base.with_suffix(".csv").open("wb") as file:
            file.writelines(write.csv_chunks(schema, table.to_batches(), bom=True))
        with base.with_suffix(".parquet").open("wb") as file:
            rows += write.write_parquet(file, schema, table.to_batches())
    return rows


# Recount -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One count, said twice: by the database and by the leaves of the register."""

    on: str
    name: str
    database: int
    ledger: int

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.database == self.ledger


def _state() -> tuple[Any, int]:
    """Return what the published leaves say, and how many leaves wait for their index."""
    from parvis.ledger import reading
    from parvis.ledger.models import Leaf
    from parvis.ledger.store import Store
    from parvis.merkle import leaf
    from parvis.merkle.state import LogState

    store, head = Store.here(), reading.published()
    size = head.head.size if head else 0
    state = LogState(store.origin if head else "")
    for start in range(0, size, ENTRIES_AT_ONCE):
        for raw in reading.raw_entries(store, start, min(size, start + ENTRIES_AT_ONCE), size):
            state.apply(leaf.parse(raw))
    return state, Leaf.objects.filter(index__isnull=True, problem="").count()


def recount_lines() -> tuple[list[Line], int]:
    """Return every count of every public consultation, and how many leaves have no index yet."""
    from parvis.consult import methods, queries

    state, waiting = _state()
    lines = []
    for chosen in _public():
        shown: dict[tuple[str, str], int] = {}
        for activity in queries.activities_of(chosen):
            counts = queries.counts(chosen, activity)
            if methods.get(activity.method).leaf == "answer":
                on, name = f"survey/{activity.node.slug}", "kept"
            else:
                on, name = f"consultation/{chosen.node.slug}", "visible"
                shown[on, "received"] = shown.get((on, "received"), 0) + counts.received
            shown[on, name] = shown.get((on, name), 0) + counts.kept
            # What pages show is read from indexes; here each row is looked at too.
            rows = f"{name}, row by row"
            shown[on, rows] = shown.get((on, rows), 0) + queries.kept(activity).count()
        for (on, name), n in sorted(shown.items()):
            said = int(state.counts(on)[name.split(",")[0]])
            lines.append(Line(on, name, n, said))
    return lines, waiting


def recount(given: Namespace) -> int:
    """`parvis recount`: print both counts side by side; exit 1 where they differ."""
    lines, waiting = recount_lines()
    wrong = 0
    for line in lines:
        mark = "=" if line.agrees else "≠"
        wrong += not line.agrees
        say(f"{line.on}: {line.name} {line.database} {mark} {line.ledger}")
    if waiting:
        say(_("%(n)d leaves have no index yet: the worker gives it within a second.")
            % {"n": waiting})  # fmt: skip
    if wrong:
        complain(_("%(n)d counts differ between the database and the register.") % {"n": wrong})
        return 1
    say(_("Every count of the database equals the recount of the register."))
    return 0
