"""Small values that the plan's tables share: lists of texts by language, sources, OGP's scales."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.i18n import LANGUAGES, clean_text

ITEMS_MAX = 60
URL_CHARACTERS = 500


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


def clean_texts(value: Any) -> list[Any]:
    """Return a list whose items are texts by language (or plain names). Raises ValidationError.

    One text alone counts as a list of one.
    """
    if value in (None, "", {}, []):
        return []
    items = [value] if isinstance(value, Mapping | str) else value
    if not isinstance(items, list | tuple):
        raise ValidationError(_("A list of texts is expected."))
    if len(items) > ITEMS_MAX:
        raise ValidationError(_("%(max)d lines at most.") % {"max": ITEMS_MAX})
    out: list[Any] = []
    for item in items:
        if isinstance(item, str):
            item = item.strip()
            if len(item) > limits.REASON_CHARACTERS:
                raise ValidationError(_("A line is too long."))
        else:
            item = clean_text(item, characters_max=limits.REASON_CHARACTERS)
        if item:
            out.append(item)
    return out


def clean_sources(value: Any) -> list[str]:
    """Return a list of web addresses. Raises ValidationError on anything else."""
    if value in (None, "", []):
        return []
    if not isinstance(value, list | tuple) or len(value) > ITEMS_MAX:
        raise ValidationError(
            _("Sources are a list of at most %(max)d addresses.") % {"max": ITEMS_MAX}
        )
    return [clean_url(item) for item in value]


def clean_url(value: Any) -> str:
    """Return a web address (http or https). Raises ValidationError on anything else."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        parts = urlsplit(text)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in text
    except ValueError:
        right = False
    if not right or len(text) > URL_CHARACTERS:
        raise ValidationError(
            _("“%(value)s” is not a web address that starts with http:// or https://.")
            % {"value": str(value)[:120]}
        )
    return text


class TextsField(models.JSONField):
    """A list of texts by language, or of plain names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Refuse what is not a list of texts."""
        return super().clean(clean_texts(value), model_instance)


class SourcesField(models.JSONField):
    """A list of web addresses."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Refuse what is not a list of addresses."""
        return super().clean(clean_sources(value), model_instance)


def source_name(url: str) -> str:
    """Return what a page shows of an address: site and path, cut at 90 characters."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    words = host + parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    return words if len(words) <= 90 else words[:89] + "…"


def flat(items: list[Any], language: str) -> str:
    """Return a list of texts as one text, a line each, in one language as far as it has it."""
    lines = [item if isinstance(item, str) else item.get(language, "") for item in items]
    return "\n".join(line for line in lines if line)


def by_language(items: list[Any]) -> dict[str, str]:
    """Return a list of texts as {language: lines}, for history and search."""
    out = {code: flat(items, code) for code in LANGUAGES}
    return {code: text for code, text in out.items() if text}
