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


class _Built(DeskForm):
    """A form whose fields are known only once it is made."""

    def put(self, name: str, field: forms.Field, value: Any, gap: Any) -> None:
        """Add a field with what it shows first and what is said to be missing."""
        if isinstance(field, TextIn):
            field.show(self.languages)
        field.gap = gap  # type: ignore[attr-defined]
        self.fields[name] = field
        self.initial[name] = value


class DocumentForm(_Built):
    """One text by element that is written on this page, its proposal already there."""

    def __init__(self, *args: Any, reading: Reading, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for row in reading.rows:
            if not row.editable:
                continue
            field = TextIn(
                label=row.element.label,
                help_text=row.element.question,
                rows=4,
                characters_max=ELEMENT_CHARACTERS,
            )
            gap = _("Replace the [brackets], or write the language that is missing.")
            self.put(row.element.key, field, dict(row.text), gap if row.gap else "")


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


class DefaultsForm(_Built):
    """What a body says once for all; each text is proposed."""

    def __init__(self, *args: Any, row: LegalDefaults, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in DEFAULT_FIELDS:
            column: Any = LegalDefaults._meta.get_field(name)
            help_text = _HELP.get(name, "")
            value = initial_of(row, name, self.languages)
            field: forms.Field
            if name == "officer_contact":
                field = forms.CharField(  # type: ignore[call-arg]
                    label=column.verbose_name,
                    help_text=help_text,
                    max_length=200,
                    required=False,
                    template_name=FIELD,
                )
            else:
                field = TextIn(
                    label=column.verbose_name,
                    help_text=help_text,
                    rows=column.rows,
                    characters_max=column.characters_max,
                )
            words = value.values() if isinstance(value, dict) else ()
            bracket = any("[" in one for one in words)
            self.put(name, field, value, _("Replace the [brackets].") if bracket else "")


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
