"""The form of a source. It translates; the rules are in the services."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.harvest.models import HarvestSource, licences
from parvis.core.forms import KeyedForm, OrganisationChoice

_LISTS = ("organizations", "groups", "without")
_HELP = _("Names as CKAN writes them in addresses, separated by commas. CKAN only.")


def _names(label: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=2_000, help_text=_HELP)


def _choice(name: str) -> forms.ChoiceField:
    field: Any = HarvestSource._meta.get_field(name)
    return forms.ChoiceField(
        label=field.verbose_name,
        choices=lambda: list(field.flatchoices),
        required=not field.blank,
    )


class SourceForm(KeyedForm):
    """A source: where it is, whose its datasets are, when it is read."""

    name = forms.CharField(label=_("Name of the source"), max_length=120)
    organisation = OrganisationChoice(label=_("Organisation"), empty_label="")
    kind = _choice("kind")
    url = forms.URLField(label=_("Address"), max_length=2_000, assume_scheme="https")
    organizations = _names(_("Only these organisations"))
    groups = _names(_("Only these groups"))
    without = _names(_("Without these organisations"))
    language = _choice("language")
    licence = forms.ChoiceField(
        label=_("Licence where none is said"),
        required=False,
        choices=licences,
        help_text=_("Without it, a dataset that says no licence is refused."),
    )
    schedule = _choice("schedule")
    arrival = _choice("arrival")
    active = forms.BooleanField(label=_("Read it"), required=False)

    @classmethod
    def initial_of(cls, source: HarvestSource) -> dict[str, Any]:
        """Return what the form shows of a source."""
        names = set(cls.base_fields) - {"key", *_LISTS}
        lists = {name: ", ".join(source.filters.get(name, ())) for name in _LISTS}
        return {**{name: getattr(source, name) for name in names}, **lists}

    def changes(self) -> dict[str, Any]:
        """Return what the services take."""
        data = {k: v for k, v in self.cleaned_data.items() if k not in {"key", *_LISTS}}
        data["filters"] = {
            name: [one for one in re.split(r"[,\s]+", self.cleaned_data[name]) if one]
            for name in _LISTS
        }
        return data
