"""Forms of the questionnaire's editor: a page, a question, the settings, a file."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.consult.desk_fields import DeskForm, Radios, TextIn, Tick, Ticks, french
from parvis.core import limits
from parvis.core.i18n import DEFAULT, tr
from parvis.methods.survey import editing
from parvis.methods.survey.definition import CHARACTERS_MAX, CHOICES, TEXTS
from parvis.methods.survey.shown import TYPES

FILE_BYTES = 1_000_000


class SettingsForm(DeskForm):
    """The title of the questionnaire, and when its charts are public."""

    title = TextIn(label=_("Title of the questionnaire"), characters_max=limits.TITLE_CHARACTERS)
    results = forms.ChoiceField(
        label=_("When the results are shown to everybody"),
        choices=[
            ("closed", _("Once it is closed, so as to influence nobody")),
            ("live", _("While it is open")),
        ],
        widget=Radios,
    )

    def clean_title(self) -> dict[str, str]:
        """A title in French at least."""
        return french(self.cleaned_data["title"])


class PageForm(DeskForm):
    """A page: its title and what is said above its questions."""

    page_title = TextIn(label=_("Title of the page"), characters_max=limits.TITLE_CHARACTERS)
    intro = TextIn(
        label=_("Said above the questions"), rows=2, optional=True,
        characters_max=limits.REASON_CHARACTERS,
    )  # fmt: skip

    def clean_page_title(self) -> dict[str, str]:
        """A title in French at least."""
        return french(self.cleaned_data["page_title"])

    @property
    def texts(self) -> dict[str, Any]:
        """The page's own texts, as the definition keeps them."""
        out: dict[str, Any] = {"title": self.cleaned_data["page_title"]}
        out["intro"] = self.cleaned_data["intro"] or None
        return out


class QuestionForm(DeskForm):
    """One question, whatever its type; what a type does not use must be empty."""

    type = forms.ChoiceField(
        label=_("Type"), choices=list(TYPES.items()), widget=Radios, initial="single"
    )
    label = TextIn(label=_("Question"), characters_max=limits.SHORT_CHARACTERS)
    help = TextIn(label=_("Help under the question"), optional=True, rows=2,
                  characters_max=limits.REASON_CHARACTERS)  # fmt: skip
    options = forms.CharField(
        label=_("Answers to choose, one by line"),
        widget=forms.Textarea(attrs={"rows": 8}),
        max_length=limits.TEXT_CHARACTERS,
        required=False,
    )
    other = Tick(label=_("Add “Other”, with a text"))
    min = forms.IntegerField(label=_("The least"), required=False)
    max = forms.IntegerField(
        label=_("The most"),
        required=False,
        help_text=_(
            "Several answers and ranking: number of choices. Scale: its ends (0 and 10 when "
            "empty). Number: its bounds. Text: characters."
        ),
    )
    low = TextIn(label=_("What the low end of the scale means"), optional=True,
                 characters_max=limits.SHORT_CHARACTERS)  # fmt: skip
    high = TextIn(label=_("What the high end of the scale means"), optional=True,
                  characters_max=limits.SHORT_CHARACTERS)  # fmt: skip
    required = Tick(label=_("An answer is required"))
    role = forms.ChoiceField(
        label=_("What it is about"),
        choices=[
            ("opinion", _("An opinion")),
            ("characteristic", _("The person (age, region…): published only as totals")),
        ],
        widget=Radios,
        initial="opinion",
    )
    condition = forms.MultipleChoiceField(
        label=_("Show it only after one of these answers"),
        help_text=_("Answers to one question of an earlier page. None: it is always shown."),
        widget=Ticks,
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        earlier: Sequence[Mapping[str, Any]] = (),
        question: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.question = question
        if question is not None:
            kwargs["initial"] = initial_of(question, kwargs.get("languages") or [DEFAULT])
        super().__init__(*args, **kwargs)
        if len(self.languages) > 1:
            self.fields["options"].help_text = _(
                "French | English, as in: Yearly | Every year. Changing the words keeps the answer."
            )
        groups = [
            (tr(one["label"]), [(f"{one['id']}:{o['id']}", tr(o["label"])) for o in one["options"]])
            for one in earlier
            if one["type"] in {"single", "multiple"}
        ]
        self.fields["condition"].choices = groups  # type: ignore[attr-defined]
        if not groups:
            del self.fields["condition"]

    def clean_label(self) -> dict[str, str]:
        """A wording in French at least."""
        return french(self.cleaned_data["label"])

    def clean_options(self) -> list[dict[str, Any]]:
        """The answers, each with its identifier."""
        before = (self.question or {}).get("options", [])
        try:
            return editing.options_of(self.cleaned_data["options"], before, self.languages)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_condition(self) -> dict[str, Any] | None:
        """The condition: answers of one question."""
        pairs = [text.split(":", 1) for text in self.cleaned_data["condition"]]
        if len({question for question, _option in pairs}) > 1:
            raise forms.ValidationError(_("Choose answers of one question only."))
        if not pairs:
            return None
        return {"question": pairs[0][0], "in": [option for _question, option in pairs]}

    def clean(self) -> dict[str, Any]:
        """Refuse what a type does not use, and rules that contradict one another."""
        cleaned = super().clean()
        kind = cleaned.get("type", "")
        self._unused(cleaned, kind)
        least, most = cleaned.get("min"), cleaned.get("max")
        if least is not None and most is not None and least > most:
            self.add_error("max", _("The least is greater than the most."))
        elif kind in {"multiple", "ranking"} and "options" in cleaned:
            room = len(cleaned["options"]) + bool(cleaned.get("other"))
            for name, value in (("min", least), ("max", most)):
                if value is not None and not 0 <= value <= room:
                    self.add_error(name, _("Between 0 and %(n)d, the answers that there are.")
                                   % {"n": room})  # fmt: skip
        elif kind == "scale":
            low, high = (0 if least is None else least), (10 if most is None else most)
            if not 2 <= high - low + 1 <= 11:
                self.add_error("max", _("A scale has 2 to 11 points."))
        elif kind in TEXTS:
            room = CHARACTERS_MAX[kind]
            for name, value in (("min", least), ("max", most)):
                if value is not None and not 0 < value <= room:
                    self.add_error(name, _("Between 1 and %(n)d characters.") % {"n": room})
        return cleaned

    def _unused(self, cleaned: Mapping[str, Any], kind: str) -> None:
        if kind in CHOICES:
            if "options" in cleaned and len(cleaned["options"]) < 2:
                self.add_error("options", _("A question of choice needs two answers at least."))
        elif cleaned.get("options"):
            self.add_error("options", _("This type has no answers to choose: take them off, or "
                                        "choose another type."))  # fmt: skip
        if cleaned.get("other") and kind not in {"single", "multiple"}:
            self.add_error("other", _("This type has no “Other” answer."))
        if kind == "single":
            for name in ("min", "max"):
                if cleaned.get(name) is not None:
                    self.add_error(name, _("One answer is chosen: leave this empty."))
        ends = [name for name in ("low", "high") if cleaned.get(name)]
        if ends and kind != "scale":
            self.add_error(ends[0], _("Only a scale has ends: leave this empty."))
        elif len(ends) == 1:
            self.add_error("high" if ends == ["low"] else "low", _("Name both ends, or neither."))

    @property
    def definition(self) -> dict[str, Any]:
        """The question as the definition keeps it, without its identifier."""
        data = self.cleaned_data
        out: dict[str, Any] = {
            "type": data["type"],
            "label": data["label"],
            "required": data["required"],
            "opinion": data["role"] == "opinion",
            "options": data["options"],
            "other": data["other"],
        }
        if data["help"]:
            out["help"] = data["help"]
        for name in ("min", "max"):
            if data[name] is not None:
                out[name] = data[name]
        if data["low"]:
            out["ends"] = {"low": data["low"], "high": data["high"]}
        if data.get("condition"):
            out["show_if"] = data["condition"]
        return out


def initial_of(question: Mapping[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    """Return what the form of a question shows first."""
    ends, condition = question.get("ends") or {}, question.get("show_if") or {}
    return {
        "type": question["type"],
        "label": question["label"],
        "help": question.get("help") or {},
        "options": editing.lines_of(question.get("options", []), languages),
        "other": question.get("other", False),
        "min": question.get("min"),
        "max": question.get("max"),
        "low": ends.get("low", {}),
        "high": ends.get("high", {}),
        "required": question.get("required", False),
        "role": "opinion" if question.get("opinion", True) else "characteristic",
        "condition": [f"{condition['question']}:{one}" for one in condition.get("in", [])],
    }


class ImportForm(DeskForm):
    """A whole questionnaire, from a file made by “Download the definition”."""

    file = forms.FileField(
        label=_("File of a questionnaire (JSON)"),
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )

    def clean_file(self) -> dict[str, Any]:
        """What the file holds: an object with pages."""
        upload = self.cleaned_data["file"]
        if upload.size > FILE_BYTES:
            raise forms.ValidationError(_("This file is too big: 1 MB at most."))
        try:
            found = json.loads(upload.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError(_("This file is not a text in UTF-8.")) from None
        except json.JSONDecodeError as error:
            words = _("This file is not JSON: line %(line)d, column %(column)d.")
            raise forms.ValidationError(
                words % {"line": error.lineno, "column": error.colno}
            ) from None
        except (ValueError, RecursionError):
            raise forms.ValidationError(_("This file cannot be read.")) from None
        if not isinstance(found, dict) or not isinstance(found.get("pages"), list):
            raise forms.ValidationError(_("This file holds no questionnaire: “pages” is missing."))
        return {name: found[name] for name in ("pages", "results") if name in found}
