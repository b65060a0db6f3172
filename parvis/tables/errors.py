"""What can be wrong with a table, said by row, column and value.

The package is pure: reasons are codes, and `REASONS` holds the English sentence of each code, which
the caller passes through gettext.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REASONS: dict[str, str] = {
    # a cell or a row
    "not_a_number": "This is not a number.",
    "not_an_integer": "This is not a whole number.",
    "not_a_date": "This is not a date written as year-month-day.",
    "not_a_datetime": "This is not a date and time written as year-month-day hour:minute.",
    "not_a_boolean": "This is neither true nor false.",
    "ambiguous_number": "The comma may mark decimals or thousands.",
    "mixed_time_zones": "Some times carry a time zone and others do not.",
    "too_few_cells": "This row has fewer cells than the header.",
    "too_many_cells": "This row has more cells than the header.",
    "undecodable": "Some characters cannot be read in the encoding of the file.",
    "bad_quotes": "A quotation mark is not closed, or is closed in the middle of a cell.",
    "cell_too_long": "This cell is longer than the limit.",
    "empty_header": "A column has no name.",
    "duplicate_header": "Two columns have the same name.",
    "reserved_header": "This column name is reserved.",
    # the whole file
    "empty": "The file holds no table.",
    "too_many_rows": "The file has more than %(limit)s rows.",
    "too_many_bytes": "The file is larger than %(limit)s bytes.",
    "too_many_columns": "The table has more than %(limit)s columns.",
    "too_many_cells_in_sheet": "The sheet spans more than %(limit)s cells.",
    "too_many_bad_quotes": "Too many quotation marks are not closed.",
    "not_a_spreadsheet": "The file is not a readable .xlsx spreadsheet.",
    "old_spreadsheet": "The old .xls format is not read: save the file as .xlsx or CSV.",
    "not_text": "The file is neither text nor a spreadsheet.",
    "text_too_long_for_xlsx": "A cell is longer than the %(limit)s characters a spreadsheet holds.",
    "no_such_version": "This version is not in the store.",
    "schema_mismatch": "The rows do not fit the columns that were announced.",
    "not_finite": "A number is not finite.",
    "no_such_column": "There is no column “%(column)s”.",
    "bad_query": "The query cannot be answered: %(detail)s.",
}


@dataclass(frozen=True, slots=True)
class CellProblem:
    """One thing wrong, where a person can find it.

    `row` counts as a spreadsheet does: the header is row 1. `column` is empty when the whole row is
    at fault. `value` is cut to 200 characters. `reason` is a key of `REASONS`.
    """

    row: int
    column: str
    value: str
    reason: str

    @property
    def message(self) -> str:
        """The English sentence for `reason`, to be translated by the caller."""
        return REASONS[self.reason]


def shorten(value: str, length: int = 200) -> str:
    """`value`, cut to `length` characters with an ellipsis, lone surrogates made readable."""
    value = value.encode("utf-8", "replace").decode("utf-8")
    return value if len(value) <= length else value[: length - 1] + "…"


class TableError(Exception):
    """The file or the query as a whole cannot be used. `reason` is a key of `REASONS`."""

    def __init__(self, reason: str, params: Mapping[str, Any] | None = None) -> None:
        self.reason = reason
        self.params = dict(params or {})
        super().__init__(REASONS[reason] % self.params)
