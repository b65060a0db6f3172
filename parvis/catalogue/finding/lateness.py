"""When the next update of a dataset is expected, by the frequency it announces."""

from collections.abc import Mapping
from datetime import datetime, timedelta

# The longest that each period lasts: a month of 31 days, a year of 366.
_DAYS: Mapping[str, float] = {
    "continuous": 1,
    "hourly": 1 / 24,
    "daily": 1,
    "weekly": 7,
    "fortnightly": 14,
    "bimonthly": 16,
    "monthly": 31,
    "quarterly": 92,
    "semiannual": 184,
    "annual": 366,
    "biennial": 731,
    "triennial": 1096,
    "quinquennial": 1827,
}


def due_at(frequency: str, modified: datetime) -> datetime | None:
    """Return when the next update is expected; None where the frequency promises none."""
    days = _DAYS.get(frequency)
    return None if days is None else modified + timedelta(days=days)
