"""Forms of requests for data."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.asking.models import URL_CHARACTERS, Stage
from parvis.core import limits
from parvis.core.forms import DayField, KeyedForm, OrganisationChoice
from parvis.core.i18n import TextFormField, tr
from parvis.core.kinds import known
from parvis.core.models import Node, Organisation, State


def _public() -> Any:
    rows = Organisation.objects.filter(node__state=State.PUBLIC)
    return rows.select_related("node").order_by("node__slug")


class RequestFields(forms.Form):
    """What is asked of a request; the form of the page adds what keeps machines out."""

    title = forms.CharField(
        max_length=limits.TITLE_CHARACTERS, label=_("The data, in a few words"),
        help_text=_("For example: bus stops with their accessibility."),
    )  # fmt: skip
    wanted = forms.CharField(
        max_length=limits.COMMENT_CHARACTERS, label=_("What data, in detail"),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Which period, which territory, what each row would say."),
    )  # fmt: skip
    reason = forms.CharField(
        max_length=limits.COMMENT_CHARACTERS, label=_("What it would serve for"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("It is shown with the request. Write nothing personal."),
    )  # fmt: skip
    organisation = OrganisationChoice(
        required=False, label=_("Which organisation has it"), empty_label=_("I do not know")
    )
    email = forms.EmailField(
        required=False, max_length=254, label=_("E-mail, for news of this request"),
        help_text=_("Never shown. We write to it once to confirm, then when there is news."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = _public()  # type: ignore[attr-defined]


class DecideForm(KeyedForm):
    """Show a request, or say why not."""

    choice = forms.ChoiceField(
        label=_("Decision"), widget=forms.RadioSelect,
        choices=[("accept", _("Show it")), ("refuse", _("Do not show it, with the reason"))],
    )  # fmt: skip
    motive = TextFormField(
        required=False, rows=3, characters_max=limits.REASON_CHARACTERS, label=_("Reason"),
        help_text=_("When it is not shown: the author reads it."),
    )  # fmt: skip


class AnswerForm(KeyedForm):
    """The answer of an organisation, and the state that it gives to a request."""

    stage = forms.ChoiceField(
        label=_("State"), widget=forms.RadioSelect,
        choices=[(value, label) for value, label in Stage.choices if value != Stage.RECEIVED],
    )  # fmt: skip
    words = TextFormField(
        rows=4, characters_max=limits.COMMENT_CHARACTERS, label=_("Answer"),
        help_text=_("Shown to everybody with today’s date, in the organisation’s name."),
    )  # fmt: skip
    planned_on = DayField(
        required=False, label=_("Published on this day at the latest"),
        help_text=_("Only when it is planned."),
    )  # fmt: skip
    url = forms.URLField(
        required=False, max_length=URL_CHARACTERS, label=_("Web address"), assume_scheme="https",
        help_text=_("Where it is published, when it already is."),
    )  # fmt: skip


class AssignForm(KeyedForm):
    """Which organisation answers."""

    organisation = OrganisationChoice(
        required=False, label=_("Who answers"), empty_label=_("Not known yet")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = _public()  # type: ignore[attr-defined]


class TieForm(KeyedForm):
    """What a request becomes, among what a search found."""

    target = forms.ChoiceField(label=_("What it becomes"), widget=forms.RadioSelect)
    reason = TextFormField(
        rows=2, characters_max=limits.REASON_CHARACTERS, label=_("Why"),
        help_text=_("Shown to everybody beside the tie."),
    )  # fmt: skip

    def __init__(self, *args: Any, nodes: list[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["target"].choices = [  # type: ignore[attr-defined]
            (str(node.pk), f"{tr(node.title)} ({known()[node.kind].label})") for node in nodes
        ]

    def clean_target(self) -> UUID:
        """Return its id."""
        return UUID(self.cleaned_data["target"])
