"""Forms of moderation: to report, to appeal, to decide."""

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.forms import KeyedForm
from parvis.core.i18n import TextFormField
from parvis.moderation.guards import HumanForm
from parvis.moderation.rules import CHOICES, RULES


def _rules() -> list[tuple[str, object]]:
    # A function, so that names are written in the reader's language, not in that of the import.
    rules = [(rule.key, f"{rule.number}. {rule.name}") for rule in RULES]
    return [("", _("Choose a rule")), *rules]


class ReportForm(HumanForm):
    """Which rule a thing breaks, and what to look at."""

    reason = forms.ChoiceField(
        label=_("Which rule does it break?"), choices=CHOICES, widget=forms.RadioSelect
    )
    details = forms.CharField(
        label=_("What should we look at?"),
        help_text=_("1,000 characters at most. Only moderators read it. Do not give your name."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=limits.REASON_CHARACTERS,
        required=False,
    )


class AppealForm(HumanForm):
    """Why a decision should be reversed."""

    text = forms.CharField(
        label=_("Why should this decision be reversed?"),
        help_text=_("2,000 characters at most. Another person than the one who decided reads it."),
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=limits.COMMENT_CHARACTERS,
    )


class DecideForm(KeyedForm):
    """Hide under a rule, or keep; with a motive in both cases."""

    HIDE, KEEP = "hide", "keep"
    choice = forms.ChoiceField(
        label=_("Your decision"),
        choices=[(HIDE, _("Withdraw it, under a rule")), (KEEP, _("Keep it: no rule is broken"))],
        widget=forms.RadioSelect,
    )
    rule = forms.ChoiceField(label=_("Rule, if you withdraw it"), choices=_rules, required=False)
    motive = TextFormField(
        label=_("Motive"),
        help_text=_("The author and the public read it. Quote nothing of the text."),
        rows=3,
        characters_max=limits.REASON_CHARACTERS,
    )
    facts = forms.CharField(
        label=_("Facts, for the desk"),
        help_text=_("What you saw. Only moderators read it."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=limits.REASON_CHARACTERS,
        required=False,
    )


class MotiveForm(KeyedForm):
    """A motive alone: to put something back."""

    motive = TextFormField(
        label=_("Motive"),
        help_text=_("The author and the public read it. Quote nothing of the text."),
        rows=3,
        characters_max=limits.REASON_CHARACTERS,
    )


class AnswerForm(KeyedForm):
    """The answer to an appeal."""

    STAND, REVERSE = "stand", "reverse"
    outcome = forms.ChoiceField(
        label=_("Your decision"),
        choices=[
            (STAND, _("The decision stands")),
            (REVERSE, _("The decision is reversed: the contribution is put back")),
        ],
        widget=forms.RadioSelect,
    )
    answer = TextFormField(
        label=_("Answer to the author"), rows=3, characters_max=limits.REASON_CHARACTERS
    )
