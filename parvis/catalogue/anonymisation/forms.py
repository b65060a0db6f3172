"""The form of an entry of the register: a text by element, the person, the day."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.anonymisation.elements import ELEMENTS, NAMES, proposals
from parvis.catalogue.anonymisation.models import Entry
from parvis.core.forms import DayField, KeyedForm
from parvis.core.i18n import TextFormField


class EntryForm(KeyedForm):
    """What a person says of an anonymisation; what nobody wrote yet is proposed from the facts."""

    qualified = forms.CharField(
        max_length=200,
        label=_("Qualified person"),
        help_text=_("Name and function of who supervised the anonymisation."),
    )
    reassess_on = DayField(
        label=_("To be assessed again by"),
        help_text=_("New data or methods may make somebody recognisable: the risk is read again."),
    )

    def __init__(self, *args: Any, entry: Entry, **kwargs: Any) -> None:
        proposed = proposals(entry.facts, entry.dataset.node.title) if entry.facts else {}
        initial = {
            "qualified": entry.qualified,
            "reassess_on": entry.reassess_on,
            **{name: entry.texts.get(name) or proposed.get(name) or {} for name in NAMES},
        }
        super().__init__(*args, initial=initial, **kwargs)
        for element in ELEMENTS:
            self.fields[element.name] = TextFormField(
                rows=3, characters_max=2_000, label=element.label, help_text=element.help
            )
        self.order_fields([*NAMES, "qualified", "reassess_on"])
