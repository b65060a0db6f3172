"""Publishing without showing anyone: protected tables, random row numbers, the text scan.

What needs scipy stays out of here, so that pages load none of it: `cells` (the model of linked
tables), `suppression` (which cells to hide), `audit` (what a reader can work out) and `risk`
(microdata).
"""

from parvis.analysis.personal import Finding, Kind, Severity, luhn, mask, scan
from parvis.analysis.privacy.oneway import (
    FLOOR,
    THRESHOLD,
    OneWayTable,
    one_way_tables,
    shuffled_row_numbers,
)

__all__ = [
    "FLOOR",
    "THRESHOLD",
    "Finding",
    "Kind",
    "OneWayTable",
    "Severity",
    "luhn",
    "mask",
    "one_way_tables",
    "scan",
    "shuffled_row_numbers",
]
