"""How every form looks: one field template, errors beside the field and in a summary."""

from typing import Any

from django import forms
from django.forms.models import fields_for_model
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.errors import Invalid
from parvis.core.i18n import LANGUAGES, TextFormField, tr
from parvis.core.ids import new_token
from parvis.core.models import Organisation


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


class DayField(forms.DateField):
    """A day, typed or picked."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, **kwargs)


class SourcesFormField(forms.CharField):
    """Web addresses, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Sources"))
        kwargs.setdefault("help_text", _("Web addresses, one a line."))
        super().__init__(widget=forms.Textarea(attrs={"rows": 3}), max_length=20_000, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show a list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:  # type: ignore[override]
        """Return the addresses; the service says which is wrong."""
        text = super().clean(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]


class TitleChoice(forms.ModelChoiceField):
    """Something that has a node, by its title."""

    def label_from_instance(self, row: Any) -> str:
        """Return its title."""
        return tr(row.node.title)


class OrganisationChoice(TitleChoice):
    """An organisation, by its name."""

    def __init__(self, **kwargs: Any) -> None:
        rows = Organisation.objects.select_related("node").order_by("node__slug")
        super().__init__(rows, **kwargs)


class LinesFormField(TextFormField):
    """A list of texts: one a line, the same lines in each language."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(rows=3, required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show a list of texts as lines by language."""
        if not isinstance(value, list) or all(isinstance(item, str | None) for item in value):
            return value
        lines: dict[str, list[str]] = {code: [] for code in LANGUAGES}
        for item in value:
            for code in LANGUAGES:
                lines[code].append(item if isinstance(item, str) else item.get(code, ""))
        return {code: "\n".join(texts).strip() for code, texts in lines.items()}

    def clean(self, value: Any) -> list[dict[str, str]]:  # type: ignore[override]
        """Return the list. Raises ValidationError when the languages have other lines."""
        texts = super().clean(value) or {}
        split = {
            code: [line.strip() for line in text.splitlines() if line.strip()]
            for code, text in texts.items()
        }
        split = {code: lines for code, lines in split.items() if lines}
        if len({len(lines) for lines in split.values()}) > 1:
            raise forms.ValidationError(
                _("Write the same lines, in the same order, in each language.")
            )
        count = len(next(iter(split.values()), []))
        return [{code: lines[n] for code, lines in split.items()} for n in range(count)]


class RowForm(KeyedForm):
    """A form of which each field, but the key and the title of a node, is a column of a row."""

    def __init__(self, *args: Any, row: Any = None, **kwargs: Any) -> None:
        if row is not None:
            kwargs["initial"] = {name: getattr(row, name) for name in self.names()}
            if "title" in self.base_fields:
                kwargs["initial"]["title"] = row.node.title
        super().__init__(*args, **kwargs)

    @classmethod
    def names(cls) -> list[str]:
        """Return the columns."""
        return [name for name in cls.base_fields if name not in {"key", "title"}]

    def changes(self) -> dict[str, Any]:
        """Return what the service takes."""
        return {name: self.cleaned_data[name] for name in self.names()}


class NodeForm(KeyedForm):
    """A form whose fields, in `names`, are the model's; `title` is the node's.

    Fields declared in the class replace those of the model. What is public asks why it changes.
    """

    model: Any = None
    names: tuple[str, ...] = ()
    title_label: Any = _("Title")

    def __init__(self, *args: Any, row: Any = None, **kwargs: Any) -> None:
        initial = dict(kwargs.pop("initial", None) or {})
        if row is not None:
            initial = {**{name: getattr(row, name) for name in self.names}, **initial}
            initial.setdefault("title", row.node.title)
        super().__init__(*args, initial=initial, **kwargs)
        made: dict[str, forms.Field] = {}
        if self.title_label:
            made["title"] = TextFormField(
                label=self.title_label, characters_max=limits.TITLE_CHARACTERS
            )
        columns = fields_for_model(self.model, fields=self.names)
        made |= {name: self.adapted(name, field) for name, field in columns.items()}
        declared = self.fields
        self.fields = {**made, **declared}
        self.fields.update({name: declared[name] for name in made if name in declared})
        if row is not None and "note" not in made and row.node.state == "public":
            self.fields["note"] = TextFormField(
                required=False,
                label=_("Why this change"),
                help_text=_("Published in the history; required when a date moves."),
                characters_max=limits.REASON_CHARACTERS,
            )

    def adapted(self, name: str, field: forms.Field) -> forms.Field:
        """Return the field of a column: dates are picked and may be unknown."""
        if isinstance(field, forms.DateField):
            return DayField(required=False, label=field.label)
        return field

    def changes(self) -> dict[str, Any]:
        """Return what the service takes: the model's fields, cleaned."""
        return {name: self.cleaned_data.get(name) for name in self.names}
