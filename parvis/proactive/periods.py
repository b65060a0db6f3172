"""Periods of the public accounts: fiscal years from 1 April to 31 March, and their quarters. Pure.

Loi sur l’administration financière: the fiscal year of the government ends on 31 March. A period
is written `2025-2026` or `2025-2026-T1`.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta

FIRST_MONTH = 4
DUE_DAYS = 30
"""Our rule, not the law’s: a period is missing thirty days after its end, due before that."""
_CODE = re.compile(r"(\d{4})-(\d{4})(?:-T([1-4]))?")


def fiscal_year(day: date) -> int:
    """Return the calendar year in which the fiscal year of a day begins."""
    return day.year if day.month >= FIRST_MONTH else day.year - 1


def period_of(day: date, frequency: str) -> str:
    """Return the period of a day; `frequency` is quarter or year."""
    year = fiscal_year(day)
    code = f"{year}-{year + 1}"
    if frequency == "year":
        return code
    return f"{code}-T{(day.month - FIRST_MONTH) % 12 // 3 + 1}"


def bounds(code: str) -> tuple[date, date]:
    """Return the first and the last day of a period. Raises ValueError on what is no period."""
    match = _CODE.fullmatch(code)
    if match is None or int(match[2]) != int(match[1]) + 1:
        raise ValueError(code)
    year, quarter = int(match[1]), match[3]
    if not 1900 <= year <= 2200:
        raise ValueError(code)
    if quarter is None:
        return date(year, FIRST_MONTH, 1), date(year + 1, FIRST_MONTH, 1) - timedelta(days=1)
    months = FIRST_MONTH - 1 + 3 * (int(quarter) - 1)
    end = months + 3
    first = date(year + months // 12, months % 12 + 1, 1)
    return first, date(year + end // 12, end % 12 + 1, 1) - timedelta(days=1)


def over(since: date, today: date, frequency: str) -> Iterator[str]:
    """Give the periods that are over, oldest first, from the one that holds `since`."""
    day = since
    while True:
        code = period_of(day, frequency)
        last = bounds(code)[1]
        if last >= today:
            return
        yield code
        day = last + timedelta(days=1)


def is_missing(code: str, today: date) -> bool:
    """Whether a period that has nothing is missing, and not only due."""
    return today > bounds(code)[1] + timedelta(days=DUE_DAYS)
