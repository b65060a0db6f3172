"""What the desk's page and the secret link share: sending a form, coming back to the same line."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpRequest

from parvis.consult.approval import forms, queries
from parvis.core.errors import Closed, Conflict, Invalid, TooMany
from parvis.core.forms import put_errors

WHOLE = "tout"
"""The place of what is said of the whole."""


def sent(form: Form, act: Callable[[], Any]) -> int:
    """Do what a valid form asks; return 303 when done, else the status with words on the form."""
    if not form.is_valid():
        return 422
    try:
        act()
    except Invalid as refusal:
        put_errors(form, refusal)
        return refusal.status
    except (Conflict, Closed, TooMany) as refusal:
        form.add_error(None, str(refusal))
        return refusal.status
    return 303


def back(request: HttpRequest) -> str:
    """Where one was on the page."""
    anchor = request.POST.get("anchor", "")
    return f"{request.path}#{anchor}" if anchor.replace("-", "").isalnum() else request.path


def open_forms(sections: list[queries.Section], given: dict[str, Any]) -> list[Any]:
    """Give each line a form; the one that was sent and refused keeps what was typed.

    Return every form of the page that may hold errors.
    """
    sent = given["comment"]
    for section in sections:
        for row in section.rows:
            row.form = forms.CommentForm(initial={"field": row.line.field}, anchor=row.anchor)
            if sent.is_bound and sent.data.get("field") == row.line.field:
                row.form = sent
                given["comment"] = forms.CommentForm(anchor=WHOLE)
    return [sent, *(form for form in given.values() if form is not sent)]


def anchor_of(data: Any) -> str:
    """Return the line that a form sent comes from, or the place of the whole."""
    anchor = str(data.get("anchor", ""))
    return anchor if anchor.replace("-", "").isalnum() else WHOLE
