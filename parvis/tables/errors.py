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
    "ambiguous_date": "No day is past the twelfth: day and month cannot be told apart.",
    "mixed_time_zones": "Some times carry a time zone and others do not.",
    "too_few_cells": "This row has fewer cells than the header.",
    "too_many_cells": "This row has more cells than the header.",
    "undecodable": "Some characters cannot be read in the encoding of the file.",
    "bad_quotes": "A quotation mark is not closed, or is closed in the middle of a cell.",
    "cell_too_long": "This cell is longer than the limit.",
    "empty_header": "A column has no name.",
    "duplicate_header": "Two columns have the same name.",
    "reserved_header": "This column name is reserved.",
    "not_an_object": "This entry is not an object with named values.",
    # the whole file
    "empty": "The file holds no table.",
    "too_many_rows": "The file has more than %(limit)s rows.",
    "too_many_bytes": "The file is larger than %(limit)s bytes.",
    "too_many_columns": "The table has more than %(limit)s columns.",
    "too_many_cells_in_sheet": "The sheet spans more than %(limit)s cells.",
    "too_many_bad_quotes": "Too many quotation marks are not closed.",
    "not_a_spreadsheet": "The file is not a readable .xlsx or .ods spreadsheet.",
    "old_spreadsheet": "The old .xls format is not read: save the file as .xlsx, .ods or CSV.",
    "not_json": "The file is not readable JSON, from line %(line)s on.",
    "not_rows": "The JSON holds no list of objects and no columns of equal length.",
    "not_parquet": "The file is not a readable Parquet file.",
    "bad_encoding": "“%(name)s” is not an encoding of text.",
    "not_text": "The file is neither text nor a spreadsheet.",
    "text_too_long_for_xlsx": "A cell is longer than the %(limit)s characters a spreadsheet holds.",
    "no_such_version": "This version is not in the store.",
    "schema_mismatch": "The rows do not fit the columns that were announced.",
    "not_finite": "A number is not finite.",
    "no_such_column": "There is no column “%(column)s”.",
    "duplicate_key": "Several rows have the same %(columns)s.",
    "sql_not_one_select": "Write one SELECT statement.",
    "sql_refused": "This may not be used here: %(what)s.",
    "sql_no_table": "There is no public table “%(name)s”.",
    "sql_wrong": "The statement cannot be answered: %(detail)s",
    "sql_too_long": "The statement is longer than %(limit)s characters.",
    "sql_stopped": "The statement took more than %(seconds)s seconds, and was stopped.",
    "sql_too_large": "The statement needs more memory than is allowed.",
    "bad_query": "The query cannot be answered: %(detail)s.",
}

# Why a column has its type: one sentence in the data dictionary. `form` is a key of `FORMS`.
WHY: dict[str, str] = {
    "every_cell": "All %(filled)s filled cells are written this way.",
    "asked": "This type was asked for.",
    "declared": "The file itself gives this type.",
    "declared_text": "The file itself gives these values as text.",
    "leading_zeros": "%(cells)s cells start with a zero: a code, kept as it is written.",
    "odd_cells": "%(cells)s of %(filled)s cells are written otherwise: all are kept as text.",
    "ambiguous_numbers": "The comma may mark decimals or thousands: kept as text.",
    "ambiguous_days": "Day and month cannot be told apart: kept as text.",
    "mixed_time_zones": "Some times carry a zone and others do not: kept as text.",
    "empty": "Every cell is empty.",
    "plain_text": "Most cells are neither numbers nor dates.",
}
# An example of each way of writing.
FORMS: dict[str, str] = {
    "whole": "1234",
    "point": "1234.5",
    "comma": "1 234,5",
    "english": "1,234.5",
    "boolean": "oui, non",
    "date": "2024-12-31",
    "dmy": "31/12/2024",
    "mdy": "12/31/2024",
    "ymd": "2024/12/31",
    "words": "31 décembre 2024",
    "naive": "2024-12-31 14:30",
    "zoned": "2024-12-31T14:30Z",
    "dmy_time": "31/12/2024 14:30",
    "mdy_time": "12/31/2024 14:30",
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


class EngineAway(Exception):
    """The engine that answers queries cannot be reached, or lacks what it needs to start."""
