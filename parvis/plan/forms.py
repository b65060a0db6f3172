"""Forms of the desk. Limits come from the models; rules are the services'."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.models import fields_for_model
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.forms import KeyedForm
from parvis.core.i18n import LANGUAGES, TextFormField
from parvis.core.models import Node
from parvis.plan.models import (
    Commitment,
    Evaluation,
    Milestone,
    Plan,
    ProgressUpdate,
    Response,
)
from parvis.plan.services import COMMITMENT_TEXTS
from parvis.plan.values import Completion, OgpValue, Precision, Verdict

KNOWN = (("", _("Not known")), ("true", _("Yes")), ("false", _("No")))


class DayField(forms.DateField):
    """A day, typed or picked."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, **kwargs)


class _Asked:
    """Shown as required; the service says when it is, since it depends on other answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "required": False})
        self.required = True

    def clean(self, value: Any) -> Any:
        """Clean as an optional field."""
        self.required = False
        try:
            return super().clean(value)  # type: ignore[misc]
        finally:
            self.required = True


class AskedTextField(_Asked, TextFormField):
    """A text by language that the service may require."""


class AskedChoiceField(_Asked, forms.ChoiceField):
    """A choice that the service may require."""


class SourcesFormField(forms.CharField):
    """Web addresses, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Sources"))
        kwargs.setdefault("help_text", _("Web addresses, one a line."))
        super().__init__(widget=forms.Textarea(attrs={"rows": 3}), max_length=20_000, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show a list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:  # type: ignore[override]
        """Return the addresses; the service says which is wrong."""
        text = super().clean(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]


class LinesFormField(TextFormField):
    """A list of texts: one a line, the same lines in each language."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(rows=3, required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show a list of texts as lines by language."""
        if not isinstance(value, list) or all(isinstance(item, str | None) for item in value):
            return value
        lines: dict[str, list[str]] = {code: [] for code in LANGUAGES}
        for item in value:
            for code in LANGUAGES:
                lines[code].append(item if isinstance(item, str) else item.get(code, ""))
        return {code: "\n".join(texts).strip() for code, texts in lines.items()}

    def clean(self, value: Any) -> list[dict[str, str]]:  # type: ignore[override]
        """Return the list. Raises ValidationError when the languages have other lines."""
        texts = super().clean(value) or {}
        split = {
            code: [line.strip() for line in text.splitlines() if line.strip()]
            for code, text in texts.items()
        }
        split = {code: lines for code, lines in split.items() if lines}
        if len({len(lines) for lines in split.values()}) > 1:
            raise forms.ValidationError(
                _("Write the same lines, in the same order, in each language.")
            )
        count = len(next(iter(split.values()), []))
        return [{code: lines[n] for code, lines in split.items()} for n in range(count)]


def _model_fields(model: Any, names: tuple[str, ...]) -> dict[str, forms.Field]:
    found = {}
    for name, field in fields_for_model(model, fields=names).items():
        if isinstance(field, forms.DateField):
            field = DayField(required=False, label=field.label)
        if name.endswith("_precision"):
            field = forms.ChoiceField(
                choices=Precision, required=False, initial=Precision.DAY, label=field.label
            )
        found[name] = field
    return found


class _ModelFieldsForm(KeyedForm):
    """A form whose fields, in `names`, are the model's; `title` is the node's."""

    model: Any = None
    names: tuple[str, ...] = ()
    title_label: Any = _("Title")

    def __init__(self, *args: Any, row: Any = None, **kwargs: Any) -> None:
        initial = dict(kwargs.pop("initial", None) or {})
        if row is not None:
            initial = {**{name: getattr(row, name) for name in self.names}, **initial}
            initial.setdefault("title", row.node.title)
        super().__init__(*args, initial=initial, **kwargs)
        made: dict[str, forms.Field] = {}
        if self.title_label:
            made["title"] = TextFormField(
                label=self.title_label, characters_max=limits.TITLE_CHARACTERS
            )
        made |= _model_fields(self.model, self.names)
        declared = self.fields
        self.fields = {**made, **declared}
        self.fields.update({name: declared[name] for name in made if name in declared})
        if row is not None and "note" not in made and row.node.state == "public":
            self.fields["note"] = TextFormField(
                required=False,
                label=_("Why this change"),
                help_text=_("Published in the history; required when a date moves."),
                characters_max=limits.REASON_CHARACTERS,
            )

    def changes(self) -> dict[str, Any]:
        """Return what the service takes: the model's fields, cleaned."""
        out = {}
        for name in self.names:
            value = self.cleaned_data.get(name)
            if name.endswith("_precision") and not value:
                value = Precision.DAY
            out[name] = value
        return out


class PlanForm(_ModelFieldsForm):
    """A plan."""

    model = Plan
    names = ("summary", "announced_on", "filed_on", "starts", "starts_precision", "ends",
             "ends_precision", "notes", "sources")  # fmt: skip
    notes = LinesFormField(
        label=_("What is not known, and gaps between sources"), help_text=_("One a line.")
    )
    sources = SourcesFormField(required=False)


class ClosePlanForm(KeyedForm):
    """The end of a plan."""

    closed_on = DayField(label=_("Closed on"))


class CommitmentForm(_ModelFieldsForm):
    """A commitment, in OGP's fields."""

    model = Commitment
    names = (
        "number", "lead", "institutions", "starts", "starts_precision", "ends", "ends_precision",
        "problem", "status_quo", "action", "contributes", "ogp_value", "policy_area",
        "stakeholders", "sector", "budget", "programmes", "code", "notes", "sources",
    )  # fmt: skip
    institutions = LinesFormField(label=_("Other institutions"), help_text=_("One a line."))
    ogp_value = forms.ChoiceField(
        choices=[("", _("Not known")), *OgpValue.choices], required=False, label=_("OGP value")
    )
    notes = LinesFormField(label=_("What is not known"), help_text=_("One a line."))
    sources = SourcesFormField(required=False)
    texts = COMMITMENT_TEXTS


class MilestoneForm(_ModelFieldsForm):
    """A milestone."""

    model = Milestone
    names = ("starts", "starts_precision", "ends", "ends_precision", "responsible", "note")
    reason = TextFormField(
        required=False,
        label=_("Why this change"),
        help_text=_("Published in the history; required when a date moves."),
        characters_max=limits.REASON_CHARACTERS,
    )


class ProgressForm(_ModelFieldsForm):
    """A report: where it stands, and why it is not finished."""

    model = ProgressUpdate
    names = ("text", "why", "external")
    title_label = None
    completion = forms.ChoiceField(
        choices=Completion, widget=forms.RadioSelect, label=_("Level of completion")
    )
    reported_on = DayField(label=_("Reported on"))
    milestone_reached = forms.ChoiceField(
        required=False,
        choices=(("", _("Unchanged")), ("true", _("Reached")), ("false", _("Not reached"))),
        label=_("This milestone is"),
    )
    why = AskedTextField(
        rows=4, label=_("Why it is not finished"), help_text=_("Required unless it is complete.")
    )
    external = AskedTextField(
        rows=4,
        label=_("What outside the organisation weighed in"),
        help_text=_(
            "A law, a supplier, another organisation. Required unless complete, or tick below."
        ),
    )
    nothing_external = forms.BooleanField(
        required=False, label=_("Nothing outside the organisation weighed in")
    )
    sources = SourcesFormField(required=False, label=_("Evidence"))
    field_order = (
        "key", "completion", "text", "reported_on", "milestone", "milestone_reached", "why",
        "external", "nothing_external", "sources",
    )  # fmt: skip

    def __init__(self, *args: Any, commitment: Commitment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = commitment.milestones.select_related("node")
        choices = [(str(row.pk), _title(row.node)) for row in rows]
        self.fields["milestone"] = forms.ChoiceField(
            required=False,
            choices=[("", _("The whole commitment")), *choices],
            label=_("Milestone"),
        )
        self.order_fields(self.field_order)

    def report(self) -> dict[str, Any]:
        """Return what `report_progress` takes; `milestone` is an id, or empty."""
        data = self.cleaned_data
        external = data["external"] or ({} if data["nothing_external"] else None)
        return {
            "completion": data["completion"],
            "text": data["text"],
            "reported_on": data["reported_on"],
            "milestone_reached": _known(data["milestone_reached"]),
            "why": data["why"],
            "external": external,
            "sources": data["sources"],
        }


class EvaluationForm(_ModelFieldsForm):
    """An evaluation, on OGP's scales. What was not read stays empty."""

    model = Evaluation
    names = ("kind", "evaluator", "evaluated_on", "text", "potential", "completion",
             "early_results")  # fmt: skip
    title_label = None
    verifiable = forms.ChoiceField(required=False, choices=KNOWN, label=_("Verifiable"))
    relevant = forms.ChoiceField(required=False, choices=KNOWN, label=_("Relevant"))
    sources = SourcesFormField(required=False)

    def findings(self) -> dict[str, Any]:
        """Return the fields that `evaluate` takes."""
        data = self.changes()
        data.pop("kind")
        for name in ("verifiable", "relevant"):
            data[name] = _known(self.cleaned_data[name])
        return {**data, "sources": self.cleaned_data["sources"]}


class ResponseForm(_ModelFieldsForm):
    """What is decided about a theme, why, and what follows."""

    model = Response
    names = ("asked", "reason", "follows", "existing_url", "sources")
    title_label = None
    verdict = AskedChoiceField(choices=Verdict, widget=forms.RadioSelect, label=_("Decision"))
    reason = AskedTextField(rows=4, label=_("Why"))
    sources = SourcesFormField(required=False)

    def __init__(self, *args: Any, commitments: Mapping[Node, str] | None = None, **kwargs: Any):
        row = kwargs.get("row")
        super().__init__(*args, **kwargs)
        if row is not None:
            self.initial.setdefault("verdict", row.verdict)
        self.nodes = {str(node.pk): node for node in commitments or {}}
        intended = (row.intended if row else {}).get("commitments", {})
        self.fields["commitments"] = forms.MultipleChoiceField(
            required=False,
            choices=[(str(node.pk), label) for node, label in (commitments or {}).items()],
            widget=forms.CheckboxSelectMultiple,
            initial=[pk for pk in intended if pk in self.nodes],
            label=_("Commitments it leads to"),
        )
        self.fields["link_reason"] = TextFormField(
            required=False,
            rows=2,
            label=_("Why these commitments"),
            initial=next((text for text in intended.values() if text), {}),
            characters_max=limits.REASON_CHARACTERS,
        )
        self.order_fields(
            ("key", "verdict", "reason", "asked", "follows", "existing_url", "commitments",
             "link_reason", "sources")
        )  # fmt: skip

    def decision(self) -> dict[str, Any]:
        """Return the fields that the service takes."""
        return {**self.changes(), "verdict": self.cleaned_data["verdict"]}

    def leads_to(self, kept: Mapping[str, Any] | None = None) -> dict[Node, Any]:
        """Return commitment node -> reason; a reason written apart for one stays its own."""
        reason, before = self.cleaned_data["link_reason"], kept or {}
        shared = self.fields["link_reason"].initial
        out = {}
        for pk in self.cleaned_data["commitments"]:
            own = before.get(pk)
            out[self.nodes[pk]] = own if own and own != shared else reason
        return out


def _known(value: str) -> bool | None:
    return {"true": True, "false": False}.get(value)


def _title(node: Node) -> str:
    from parvis.core.i18n import tr

    return tr(node.title)
