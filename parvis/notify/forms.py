"""Asking for news."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class SubscribeForm(forms.Form):
    """An address, and what it wants news of; `what` is asked only where there is a choice."""

    email = forms.EmailField(
        label=_("Your e-mail address"),
        help_text=_("It serves these messages only. You will receive a link to confirm it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Write your e-mail address."),
            "invalid": _("Write a complete address, such as name@example.org."),
        },
    )
    what = forms.ChoiceField(
        label=_("What do you want news of?"),
        choices=[("node", _("This page")), ("site", _("Everything that is published here"))],
        required=False,
        initial="node",
    )

    def __init__(self, *args: Any, choice: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not choice:
            del self.fields["what"]


class AddressForm(forms.Form):
    """An address that somebody asks about."""

    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("It is looked for under its keyed digest, and kept nowhere."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": _("Write a complete address, such as name@example.org.")},
    )
