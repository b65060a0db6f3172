"""Forms of the desk of proactive publication. They translate; the rules are in the services."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.forms import DayField, KeyedForm, OrganisationChoice
from parvis.core.i18n import TextFormField, tr
from parvis.proactive.lists import NUMBER, Shape, shapes


def _reason(label: Any, **more: Any) -> TextFormField:
    return TextFormField(
        label=label, rows=2, characters_max=limits.REASON_CHARACTERS, required=True, **more
    )


class PlaceForm(KeyedForm):
    """Something to put in a class."""

    address = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_("Of a document, a dataset or a page of this site, or of a page elsewhere."),
    )
    title = TextFormField(
        label=_("Name of the link"),
        required=False,
        characters_max=limits.TITLE_CHARACTERS,
        help_text=_("Not needed for a document or a dataset of this site: it has its title."),
    )
    reason = _reason(_("Why it belongs here"))


class WaiveForm(KeyedForm):
    """Why a class does not apply."""

    motive = _reason(_("Why this does not apply to the organisation"))


class OpenForm(KeyedForm):
    """A register to open."""

    kind = forms.ChoiceField(
        label=_("Type of register"),
        choices=lambda: [(code, tr(shape.title)) for code, shape in shapes().items()],
    )
    organisation = OrganisationChoice(label=_("Organisation"))
    since = DayField(
        label=_("First day that it answers for"),
        help_text=_("Each period from this day on has rows, is declared empty, or is missing."),
    )


class SendForm(KeyedForm):
    """A file of rows."""

    file = forms.FileField(label=_("File (CSV or XLSX)"))
    note = TextFormField(
        label=_("What this file brings, for the history"),
        rows=2,
        required=False,
        characters_max=limits.REASON_CHARACTERS,
    )


class FileForm(KeyedForm):
    """The file of a row."""

    file = forms.FileField(label=_("File"))


class WithdrawForm(KeyedForm):
    """Why a row is withdrawn."""

    why = _reason(_("Why this row is withdrawn"))


class RecordForm(KeyedForm):
    """A row to correct: one field a column, but the number, which never changes."""

    def __init__(
        self, *args: Any, shape: Shape, values: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.shape = shape
        for column in shape.columns:
            if column.name == NUMBER:
                continue
            more = {
                "label": tr(column.label), "help_text": tr(column.help),
                "required": column.required, "initial": _shown((values or {}).get(column.name)),
            }  # fmt: skip
            self.fields[column.name] = _field(column, more)
        self.fields["why"] = _reason(_("Why it is corrected"))

    def cells(self) -> dict[str, str]:
        """Return what was typed, by column."""
        names = [column.name for column in self.shape.columns if column.name != NUMBER]
        return {name: self.cleaned_data.get(name) or "" for name in names}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    return "" if value is None else str(value)


def _field(column: Any, more: dict[str, Any]) -> forms.Field:
    if column.choices or column.type == "boolean":
        words = {code: tr(text) for code, text in column.choices.items()}
        words = words or {"oui": str(_("yes")), "non": str(_("no"))}
        options = list(words.items()) if column.required else [("", "—"), *words.items()]
        return forms.ChoiceField(choices=options, **more)
    if column.type == "text" and column.characters > 300:
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), **more)
    # Dates and amounts are read by the service, as in a file: it says what is wrong.
    return forms.CharField(max_length=2_000, **more)
