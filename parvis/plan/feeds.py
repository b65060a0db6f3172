"""News of commitments as Atom: every report and evaluation, the newest first."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _

from parvis.core import kinds
from parvis.core.feeds import AtomFeed
from parvis.core.i18n import tr
from parvis.core.models import Node, State
from parvis.plan import queries
from parvis.plan.models import Commitment, Evaluation, ProgressUpdate
from parvis.plan.values import Completion

ITEMS_MAX = 50
News = ProgressUpdate | Evaluation


class CommitmentsFeed(AtomFeed):
    """News of every public commitment."""

    def title(self, obj: Commitment | None = None) -> str:
        """Name of the feed."""
        return _("Commitments: what was done")

    def subtitle(self, obj: Commitment | None = None) -> str:
        """What it holds."""
        return _("Each progress report and each evaluation, the newest first.")

    def link(self, obj: Commitment | None = None) -> str:
        """The page it tells of."""
        return settings.SITE_URL + reverse("commitments")

    def feed_url(self, obj: Commitment | None = None) -> str:
        """Its own address."""
        one = reverse("commitment_feed", args=[obj.node.slug]) if obj else ""
        return settings.SITE_URL + (one or reverse("commitments_feed"))

    def items(self, obj: Commitment | None = None) -> Sequence[News]:
        """The newest reports and evaluations, of one commitment when given."""
        chosen = {"commitment": obj} if obj else {}
        shown = {"node__state": State.PUBLIC, "commitment__node__state": State.PUBLIC, **chosen}
        near = ("node__space", "commitment__node", "commitment__plan")
        found: list[News] = []
        for model in (ProgressUpdate, Evaluation):
            rows = model.objects.filter(**shown).select_related(*near)
            found.extend(rows.order_by("-node__published_at", "-pk")[:ITEMS_MAX])
        found.sort(key=lambda item: (item.node.published_at, item.pk), reverse=True)
        return found[:ITEMS_MAX]

    def item_title(self, item: News) -> str:
        """The commitment, then what is new."""
        name = tr(item.commitment.node.title if item.commitment else item.node.title)
        if isinstance(item, Evaluation):
            return _("%(name)s: %(what)s") % {"name": name, "what": item.get_kind_display()}
        level = Completion(item.completion).label if item.completion else _("progress report")
        return _("%(name)s: %(what)s") % {"name": name, "what": level}

    def item_description(self, item: News) -> str:
        """What was done, and why it is not finished."""
        texts = [tr(item.text)]
        if isinstance(item, ProgressUpdate) and item.why:
            texts.append(_("Why it is not finished: %(why)s") % {"why": tr(item.why)})
        # Django writes descriptions as HTML (`type="html"`): text is escaped before.
        return escape("\n\n".join(texts))

    def item_link(self, item: News) -> str:
        """The place on the commitment's page."""
        return f"{settings.SITE_URL}{kinds.url(item.node)}"

    def item_guid(self, item: News) -> str:
        """The same in every language and for ever."""
        return f"urn:uuid:{item.node.pk}"

    def item_pubdate(self, item: News) -> datetime:
        """When it was recorded here."""
        return _recorded(item.node)

    def item_updateddate(self, item: News) -> datetime:
        """The same: a report is never edited."""
        return _recorded(item.node)


class CommitmentFeed(CommitmentsFeed):
    """News of one commitment."""

    def get_object(self, request: HttpRequest, slug: str) -> Commitment:
        """The commitment; 404 when it is not public."""
        found = queries.public_commitments().filter(node__slug=slug).first()
        if found is None:
            raise Http404
        return found

    def title(self, obj: Commitment | None = None) -> str:
        """Its title."""
        return tr(obj.node.title) if obj else ""

    def link(self, obj: Commitment | None = None) -> str:
        """Its page."""
        return f"{settings.SITE_URL}{kinds.url(obj.node)}" if obj else settings.SITE_URL


def _recorded(node: Node) -> datetime:
    return node.published_at or node.created_at
