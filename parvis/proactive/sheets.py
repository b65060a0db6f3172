"""The template of a register, as CSV and as a workbook with its rules; rows as CSV."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from parvis.core.i18n import tr
from parvis.proactive.lists import EXAMPLE, Column, Shape
from parvis.tables.cells import csv_text

BOM = "\ufeff"
EXTENSIONS = ("csv", "xlsx")


def _plain(text: Mapping[str, str]) -> str:
    """Return a text without no-break spaces: a cell is copied and searched."""
    return tr(text).replace("\u00a0", " ")


def type_words(column: Column) -> str:
    """Return the type of a column in words."""
    return {
        "text": _("text"),
        "date": _("date, year-month-day"),
        "money": _("dollars"),
        "integer": _("whole number"),
        "boolean": _("oui or non"),
        "choice": _("one word of the list"),
    }[column.type]


def examples(shape: Shape) -> list[list[str]]:
    """Return the example rows of a template."""
    count = max(len(column.examples) for column in shape.columns)
    return [[column.examples[n] for column in shape.columns] for n in range(count)]


def template_csv(shape: Shape) -> str:
    """Return the template: the header, then examples that an import leaves out."""
    return BOM + csv_text([column.name for column in shape.columns], examples(shape))


def template_xlsx(shape: Shape) -> bytes:
    """Return the template as a workbook: the sheet to fill, then the rules."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(_plain(shape.title)[:31].replace("/", " "))
    for n, column in enumerate(shape.columns):
        # Text everywhere: a spreadsheet would turn a number such as 0123 into 123.
        sheet.set_column(n, n, 24, text)
        sheet.write_string(0, n, column.name, bold)
        if column.choices:
            rule = {"validate": "list", "source": list(column.choices)}
            sheet.data_validation(1, n, 5_000, n, rule)
    for number, row in enumerate(examples(shape), start=1):
        for n, cell in enumerate(row):
            sheet.write_string(number, n, cell, text)
    sheet.freeze_panes(1, 1)
    rules = book.add_worksheet(_("Rules"))
    rules.set_column(0, 1, 28, wrap)
    rules.set_column(2, 5, 44, wrap)
    for n, words in enumerate(rules_header()):
        rules.write_string(0, n, words, bold)
    for number, line in enumerate(rules_of(shape), start=1):
        for n, cell in enumerate(line):
            rules.write_string(number, n, cell, wrap)
    below = len(shape.columns) + 2
    told = _("Rows whose number begins with %(start)s are examples: they are left out.")
    rules.write_string(below, 0, told % {"start": EXAMPLE})
    if shape.note:
        rules.write_string(below + 1, 0, _plain(shape.note))
    book.close()
    return out.getvalue()


def rules_header() -> Sequence[str]:
    """Return the columns of the rules."""
    return (
        _("Column"), _("What it is"), _("Type"), _("Required"), _("How to fill it"),
        _("Words of the list"),
    )  # fmt: skip


def rules_of(shape: Shape) -> list[list[str]]:
    """Return the rule of each column, in words."""
    return [
        [
            column.name,
            _plain(column.label),
            type_words(column),
            _("yes") if column.required else _("no"),
            _plain(column.help),
            "; ".join(f"{code} = {_plain(words)}" for code, words in column.choices.items()),
        ]
        for column in shape.columns
    ]


def rows_csv(
    shape: Shape,
    rows: Iterable[Mapping[str, Any]],
    before: Sequence[str] = (),
    after: Sequence[str] = (),
) -> str:
    """Return rows as CSV, with what comes before and after the columns of the register."""
    names = [*before, *(column.name for column in shape.columns), *after]
    return BOM + csv_text(names, ([_cell(row.get(name)) for name in names] for row in rows))


def _cell(value: Any) -> Any:
    """Return a value as a file holds it: amounts and days as they are, oui or non."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    return value
