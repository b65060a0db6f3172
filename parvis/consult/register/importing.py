"""Consultations held elsewhere loaded from a file: each row is one, each bad row is reported."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from parvis.analysis.text import fold
from parvis.consult.models import Elsewhere
from parvis.consult.register import dates, services
from parvis.core.access import Actor, require
from parvis.core.errors import Conflict, Invalid, Refused
from parvis.core.events import IdempotencyKey, replayed
from parvis.core.models import Organisation
from parvis.tables import read
from parvis.tables.errors import REASONS, TableError

ROWS_MAX = 2_000
BYTES_MAX = 2_000_000
COLUMNS: dict[str, tuple[str, ...]] = {
    "title_fr": ("title_fr", "titre_fr", "titre", "title"),
    "title_en": ("title_en", "titre_en"),
    "organisation": ("organisation", "organisme"),
    "opens": ("opens", "starts", "debut", "ouverture"),
    "closes": ("closes", "ends", "fin", "cloture"),
    "url": ("url", "adresse"),
    "result_url": ("result_url", "resultats"),
    "participants": ("participants",),
    "sources": ("sources", "source"),
}
_ABOUT = re.compile(r"^(?:environ|about|~|≈)\s*")


@dataclass
class Report:
    """What an import did: rows recorded, rows that were there already, and each bad row."""

    recorded: int = 0
    already: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


def import_elsewhere(source: bytes, *, actor: Actor) -> Report:
    """Record each row of a CSV or .xlsx file and return what happened.

    A bad row is reported by its number and stops nothing. The same file twice adds nothing. Raises
    Forbidden, Invalid when the file is no table or has no column of titles.
    """
    require(actor, "manage_consultation")
    report = Report()
    organisations = _organisations()
    try:
        rows = read.read_rows(source, rows_max=ROWS_MAX, bytes_max=BYTES_MAX)
        names = _columns(list(rows.columns))
        for number, cells in rows:
            found = {name: (cells.get(column) or "").strip() for name, column in names.items()}
            _one(report, actor, number, found, organisations)
    except TableError as error:
        raise Invalid({"file": [str(error)]}) from None
    for problem in rows.problems:
        words = _(REASONS[problem.reason])
        report.problems.append((problem.row, f"{words} {problem.value}".strip()))
    report.problems.sort()
    return report


def _columns(columns: list[str]) -> dict[str, str]:
    known = {fold(name).strip().replace(" ", "_"): name for name in columns}
    names = {}
    for name, accepted in COLUMNS.items():
        column = next((known[one] for one in accepted if one in known), None)
        if column is not None:
            names[name] = column
    if "title_fr" not in names:
        words = _("There is no column of titles (title_fr or titre); the file has: %(columns)s.")
        raise Invalid({"file": [words % {"columns": ", ".join(columns)[:300]}]})
    return names


def _organisations() -> dict[str, Organisation]:
    found: dict[str, Organisation] = {}
    for row in Organisation.objects.select_related("node"):
        for name in (row.node.slug, row.acronym, *row.node.title.values()):
            if name:
                found.setdefault(fold(name), row)
    return found


def _one(
    report: Report,
    actor: Actor,
    number: int,
    cells: Mapping[str, str],
    organisations: Mapping[str, Organisation],
) -> None:
    if not any(cells.values()):
        return
    place = "|".join(cells.get(name, "") for name in ("title_fr", "organisation", "opens"))
    key = IdempotencyKey.of("elsewhere-import", place, dict(cells))
    try:
        # Of its own, so that a bad row undoes nothing but itself.
        with transaction.atomic():
            if replayed(key):
                report.already += 1
                return
            title = {
                code: cells[name]
                for code, name in (("fr", "title_fr"), ("en", "title_en"))
                if cells.get(name)
            }
            fields = _fields(cells)
            name = cells.get("organisation", "")
            organisation = organisations.get(fold(name)) if name else None
            if name and organisation is None:
                fields["body"] = {"fr": name}
            services.record(
                actor=actor, title=title, organisation=organisation, fields=fields, key=key
            )
            report.recorded += 1
    except Conflict:
        words = _("Recorded already with other content: change it on its page.")
        report.problems.append((number, words))
    except Refused as refusal:
        report.problems.append((number, str(refusal)))


def _fields(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a row. Raises Invalid with what is wrong in each."""
    errors: dict[str, list[object]] = {}
    fields: dict[str, Any] = {
        "url": cells.get("url", ""),
        "result_url": cells.get("result_url", ""),
        "sources": cells.get("sources", "").split(),
    }
    for name in ("opens", "closes"):
        try:
            day, precision = dates.read(cells.get(name, ""), end=name == "closes")
        except ValueError:
            errors[name] = [
                _("“%(v)s” is not a date: write 2027-03-31, 2027-03 or 2027.")
                % {"v": cells[name][:40]}
            ]
        else:
            fields |= {name: day, f"{name}_precision": precision}
    typed = cells.get("participants", "")
    if typed and fold(typed) not in {"non publie", "not published"}:
        bare = _ABOUT.sub("", fold(typed)).replace(" ", "").replace("\u00a0", "")
        if bare.isascii() and bare.isdigit() and len(bare) < 10:
            about = bool(_ABOUT.match(fold(typed)))
            fields |= {"participants": int(bare), "participants_approximate": about}
        else:
            errors["participants"] = [_("“%(v)s” is not a number.") % {"v": typed[:40]}]
    if errors:
        raise Invalid(errors)
    return fields


def example() -> str:
    """Return the first line of a file that can be imported."""
    return ",".join(names[0] for names in COLUMNS.values())


def figure_rows(found: Elsewhere) -> list[dict[str, Any]]:
    """Return the published numbers of a consultation, one row a number, for a table.

    One without any keeps an empty row; a date known to the year only stays empty.
    """
    year = Elsewhere.Precision.YEAR
    name = found.organisation.node.title if found.organisation else found.body
    common = {
        "consultation": found.node.slug,
        "title": found.node.title.get("fr", ""),
        "organisation": name.get("fr") or None,
        "starts": found.opens if found.opens_precision != year else None,
        "ends": found.closes if found.closes_precision != year else None,
        "source": next(iter(found.sources), None),
    }
    none = {"measure": None, "value": None, "unit": None, "approximate": None}
    if not found.figures:
        return [{**common, **none}]
    rows = []
    for figure in found.figures:
        value = figure["value"]
        row = {**none, "measure": figure["label"].get("fr"), "value": value}
        if value is not None:
            row["unit"] = figure["unit"].get("fr") or "nombre"
            row["approximate"] = figure["approximate"]
        rows.append({**common, **row})
    return rows
