"""Who may write the site's own pages."""

from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Forbidden


def require_pages(actor: Actor) -> None:
    """Return when `actor` may write pages, news, pictures, announcements and the home page.

    They are the whole site's: a role on one organisation is not enough. Raises SignInNeeded,
    Forbidden.
    """
    access.require(actor, "manage_pages")
    if not actor.roles & {access.COORDINATOR, access.OPERATOR}:
        raise Forbidden
