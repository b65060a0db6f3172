"""The one page of the messages to owners: stop them, or have them again."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from parvis.core.desk import editing
from parvis.site.owners import services


@csrf_exempt
@editing
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop. A page with a button, and the one-click POST of mail programs (RFC 8058).

    Without CSRF token, since the POST comes from a mail server: the token of the address is the
    secret, and no cookie gives a right here.
    """
    row = services.by_token(token)
    if request.method == "POST":
        row = services.stop(token, wanted=request.POST.get("wanted") == "1")
    return render(request, "owners/unsubscribe.html", {"stopped": row.stopped_at is not None})
