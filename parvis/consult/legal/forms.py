"""Forms of the documents: a text by element, and the body's own words."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from parvis.consult.desk_fields import FIELD, DeskForm, TextIn
from parvis.consult.legal.facts import PROPOSED_DEFAULTS
from parvis.consult.legal.models import LegalDefaults
from parvis.consult.legal.reading import Reading
from parvis.consult.legal.services import DEFAULT_FIELDS, ELEMENT_CHARACTERS
from parvis.core.forms import KeyedForm
from parvis.core.i18n import LANGUAGES


class DocumentForm(DeskForm):
    """One text by element that is written on this page, its proposal already there."""

    def __init__(self, *args: Any, reading: Reading, **kwargs: Any) -> None:
        rows = [row for row in reading.rows if row.editable]
        self.base_fields = {
            "key": KeyedForm.base_fields["key"],
            **{
                row.element.key: TextIn(
                    label=row.element.label, help_text=row.element.question, rows=4,
                    characters_max=ELEMENT_CHARACTERS,
                )
                for row in rows
            },
        }  # fmt: skip
        kwargs["initial"] = {row.element.key: dict(row.text) for row in rows}
        kwargs["gaps"] = {
            row.element.key: _("Replace the [brackets], or write the language that is missing.")
            for row in rows if row.gap
        }  # fmt: skip
        super().__init__(*args, **kwargs)


class ConfirmForm(KeyedForm):
    """What the reader saw: confirming another thing is refused."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)


_HELP = {
    "officer": _("A title, without a person’s name, so that it stays true."),
    "officer_contact": _("Telephone, e-mail or postal address."),
    "hosting": _("City and province, and who runs the server."),
    "outside": _("To whom, where, and why it is allowed (A-2.1, s. 70.1); or nothing."),
    "third_parties": _("Who receives what, and why; or nobody."),
    "governance": _("The address where they are published (A-2.1, s. 63.3)."),
    "accessibility_limits": _("Shown on the page “Accessibility” of the site."),
}


class DefaultsForm(DeskForm):
    """What a body says once for all; each text is proposed."""

    def __init__(self, *args: Any, row: LegalDefaults, **kwargs: Any) -> None:
        fields: dict[str, forms.Field] = {"key": KeyedForm.base_fields["key"]}
        for name in DEFAULT_FIELDS:
            column: Any = LegalDefaults._meta.get_field(name)
            help_text = _HELP.get(name, "")
            if name == "officer_contact":
                fields[name] = forms.CharField(  # type: ignore[call-arg]
                    label=column.verbose_name, help_text=help_text, max_length=200,
                    required=False, template_name=FIELD,
                )  # fmt: skip
            else:
                fields[name] = TextIn(
                    label=column.verbose_name, help_text=help_text, rows=column.rows,
                    characters_max=column.characters_max,
                )  # fmt: skip
        self.base_fields = fields
        languages = kwargs.get("languages") or LANGUAGES
        kwargs["initial"] = {name: initial_of(row, name, languages) for name in DEFAULT_FIELDS}
        kwargs["gaps"] = {
            name: _("Replace the [brackets].")
            for name, text in kwargs["initial"].items()
            if isinstance(text, dict) and any("[" in words for words in text.values())
        }  # fmt: skip
        super().__init__(*args, **kwargs)


def initial_of(row: LegalDefaults, name: str, languages: Sequence[str]) -> Any:
    """Return what is written, else what is proposed, in each language."""
    value = getattr(row, name)
    if value or name not in PROPOSED_DEFAULTS:
        return value
    out = {}
    for code in languages:
        with override(code):
            out[code] = str(PROPOSED_DEFAULTS[name])
    return out
