"""A file of rows against a register: what it would add, change, leave, refuse. Writes nothing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from parvis.analysis.text import fold
from parvis.core import limits
from parvis.core.errors import Invalid
from parvis.proactive.checks import VALUE_CHARACTERS, Problem, check_row
from parvis.proactive.lists import EXAMPLE, NUMBER, Shape
from parvis.tables.errors import REASONS, CellProblem, TableError
from parvis.tables.read import RowReader, read_rows

ROWS_MAX = 50_000
PROBLEMS_MAX = 1_000
SHOWN_MAX = 50
STEP_ROWS = 500


@dataclass
class Read:
    """What a file holds: rows to add and to change by number; counts; problems as lists.

    A problem is [row of the file, column, value, what is wrong, what to do].
    """

    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    unchanged: int = 0
    examples: int = 0
    refused: int = 0
    problems: list[list[Any]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def put(self, row: int, found: list[Problem]) -> None:
        """Refuse a row, and keep why."""
        self.refused += 1
        room = PROBLEMS_MAX - len(self.problems)
        self.problems += [problem.as_list(row) for problem in found[: max(0, room)]]

    def report(self, shape: Shape, standing: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """Return what the page of an import shows, as JSON."""
        changes = []
        for number, values in list(self.changed.items())[:SHOWN_MAX]:
            before = standing[number]
            cells = [
                [column.name, before.get(column.name), values[column.name]]
                for column in shape.columns
                if before.get(column.name) != values[column.name]
            ]
            changes.append([number, cells])
        return {
            "added": len(self.added),
            "changed": len(self.changed),
            "unchanged": self.unchanged,
            "examples": self.examples,
            "refused": self.refused,
            "problems": self.problems,
            "unread": self.unread,
            "first": [list(values.values()) for values in list(self.added.values())[:5]],
            "changes": changes,
        }


def in_words(error: TableError) -> Invalid:
    """Return the refusal of a file that is no table."""
    words = _(REASONS[error.reason])
    return Invalid({"file": [words % error.params if error.params else words]})


def _columns(shape: Shape, names: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return (name in the file -> column, names that are not read). Raises Invalid."""
    known = {}
    for column in shape.columns:
        for words in (column.name, *column.label.values()):
            known[fold(words)] = column.name
    found: dict[str, str] = {}
    unread = []
    for name in names:
        column_name = known.get(fold(name.strip()))
        if column_name is None or column_name in found.values():
            unread.append(name)
        else:
            found[name] = column_name
    required = [column.name for column in shape.columns if column.required]
    if lost := [name for name in required if name not in found.values()]:
        words = _("These columns are missing: %(list)s. Start from the template.")
        raise Invalid({"file": [words % {"list": ", ".join(lost)}]})
    return found, unread


def read(
    shape: Shape,
    content: bytes,
    standing: Mapping[str, dict[str, Any]],
    withdrawn: frozenset[str] = frozenset(),
    step: Callable[[int, int], None] | None = None,
) -> Read:
    """Judge each row of a file against the rows that stand (number -> values).

    A row that is not in the file stays as it is: an import never removes one. Raises Invalid when
    the file is no table, lacks a required column or is too long.
    """
    found = Read()
    try:
        reader = read_rows(content, rows_max=ROWS_MAX, bytes_max=limits.UPLOAD_BYTES)
        names, found.unread = _columns(shape, list(reader.columns))
        seen: set[str] = set()
        for count, (row, cells) in enumerate(_rows(reader, names), start=1):
            _judge(shape, row, cells, standing, withdrawn, seen, found)
            if step and count % STEP_ROWS == 0:
                step(count, 0)
    except TableError as error:
        raise in_words(error) from None
    for problem in reader.problems[:PROBLEMS_MAX]:
        found.put(problem.row, [_of_table(problem)])
    found.refused = max(found.refused, len({one[0] for one in found.problems}))
    found.problems.sort(key=lambda one: one[0])
    return found


def _rows(reader: RowReader, names: Mapping[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    for row, cells in reader:
        if any(cell.strip() for cell in cells.values()):
            yield row, {column: cells[name] for name, column in names.items()}


def _of_table(problem: CellProblem) -> Problem:
    return Problem(
        problem.column, problem.value[:VALUE_CHARACTERS], _(REASONS[problem.reason]),
        _("Correct this row; the header says how many cells it needs."),
    )  # fmt: skip


def _judge(
    shape: Shape,
    row: int,
    cells: Mapping[str, str],
    standing: Mapping[str, dict[str, Any]],
    withdrawn: frozenset[str],
    seen: set[str],
    found: Read,
) -> None:
    if cells.get(NUMBER, "").strip().upper().startswith(EXAMPLE):
        found.examples += 1
        return
    values, problems = check_row(shape, cells)
    number = values[NUMBER]
    if number and number in seen:
        problems.append(
            Problem(
                NUMBER, number, _("This number is in the file already."),
                _("Give each row its own number, or keep one of the two."),
            )
        )  # fmt: skip
    if number and number in withdrawn:
        problems.append(
            Problem(
                NUMBER, number, _("The row with this number was withdrawn."),
                _("Give the new row another number."),
            )
        )  # fmt: skip
    if number:
        seen.add(number)
    if problems:
        found.put(row, problems)
    elif number not in standing:
        found.added[number] = values
    elif standing[number] != values:
        found.changed[number] = values
    else:
        found.unchanged += 1
