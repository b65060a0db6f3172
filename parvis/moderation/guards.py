"""What keeps machines out of public forms without asking people anything.

A field that people do not see, and the time a form took: signed, so that it cannot be made up.
Nothing is kept and nothing is asked of a third party.
"""

import time
from typing import Any

from django import forms
from django.conf import settings
from django.core import signing
from django.utils.translation import gettext_lazy as _

from parvis.core.forms import KeyedForm

SECONDS_MIN = 0 if settings.TESTING else 3
"""A form sent sooner was not read; what was typed is kept and can be sent again at once."""
_SALT = "parvis.form"


class HumanForm(KeyedForm):
    """A keyed form with a trap field and the signed moment at which it was first shown."""

    website = forms.CharField(
        required=False,
        label=_("Leave this field empty"),
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )
    opened = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["opened"].initial = signing.dumps(int(time.time()), salt=_SALT)

    def clean(self) -> dict[str, Any]:
        """Refuse, in words, what no person does; the text stays in the form."""
        data = super().clean() or self.cleaned_data
        if data.get("website"):
            # A browser may have filled it by itself: emptied, so that a person can send again.
            self._put("website", "")
            raise forms.ValidationError(
                _("A hidden field was filled in, as machines do. Nothing is lost: send it again.")
            )
        try:
            opened = signing.loads(data.get("opened", ""), salt=_SALT)
        except signing.BadSignature:
            self._put("opened", signing.dumps(int(time.time()), salt=_SALT))
            raise forms.ValidationError(
                _("This form was incomplete. Nothing is lost: read it again, then send it.")
            ) from None
        if time.time() - opened < SECONDS_MIN:
            raise forms.ValidationError(
                _("This was sent very fast. Nothing is lost: read it again, then send it.")
            )
        return data

    def _put(self, name: str, value: str) -> None:
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data[name] = value  # type: ignore[index]
