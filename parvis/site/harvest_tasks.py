"""What harvests leave to a person, on the desk's first page; broken links are in `data_tasks`."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.catalogue.harvest import queries
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.templatetags.parvis import number


@dataclass(frozen=True)
class Found:
    """A task, in the words of the desk's page."""

    count: int
    title: str
    words: str
    url: str
    action: str


def found(actor: Actor) -> Iterator[Found]:
    """Return what was archived this month, and the sources whose last run failed."""
    if not access.can(actor, queries.ACTION):
        return
    counts = queries.desk_counts(actor)
    if n := counts["archived"]:
        title = ngettext(
            "%(n)s archived dataset: its source lost it",
            "%(n)s archived datasets: their sources lost them",
            n,
        )
        words = _("Leave them so, or bring them back in one click.")
        yield _task(n, title, words, "desk_harvest", _("See the sources"))
    if n := counts["failed_runs"]:
        title = ngettext("%(n)s harvest failed", "%(n)s harvests failed", n)
        words = _("What was harvested before stays as it was.")
        yield _task(n, title, words, "desk_harvest", _("See why"))


def _task(n: int, title: str, words: str, where: str, action: str) -> Found:
    return Found(n, title % {"n": number(n)}, words, reverse(where), action)
