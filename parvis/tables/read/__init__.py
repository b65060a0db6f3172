"""Read tables without losing a row; say what is wrong by row, column and value.

`read_table` reads a whole file and finds the type of each column from all its cells; `read_rows`
gives its rows one by one as text.
"""

from parvis.tables.read.parquet_source import ParquetReading
from parvis.tables.read.rows import BYTES_MAX, ROWS_MAX, RowReader, read_rows
from parvis.tables.read.spool import PROBLEMS_MAX
from parvis.tables.read.table import COLUMNS_MAX, Reading, read_table

__all__ = [
    "BYTES_MAX",
    "COLUMNS_MAX",
    "PROBLEMS_MAX",
    "ROWS_MAX",
    "ParquetReading",
    "Reading",
    "RowReader",
    "read_rows",
    "read_table",
]
