"""The desk page of equivalent words: one box a language, one group a line."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from parvis.core.desk import editing, submitted
from parvis.core.models import Event
from parvis.core.synonyms import services

VERSIONS_SHOWN = 10
CHARACTERS_MAX = 100_000


class GroupsForm(forms.Form):
    """One box for each language."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for code, name in settings.LANGUAGES:
            self.fields[code] = forms.CharField(
                label=name,
                required=False,
                max_length=CHARACTERS_MAX,
                help_text=_("One group a line, words between commas: “bike, bicycle, cycling”."),
                widget=forms.Textarea(attrs={"rows": 12, "lang": code}),
            )


@editing
def edit(request: HttpRequest) -> HttpResponse:
    """Write the groups; who may is who writes the pages of the site."""
    services.require(request.actor)  # type: ignore[attr-defined]
    stand = {
        code: "\n".join(", ".join(words) for words in groups)
        for code, groups in services.written().items()
    }
    form = GroupsForm(request.POST or None, initial=stand)

    def act() -> str:
        changed = services.save(actor=request.actor, texts=form.cleaned_data)  # type: ignore[attr-defined]
        messages.success(request, _("Saved.") if changed else _("Nothing changed."))
        return reverse("desk_synonyms")

    versions = Event.objects.filter(verb="synonyms.changed").select_related("actor")
    context = {"versions": versions.order_by("-pk")[:VERSIONS_SHOWN]}
    return submitted(request, form, act, "synonyms/desk.html", context)
