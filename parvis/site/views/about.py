"""What the site promises, how accessible it is, what it keeps of people, how to reuse it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from parvis.consult.models import Consultation
from parvis.core.models import State
from parvis.core.pages import public_page
from parvis.site.accessibility import limits, measured
from parvis.site.context import current_site
from parvis.site.cookies import in_force


@require_safe
def guarantees(request: HttpRequest) -> HttpResponse:
    """Ten promises, each with where to check it now; their limits on the same page."""
    return public_page(request, "site/about/guarantees.html", {})


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """What is done, what is checked, whom to write to."""
    site = current_site()
    context = {"measured": measured(), "limits": limits(site)}
    return public_page(request, "site/about/accessibility.html", context)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What the site keeps of people; the notice of each consultation."""
    rows = Consultation.objects.filter(
        node__state=State.PUBLIC, retention_on__gte=timezone.localdate()
    ).select_related("node")
    context = {"consultations": rows.order_by("-node__published_at")[:50]}
    return public_page(request, "site/about/privacy.html", context)


@require_safe
def cookies(request: HttpRequest) -> HttpResponse:
    """Every cookie that the settings in force let the site set."""
    return public_page(request, "site/about/cookies.html", {"cookies": in_force()})


@require_safe
def api_guide(request: HttpRequest) -> HttpResponse:
    """Addresses for machines, with examples ready to paste."""
    return public_page(request, "site/about/api.html", {"base": settings.SITE_URL})
