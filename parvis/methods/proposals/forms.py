"""Forms of proposals. Lengths and rules are checked again by the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.forms import KeyedForm
from parvis.core.i18n import TextFormField
from parvis.methods.proposals.definition import STANCE_LABELS, Settings
from parvis.methods.proposals.models import Status
from parvis.moderation.guards import HumanForm


class ProposalForm(HumanForm):
    """A title and a text."""

    title = forms.CharField(label=_("Title"))
    body = forms.CharField(
        label=_("Your proposal"), widget=forms.Textarea(attrs={"rows": 10}), strip=True
    )

    def __init__(self, settings: Settings, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        title, body = self.fields["title"], self.fields["body"]
        title.help_text = _("One action, in one sentence. %(n)d characters at most.") % {
            "n": settings.title_characters_max
        }
        body.help_text = _(
            "What should be done, and why. %(n)d characters at most. Write nobody’s name or "
            "address: your text is published at once."
        ) % {"n": settings.proposal_characters_max}
        title.widget.attrs["maxlength"] = settings.title_characters_max
        body.widget.attrs["maxlength"] = settings.proposal_characters_max


class CommentForm(HumanForm):
    """A position and a text."""

    stance = forms.ChoiceField(
        label=_("Your position on this proposal"),
        choices=list(STANCE_LABELS.items()),
        widget=forms.RadioSelect,
        initial="neutral",
    )
    body = forms.CharField(
        label=_("Your comment"),
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": limits.COMMENT_CHARACTERS}),
        help_text=_("2,000 characters at most. Your text is published at once."),
    )
    reply_to = forms.UUIDField(required=False, widget=forms.HiddenInput)


class AnswerForm(KeyedForm):
    """The official answer, with its reasons."""

    status = forms.ChoiceField(label=_("Answer"), choices=Status.choices, widget=forms.RadioSelect)
    answer = TextFormField(
        label=_("Reasons"),
        help_text=_("What is done about it, and why. Everybody reads it, in each language."),
        rows=6,
        required=False,
    )
    note = TextFormField(
        label=_("What changed since the last version"),
        rows=1,
        characters_max=limits.REASON_CHARACTERS,
        required=False,
    )


class SettingsForm(KeyedForm):
    """What an organiser sets before opening."""

    supports_max = forms.IntegerField(
        label=_("Supports by person, at most"),
        help_text=_("Leave empty for no limit."),
        required=False,
    )
    title_characters_max = forms.IntegerField(label=_("Characters in a title, at most"))
    proposal_characters_max = forms.IntegerField(label=_("Characters in a proposal, at most"))
    anonymous_comments = forms.BooleanField(
        label=_("Comments without an account"),
        help_text=_("Where the consultation lets anyone answer."),
        required=False,
    )
    intro = TextFormField(
        label=_("Introduction"),
        help_text=_("What you expect, in two sentences, above the list."),
        rows=3,
        characters_max=limits.REASON_CHARACTERS,
        required=False,
    )
