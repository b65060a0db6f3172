"""For the operator: is it alive, is it ready, how much work waits."""

from django.conf import settings
from django.db import connection
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    JsonResponse,
)
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from parvis.core import metrics
from parvis.core.models import Event, Job
from parvis.ledger.models import Leaf


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The database answers and the home can be written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    marker = settings.HOME / ".ready"
    marker.touch()
    return JsonResponse({"database": True, "home": True})


@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Measures in Prometheus format."""
    metrics.pending_events.set(Event.objects.filter(pending=True).count())
    metrics.waiting_jobs.set(Job.objects.filter(state__in=["waiting", "running"]).count())
    metrics.unsequenced_leaves.set(Leaf.objects.filter(index__isnull=True).count())
    return HttpResponse(metrics.page(), content_type="text/plain; version=0.0.4")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Where the icon is: browsers ask for it beside feeds and files, which cannot name it."""
    return HttpResponsePermanentRedirect(static("site/icon.svg"))
