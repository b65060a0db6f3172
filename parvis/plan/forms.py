"""Forms of the desk. Limits come from the models; rules are the services'."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.forms import DayField, KeyedForm, LinesFormField, NodeForm, SourcesFormField
from parvis.core.i18n import TextFormField
from parvis.core.models import Node
from parvis.plan.models import (
    Commitment,
    Evaluation,
    Milestone,
    Plan,
    ProgressUpdate,
    Response,
)
from parvis.plan.scales import SCALES
from parvis.plan.services import COMMITMENT_TEXTS
from parvis.plan.values import Completion, OgpValue, Precision, Verdict

KNOWN = (("", _("Not known")), ("true", _("Yes")), ("false", _("No")))


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


class _ModelFieldsForm(NodeForm):
    """A form of the plan: how precisely a date is known may be left out."""

    def adapted(self, name: str, field: forms.Field) -> forms.Field:
        """Return the field of a column."""
        if name.endswith("_precision"):
            return forms.ChoiceField(
                choices=Precision, required=False, initial=Precision.DAY, label=field.label
            )
        return super().adapted(name, field)

    def changes(self) -> dict[str, Any]:
        """Return what the service takes: the model's fields, cleaned."""
        return {
            name: Precision.DAY if name.endswith("_precision") and not value else value
            for name, value in super().changes().items()
        }


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
    names: tuple[str, ...] = (
        "kind", "evaluator", "evaluated_on", "text", "potential", "completion", "early_results",
        "signed",
    )  # fmt: skip
    title_label = None
    by = forms.ChoiceField(
        choices=Evaluation.By.choices[:2], label=_("Who evaluates"), widget=forms.RadioSelect,
        initial=Evaluation.By.RECORDED, required=False,
    )  # fmt: skip
    text = TextFormField(label=_("Findings"), rows=4, characters_max=limits.TEXT_CHARACTERS)
    verifiable = forms.ChoiceField(required=False, choices=KNOWN, label=_("Verifiable"))
    relevant = forms.ChoiceField(required=False, choices=KNOWN, label=_("Relevant"))
    sources = SourcesFormField(required=False)
    opening: tuple[str, ...] = ("key", "by", "kind", "evaluator")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        order = [*self.opening, "evaluated_on"]
        for scale, question in SCALES.items():
            name = f"reason_{scale}"
            self.fields[name] = TextFormField(
                required=False, rows=2, characters_max=limits.REASON_CHARACTERS,
                label=_("Why: %(question)s") % {"question": question},
            )  # fmt: skip
            order += [scale, name]
        self.order_fields([*order, "text", "signed", "sources"])

    def findings(self) -> dict[str, Any]:
        """Return the fields that the services take."""
        data = self.changes()
        data.pop("kind")
        for name in ("verifiable", "relevant"):
            data[name] = _known(self.cleaned_data[name])
        reasons = {scale: self.cleaned_data[f"reason_{scale}"] for scale in SCALES}
        return {**data, "sources": self.cleaned_data["sources"], "reasons": reasons}


class IndependentForm(EvaluationForm):
    """An evaluation that a committee or an accredited group publishes alone."""

    names = ("kind", "evaluated_on", "text", "potential", "completion", "early_results",
             "signed")  # fmt: skip
    by = None  # type: ignore[assignment]
    text = AskedTextField(
        label=_("Findings"), rows=8, characters_max=limits.TEXT_CHARACTERS,
        help_text=_("In one language at least. Nobody can edit it once it is published."),
    )  # fmt: skip
    opening = ("key", "body", "kind")

    def __init__(self, *args: Any, bodies: Sequence[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"] = forms.ChoiceField(
            choices=[(str(node.pk), _title(node)) for node in bodies], label=_("For"),
            widget=forms.RadioSelect, initial=str(bodies[0].pk),
        )  # fmt: skip
        self.fields["signed"].required = True
        self.fields["signed"].help_text = _("Your name, and in what capacity you sign.")
        self.order_fields(["key", "body"])


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
