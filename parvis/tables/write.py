"""Write tables out, batch by batch: CSV made safe for spreadsheets, exact JSON and Parquet, XLSX.

The `*_chunks` functions give bytes as they are ready, so that an export of any size starts at once
and is never cut short.
"""

import csv
import datetime
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xlsxwriter

from parvis.tables.cells import FORMULA_STARTS, spreadsheet_safe
from parvis.tables.errors import TableError
from parvis.tables.schema import Schema

_FORMULA = f"^[{re.escape(''.join(FORMULA_STARTS))}]"
XLSX_ROWS_MAX = 1_048_575  # under the header
XLSX_COLUMNS_MAX = 16_384
XLSX_TEXT_MAX = 32_767
# Spreadsheets count in floats and know no day before 1900 (nor, rightly, before March 1900).
_EXACT_INTEGER = 2**53
_FIRST_DAY = datetime.date(1900, 3, 1)
BOM = "\ufeff".encode()

Batches = Iterable[pa.RecordBatch]


def csv_chunks(
    schema: Schema,
    batches: Batches,
    *,
    separator: str = ",",
    bom: bool = False,
    exact: bool = False,
) -> Iterator[bytes]:
    """UTF-8 CSV (RFC 4180) with a header of names.

    Text cells in = + - @ TAB CR get an apostrophe in front unless `exact`; numbers and dates are
    untouched. Empty cells are null; booleans are true and false; dates are ISO 8601.
    """
    if bom:
        yield BOM
    safe = str if exact else spreadsheet_safe
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow([safe(name) for name in schema.names])
    yield out.getvalue().encode()
    quotes = f'["\r\n{re.escape(separator)}]'
    for batch in batches:
        columns = [_cells(array, quotes, exact) for array in _fitting(schema, batch)]
        if not batch.num_rows:
            continue
        if len(columns) == 1:  # an empty line would be no row
            empty = pc.equal(columns[0], "")
            columns = [pc.if_else(empty, pa.scalar('""'), columns[0])]
        lines = pc.binary_join_element_wise(*columns, separator)
        ends = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
        yield pc.binary_join(ends, "\r\n")[0].as_py().encode() + b"\r\n"


def tsv_chunks(schema: Schema, batches: Batches, *, exact: bool = False) -> Iterator[bytes]:
    """As `csv_chunks`, with tabs between cells."""
    return csv_chunks(schema, batches, separator="\t", exact=exact)


def _cells(array: pa.Array, quotes: str, exact: bool) -> pa.Array:
    """The cells of a column as CSV holds them, whole columns at a time."""
    kind = array.type
    if pa.types.is_boolean(kind):
        return pc.fill_null(pc.if_else(array, pa.scalar("true"), pa.scalar("false")), "")
    if pa.types.is_integer(kind) or pa.types.is_date(kind):
        return pc.fill_null(pc.cast(array, pa.string()), "")
    if pa.types.is_floating(kind):
        return pc.fill_null(_floats(array), "")
    if pa.types.is_timestamp(kind):
        texts = pc.replace_substring(pc.cast(array, pa.string()), " ", "T")
        return pc.fill_null(pc.replace_substring_regex(texts, r"\.000000(Z?)$", r"\1"), "")
    cells = pc.fill_null(array, "")
    if not exact:
        formula = pc.match_substring_regex(cells, _FORMULA)
        if pc.any(formula).as_py():
            cells = pc.if_else(formula, _between_marks("'", cells, ""), cells)
    marked = pc.match_substring_regex(cells, quotes)
    if pc.any(marked).as_py():
        doubled = _between_marks('"', pc.replace_substring(cells, '"', '""'), '"')
        cells = pc.if_else(marked, doubled, cells)
    return cells


def _floats(array: pa.Array) -> pa.Array:
    """The shortest digits, as Python writes them: the hashes of earlier exports rest on it."""
    size = pc.abs(array)
    usual = pc.and_(pc.greater_equal(size, 1e-3), pc.less(size, 1e9))
    usual = pc.fill_null(pc.or_(usual, pc.equal(size, 0.0)), True)
    texts = pc.cast(array, pa.string())
    whole = pc.invert(pc.match_substring(texts, "."))
    texts = pc.if_else(whole, pc.binary_join_element_wise(texts, ".0", ""), texts)
    if pc.all(usual).as_py() is False:  # the two write exponents otherwise
        odd = pc.invert(usual)
        values = [repr(value) for value in array.filter(odd).to_pylist()]
        texts = pc.replace_with_mask(texts, odd, pa.array(values, pa.string()))
    return texts


def _between_marks(before: str, cells: pa.Array, after: str) -> pa.Array:
    return pc.binary_join_element_wise(before, cells, after, "")


def iso(value: Any) -> Any:
    """Dates and date-times as ISO 8601 text (Z for UTC), everything else as it is."""
    if isinstance(value, datetime.datetime):
        text = value.replace(tzinfo=None).isoformat()
        return text + "Z" if value.tzinfo else text
    return value.isoformat() if isinstance(value, datetime.date) else value


def json_chunks(schema: Schema, batches: Batches) -> Iterator[bytes]:
    """A JSON list of objects, one a row, exact: dates in ISO 8601."""
    before = "[\n"
    for batch in batches:
        lines = list(_objects(schema, batch))
        if lines:
            yield (before + ",\n".join(lines)).encode()
            before = ",\n"
    yield b"[]\n" if before == "[\n" else b"\n]\n"


def ndjson_chunks(schema: Schema, batches: Batches) -> Iterator[bytes]:
    """One JSON object a line, as in `json_chunks`."""
    for batch in batches:
        lines = list(_objects(schema, batch))
        if lines:
            yield ("\n".join(lines) + "\n").encode()


def _objects(schema: Schema, batch: pa.RecordBatch) -> Iterator[str]:
    columns = [[iso(value) for value in array.to_pylist()] for array in _fitting(schema, batch)]
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    for values in zip(*columns, strict=True):
        yield encode(dict(zip(schema.names, values, strict=True)))


def write_parquet(out: BinaryIO, schema: Schema, batches: Batches) -> int:
    """Write a Parquet file to `out`; the number of rows comes back. Exact."""
    rows = 0
    with pq.ParquetWriter(out, schema.to_arrow(), compression="zstd") as writer:
        for batch in batches:
            _fitting(schema, batch)
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def write_xlsx(
    out: BinaryIO, schema: Schema, batches: Batches, *, sheet: str = "data", language: str = "fr"
) -> int:
    """Write a spreadsheet to `out`; the number of rows comes back.

    Text is typed as text and never becomes a formula, a link or a number. Whole numbers beyond
    2^53, days before March 1900 and times in UTC are written as text, for a spreadsheet would
    change them; it keeps 16 digits of a decimal number. A second sheet holds the codebook. Raises
    `TableError` when the table exceeds what the format holds: nothing is cut.
    """
    if len(schema.columns) > XLSX_COLUMNS_MAX:
        raise TableError("too_many_columns", {"limit": XLSX_COLUMNS_MAX})
    # in_memory stays off: rows wait in a temporary file.
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    try:
        rows = _fill(book, sheet, schema, batches)
        page = book.add_worksheet("codebook" if sheet != "codebook" else "codebook 2")
        for number, entry in enumerate(schema.codebook(language)):
            for position, text in enumerate(entry.values()):
                page.write_string(number, position, text[:XLSX_TEXT_MAX])
    finally:
        book.close()
    return rows


def _fill(book: xlsxwriter.Workbook, sheet: str, schema: Schema, batches: Batches) -> int:
    page = book.add_worksheet(sheet)
    page.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    formats = {
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "datetime": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    for position, name in enumerate(schema.names):
        page.write_string(0, position, name, bold)
    row = 0
    for batch in batches:
        if row + batch.num_rows > XLSX_ROWS_MAX:
            raise TableError("too_many_rows", {"limit": XLSX_ROWS_MAX})
        columns = [array.to_pylist() for array in _fitting(schema, batch)]
        for values in zip(*columns, strict=True):
            row += 1
            for position, value in enumerate(values):
                if value is not None:
                    _xlsx_cell(page, row, position, value, formats)
    return row


def _xlsx_cell(page: Any, row: int, position: int, value: Any, formats: dict[str, Any]) -> None:
    if isinstance(value, bool):
        page.write_boolean(row, position, value)
    elif isinstance(value, float) or (isinstance(value, int) and abs(value) <= _EXACT_INTEGER):
        page.write_number(row, position, value)
    elif isinstance(value, datetime.datetime):
        if value.tzinfo or value.date() < _FIRST_DAY or value.microsecond % 1000:
            page.write_string(row, position, iso(value))
        else:
            page.write_datetime(row, position, value, formats["datetime"])
    elif isinstance(value, datetime.date) and value >= _FIRST_DAY:
        page.write_datetime(row, position, value, formats["date"])
    else:
        text = str(iso(value))
        if len(text.encode("utf-16-le")) > 2 * XLSX_TEXT_MAX:
            raise TableError("text_too_long_for_xlsx", {"limit": XLSX_TEXT_MAX})
        page.write_string(row, position, text)


def _fitting(schema: Schema, batch: pa.RecordBatch) -> list[pa.Array]:
    if tuple(batch.schema.names) != schema.names:
        raise TableError("schema_mismatch")
    return batch.columns
