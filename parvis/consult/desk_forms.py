"""Forms of the desk: nothing is required to save a draft; what is missing is said in place."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.consult import methods, services
from parvis.consult.desk_fields import (
    FIELD,
    DayField,
    DeskForm,
    HourField,
    Radios,
    TextIn,
    Tick,
    Ticks,
    french,
)
from parvis.consult.models import Activity, Consultation, Contribution, Phase, WhoMay
from parvis.core import limits
from parvis.core.forms import KeyedForm
from parvis.core.i18n import DEFAULT, LANGUAGES, tr
from parvis.core.models import Organisation

LANGUAGE_NAMES = {"fr": _("French"), "en": _("English")}


def _text(name: str, help_text: Any = "", *, optional: bool = False) -> TextIn:
    column: Any = Consultation._meta.get_field(name)
    return TextIn(
        rows=column.rows,
        characters_max=column.characters_max,
        label=column.verbose_name,
        help_text=help_text,
        optional=optional,
    )


def _day(name: str, help_text: Any = "") -> DayField:
    column: Any = Consultation._meta.get_field(name)
    return DayField(label=column.verbose_name, help_text=help_text, required=False)


def _note() -> TextIn:
    return TextIn(
        label=_("Why this change"),
        help_text=_("Shown in the public history of the page."),
        characters_max=limits.REASON_CHARACTERS,
        optional=True,
    )


def organisations() -> list[tuple[str, str]]:
    """Return the organisations to choose from, by name."""
    rows = [
        (str(row.pk), tr(row.node.title)) for row in Organisation.objects.select_related("node")
    ]
    return sorted(rows, key=lambda row: row[1].casefold())


class NewForm(KeyedForm):
    """What is asked to start: all the rest comes from the starting point."""

    blueprint = forms.ChoiceField(  # type: ignore[call-arg]
        label=_("Start from"), widget=Radios, template_name=FIELD,
        error_messages={"required": _("Choose one of the starting points.")},
    )  # fmt: skip
    title = TextIn(
        label=_("Title"),
        help_text=_(
            "What people will read first. An English title switches English on: each text is "
            "then asked in both languages."
        ),
        characters_max=limits.TITLE_CHARACTERS,
    )
    organisation = forms.ChoiceField(  # type: ignore[call-arg]
        label=_("Organisation that consults"), template_name=FIELD, required=False
    )
    opens = DayField(label=_("Opening day"), template_name=FIELD,
                     help_text=_("It opens at the first minute of this day."))  # fmt: skip
    closes = DayField(label=_("Closing day"), template_name=FIELD,
                      help_text=_("It closes at midnight, at the end of this day."))  # fmt: skip


class AboutForm(DeskForm):
    """The subject, who asks, in which languages."""

    title = TextIn(label=_("Title"), characters_max=limits.TITLE_CHARACTERS)
    organisation = forms.ChoiceField(label=_("Organisation that consults"), required=False)
    question = _text("question", _("One sentence, as you would ask it aloud."))
    summary = _text("summary", _("Two sentences: what is asked, how long it takes."), optional=True)
    minutes = forms.IntegerField(
        label=Consultation._meta.get_field("minutes").verbose_name,
        min_value=1,
        max_value=240,
        required=False,
    )
    other_ways = _text("other_ways", _("By post, by telephone, in person: where."), optional=True)
    switched_on = forms.MultipleChoiceField(
        label=_("Languages of the consultation"),
        help_text=_(
            "French is always there. When English is on, the consultation cannot open while an "
            "English text is missing."
        ),
        choices=[(code, LANGUAGE_NAMES[code]) for code in LANGUAGES if code != DEFAULT],
        widget=Ticks,
        required=False,
    )
    note = _note()


class InfluenceForm(DeskForm):
    """What an opinion can change, in four points."""

    influence_decision = _text("influence_decision", _("What will be decided after reading you."))
    influence_who = _text("influence_who", _("A position or a body, without a person’s name."))
    influence_on = _day("influence_on")
    influence_out = _text("influence_out", _("What is already decided and will not change."))
    note = _note()


class PrivacyForm(DeskForm):
    """Who may answer, how duplicates are handled, and the notice at collection (A-2.1, s. 65)."""

    who_may = forms.ChoiceField(
        label=Consultation._meta.get_field("who_may").verbose_name,
        choices=WhoMay.choices,
        widget=Radios,
        required=False,
    )
    duplicate_rule = _text("duplicate_rule")
    notice_purpose = _text("notice_purpose")
    notice_readers = _text("notice_readers")
    notice_refusal = _text("notice_refusal")
    notice_rights = _text("notice_rights")
    retention_on = _day(
        "retention_on", _("Two years after the closing is usual; never longer than needed.")
    )
    note = _note()

    def freeze(self) -> None:
        """Once open, what people read before answering stays."""
        for name in services.FROZEN_ONCE_OPEN:
            field = self.fields[name]
            field.disabled = True
            field.help_text = _("People have read this before answering: it stays.")
            if isinstance(field, TextIn):
                field.freeze()


class DuesForm(DeskForm):
    """The three promises after closing."""

    themes_due = _day("themes_due")
    report_due = _day("report_due")
    response_due = _day("response_due", _("This date is public, and so is any lateness."))
    note = _note()


def moment_of(
    consultation: Consultation, day: date, at: time | None, *, end: bool = False
) -> datetime:
    """Return a moment in the consultation's time zone. Raises ValidationError for an hour that
    does not exist that day (clocks go forward)."""
    moment = services.local_moment(day, consultation, end=end, at=at)
    zone = ZoneInfo(consultation.time_zone)
    again = moment.astimezone(ZoneInfo("UTC")).astimezone(zone)
    if again.replace(tzinfo=None) != moment.replace(tzinfo=None):
        raise forms.ValidationError(
            _("This hour does not exist that day: the clocks go forward. Choose another hour.")
        )
    return moment


def as_typed(consultation: Consultation, moment: datetime, *, end: bool = False) -> dict[str, Any]:
    """Return {day, hour} as the form shows them: midnight at the end of a day has no hour."""
    local = moment.astimezone(ZoneInfo(consultation.time_zone))
    at = local.time().replace(tzinfo=None)
    if at == time(0):
        return {"day": local.date() - timedelta(days=1) if end else local.date(), "hour": None}
    return {"day": local.date(), "hour": at}


class PhaseForm(DeskForm):
    """A phase: when, and what it opens. The one without `phase` adds one, unless left empty."""

    title = TextIn(label=_("What happens"), characters_max=limits.TITLE_CHARACTERS)
    start_day = DayField(label=_("First day"), required=False)
    start_hour = HourField(label=_("From (hour)"), required=False,
                           help_text=_("Empty: from the first minute."))  # fmt: skip
    end_day = DayField(label=_("Last day"), required=False)
    end_hour = HourField(label=_("Until (hour)"), required=False,
                         help_text=_("Empty: until midnight."))  # fmt: skip
    openings = forms.MultipleChoiceField(
        label=_("What it opens to the public"), widget=Ticks, required=False
    )
    remove = Tick(label=_("Remove this period"))

    def __init__(
        self,
        *args: Any,
        consultation: Consultation,
        activities: Sequence[Activity],
        phase: Phase | None = None,
        **kwargs: Any,
    ) -> None:
        self.consultation, self.phase = consultation, phase
        self.activities = {str(activity.pk): activity for activity in activities}
        if phase is not None:
            start = as_typed(consultation, phase.starts)
            end = as_typed(consultation, phase.ends, end=True)
            kwargs["initial"] = {
                "title": phase.title,
                "start_day": start["day"], "start_hour": start["hour"],
                "end_day": end["day"], "end_hour": end["hour"],
                "openings": [f"{row.activity_id}:{row.action}" for row in phase.actions.all()],
            }  # fmt: skip
        kwargs["prefix"] = f"phase{phase.pk}" if phase else "new"
        super().__init__(*args, **kwargs)
        several = len(activities) > 1
        choices = []
        for activity in activities:
            for action, label in methods.get(activity.method).actions.items():
                name = f"{tr(activity.node.title)} – {label}" if several else str(label)
                choices.append((f"{activity.pk}:{action}", name))
        self.fields["openings"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            del self.fields["openings"]
        if phase is None:
            del self.fields["remove"]
            self.empty_permitted, self.use_required_attribute = True, False

    @property
    def unused(self) -> bool:
        """Whether nothing was typed to add a phase."""
        return self.phase is None and not any(
            value for name, value in self.cleaned_data.items() if name != "key"
        )

    def clean(self) -> dict[str, Any]:
        """Check the dates together."""
        cleaned = super().clean()
        if cleaned.get("remove") or self.unused:
            return cleaned
        if "title" in cleaned and not cleaned["title"].get(DEFAULT):
            self.add_error("title", _("Say in French what happens then."))
        moments = {}
        for end, name in enumerate(("start", "end")):
            day = cleaned.get(f"{name}_day")
            if day is None:
                if f"{name}_day" not in self.errors:
                    self.add_error(f"{name}_day", _("Give this day."))
                continue
            try:
                hour = cleaned.get(f"{name}_hour")
                moments[name] = moment_of(self.consultation, day, hour, end=bool(end))
            except forms.ValidationError as error:
                self.add_error(f"{name}_hour", error)
        if len(moments) == 2 and moments["end"] <= moments["start"]:
            self.add_error("end_day", _("The end comes before the start."))
        cleaned.update(moments)
        return cleaned

    @property
    def chosen(self) -> list[tuple[Activity, str]]:
        """What it opens: (activity, action)."""
        pairs = [text.split(":", 1) for text in self.cleaned_data.get("openings", [])]
        return [(self.activities[pk], action) for pk, action in pairs]


class ActivityForm(DeskForm):
    """A way to participate to add."""

    method = forms.ChoiceField(
        label=_("Way to take part"), widget=Radios,
        error_messages={"required": _("Choose a way to take part.")},
    )  # fmt: skip
    title = TextIn(label=_("Title"), characters_max=limits.TITLE_CHARACTERS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["method"].choices = [  # type: ignore[attr-defined]
            (kind, method.label) for kind, method in methods.all_methods().items()
        ]

    def clean_title(self) -> dict[str, str]:
        """A title in French at least."""
        return french(self.cleaned_data["title"])


class RenameForm(DeskForm):
    """Another title for an activity."""

    title = TextIn(label=_("Title"), characters_max=limits.TITLE_CHARACTERS)

    def clean_title(self) -> dict[str, str]:
        """A title in French at least."""
        return french(self.cleaned_data["title"])


class ExtendForm(DeskForm):
    """A later end, and why."""

    new_day = DayField(label=_("New last day"))
    new_hour = HourField(label=_("Until (hour)"), required=False,
                         help_text=_("Empty: until midnight."))  # fmt: skip
    reason = TextIn(
        label=_("Why"), rows=3, characters_max=limits.REASON_CHARACTERS,
        help_text=_("Everybody reads it, and participants who follow the consultation are told."),
    )  # fmt: skip


class DocumentForm(DeskForm):
    """A document to read before answering."""

    document = forms.ChoiceField(label=_("Document to attach"))


class FateForm(KeyedForm):
    """Whether some contributions count."""

    fate = forms.ChoiceField(  # type: ignore[call-arg]
        label=_("What becomes of the ticked ones"),
        choices=[
            (Contribution.Fate.KEPT, _("They count")),
            (Contribution.Fate.REJECTED, _("They are set aside")),
        ],
        widget=Radios,
        template_name=FIELD,
        error_messages={"required": _("Say whether they count.")},
    )
    reason = forms.ChoiceField(  # type: ignore[call-arg]
        label=_("Reason, of the published rule"),
        choices=[("", _("None: they count")), *Contribution.Why.choices],
        required=False,
        template_name=FIELD,
    )
