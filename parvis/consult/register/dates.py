"""Dates as precisely as they are known: typed, stored, said. Pure."""

import re
from calendar import monthrange
from datetime import date

from babel.dates import format_date
from django.utils.translation import gettext as _

from parvis.consult.models import Elsewhere
from parvis.core.i18n import NBSP
from parvis.core.templatetags.parvis import day, locale

Precision = Elsewhere.Precision
YEAR_MIN, YEAR_MAX = 1900, 2100
_TYPED = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


def read(text: str, *, end: bool = False) -> tuple[date | None, str]:
    """Return (day, precision) of "2020", "2020-02" or "2020-02-06"; (None, "day") of nothing.

    The first day of what is known, the last one for an `end`. Raises ValueError.
    """
    text = text.strip()
    if not text:
        return None, Precision.DAY
    found = _TYPED.fullmatch(text)
    if not found or not YEAR_MIN <= int(found[1]) <= YEAR_MAX:
        raise ValueError(text)
    year, month, number = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if found[3]:
        return date(year, month, number), Precision.DAY
    if found[2]:
        return rounded(date(year, month, 1), Precision.MONTH, end=end), Precision.MONTH
    return rounded(date(year, 1, 1), Precision.YEAR, end=end), Precision.YEAR


def rounded(value: date | None, precision: str, *, end: bool = False) -> date | None:
    """Return the first day of what is known of a date, or the last one for an `end`."""
    if value is None or precision == Precision.DAY:
        return value
    if precision == Precision.MONTH:
        last = monthrange(value.year, value.month)[1]
        return value.replace(day=last if end else 1)
    return date(value.year, 12, 31) if end else date(value.year, 1, 1)


def written(value: date | None, precision: str) -> str:
    """Return a date as `read` reads it: 2020-02 where the day is not known."""
    if value is None:
        return ""
    return value.isoformat()[
        : {Precision.MONTH: 7, Precision.YEAR: 4}.get(Precision(precision), 10)
    ]


def said(value: date | None, precision: str = Precision.DAY) -> str:
    """Return a date in words, as precisely as it is known."""
    if value is None:
        return ""
    if precision == Precision.YEAR:
        return str(value.year)
    if precision == Precision.MONTH:
        return format_date(value, "MMMM y", locale=locale()).replace(" ", NBSP)
    return day(value)


def period(
    opens: date | None, opens_precision: str, closes: date | None, closes_precision: str
) -> str:
    """Return a period in words; what is not published is said."""
    first, last = said(opens, opens_precision), said(closes, closes_precision)
    if not first and not last:
        return _("Dates not published")
    if first == last:
        if opens_precision == Precision.DAY:
            return first
        return _("in %(date)s") % {"date": first}
    if not last:
        return _("from %(date)s, end not published") % {"date": first}
    if not first:
        return _("until %(date)s, start not published") % {"date": last}
    return _("from %(opens)s to %(closes)s") % {"opens": first, "closes": last}
