"""Small values that the plan's tables share: OGP's scales, how precisely a date is known."""

from django.db import models
from django.utils.translation import gettext_lazy as _

# The first migration names these two here.
from parvis.core.lists import SourcesField, TextsField

__all__ = [
    "VERDICT_MARKS", "Completion", "EarlyResults", "OgpValue", "Potential", "Precision",
    "SourcesField", "TextsField", "Verdict",
]  # fmt: skip


class Completion(models.TextChoices):
    """OGP's level of completion (https://www.opengovpartnership.org/glossary/completion/)."""

    NO_EVIDENCE = "no_evidence", _("No evidence available")
    NOT_STARTED = "not_started", _("Not started")
    LIMITED = "limited", _("Limited")
    SUBSTANTIAL = "substantial", _("Substantial")
    COMPLETE = "complete", _("Complete")


class OgpValue(models.TextChoices):
    """What a commitment opens, in OGP's words."""

    ACCESS = "access", _("Access to information")
    PARTICIPATION = "participation", _("Civic participation")
    ACCOUNTABILITY = "accountability", _("Public accountability")


class Potential(models.TextChoices):
    """OGP's potential for results (https://www.opengovpartnership.org/glossary/ambition/)."""

    UNCLEAR = "unclear", _("Unclear")
    MODEST = "modest", _("Modest")
    SUBSTANTIAL = "substantial", _("Substantial")


class EarlyResults(models.TextChoices):
    """Did it open government (https://www.opengovpartnership.org/glossary/early-results/)."""

    WORSENED = "worsened", _("Worsened")
    NONE = "none", _("Did not change")
    MARGINAL = "marginal", _("Marginal")
    MAJOR = "major", _("Major")
    OUTSTANDING = "outstanding", _("Outstanding")


class Precision(models.TextChoices):
    """How much of a date is known; a month is stored by its first or last day."""

    DAY = "day", _("To the day")
    MONTH = "month", _("To the month")


class Verdict(models.TextChoices):
    """What is decided about what was asked."""

    RETAINED = "retained", _("Retained")
    IN_PART = "in_part", _("Retained in part")
    ALREADY_DONE = "already_done", _("Already done")
    REFUSED = "refused", _("Refused")
    OUT_OF_SCOPE = "out_of_scope", _("Out of scope")


VERDICT_MARKS = {
    Verdict.RETAINED: "kept",
    Verdict.IN_PART: "part",
    Verdict.ALREADY_DONE: "existing",
    Verdict.REFUSED: "refused",
    Verdict.OUT_OF_SCOPE: "outside",
}
"""Verdict -> the `data-verdict` that the style sheet draws."""
