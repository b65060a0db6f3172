"""Requests for data and their answers, as Atom (RFC 4287)."""

from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _

from parvis.catalogue.asking import queries
from parvis.catalogue.asking.models import DataRequest, Stage
from parvis.core.feeds import AtomFeed
from parvis.core.i18n import tr

ENTRIES_MAX = 50


class RequestFeed(AtomFeed):
    """The latest requests, each with its state and its last answer; the list's filters hold."""

    def get_object(self, request: HttpRequest, *args: object, **kwargs: object) -> queries.Asked:
        """The filters of the address."""
        return queries.Asked.of(request.GET)

    def title(self) -> str:
        """The feed's title."""
        return _("Requests for data")

    def link(self) -> str:
        """The list's page."""
        return reverse("data_requests")

    def items(self, obj: queries.Asked) -> list[DataRequest]:
        """Newest first, with their answers."""
        return list(queries.public(obj).prefetch_related("answers")[:ENTRIES_MAX])

    def item_title(self, item: DataRequest) -> str:
        """Its title and its state."""
        return f"{tr(item.node.title)} – {Stage(item.stage).label}"

    def item_description(self, item: DataRequest) -> str:
        """What is asked, then the last answer. Django writes it as HTML: escaped before."""
        answers = list(item.answers.all())
        said = tr(answers[-1].words) if answers else ""
        return escape("\n\n".join(part for part in (item.wanted, said) if part))

    def item_link(self, item: DataRequest) -> str:
        """Its page."""
        return reverse("data_request", args=[item.node.slug])

    def item_guid(self, item: DataRequest) -> str:
        """Its identifier, the same in every language."""
        return item.node.pk.urn

    def item_pubdate(self, item: DataRequest) -> datetime | None:
        """When it became public."""
        return item.node.published_at

    def item_updateddate(self, item: DataRequest) -> datetime | None:
        """When it was answered last."""
        answers = list(item.answers.all())
        return answers[-1].at if answers else item.node.published_at
