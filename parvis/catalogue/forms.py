"""Forms of the steward's desk. They translate; the rules are in the services."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.lists import CATEGORIES, FREQUENCIES, LICENCES
from parvis.catalogue.models import Dataset, Document, Resource
from parvis.core import limits
from parvis.core.forms import KeyedForm
from parvis.core.i18n import LANGUAGES, TextFormField, tr
from parvis.core.models import Organisation


class OrganisationField(forms.ModelChoiceField):
    """A choice among organisations, by their title."""

    def __init__(self, **kwargs: Any) -> None:
        rows = Organisation.objects.select_related("node").order_by("node__slug")
        super().__init__(rows, label=_("Organisation"), empty_label="", **kwargs)

    def label_from_instance(self, obj: Organisation) -> str:
        """Its title."""
        return tr(obj.node.title)


def tags_to_text(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return tags as one line a language, in the same order."""
    return {code: ", ".join(tag.get(code, "") for tag in tags).strip(", ") for code in LANGUAGES}


def tags_from_text(text: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the tags of such lines: the nth of each language are one tag."""
    lines = {code: [part.strip() for part in line.split(",")] for code, line in text.items()}
    count = max((len(line) for line in lines.values()), default=0)
    tags = [
        {code: line[n] for code, line in lines.items() if n < len(line) and line[n]}
        for n in range(count)
    ]
    return [tag for tag in tags if tag]


def _text(label: Any, rows: int = 1, *, required: bool = False, **more: Any) -> TextFormField:
    return TextFormField(rows=rows, required=required, label=label, **more)


def _lines(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One web address a line."),
    )


_TAGS_HELP = _("Separated by commas, in the same order in each language.")


class DatasetForm(KeyedForm):
    """What a dataset says of itself."""

    title = _text(_("Title"), required=True, characters_max=limits.TITLE_CHARACTERS)
    notes = _text(_("Description"), 4)
    organisation = OrganisationField(required=False)
    tags = _text(_("Keywords"), help_text=_TAGS_HELP)
    categories = forms.MultipleChoiceField(
        label=_("Categories"),
        required=False,
        choices=lambda: list(CATEGORIES.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    licence = forms.ChoiceField(
        label=_("Licence"),
        choices=lambda: [(row.id, f"{row.short}, {row.title}") for row in LICENCES.values()],
    )
    licence_reason = _text(_("Why another licence than CC BY"), 2)
    frequency = forms.ChoiceField(
        label=_("Update frequency"), choices=lambda: list(FREQUENCIES.items())
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages of the data"),
        required=False,
        choices=settings.LANGUAGES,
        widget=forms.CheckboxSelectMultiple,
    )
    spatial = forms.CharField(label=_("Geographic coverage"), required=False, max_length=100)
    temporal = forms.CharField(
        label=_("Period covered"),
        required=False,
        max_length=30,
        help_text=_("2021-01-01/2023-12-31; one end may be left out."),
    )
    methodology = _text(_("Method"), 4)
    author = forms.CharField(label=_("Responsible"), required=False, max_length=120)
    author_email = forms.EmailField(
        label=_("E-mail of the responsible"),
        required=False,
        help_text=_("Public. That of a team, rather than of one person."),
    )
    maintainer = forms.CharField(label=_("Maintainer"), required=False, max_length=120)
    maintainer_email = forms.EmailField(label=_("E-mail of the maintainer"), required=False)
    url = forms.URLField(
        label=_("Address of the source"), required=False, max_length=500, assume_scheme="https"
    )
    version = forms.CharField(label=_("Version"), required=False, max_length=100)
    sources = _lines(_("Sources"))
    withheld = _text(_("What is withheld, and why"), 2)
    note = _text(_("What you changed, for the history"))

    @classmethod
    def initial_of(cls, dataset: Dataset) -> dict[str, Any]:
        """Return what the form shows of a dataset."""
        names = set(cls.base_fields) - {"key", "note", "title", "tags", "sources"}
        return {
            **{name: getattr(dataset, name) for name in names},
            "title": dataset.node.title,
            "tags": tags_to_text(dataset.tags),
            "sources": "\n".join(dataset.sources),
        }

    def changes(self) -> dict[str, Any]:
        """Return what the services take, without title and note."""
        data = {k: v for k, v in self.cleaned_data.items() if k not in {"key", "note", "title"}}
        data["tags"] = tags_from_text(data["tags"] or {})
        data["sources"] = data["sources"].splitlines()
        return data


DAYS = (
    ("", _("As the whole column shows")),
    ("day", _("Day first: 31/12/2024")),
    ("month", _("Month first: 12/31/2024")),
)
DAY_FIRST = {"": None, "day": True, "month": False}


class FileForm(KeyedForm):
    """A new file of a dataset."""

    name = _text(_("Name"), required=True, characters_max=limits.TITLE_CHARACTERS)
    description = _text(_("Description"), 2)
    kind = forms.ChoiceField(label=_("Kind"), choices=Resource.What.choices)
    file = forms.FileField(label=_("File (CSV, JSON, XLSX, ODS or Parquet)"))
    days = forms.ChoiceField(label=_("Days written with figures"), choices=DAYS, required=False)
    accept = forms.BooleanField(
        label=_("Load it although some cells are wrong: their columns become text"), required=False
    )


class VersionForm(KeyedForm):
    """A new version of a file."""

    file = forms.FileField(label=_("File (CSV, JSON, XLSX, ODS or Parquet)"))
    note = _text(_("What changed in this version"))
    days = forms.ChoiceField(label=_("Days written with figures"), choices=DAYS, required=False)
    accept = forms.BooleanField(
        label=_("Load it although some cells are wrong: their columns become text"), required=False
    )


class DocumentForm(KeyedForm):
    """A document."""

    title = _text(_("Title"), required=True, characters_max=limits.TITLE_CHARACTERS)
    doc_kind = forms.ChoiceField(label=_("Kind of document"), choices=Document.What.choices)
    date = forms.DateField(
        label=_("Date of the document"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    summary = _text(_("Summary"), 3)
    body = _text(_("Text (Markdown)"), 16, characters_max=200_000)
    file = forms.FileField(label=_("Attached file"), required=False)
    remove_file = forms.BooleanField(label=_("Remove the attached file"), required=False)
    organisation = OrganisationField(required=False)
    tags = _text(_("Keywords"), help_text=_TAGS_HELP)
    sources = _lines(_("Sources"))
    written_by_us = forms.BooleanField(
        label=_("Written by this site’s team from the sources"), required=False
    )
    note = _text(_("What you changed, for the history"))

    @classmethod
    def initial_of(cls, document: Document) -> dict[str, Any]:
        """Return what the form shows of a document."""
        own = {"key", "note", "title", "tags", "sources", "file", "remove_file"}
        names = set(cls.base_fields) - own
        return {
            **{name: getattr(document, name) for name in names},
            "title": document.node.title,
            "tags": tags_to_text(document.tags),
            "sources": "\n".join(document.sources),
        }

    def changes(self) -> dict[str, Any]:
        """Return what the services take, without title, file and note."""
        own = {"key", "note", "title", "file", "remove_file"}
        data = {k: v for k, v in self.cleaned_data.items() if k not in own}
        data["tags"] = tags_from_text(data["tags"] or {})
        data["sources"] = data["sources"].splitlines()
        return data


class OtherForm(KeyedForm):
    """A link to elsewhere, or a file that is no table."""

    name = _text(_("Name"), required=True, characters_max=limits.TITLE_CHARACTERS)
    description = _text(_("Description"), 2)
    kind = forms.ChoiceField(label=_("Kind"), choices=Resource.What.choices, initial="support")
    url = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=2000,
        help_text=_("Of a file, service or page on another site: https://…"),
        widget=forms.URLInput(attrs={"inputmode": "url"}),
    )
    file = forms.FileField(
        label=_("File"), required=False, help_text=_("Any file that people may open: PDF, image…")
    )
    format = forms.CharField(
        label=_("Format"), required=False, max_length=40,
        help_text=_("As people know it: PDF, WMS, SHP… Empty: told by the name."),
    )  # fmt: skip


class ResourceForm(KeyedForm):
    """The words of a file, and where a link leads."""

    name = _text(_("Name"), required=True, characters_max=limits.TITLE_CHARACTERS)
    description = _text(_("Description"), 2)
    kind = forms.ChoiceField(label=_("Kind"), choices=Resource.What.choices)
    url = forms.CharField(
        label=_("Address"), required=False, max_length=2000,
        widget=forms.URLInput(attrs={"inputmode": "url"}),
    )  # fmt: skip
    note = _text(_("What you changed, for the history"))

    def __init__(self, *args: Any, resource: Resource, second: bool, **kwargs: Any) -> None:
        names = ("name", "description", "kind", "url")
        kwargs["initial"] = {name: getattr(resource, name) for name in names}
        super().__init__(*args, **kwargs)
        if not resource.url:
            del self.fields["url"]
        if not second:
            del self.fields["note"]


class RelatedForm(KeyedForm):
    """What the dataset is tied to, and why."""

    other = forms.ChoiceField(label=_("What it is tied to"))
    reason = _text(_("Why"), 2, characters_max=limits.REASON_CHARACTERS)

    def __init__(self, *args: Any, choices: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["other"].choices = choices  # type: ignore[attr-defined]


class AskForm(KeyedForm):
    """What the reader should know before reading."""

    note = forms.CharField(
        label=_("A word to the person who will read it"), required=False, strip=True,
        widget=forms.Textarea(attrs={"rows": 3}), max_length=limits.COMMENT_CHARACTERS,
    )  # fmt: skip


class VerdictForm(KeyedForm):
    """An approval, with a word if wished; or what has to change."""

    words = forms.CharField(
        label=_("Your words"), required=False, strip=True,
        help_text=_("Needed when you ask for changes."),
        widget=forms.Textarea(attrs={"rows": 3}), max_length=limits.COMMENT_CHARACTERS,
    )  # fmt: skip


class PlanForm(KeyedForm):
    """The minute of the publication, in the time zone of the site."""

    publish_at = forms.DateTimeField(
        label=_("Day and time of the publication"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={
            "invalid": _("This is not a time: write year-month-day hour:minute."),
        },
    )
