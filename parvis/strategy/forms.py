"""Forms of the desk. Limits come from the models; rules are the services'."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.forms import (
    DayField,
    KeyedForm,
    LinesFormField,
    NodeForm,
    OrganisationChoice,
    SourcesFormField,
)
from parvis.core.i18n import TextFormField, tr
from parvis.strategy.models import Ambition, Indicator, Measure, Orientation, Pillar, Strategy
from parvis.strategy.services import FIELDS
from parvis.strategy.values import exact


class AmountField(forms.DecimalField):
    """A value, typed with the reader's decimal sign."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal"})
        super().__init__(max_digits=18, decimal_places=4, localize=True, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show no useless zero."""
        if isinstance(value, Decimal):
            return (exact(value) or "").replace(".", formats.get_format("DECIMAL_SEPARATOR"))
        return value


class PartChoice(forms.ModelChoiceField):
    """A part of the same strategy, or none that is known."""

    def label_from_instance(self, row: Any) -> str:
        """Return its number and its title."""
        return f"{row.number}. {tr(row.node.title)}"


class PillarForm(NodeForm):
    """What a pillar means."""

    model = Pillar
    names = FIELDS[Pillar]
    sources = SourcesFormField(required=False)


class StrategyForm(NodeForm):
    """A strategy."""

    model = Strategy
    names = FIELDS[Strategy]
    facts = LinesFormField(label=_("Other facts read"), help_text=_("One a line."))
    notes = LinesFormField(label=_("What is not known"), help_text=_("One a line."))
    sources = SourcesFormField(required=False)


class NewStrategyForm(StrategyForm):
    """A strategy to create: of which organisation."""

    organisation = OrganisationChoice(label=_("Organisation"))


class OrientationForm(NodeForm):
    """An orientation."""

    model = Orientation
    names = FIELDS[Orientation]


class AmbitionForm(NodeForm):
    """An ambition, under its orientation when a source says which."""

    model = Ambition
    names = FIELDS[Ambition]

    def __init__(self, *args: Any, strategy: Strategy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["orientation"] = PartChoice(
            strategy.orientations.select_related("node"), required=False,
            label=_("Orientation"), empty_label=_("Our sources do not say"),
        )  # fmt: skip


class IndicatorForm(NodeForm):
    """An indicator: what is measured, from where to where."""

    model = Indicator
    names = FIELDS[Indicator]
    title_label = _("What is measured")
    sources = SourcesFormField(required=False)

    def __init__(self, *args: Any, strategy: Strategy, row: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, row=row, **kwargs)
        self.fields["ambition"] = PartChoice(
            strategy.ambitions.select_related("node"), required=False,
            label=_("Ambition"), empty_label=_("Our sources do not say"),
        )  # fmt: skip
        if row is not None and row.node.state == "public":
            # The indicator has a note of its own: why it changes needs another name.
            self.fields["reason"] = _reason(_("Why this change"), required=False)

    def adapted(self, name: str, field: forms.Field) -> forms.Field:
        """Return the field of a column; values are typed as people write them."""
        if isinstance(field, forms.DecimalField):
            return AmountField(required=False, label=field.label)
        return super().adapted(name, field)


class MeasureForm(KeyedForm):
    """A value, its day, and where it was read."""

    on = DayField(label=_("Date"))
    value = AmountField(label=_("Value"))
    source_url = forms.CharField(label=_("Address of the source"), max_length=500)
    source_title = forms.CharField(label=_("Title of the source"), max_length=200, required=False)
    note = TextFormField(label=_("Note"), required=False, characters_max=limits.SHORT_CHARACTERS)

    def __init__(self, *args: Any, row: Measure | None = None, **kwargs: Any) -> None:
        if row is not None:
            kwargs["initial"] = {
                name: getattr(row, name) for name in self.base_fields if name != "key"
            }
        super().__init__(*args, **kwargs)
        if row is not None:
            self.fields["reason"] = _reason(_("Why this correction"))

    def given(self) -> dict[str, Any]:
        """Return what the services take."""
        kept = {"key", "reason"}
        return {name: value for name, value in self.cleaned_data.items() if name not in kept}


def _reason(label: Any, *, required: bool = True) -> TextFormField:
    return TextFormField(
        label=label, help_text=_("Published in the history."), rows=2,
        characters_max=limits.REASON_CHARACTERS, required=required,
    )  # fmt: skip


class WhyForm(KeyedForm):
    """A reason that is published."""

    def __init__(self, *args: Any, label: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"] = _reason(label)


class TieForm(KeyedForm):
    """One of the things found, and why it is tied."""

    def __init__(self, *args: Any, found: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["other"] = forms.ChoiceField(
            choices=found, widget=forms.RadioSelect, label=_("What to tie")
        )
        self.fields["reason"] = TextFormField(
            label=_("Why"), help_text=_("Shown beside the link, in public."), rows=2,
            characters_max=limits.REASON_CHARACTERS,
        )  # fmt: skip
