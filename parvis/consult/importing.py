"""Contributions loaded from a file: each row is one contribution, each bad row is reported."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from parvis.consult import contributions, methods
from parvis.consult.models import Activity, Channel
from parvis.core import limits
from parvis.core.access import Actor, require
from parvis.core.errors import Invalid
from parvis.core.events import IdempotencyKey, replayed
from parvis.tables import read
from parvis.tables.errors import REASONS, TableError

Progress = Callable[[int, int], None]


@dataclass
class Report:
    """What an import did: how many rows came in, and each that did not, by its number."""

    imported: int = 0
    already: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


def text_column(columns: list[str], wanted: str = "") -> str:
    """Return the column that holds the text. Raises Invalid, naming the columns there are."""
    known = {name.strip().lower(): name for name in columns}
    if wanted:
        if wanted.strip().lower() in known:
            return known[wanted.strip().lower()]
        raise Invalid(
            {
                "text": [
                    _("There is no column “%(name)s”; the file has: %(columns)s.")
                    % {"name": wanted, "columns": ", ".join(columns)}
                ]
            }
        )
    for name in ("text", "texte", "body", "comment-body", "contribution", "reponse", "réponse"):
        if name in known:
            return known[name]
    raise Invalid(
        {
            "text": [
                _("Say which column holds the text (--text); the file has: %(columns)s.")
                % {"columns": ", ".join(columns)}
            ]
        }
    )


def _day(value: str, activity: Activity) -> datetime | None:
    if not value.strip():
        return None
    try:
        day = date.fromisoformat(value.strip()[:10])
    except ValueError:
        raise Invalid(
            {"date": [_("“%(v)s” is not a date (year-month-day).") % {"v": value}]}
        ) from None
    zone = ZoneInfo(activity.consultation.time_zone)
    return datetime.combine(day, time(12), zone)


def _answer(activity: Activity, text: str, question: str) -> dict[str, Any]:
    """Return what `submit` takes: an answer to the text question, or a body."""
    if methods.get(activity.method).leaf == "answer":
        return {"payload": {question: text}}
    return {"body": text, "payload": {}, "title": {}}


def text_question(activity: Activity) -> str:
    """Return the first question of a survey that takes a long text. Raises Invalid."""
    for page in activity.settings.get("pages", []):
        for question in page["questions"]:
            if question["type"] == "long":
                return str(question["id"])
    raise Invalid({"activity": [_("This survey has no question that takes a text.")]})


def import_contributions(
    path: str | Path,
    *,
    activity: Activity,
    actor: Actor,
    text: str = "",
    date_column: str = "date",
    language: str = "fr",
    progress: Progress | None = None,
) -> Report:
    """Load a CSV or spreadsheet, one contribution a row, and return what happened.

    A row that cannot be taken is reported by its number and stops nothing. Run twice on the same
    file, it adds nothing: each row has its own idempotency key. Raises Invalid when the file has
    no such column or is not a table, Forbidden.
    """
    require(actor, "import_contributions", activity)
    report = Report()
    survey = methods.get(activity.method).leaf == "answer"
    question = text_question(activity) if survey else ""
    try:
        rows = read.read_rows(
            Path(path), rows_max=limits.IMPORT_ROWS, bytes_max=limits.IMPORT_BYTES
        )
        column = text_column(list(rows.columns), text)
        for number, cells in rows:
            _one(report, activity, actor, number, cells, column, date_column, language, question)
            if progress and number % 100 == 0:
                progress(number, 0)
    except TableError as error:
        raise Invalid({"file": [str(error)]}) from None
    for problem in rows.problems:
        words = _(REASONS[problem.reason])
        report.problems.append((problem.row, f"{words} {problem.value}".strip()))
    report.problems.sort()
    return report


def _one(
    report: Report,
    activity: Activity,
    actor: Actor,
    number: int,
    cells: dict[str, str],
    column: str,
    date_column: str,
    language: str,
    question: str,
) -> None:
    words = (cells.get(column) or "").strip()
    if not words:
        report.problems.append((number, _("The text is empty.")))
        return
    key = IdempotencyKey.of(f"import:{activity.pk}", f"{number}:{words}", words)
    try:
        if replayed(key):
            report.already += 1
            return
        contributions.submit(
            actor=actor,
            activity=activity,
            language=(cells.get("language") or cells.get("langue") or language)[:2],
            channel=Channel.IMPORT,
            at=_day(cells.get(date_column) or "", activity),
            key=key,
            once=False,
            **_answer(activity, words, question),
        )
        report.imported += 1
    except Invalid as refusal:
        report.problems.append((number, str(refusal)))
