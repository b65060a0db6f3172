"""Sending a reuse: its form is kept from machines by what moderation knows."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language

from parvis.core.desk import editing, key_of, submitted
from parvis.innovation import services
from parvis.innovation.forms import ReuseFields
from parvis.moderation.guards import HumanForm


class ReuseForm(ReuseFields, HumanForm):
    """A reuse, with the trap field and the signed moment of forms that everybody may send."""


@editing
def reuse_new(request: HttpRequest) -> HttpResponse:
    """Send what one made with data of the portal; no account is needed."""
    form = ReuseForm(request.POST or None, initial={"datasets": request.GET.getlist("dataset")})

    def act() -> str:
        data = form.cleaned_data
        sent = services.submit_reuse(
            actor=request.actor,  # type: ignore[attr-defined]
            title=data["title"],
            fields={name: data[name] for name in ("author_name", "what", "url", "description")},
            datasets=[UUID(value) for value in data["datasets"]],
            language=(get_language() or "fr")[:2],
            key=key_of(form, "reuse"),
        )
        return reverse("reuse_code", args=[sent.code])

    return submitted(request, form, act, "reuses/new.html", {"section": "data"})
