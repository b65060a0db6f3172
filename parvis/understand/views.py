"""The feed of late answers: whoever wants to know is told by their own reader."""

from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.core import kinds
from parvis.core.i18n import tr
from parvis.core.templatetags.parvis import day
from parvis.understand import queries

ENTRIES_MAX = 200


def late_answers_feed(request: HttpRequest) -> HttpResponse:
    """Atom: one entry a theme whose answer was promised for a day that has passed.

    An entry goes when the answer is published; nothing else removes it.
    """
    feed = Atom1Feed(
        title=_("Late answers"),
        link=settings.SITE_URL + reverse("home"),
        description=_("Themes of consultations that are not answered on the promised day."),
        language=get_language() or "fr",
        feed_url=settings.SITE_URL + request.path,
        feed_guid=f"{settings.SITE_URL}{request.path}",
    )
    for theme in queries.late_themes()[:ENTRIES_MAX]:
        due = theme.response_due
        if due is None:
            continue
        late_since = datetime.combine(due + timedelta(days=1), time(), UTC)
        feed.add_item(
            title=_("Late answer: %(theme)s") % {"theme": tr(theme.node.title)},
            link=settings.SITE_URL + (kinds.url(theme.node) or ""),
            # Written as HTML (`type="html"`): text is escaped before.
            description=escape(
                _("%(consultation)s: the answer was promised for %(date)s.")
                % {"consultation": tr(theme.space.title), "date": day(due)}
            ),
            unique_id=f"urn:uuid:{theme.pk}",
            updateddate=late_since,
            pubdate=late_since,
        )
    response = HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml")
    response.public_seconds = 60  # type: ignore[attr-defined]
    return response
