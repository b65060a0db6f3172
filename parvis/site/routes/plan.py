"""Pages of the plan that tell what was said, counted where themes are counted."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from parvis.core.models import Node
from parvis.moderation.queries import decisions_on
from parvis.plan import desk_responses, views
from parvis.plan.queries import Said
from parvis.understand import queries as understand


def said_of(themes: Iterable[Node]) -> dict[UUID, Said]:
    """Return theme id -> contributions that express it, of all that count, and one passage."""
    rows = list(themes)
    ids = [row.pk for row in rows]
    counts = understand.counts_of(ids)
    quotes = understand.public_quotes(ids, each=1)
    spaces = {row.space_id: row.space for row in rows if row.space is not None}
    totals = {pk: understand.contributions(space).count() for pk, space in spaces.items()}
    found = {}
    for row in rows:
        quote = next(iter(quotes.get(row.pk, [])), None)
        found[row.pk] = Said(
            counts.get(row.pk, 0),
            totals.get(row.space_id),
            quote.text if quote else "",
            quote.contribution.contribution.language if quote else "fr",
        )
    return found


urlpatterns: list[URLPattern | URLResolver] = [
    path(
        _("commitments/<slug:slug>/"),
        views.commitment,
        {"said_of": said_of, "decisions_of": decisions_on},
        name="commitment",
    ),
    path(_("plans/<slug:slug>/"), views.plan, {"decisions_of": decisions_on}, name="plan"),
    path(
        _("desk/responses/<slug:slug>/"),
        desk_responses.index,
        {"counts_of": understand.counts_of},
        name="desk_responses",
    ),
    path(
        _("desk/responses/<slug:slug>/<slug:theme>/"),
        desk_responses.edit,
        {"counts_of": understand.counts_of},
        name="response_edit",
    ),
]
