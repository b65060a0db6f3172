"""The secret link of a reader without an account: what was given to read, and what they say.

Whoever holds the address may read and comment this review, and nothing else. The page is never
kept, indexed nor told to another site. Its forms carry no token against forgery: with
`no-referrer` browsers send no origin, and no other site can know the address, which is the secret.
"""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from parvis.consult.approval import forms, queries, services
from parvis.consult.approval.models import Review
from parvis.consult.approval.pages import WHOLE, anchor_of, back, open_forms, sent
from parvis.core.desk import editing, key_of


@csrf_exempt
@editing
def reading(request: HttpRequest, secret: str) -> HttpResponse:
    """What was given to read, line by line, with a form on each; closed once it is decided."""
    reviewer = services.reviewer_of(secret)
    review = reviewer.review
    given: dict[str, Any] = {"comment": forms.CommentForm(anchor=WHOLE)}
    status = 200
    if request.method == "POST":
        form = given["comment"] = forms.CommentForm(request.POST, anchor=anchor_of(request.POST))
        status = sent(form, lambda: services.comment(
            review=review, secret=secret, field=form.cleaned_data["field"],
            body=form.cleaned_data["body"],
            key=key_of(form, f"comment:{reviewer.pk}"),
        ))  # fmt: skip
        if status == 303:
            return _private(HttpResponseRedirect(back(request), status=303))
    elif request.method == "GET":
        services.note_opened(reviewer)
    rows, whole = queries.sections(review, reviewer)
    all_forms = open_forms(rows, given)
    context = {
        "review": review, "reviewer": reviewer, "rows": rows, "whole": whole, "forms": given,
        "open": review.state == Review.State.WAITING, "section": "consultations",
        "all_forms": all_forms, "consultation": review.consultation, "without_token": True,
        "wrong": sum(len(form.errors) for form in all_forms),
    }  # fmt: skip
    with timezone.override(ZoneInfo(review.snapshot["time_zone"])):
        return _private(render(request, "approval/secret.html", context, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
