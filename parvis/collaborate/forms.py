"""Forms of committees and groups. Limits come from the models; rules are the services'."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.collaborate.advice import ABOUT
from parvis.collaborate.models import Advice, Committee, Group, Meeting, Member
from parvis.collaborate.services import COMMITTEE_FIELDS, MEMBER_FIELDS
from parvis.core import kinds, limits
from parvis.core.forms import (
    DayField,
    KeyedForm,
    LinesFormField,
    NodeForm,
    OrganisationChoice,
    SourcesFormField,
)
from parvis.core.i18n import TextFormField, tr
from parvis.core.models import Node, State

ABOUT_MAX = 200


IN_HISTORY = _("Published in the history.")


def why_field(label: Any, help_text: Any = IN_HISTORY) -> TextFormField:
    """Return a reason that is public, when it is needed."""
    return TextFormField(
        required=False, label=label, help_text=help_text, rows=2,
        characters_max=limits.REASON_CHARACTERS,
    )  # fmt: skip


class CommitteeForm(NodeForm):
    """A committee: what it is for, by what rules, how often it meets."""

    model = Committee
    names = COMMITTEE_FIELDS
    title_label = _("Name")
    notes = LinesFormField(label=_("What is not known"), help_text=_("One a line."))
    sources = SourcesFormField(required=False)


class NewCommitteeForm(CommitteeForm):
    """A committee to create: of which organisation."""

    organisation = OrganisationChoice(label=_("Organisation"))


class MemberForm(KeyedForm):
    """A seat, its term, and whose account it is."""

    name = forms.CharField(label=_("Name"), max_length=120)
    seat = forms.ChoiceField(label=_("Sits for"), choices=Member.Seat, widget=forms.RadioSelect)
    organisation_name = forms.CharField(label=_("Organisation"), max_length=200, required=False)
    starts = DayField(label=_("Term starts"), required=False)
    ends = DayField(label=_("Term ends"), required=False)
    email = forms.CharField(
        label=_("Address of the account"), max_length=254, required=False,
        help_text=_(
            "Never shown. With it, this person publishes advice and evaluations alone while the "
            "term runs."
        ),
    )  # fmt: skip

    def __init__(self, *args: Any, row: Member | None = None, **kwargs: Any) -> None:
        if row is not None:
            known = {name: getattr(row, name) for name in MEMBER_FIELDS}
            kwargs["initial"] = {**known, "email": row.person.email if row.person else ""}
        super().__init__(*args, **kwargs)

    def seat_fields(self) -> dict[str, Any]:
        """Return what the services take."""
        return {name: self.cleaned_data[name] for name in MEMBER_FIELDS}


class MeetingForm(NodeForm):
    """A meeting: when, where, about what."""

    model = Meeting
    names = ("on", "place", "link", "agenda", "sources")
    title_label = None
    on = DayField(label=_("Date"))
    sources = SourcesFormField(required=False, label=_("Documents elsewhere"))


class RecordForm(KeyedForm):
    """Who came to a meeting, and its minutes."""

    present = forms.MultipleChoiceField(
        label=_("Who came"), widget=forms.CheckboxSelectMultiple, required=False
    )
    minutes = TextFormField(
        label=_("Minutes"), rows=10, required=False, characters_max=limits.TEXT_CHARACTERS,
        help_text=_("They may come later: until then the page says that they are missing."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, meeting: Meeting, members: Sequence[Member], **kwargs: Any
    ) -> None:
        came = {row.member_id for row in meeting.attendance.all() if row.present}
        kwargs["initial"] = {"present": [str(pk) for pk in came], "minutes": meeting.minutes}
        super().__init__(*args, **kwargs)
        self.members = members
        self.fields["present"].choices = [  # type: ignore[attr-defined]
            (str(row.pk), f"{row.name}, {row.get_seat_display()}") for row in members
        ]
        if meeting.minutes:
            self.fields["note"] = why_field(_("Why the minutes change"))

    def attendance(self) -> dict[int, bool]:
        """Return member's number -> present, for everybody in the list."""
        came = set(self.cleaned_data["present"])
        return {row.pk: str(row.pk) in came for row in self.members}


class WhyForm(KeyedForm):
    """A reason that is public."""

    def __init__(self, *args: Any, label: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"] = why_field(label, _("Public."))


class DocumentForm(KeyedForm):
    """A public document to tie to a meeting."""

    def __init__(self, *args: Any, found: Sequence[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["document"] = forms.ChoiceField(
            label=_("Document"), widget=forms.RadioSelect,
            choices=[(str(node.pk), tr(node.title)) for node in found],
        )  # fmt: skip


class SpokenField(TextFormField):
    """A text asked in one language at least: shown as required, judged by the service."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.required = True

    def clean(self, value: Any) -> Any:
        """Clean as an optional field."""
        self.required = False
        try:
            return super().clean(value)
        finally:
            self.required = True


class AdviceForm(KeyedForm):
    """An advice, in the language of whoever gives it."""

    title = SpokenField(
        label=_("Title"), characters_max=limits.TITLE_CHARACTERS,
        help_text=_("In one language at least."),
    )  # fmt: skip
    text = SpokenField(
        label=_("The advice"), rows=12, characters_max=limits.TEXT_CHARACTERS,
        help_text=_("In one language at least. Nobody can edit it once it is published."),
    )  # fmt: skip
    about = forms.ChoiceField(label=_("What it is about"), required=False)

    def __init__(self, *args: Any, office: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Node.objects.filter(kind__in=ABOUT, state=State.PUBLIC).order_by("-published_at")
        self.nodes = {str(node.pk): node for node in rows[:ABOUT_MAX]}
        choices = [
            (pk, f"{kinds.get(node.kind).label} : {tr(node.title)}")
            for pk, node in self.nodes.items()
        ]
        self.fields["about"].choices = [  # type: ignore[attr-defined]
            ("", _("Open government in general")), *choices
        ]  # fmt: skip
        if office:
            self.fields["given_on"] = DayField(label=_("Given on"), required=False)

    def given(self) -> dict[str, Any]:
        """Return what the service takes."""
        data = self.cleaned_data
        return {
            "title": data["title"],
            "text": data["text"],
            "about": self.nodes.get(data["about"]),
            "given_on": data.get("given_on"),
        }


class ReplyForm(KeyedForm):
    """The government's reply to an advice."""

    reply = TextFormField(
        label=_("The government’s reply"), rows=10, characters_max=limits.TEXT_CHARACTERS
    )
    replier = TextFormField(
        label=_("Who replies"), characters_max=limits.SHORT_CHARACTERS,
        help_text=_("The organisation, and the function of the person who signs."),
    )  # fmt: skip

    def __init__(self, *args: Any, advice: Advice, **kwargs: Any) -> None:
        kwargs["initial"] = {"reply": advice.reply, "replier": advice.replier}
        super().__init__(*args, **kwargs)
        if advice.replied_on:
            self.fields["note"] = why_field(_("Why the reply changes"))


class GroupForm(NodeForm):
    """A group to accredit."""

    model = Group
    names = ("why", "homepage", "since", "until", "by_name", "sources")
    title_label = _("Name of the group")
    organisation = OrganisationChoice(label=_("Accredited by"))
    since = DayField(label=_("Since"))
    sources = SourcesFormField(required=False)
    field_order = ("key", "title", "why", "organisation", "by_name", "since", "until", "homepage")


class EndForm(WhyForm):
    """The end of an accreditation."""

    until = DayField(label=_("Last day"))
