"""What waits for somebody among discussions of data: messages to read, questions to answer."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.catalogue.discussing import queries
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.templatetags.parvis import number
from parvis.site.data_tasks import Found

LATE_DAYS = 15
"""An answer that a person waits for so long is late."""


def found(actor: Actor) -> Iterator[Found]:
    """Return what waits for this person among discussions: three queries at most."""
    url = reverse("desk_data_discussions")
    if access.can(actor, "moderate") and (n := queries.to_read_count()):
        title = ngettext("%(n)s message about data to read", "%(n)s messages about data to read", n)
        words = _("Nobody sees it before somebody read it.")
        yield Found(n, title % {"n": number(n)}, words, url, _("Read the messages"))
    if not access.can(actor, "manage_catalogue"):
        return
    if rows := queries.unanswered(actor):
        n, days = len(rows), rows[0].days
        title = ngettext(
            "%(n)s discussion of data without answer", "%(n)s discussions of data without answer", n
        )
        words = (
            ngettext("The oldest waits for %(n)s day.", "The oldest waits for %(n)s days.", days)
            % {"n": number(days)}
            if days
            else _("The oldest came today.")
        )
        late = days >= LATE_DAYS
        title = title % {"n": number(n)}
        yield Found(n, title, words, url, _("Answer"), late=late, urgent=late)
