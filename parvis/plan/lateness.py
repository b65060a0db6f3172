"""Late or not: pure dates, today an argument. A closed plan keeps its state, no delay runs."""

from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.core.i18n import NBSP
from parvis.core.templatetags.parvis import day, locale, number
from parvis.plan.values import Precision

DONE, LATE, CURRENT, PROMISED = "done", "late", "current", "promised"
ENDED, UNREAD = "ended", "unread"
KNOT_STATES = {ENDED: "dropped", UNREAD: "promised"}


def when(value: date | None, precision: str = Precision.DAY) -> str:
    """A date in words, as precisely as it is known: 31 mars 2023, or mars 2023."""
    if value is None:
        return ""
    if precision == Precision.MONTH:
        return format_date(value, "MMMM y", locale=locale()).replace(" ", NBSP)
    return day(value)


@dataclass(frozen=True)
class Term:
    """A day by which something is due, how precisely it is known, and whose day it is."""

    on: date | None = None
    precision: str = Precision.DAY
    of: str = ""

    @property
    def words(self) -> str:
        """The day in words, in the reader's language."""
        return when(self.on, self.precision)


@dataclass(frozen=True)
class Lateness:
    """Where something stands on a day.

    state: done; late (by `days`); current (something is reported); promised (nothing yet);
    ended (its plan closed before it was complete); unread (its plan is closed and nothing was
    reported in our sources). `term` is when it is due; `end` when its plan closed.
    """

    state: str
    days: int = 0
    term: Term = Term()
    end: Term = Term()
    not_started: bool = False

    @property
    def is_late(self) -> bool:
        """Whether a delay runs."""
        return self.state == LATE

    @property
    def knot(self) -> str:
        """The state as the style sheet draws it: done, late, current, promised, dropped."""
        return KNOT_STATES.get(self.state, self.state)

    @property
    def words(self) -> str:
        """One phrase, in the reader's language."""
        if self.state == DONE:
            return _("Complete")
        if self.state == LATE:
            words = ngettext("Late by %(days)s day", "Late by %(days)s days", self.days)
            return words % {"days": number(self.days)}
        if self.state in (ENDED, UNREAD):
            return self._at_the_end()
        if self.term.on is None:
            return _("No due date was read")
        if self.state == CURRENT:
            return _("Under way, due %(date)s") % {"date": self.term.words}
        return _("Due %(date)s") % {"date": self.term.words}

    def _at_the_end(self) -> str:
        if self.state == UNREAD:
            return _("Outcome not read")
        if self.end.on is None:
            if self.not_started:
                return _("Not started at the end of the plan (date not read)")
            return _("Not completed at the end of the plan (date not read)")
        date_words = {"date": self.end.words}
        if self.not_started:
            return _("Not started at the end of the plan, %(date)s") % date_words
        return _("Not completed at the end of the plan, %(date)s") % date_words


def judge(
    *,
    done: bool,
    reported: bool,
    closed: bool,
    term: Term,
    end: Term,
    today: date,
    not_started: bool = False,
) -> Lateness:
    """Return where something stands on `today`.

    It is late from the day after `term`; nothing is late in a closed plan.
    """
    if done:
        return Lateness(DONE, term=term, end=end)
    if closed:
        return Lateness(ENDED if reported else UNREAD, 0, term, end, not_started)
    if term.on is not None and today > term.on:
        return Lateness(LATE, (today - term.on).days, term, end, not_started)
    return Lateness(CURRENT if reported and not not_started else PROMISED, 0, term, end)
