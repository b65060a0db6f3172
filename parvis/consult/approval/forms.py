"""Forms of approval: ask, invite, say, decide, plan, refuse."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.consult.desk_fields import FIELD, DayField, DeskForm, HourField, Radios
from parvis.core import limits
from parvis.core.forms import KeyedForm
from parvis.core.models import Site


def _words(label: Any, help_text: Any = "", *, rows: int = 3, required: bool = False) -> Any:
    field = forms.CharField(
        label=label,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
        max_length=limits.COMMENT_CHARACTERS,
        required=required,
        strip=True,
    )
    field.template_name = FIELD  # type: ignore[attr-defined]
    field.optional = not required  # type: ignore[attr-defined]
    return field


class AskForm(KeyedForm):
    """What the reader should know before reading."""

    note = _words(
        _("A word to the person who will read it"),
        _("What is new, what you hesitate about. Only staff and invited readers see it."),
    )


class InviteForm(KeyedForm):
    """The name of somebody without an account."""

    name = forms.CharField(  # type: ignore[call-arg]
        label=_("Name of the person who will read it"),
        help_text=_("Only to tell apart who says what. It is shown on the desk only."),
        max_length=120,
        template_name=FIELD,
    )


class CommentForm(KeyedForm):
    """What somebody says of one line."""

    field = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200)
    body = _words(_("Your comment"), required=True)

    def __init__(self, *args: Any, anchor: str = "", **kwargs: Any) -> None:
        # Many on a page: each has identifiers of its own.
        kwargs.setdefault("auto_id", f"id_%s_{anchor}" if anchor else "id_%s")
        super().__init__(*args, **kwargs)


class ApproveForm(KeyedForm):
    """An approval, with a word if wished."""

    words = _words(_("A word with your approval"), rows=2)


class ChangesForm(KeyedForm):
    """What has to change."""

    words = _words(_("What has to change"), required=True)


class RefuseForm(KeyedForm):
    """Why a proposed change is refused."""

    words = _words(_("Why it is refused"), required=True)


class ScheduleForm(DeskForm):
    """The minute of the opening."""

    day = DayField(label=_("Day of the opening"))
    hour = HourField(
        label=_("At (hour)"), required=False, help_text=_("Empty: at the first minute of the day.")
    )


class ModeForm(KeyedForm):
    """Whether the site asks for a second person."""

    approval = forms.ChoiceField(  # type: ignore[call-arg]
        label=_("Before the public sees a consultation"),
        choices=Site.Approval.choices,
        widget=Radios,
        template_name=FIELD,
        error_messages={"required": _("Choose one of the two.")},
    )
