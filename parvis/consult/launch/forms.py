"""Forms of the kit."""

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.consult.launch.models import SOURCE_CHARACTERS
from parvis.core import limits
from parvis.core.forms import KeyedForm, RowForm
from parvis.core.i18n import TextFormField


class QuotationForm(RowForm):
    """The words, who said them, their office and where they can be checked."""

    words = TextFormField(
        rows=4,
        characters_max=limits.REASON_CHARACTERS,
        label=_("The words, as said"),
        help_text=_("Without quotation marks. Nothing is ever written for somebody."),
    )
    name = forms.CharField(max_length=120, label=_("Who said them"))
    office = TextFormField(characters_max=limits.TITLE_CHARACTERS, label=_("Office of that person"))
    source = forms.CharField(
        max_length=500,
        label=_("Where these words can be checked"),
        help_text=_("A web address, or who approved them in writing and when."),
    )
    media_contact = forms.CharField(
        max_length=200,
        required=False,
        label=_("Whom journalists reach"),
        help_text=_("A name, a telephone number, an e-mail address."),
    )


class SourceForm(KeyedForm):
    """A place where the short address is shown."""

    label = forms.CharField(
        max_length=80,
        label=_("Where the address will be shown"),
        help_text=_("For staff only: “Library of Sainte-Foy”, “Newsletter of March”."),
    )
    name = forms.CharField(
        max_length=SOURCE_CHARACTERS,
        required=False,
        label=_("Last word of the address"),
        help_text=_("Letters, digits and hyphens. Left empty, it is made of the above."),
    )
