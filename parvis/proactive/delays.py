"""The legal delay of an access request. Pure.

Loi sur l’accès, chapitre A-2.1, article 47: an answer within the twenty days that follow the day
on which the request is received, ten more when the organisation extends it. Calendar days.
"""

from dataclasses import dataclass
from datetime import date, timedelta

DAYS, EXTENSION_DAYS, SECTION = 20, 10, 47


@dataclass(frozen=True)
class Delay:
    """Due day, days taken so far, and how many days late (0: not late)."""

    due: date
    days: int
    late: int
    answered: bool


def due_on(received: date, extended: bool) -> date:
    """Return the last day on which an answer is in time."""
    return received + timedelta(days=DAYS + (EXTENSION_DAYS if extended else 0))


def delay_of(received: date, answered: date | None, due: date, today: date) -> Delay:
    """Return where a request stands; what has no answer is counted until today."""
    until = answered or max(today, received)
    late = max(0, (until - due).days)
    return Delay(due, (until - received).days, late, answered is not None)
