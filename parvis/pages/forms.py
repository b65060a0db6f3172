"""Forms of the desk. Limits come from the models; rules are the services'."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms.models import fields_for_model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.forms import DayField, KeyedForm, NodeForm
from parvis.core.i18n import TextFormField, tr
from parvis.core.models import Node, Organisation, State
from parvis.pages import banners, hosts, media, newsroom
from parvis.pages.models import Banner, Block, HostName, Image, News, Page

CONSULTATIONS_SHOWN_MAX = 30


class SlugField(forms.SlugField):
    """The last part of an address; made of the title where it is left empty."""

    def __init__(self) -> None:
        super().__init__(
            required=False, max_length=60, label=_("Address"),
            help_text=_(
                "The last part of the address, in small letters. Empty: made of the title."
            ),
        )  # fmt: skip


class PageForm(KeyedForm):
    """A page, as it is being written."""

    title = TextFormField(label=_("Title"), characters_max=limits.TITLE_CHARACTERS)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args: Any, new: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(fields_for_model(Page, fields=("summary", "body")))
        if new:
            self.fields["slug"] = SlugField()

    def texts(self) -> dict[str, Any]:
        """Return what the services take."""
        return {name: self.cleaned_data[name] for name in ("title", "summary", "body")}


class NoteForm(KeyedForm):
    """Why a public page changes."""

    note = TextFormField(
        required=False, label=_("Why this change"), characters_max=limits.REASON_CHARACTERS,
        help_text=_("Published in the history of the page."),
    )  # fmt: skip


class OrganisationChoice(forms.ModelChoiceField):
    """An organisation, by its name."""

    def label_from_instance(self, row: Any) -> str:
        """Return its name."""
        return tr(row.node.title)


class NodesChoice(forms.ModelMultipleChoiceField):
    """Several things, by their titles."""

    def label_from_instance(self, row: Any) -> str:
        """Return its title."""
        return tr(row.title)


class ImageChoice(forms.ModelChoiceField):
    """A picture of the library, by its number and name."""

    def label_from_instance(self, row: Any) -> str:
        """Return both."""
        return f"{row.pk}. {row.name}"


class NewsForm(NodeForm):
    """A piece of news."""

    model = News
    names = newsroom.FIELDS
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args: Any, row: News | None = None, **kwargs: Any) -> None:
        super().__init__(*args, row=row, **kwargs)
        recent = Node.objects.filter(kind="consultation", state=State.PUBLIC)
        chosen = recent.order_by("-published_at").values_list("pk", flat=True)
        ids = list(chosen[:CONSULTATIONS_SHOWN_MAX])
        self.fields["consultations"] = NodesChoice(
            Node.objects.filter(pk__in=ids).order_by("-published_at"), required=False,
            label=_("Consultations that it informs"), widget=forms.CheckboxSelectMultiple,
        )  # fmt: skip
        if row is None:
            self.fields["slug"] = SlugField()

    def adapted(self, name: str, field: forms.Field) -> forms.Field:
        """Organisations and pictures are chosen by name."""
        if name == "organisation":
            rows: QuerySet[Any] = Organisation.objects.select_related("node")
            return OrganisationChoice(
                rows.filter(node__state=State.PUBLIC).order_by("node__slug"), required=False,
                label=field.label,
            )  # fmt: skip
        if name == "image":
            return ImageChoice(Image.objects.order_by("-pk"), required=False, label=field.label)
        if name in {"external_url", "quote_url"}:
            return forms.URLField(
                required=False, label=field.label, max_length=500, assume_scheme="https"
            )
        return super().adapted(name, field)


class ImageForm(KeyedForm):
    """What is said of a picture; the picture itself where it is new."""

    def __init__(self, *args: Any, row: Image | None = None, **kwargs: Any) -> None:
        initial = {name: getattr(row, name) for name in media.FIELDS} if row else {}
        super().__init__(*args, initial=initial, **kwargs)
        if row is None:
            self.fields["file"] = forms.FileField(
                label=_("Picture"),
                help_text=_(
                    "PNG, JPEG, WebP or AVIF, 10 MB at most. Place, date and camera that it "
                    "carries are removed."
                ),
            )  # fmt: skip
        self.fields.update(fields_for_model(Image, fields=media.FIELDS))

    def changes(self) -> dict[str, Any]:
        """Return what the services take."""
        return {name: self.cleaned_data[name] for name in media.FIELDS}


class BannerForm(KeyedForm):
    """An announcement."""

    starts_day = DayField(label=_("Shown from: day"))
    starts_time = forms.TimeField(
        label=_("Shown from: hour"), initial="00:00",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )  # fmt: skip
    ends_day = DayField(label=_("Shown until: day"))
    ends_time = forms.TimeField(
        label=_("Shown until: hour"), initial="23:59",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )  # fmt: skip

    def __init__(self, *args: Any, row: Banner | None = None, **kwargs: Any) -> None:
        initial: dict[str, Any] = {"starts_day": timezone.localdate()}
        if row:
            starts, ends = timezone.localtime(row.starts), timezone.localtime(row.ends)
            initial = {
                "text": row.text, "url": row.url, "level": row.level,
                "starts_day": starts.date(), "starts_time": starts.time(),
                "ends_day": ends.date(), "ends_time": ends.time(),
            }  # fmt: skip
        super().__init__(*args, initial=initial, **kwargs)
        first = fields_for_model(Banner, fields=banners.FIELDS[:3])
        first["level"].widget = forms.RadioSelect(choices=Banner.Level.choices)
        self.fields = {**first, **self.fields}

    def changes(self) -> dict[str, Any]:
        """Return what the services take."""
        data = self.cleaned_data
        zone = timezone.get_current_timezone()
        return {
            **{name: data[name] for name in banners.FIELDS[:3]},
            "starts": datetime.combine(data["starts_day"], data["starts_time"], zone),
            "ends": datetime.combine(data["ends_day"], data["ends_time"], zone),
        }


class BlockForm(KeyedForm):
    """A block of the home page; `found` are the things that a search gave, (id, words)."""

    def __init__(
        self, *args: Any, kind: str, row: Block | None = None,
        found: list[tuple[str, str]] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        names = ["title", {"text": "body", "links": "links"}.get(kind, "")]
        self.names = [name for name in names if name]
        initial: dict[str, Any] = {name: getattr(row, name) for name in self.names} if row else {}
        if row and row.node_id:
            initial["node"] = str(row.node_id)
        super().__init__(*args, initial=initial, **kwargs)
        self.fields.update(fields_for_model(Block, fields=self.names))
        if kind == Block.Kind.FEATURED:
            self.fields["node"] = forms.ChoiceField(
                choices=found or [], label=_("What to show"), widget=forms.RadioSelect
            )

    def changes(self) -> dict[str, Any]:
        """Return what the services take."""
        out = {name: self.cleaned_data[name] for name in self.names}
        if "node" in self.fields:
            out["node"] = Node.objects.filter(pk=self.cleaned_data["node"]).first()
        return out


class HostForm(KeyedForm):
    """A host name; `host` only where it is new."""

    def __init__(self, *args: Any, row: HostName | None = None, **kwargs: Any) -> None:
        initial = {name: getattr(row, name) for name in hosts.FIELDS} if row else {}
        super().__init__(*args, initial=initial, **kwargs)
        if row is None:
            self.fields["host"] = forms.CharField(
                label=_("Name"), max_length=253,
                help_text=_("As people write it, accents included: Consultation.Québec.ca"),
            )  # fmt: skip
        self.fields.update(fields_for_model(HostName, fields=hosts.FIELDS))

    def changes(self) -> dict[str, Any]:
        """Return what the services take."""
        return {name: self.cleaned_data[name] for name in hosts.FIELDS}
