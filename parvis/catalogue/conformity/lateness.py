"""Whether a dataset is up to date against the frequency that it announces."""

from collections.abc import Mapping
from datetime import datetime, timedelta

# The longest time between two updates, with one day more for what is counted in days.
PERIODS: Mapping[str, timedelta] = {
    "continuous": timedelta(days=1),
    "hourly": timedelta(days=1),
    "daily": timedelta(days=2),
    "weekly": timedelta(days=8),
    "fortnightly": timedelta(days=15),
    "bimonthly": timedelta(days=17),
    "monthly": timedelta(days=32),
    "quarterly": timedelta(days=93),
    "semiannual": timedelta(days=185),
    "annual": timedelta(days=367),
    "biennial": timedelta(days=732),
    "triennial": timedelta(days=1097),
    "quinquennial": timedelta(days=1828),
}
"""What is irregular, as needed, not planned or archived promises no date: it is never late."""


def due(frequency: str, last: datetime | None) -> datetime | None:
    """Return when the next update is due, or None when none was promised."""
    period = PERIODS.get(frequency)
    return last + period if period and last else None


def late_since(frequency: str, last: datetime | None, now: datetime) -> datetime | None:
    """Return since when an update is missing, or None when it is up to date."""
    moment = due(frequency, last)
    return moment if moment and moment < now else None
