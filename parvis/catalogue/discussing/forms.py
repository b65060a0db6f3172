"""Forms of discussions."""

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.forms import KeyedForm
from parvis.core.i18n import TextFormField


class ReplyFields(forms.Form):
    """What is asked of a message; the form of the page adds what keeps machines out."""

    body = forms.CharField(
        max_length=limits.COMMENT_CHARACTERS, label=_("Your message"),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Everybody reads it. Write nothing personal."),
    )  # fmt: skip
    email = forms.EmailField(
        required=False, max_length=254, label=_("E-mail, for news of this discussion"),
        help_text=_("Never shown. We write to it once to confirm, then when there is news."),
    )  # fmt: skip


class DiscussionFields(ReplyFields):
    """What opens a discussion."""

    title = forms.CharField(
        max_length=limits.TITLE_CHARACTERS, label=_("Your question or remark, in a few words"),
        help_text=_("For example: what does the column “code” mean?"),
    )  # fmt: skip
    field_order = ("title", "body", "email")


class AnswerForm(KeyedForm):
    """The answer of the organisation."""

    body = forms.CharField(
        max_length=limits.COMMENT_CHARACTERS, label=_("Answer"),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Shown to everybody with today’s date, in the organisation’s name."),
    )  # fmt: skip


class CloseForm(KeyedForm):
    """Why a discussion is closed."""

    why = TextFormField(
        rows=2, characters_max=limits.REASON_CHARACTERS, label=_("Why it is closed"),
        help_text=_("Everybody reads it above the discussion."),
    )  # fmt: skip


class DecideForm(KeyedForm):
    """Show a message, or say why not."""

    choice = forms.ChoiceField(
        label=_("Decision"), widget=forms.RadioSelect,
        choices=[("accept", _("Show it")), ("refuse", _("Do not show it, with the reason"))],
    )  # fmt: skip
    motive = TextFormField(
        required=False, rows=3, characters_max=limits.REASON_CHARACTERS, label=_("Reason"),
        help_text=_("When it is not shown: the author reads it."),
    )  # fmt: skip
