"""Forms of innovation."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.forms import DayField, KeyedForm, RowForm, SourcesFormField
from parvis.core.i18n import TextFormField, tr
from parvis.core.models import Node, State
from parvis.innovation.models import (
    AUTHOR_CHARACTERS,
    URL_CHARACTERS,
    Alternative,
    Call,
    Helper,
    Region,
    Reuse,
)

DATASETS_SHOWN = 200


class ReuseFields(forms.Form):
    """What is asked of a reuse; the form of the page adds what keeps machines out."""

    title = forms.CharField(
        max_length=limits.TITLE_CHARACTERS, label=_("Title"),
        help_text=_("The name of what was made."),
    )  # fmt: skip
    what = forms.ChoiceField(
        choices=Reuse.What.choices, label=_("What it is"), widget=forms.RadioSelect
    )
    author_name = forms.CharField(
        max_length=AUTHOR_CHARACTERS, label=_("Made by"),
        help_text=_("A name, a nickname or a group: it is shown."),
    )  # fmt: skip
    url = forms.URLField(
        max_length=URL_CHARACTERS, label=_("Web address"), assume_scheme="https",
        help_text=_("Where one can see it."),
    )  # fmt: skip
    description = forms.CharField(
        max_length=limits.COMMENT_CHARACTERS, label=_("In a few sentences"),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What it does, and what the data served for. 2,000 characters at most."),
    )  # fmt: skip
    datasets = forms.MultipleChoiceField(
        required=False, label=_("Datasets used"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Node.objects.filter(kind="dataset", state=State.PUBLIC)
        self.fields["datasets"].choices = [  # type: ignore[attr-defined]
            (str(node.pk), tr(node.title)) for node in rows.order_by("-pk")[:DATASETS_SHOWN]
        ]


class DecideForm(KeyedForm):
    """Publish a reuse, or say why not."""

    choice = forms.ChoiceField(
        label=_("Decision"), widget=forms.RadioSelect,
        choices=[("accept", _("Publish it")), ("refuse", _("Refuse it, with the reason"))],
    )  # fmt: skip
    motive = TextFormField(
        required=False, rows=3, characters_max=limits.REASON_CHARACTERS, label=_("Reason"),
        help_text=_("For a refusal: the author reads it."),
    )  # fmt: skip


class CallForm(RowForm):
    """A call for projects or a hackathon."""

    title = TextFormField(characters_max=limits.TITLE_CHARACTERS, label=_("Title"))
    what = forms.ChoiceField(
        choices=Call.What.choices, label=_("What it is"), widget=forms.RadioSelect
    )
    opens = DayField(required=False, label=_("First day"))
    closes = DayField(required=False, label=_("Last day"))
    summary = TextFormField(rows=3, label=_("In a few sentences"))
    place = TextFormField(
        required=False, characters_max=limits.SHORT_CHARACTERS, label=_("Where it is held")
    )
    deliverables = TextFormField(required=False, rows=4, label=_("What is expected (Markdown)"))
    url = forms.URLField(required=False, label=_("Where one takes part"), assume_scheme="https")
    results = TextFormField(required=False, rows=6, label=_("What came out of it (Markdown)"))
    sources = SourcesFormField(required=False)


class HelperForm(RowForm):
    """A place or a person that helps."""

    what = forms.ChoiceField(
        choices=Helper.What.choices, label=_("What it is"), widget=forms.RadioSelect
    )
    name = forms.CharField(max_length=160, label=_("Name"))
    region = forms.ChoiceField(choices=[("", _("Choose…")), *Region.choices], label=_("Region"))
    town = forms.CharField(max_length=80, required=False, label=_("Town"))
    helps = TextFormField(
        rows=2, characters_max=limits.SHORT_CHARACTERS, label=_("What help is given")
    )
    hours = TextFormField(required=False, characters_max=limits.SHORT_CHARACTERS, label=_("When"))
    contact = forms.CharField(max_length=200, required=False, label=_("How to reach it or them"))
    url = forms.URLField(required=False, label=_("Web address"), assume_scheme="https")
    source = forms.CharField(
        max_length=URL_CHARACTERS, label=_("Source"),
        help_text=_("Where this can be checked: a web address, or who confirmed it and when."),
    )  # fmt: skip
    agreed = forms.BooleanField(
        required=False, label=_("This person agreed in writing to be listed")
    )
    checked_on = DayField(label=_("Checked on"))


class AlternativeForm(KeyedForm):
    """Another version of a page."""

    what = forms.ChoiceField(
        choices=Alternative.What.choices, label=_("Version"), widget=forms.RadioSelect
    )
    language = forms.ChoiceField(choices=Alternative.Language.choices, label=_("Language"))
    text = forms.CharField(
        required=False, max_length=limits.TEXT_CHARACTERS, label=_("Text (Markdown)"),
        widget=forms.Textarea(attrs={"rows": 12}),
    )  # fmt: skip
    upload = forms.FileField(
        required=False, label=_("File"),
        help_text=_("PDF, DOCX, ODT, text, or a sound: MP3, OGG, M4A, FLAC. 10 MB at most."),
    )  # fmt: skip
    url = forms.URLField(
        required=False, label=_("Web address"), assume_scheme="https",
        help_text=_("For a video in sign language, where it is shown."),
    )  # fmt: skip
