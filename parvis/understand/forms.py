"""Forms of the coding desk and of the themes' pages."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.forms import KeyedForm
from parvis.core.i18n import TextFormField

Choices = Iterable[tuple[str, str]]


class CodingForm(KeyedForm):
    """Themes of one contribution, a new theme, a passage, a note."""

    themes = forms.TypedMultipleChoiceField(coerce=UUID, required=False, label=_("Themes"))
    shown = forms.TypedMultipleChoiceField(coerce=UUID, required=False)
    new_theme = forms.CharField(
        max_length=limits.TITLE_CHARACTERS, required=False, label=_("New theme")
    )
    quote = forms.CharField(
        max_length=limits.CONTRIBUTION_CHARACTERS,
        required=False,
        strip=True,
        label=_("Passage to keep"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    quote_theme = forms.TypedChoiceField(
        coerce=UUID, empty_value=None, required=False, label=_("Theme that it shows")
    )
    quote_public = forms.BooleanField(
        required=False, label=_("I read it: it identifies nobody and may be shown to everybody")
    )
    note = forms.CharField(
        max_length=limits.SHORT_CHARACTERS, required=False, label=_("Note for the team")
    )

    def __init__(self, *args: Any, themes: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = list(themes)
        for name in ("themes", "shown"):
            self.fields[name].choices = rows  # type: ignore[attr-defined]
        self.fields["quote_theme"].choices = [  # type: ignore[attr-defined]
            ("", _("The theme that is ticked")),
            *rows,
        ]


class BatchForm(KeyedForm):
    """Several contributions at once: themes to attach to all of them."""

    ids = forms.TypedMultipleChoiceField(coerce=UUID, required=False, label=_("Contributions"))
    themes = forms.TypedMultipleChoiceField(coerce=UUID, required=False, label=_("Themes"))
    new_theme = forms.CharField(
        max_length=limits.TITLE_CHARACTERS, required=False, label=_("New theme")
    )

    def __init__(self, *args: Any, themes: Choices, ids: Iterable[UUID], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["themes"].choices = list(themes)  # type: ignore[attr-defined]
        self.fields["ids"].choices = [(str(pk), "") for pk in ids]  # type: ignore[attr-defined]


class ThemeForm(KeyedForm):
    """A theme's texts in every language; more is asked once it exists."""

    title = TextFormField(characters_max=limits.TITLE_CHARACTERS, label=_("Name"))
    description = TextFormField(
        characters_max=limits.REASON_CHARACTERS,
        required=False,
        rows=3,
        label=_("Description"),
        help_text=_("Two sentences: what people say, in their order of importance."),
    )


class ThemeEditForm(ThemeForm):
    """All of a theme. The note is public, with the difference, once the theme is."""

    response_due = forms.DateField(
        required=False,
        label=_("Answered by"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    sources = forms.CharField(
        required=False,
        max_length=5_000,
        label=_("Published lessons that it repeats"),
        help_text=_("One address on each line."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    note = forms.CharField(
        required=False,
        max_length=limits.SHORT_CHARACTERS,
        label=_("Why it changes"),
        help_text=_("Shown in the history of a published theme."),
    )
