"""Being written."""

from django.http import HttpRequest, HttpResponse


def _page(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return HttpResponse("desk")


new = overview = about = influence = privacy = dates = activities = open_ = extend = _page
contributions_list = _page
