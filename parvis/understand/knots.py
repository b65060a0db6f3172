"""The thread's knot of themes: how many, said by how many, or being read."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from parvis.core import kinds
from parvis.core.i18n import tr
from parvis.core.kinds import Knot
from parvis.core.models import Link, Node, State
from parvis.core.templatetags.parvis import number
from parvis.understand.queries import counted


def knots(ids: Sequence[UUID]) -> list[Knot]:
    """Return one knot for these themes (drafts are only said to be in preparation)."""
    rows = list(Node.objects.filter(pk__in=ids).select_related("space").order_by("pk"))
    shown = [row for row in rows if row.state == State.PUBLIC]
    if not shown:
        if not any(row.state == State.DRAFT for row in rows):
            return []
        return [Knot(_("Themes"), _("being read"), _("not published yet"), "current")]
    n = len(shown)
    count = ngettext("%(n)s theme", "%(n)s themes", n) % {"n": number(n)}
    if n == 1:
        return [Knot(_("Theme"), count, tr(shown[0].title), "done", kinds.url(shown[0]))]
    voices = (
        Link.objects.filter(counted(), relation="expresses", target__in=shown)
        .order_by()
        .values("source_id")
        .distinct()
        .count()
    )
    words = ngettext("from %(n)s contribution", "from %(n)s contributions", voices)
    spaces = {row.space_id for row in shown}
    address = kinds.url(shown[0]) if len(spaces) == 1 else None
    place = f"{address.split('#')[0]}#themes" if address else None
    return [Knot(_("Themes"), count, words % {"n": number(voices)}, "done", place)]
