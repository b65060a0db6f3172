"""What waits for somebody among requests for data: some to read, some to answer, some late."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.catalogue.asking import queries
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.templatetags.parvis import day, number
from parvis.site.data_tasks import Found


def found(actor: Actor) -> Iterator[Found]:
    """Return what waits for this person among requests for data: two queries at most."""
    url = reverse("desk_data_requests")
    if access.can(actor, "moderate") and (n := queries.waiting().count()):
        title = ngettext("%(n)s request for data to read", "%(n)s requests for data to read", n)
        words = _("Nobody sees it before somebody read it; its days run already.")
        yield Found(n, title % {"n": number(n)}, words, url, _("Read the requests"))
    if not access.can(actor, "manage_catalogue"):
        return
    rows = queries.to_answer(actor)
    if late := [row for row in rows if queries.days_late(row)]:
        n = len(late)
        title = ngettext("%(n)s late request for data", "%(n)s late requests for data", n)
        words = _("The public page says for how many days.")
        yield Found(n, title % {"n": number(n)}, words, url, _("Answer"), late=True)
    if left := [row for row in rows if row.stage in queries.UNANSWERED and row not in late]:
        n = len(left)
        title = ngettext("%(n)s request for data to answer", "%(n)s requests for data to answer", n)
        words = _("The first answer is due on %(day)s.") % {"day": day(min(r.due for r in left))}
        yield Found(n, title % {"n": number(n)}, words, url, _("Answer"), urgent=False)
