"""What every template knows: whose site this is, the language, the other language's address."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import translate_url
from django.utils import timezone
from django.utils.translation import get_language

from parvis.core import cache
from parvis.core.models import Site
from parvis.pages import standing

SHEETS = [f"site/{name}.css" for name in ("tokens", "base", "components", "pages", "print")]
# Fetched at installation; without Node there is none, and pages use the system's fonts.
if (settings.BASE_DIR / "parvis/site/static/vendor/fonts.css").exists():
    SHEETS.insert(0, "vendor/fonts.css")


@cache.per_generation
def current_site() -> Site | None:
    """Return the site's row, read again when anything public changed."""
    return Site.objects.select_related("organisation__node").first()


# An address is resolved, then written again, each time it is translated.
_translated = lru_cache(maxsize=4096)(translate_url)


def site(request: HttpRequest) -> dict[str, Any]:
    """Context of every page."""
    language = (get_language() or "fr")[:2]
    other = "en" if language == "fr" else "fr"
    path = request.get_full_path()
    actor = getattr(request, "actor", None)
    return {
        "site": current_site(),
        "language": language,
        "other_language": other,
        "other_language_url": _translated(path, other),
        "demo": settings.DEMO,
        "actor": actor,
        "signed_in": actor is not None and actor.person is not None,
        "site_url": settings.SITE_URL,
        "sheets": SHEETS,
        "announcements": standing.announcements(timezone.now()),
    }
