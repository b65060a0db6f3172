"""How every form looks: one field template, errors beside the field and in a summary."""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting

from parvis.core.errors import Invalid
from parvis.core.ids import new_token


class Renderer(TemplatesSetting):
    """Django's renderer with our field template."""

    form_template_name = "core/forms/form.html"
    field_template_name = "core/forms/field.html"


class KeyedForm(forms.Form):
    """A form that carries an idempotency key: sent twice, it has one effect."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].initial = new_token()


def put_errors(form: forms.BaseForm, refusal: Invalid) -> None:
    """Put a service's messages on the fields of `form`; unknown fields go to the summary."""
    for field, messages in refusal.errors.items():
        place = field if field in form.fields else None
        for message in messages:
            form.add_error(place, str(message))
