"""Values and dates of the frame in words: what is not known is said so, never guessed."""

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from parvis.core.i18n import NBSP, Text, tr
from parvis.core.templatetags.parvis import day, locale, number
from parvis.strategy.models import Precision

DECIMALS = 4


def amount(value: Decimal | None, unit: Text | None) -> str:
    """Return 75 % in French, 75% in English; empty where there is no value."""
    if value is None:
        return ""
    words, shown = tr(unit), number(value, DECIMALS)
    if not words:
        return shown
    tight = words == "%" and locale() != "fr_CA"
    return f"{shown}{'' if tight else NBSP}{words}"


def when(value: date | None, precision: str = Precision.DAY) -> str:
    """Return a date as precisely as it is known: 31 mars 2023, or 2023; empty for none."""
    if value is None:
        return ""
    return str(value.year) if precision == Precision.YEAR else day(value)


def not_published() -> str:
    """Return what stands where a value was not read."""
    return _("Not published")


def exact(value: Decimal | None) -> str | None:
    """Return a value as files write it: a point, no exponent, no useless zero."""
    return None if value is None else f"{value.normalize():f}"
