"""What an organiser sets for proposals, and what a comment carries: checked here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from parvis.consult.models import Activity
from parvis.core import limits
from parvis.core.errors import Invalid
from parvis.core.i18n import LANGUAGES, clean_text, missing

STANCES = ("for", "against", "neutral")
STANCE_LABELS = {"for": _("For"), "against": _("Against"), "neutral": _("Neither")}
SUPPORTS_LIMIT = 1_000


@dataclass(frozen=True)
class Settings:
    """Settings of an activity. `supports_max` None: as many as one wishes."""

    supports_max: int | None = None
    proposal_characters_max: int = limits.CONTRIBUTION_CHARACTERS
    title_characters_max: int = 120
    anonymous_comments: bool = True
    intro: Mapping[str, str] = field(default_factory=dict)


def settings_of(activity: Activity) -> Settings:
    """Return the settings of an activity."""
    known = Settings.__dataclass_fields__
    return Settings(**{name: value for name, value in activity.settings.items() if name in known})


def _whole(raw: Mapping[str, Any], name: str, low: int, high: int, default: Any) -> Any:
    value = raw.get(name, default)
    if value is None and default is None:
        return None
    if type(value) is not int or not low <= value <= high:
        message = _("A whole number between %(low)d and %(high)d is asked.")
        raise Invalid({name: [message % {"low": low, "high": high}]})
    return value


def clean_settings(raw: Any) -> dict[str, Any]:
    """Return complete, checked settings. Raises Invalid with every wrong field."""
    if not isinstance(raw, Mapping):
        raise Invalid({"__all__": [_("Settings are given by name.")]})
    errors: dict[str, list[Any]] = {}
    out: dict[str, Any] = {}
    for name in set(raw) - set(Settings.__dataclass_fields__):
        errors[name] = [_("There is no such setting.")]
    for name, low, high, default in (
        ("supports_max", 1, SUPPORTS_LIMIT, None),
        ("proposal_characters_max", 200, limits.TEXT_CHARACTERS, limits.CONTRIBUTION_CHARACTERS),
        ("title_characters_max", 20, limits.TITLE_CHARACTERS, 120),
    ):
        try:
            out[name] = _whole(raw, name, low, high, default)
        except Invalid as refusal:
            errors.update(refusal.errors)
    out["anonymous_comments"] = raw.get("anonymous_comments", True)
    if not isinstance(out["anonymous_comments"], bool):
        errors["anonymous_comments"] = [_("Yes or no is asked.")]
    try:
        out["intro"] = clean_text(raw.get("intro"), characters_max=limits.REASON_CHARACTERS)
    except ValidationError as error:
        errors["intro"] = error.messages
    if errors:
        raise Invalid(errors)
    return asdict(Settings(**out))


def clean_payload(activity: Activity, raw: Any, partial: bool = False) -> dict[str, Any]:
    """Return the checked payload: nothing for a proposal, a stance for a comment.

    Raises Invalid by field.
    """
    if not isinstance(raw, Mapping):
        raise Invalid({"__all__": [_("A payload is given by name.")]})
    if unknown := set(raw) - {"stance", "reply_to"}:
        raise Invalid({name: [_("There is no such field.")] for name in unknown})
    out: dict[str, Any] = {}
    if "stance" in raw:
        if raw["stance"] not in STANCES:
            raise Invalid({"stance": [_("Say for, against or neither.")]})
        out["stance"] = raw["stance"]
    if "reply_to" in raw:
        try:
            out["reply_to"] = str(UUID(str(raw["reply_to"])))
        except ValueError:
            raise Invalid({"reply_to": [_("There is no such comment.")]}) from None
    return out


def holes(activity: Activity) -> list[Any]:
    """Return what is missing before opening, in words."""
    intro = settings_of(activity).intro
    languages = activity.consultation.languages or list(LANGUAGES[:1])
    lost = missing(intro, languages) if intro else []
    if lost:
        message = _("The introduction to proposals is missing in a language (%(languages)s).")
        return [message % {"languages": ", ".join(lost)}]
    return []
