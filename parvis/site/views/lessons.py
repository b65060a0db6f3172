"""“Understanding data”: the list of lessons, and one."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from parvis.core.pages import public_page
from parvis.site import lessons as content


@require_safe
def lessons(request: HttpRequest) -> HttpResponse:
    """The three lessons; one whose table is not here says so."""
    context = {"section": "data", "rows": content.available()}
    return public_page(request, "lessons/list.html", context)


@require_safe
def lesson(request: HttpRequest, slug: str) -> HttpResponse:
    """One lesson, computed from the table as it is now."""
    found = content.BY_SLUG.get(slug)
    if found is None:
        raise Http404
    context = {"section": "data", "lesson": found, "shown": content.shown(found)}
    return public_page(request, "lessons/lesson.html", context)
