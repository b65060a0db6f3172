"""News of a committee as Atom: meetings, advice, replies, and what is late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext as _

from parvis.collaborate import queries
from parvis.collaborate.models import Committee, Meeting
from parvis.core import kinds
from parvis.core.feeds import AtomFeed
from parvis.core.i18n import tr
from parvis.core.models import State
from parvis.core.templatetags.parvis import day

ITEMS_MAX = 50


@dataclass(frozen=True)
class Entry:
    """One piece of news. `guid` never changes, so that a reader shows each once."""

    guid: str
    title: str
    words: str
    path: str
    at: datetime


def _at(value: date) -> datetime:
    return timezone.make_aware(datetime.combine(value, time.min))


def entries(committee: Committee, *, today: date) -> list[Entry]:
    """Return the news of a committee, the newest first; lateness is told from its first day."""
    found: list[Entry] = []
    page = kinds.url(committee.node) or ""
    standing = queries.standings([committee], today=today)[0]
    for meeting in queries.public_meetings().filter(committee=committee)[:ITEMS_MAX]:
        node, status = meeting.node, Meeting.Status(meeting.status)
        title = _("Meeting of %(date)s: %(state)s") % {
            "date": day(meeting.on), "state": str(status.label).lower(),
        }  # fmt: skip
        words = tr(meeting.minutes or meeting.cancel_reason or meeting.agenda)
        at = node.published_at or node.created_at
        if status == Meeting.Status.HELD:
            at = max(at, _at(meeting.on))
        guid = f"urn:uuid:{node.pk}#{status}"
        found.append(Entry(guid, title, words, kinds.url(node) or page, at))
    for row in standing.replies[:ITEMS_MAX]:
        advice, node = row.advice, row.advice.node
        if node.state != State.PUBLIC:
            continue
        path, name = kinds.url(node) or page, tr(node.title)
        at = node.published_at or node.created_at
        title = _("Advice: %(title)s") % {"title": name}
        found.append(Entry(f"urn:uuid:{node.pk}", title, tr(advice.text), path, at))
        if advice.replied_on:
            title = _("The government replies: %(title)s") % {"title": name}
            guid = f"urn:uuid:{node.pk}#reply"
            found.append(Entry(guid, title, tr(advice.reply), path, _at(advice.replied_on)))
        if row.days:
            title = _("Late: no reply to “%(title)s”") % {"title": name}
            words = _("The reply was due on %(date)s.") % {"date": day(advice.reply_due)}
            at = _at(advice.reply_due + timedelta(days=1))
            found.append(Entry(f"urn:uuid:{node.pk}#late", title, words, path, at))
    rhythm = standing.rhythm
    if rhythm.is_late and rhythm.due:
        title = _("Late: the committee has not met")
        words = _("A meeting was due by %(date)s.") % {"date": day(rhythm.due)}
        guid = f"urn:uuid:{committee.pk}#late-{rhythm.due.isoformat()}"
        found.append(Entry(guid, title, words, page, _at(rhythm.due + timedelta(days=1))))
    return sorted(found, key=lambda entry: (entry.at, entry.guid), reverse=True)[:ITEMS_MAX]


class CommitteeFeed(AtomFeed):
    """News of one committee."""

    def get_object(self, request: HttpRequest, slug: str) -> Committee:
        """The committee; 404 when it is not public."""
        found = queries.public_committees().filter(node__slug=slug).first()
        if found is None:
            raise Http404
        return found

    def title(self, obj: Committee) -> str:
        """Its name."""
        return tr(obj.node.title)

    def subtitle(self, obj: Committee) -> str:
        """What it holds."""
        return _("Meetings, advice, replies, and what is late.")

    def link(self, obj: Committee) -> str:
        """Its page."""
        return f"{settings.SITE_URL}{kinds.url(obj.node)}"

    def feed_url(self, obj: Committee) -> str:
        """Its own address."""
        return settings.SITE_URL + reverse("committee_feed", args=[obj.node.slug])

    def items(self, obj: Committee) -> Sequence[Entry]:
        """The news."""
        return entries(obj, today=timezone.localdate())

    def item_title(self, item: Entry) -> str:
        """What happened."""
        return item.title

    def item_description(self, item: Entry) -> str:
        """The words. Django writes them as HTML: they are escaped before."""
        return escape(item.words)

    def item_link(self, item: Entry) -> str:
        """The page."""
        return f"{settings.SITE_URL}{item.path}"

    def item_guid(self, item: Entry) -> str:
        """The same in every language and for ever."""
        return item.guid

    def item_pubdate(self, item: Entry) -> datetime:
        """When it happened."""
        return item.at

    def item_updateddate(self, item: Entry) -> datetime:
        """The same."""
        return item.at
