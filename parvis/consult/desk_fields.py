"""Fields and the base form of the desk: languages drawn as the consultation has them."""

import re
from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.core.forms import KeyedForm
from parvis.core.i18n import DEFAULT, LANGUAGES, TextFormField, TextWidget

FIELD = "consult/desk/field.html"


class TextInWidget(TextWidget):
    """One input for each language that the consultation has; the first has the field's id."""

    template_name = "consult/desk/text.html"
    shown: Sequence[str] = LANGUAGES

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Keep the inputs of the languages shown."""
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        widget["subwidgets"] = [w for w in widget["subwidgets"] if w["language"] in self.shown]
        for sub in widget["subwidgets"]:
            sub["attrs"].setdefault("id", f"id_{sub['name']}")
        if widget["subwidgets"] and widget["attrs"].get("id"):
            widget["subwidgets"][0]["attrs"]["id"] = widget["attrs"]["id"]
        return context

    def id_for_label(self, id_: str) -> str:
        """The first input, which links to errors and gaps reach."""
        return id_


class TextIn(TextFormField):
    """A text by language, of which only the consultation's languages are drawn."""

    widget: TextInWidget

    def __init__(self, *, rows: int = 1, optional: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("template_name", FIELD)
        kwargs.setdefault("required", False)
        super().__init__(rows=rows, **kwargs)
        self.optional = optional
        self.widget = TextInWidget(rows=rows)
        self.show(LANGUAGES)

    def show(self, languages: Sequence[str]) -> None:
        """Draw these languages only."""
        self.widget.shown = list(languages)
        self.widget.use_fieldset = len(self.widget.shown) > 1

    def freeze(self) -> None:
        """Show without letting change."""
        self.disabled = True
        for field in self.fields:
            field.disabled = True


class Radios(forms.RadioSelect):
    """One of several, each a large target."""

    template_name = "consult/desk/choices.html"


class Ticks(forms.CheckboxSelectMultiple):
    """Several of several."""

    template_name = "consult/desk/choices.html"


class Tick(forms.BooleanField):
    """Yes or no, its label beside the box."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("template_name", "consult/desk/tick.html")
        super().__init__(required=False, **kwargs)


class DayField(forms.DateField):
    """A day, typed or picked."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        kwargs.setdefault(
            "error_messages",
            {"invalid": _("This is not a date: write year-month-day, as in 2027-03-31.")},
        )
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)


class HourField(forms.CharField):
    """An hour of the day: 8 h 30, 8:30, 17 h. None when empty."""

    def to_python(self, value: Any) -> time | None:  # type: ignore[override]
        """Return a time. Raises ValidationError."""
        if isinstance(value, time) or not value:
            return value or None
        found = re.fullmatch(r"\s*(\d{1,2})\s*(?:[:hH]\s*(\d{2})?)?\s*", str(value))
        if found and int(found[1]) < 24 and int(found[2] or 0) < 60:
            return time(int(found[1]), int(found[2] or 0))
        raise forms.ValidationError(
            _("“%(v)s” is not an hour: write 8:30 or 17:00.") % {"v": value}
        )

    def prepare_value(self, value: Any) -> Any:
        """As people type it."""
        return value.strftime("%H:%M") if isinstance(value, time) else value


class DeskForm(KeyedForm):
    """A form of the desk. `languages` are drawn; `gaps` says, by field, what is still missing."""

    def __init__(
        self,
        *args: Any,
        languages: Sequence[str] = (DEFAULT,),
        gaps: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.languages = list(languages) or [DEFAULT]
        for name, field in self.fields.items():
            field.template_name = field.template_name or FIELD  # type: ignore[attr-defined]
            field.gap = (gaps or {}).get(name, "")  # type: ignore[attr-defined]
            if isinstance(field, TextIn):
                field.show(self.languages)

    def clean(self) -> dict[str, Any]:
        """Keep the texts of the languages that are not drawn, but for [brackets]."""
        cleaned = super().clean() or self.cleaned_data
        for name, field in self.fields.items():
            if isinstance(field, TextIn) and name in cleaned and not field.disabled:
                before = self.get_initial_for_field(field, name) or {}
                kept = unseen(before, self.languages)
                cleaned[name] = {**kept, **cleaned[name]}
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, without the key."""
        return {name: value for name, value in self.cleaned_data.items() if name != "key"}


def unseen(text: Mapping[str, str], languages: Sequence[str]) -> dict[str, str]:
    """Return the texts in other languages than these, without those that hold [brackets]."""
    return {c: words for c, words in text.items() if c not in languages and "[" not in words}


def french(text: dict[str, str]) -> dict[str, str]:
    """Return a text that exists in French. Raises ValidationError."""
    if not text.get(DEFAULT):
        raise forms.ValidationError(_("This text is required in French."))
    return text
