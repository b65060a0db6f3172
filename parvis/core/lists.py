"""Lists in a row: texts by language, web addresses; and facts that say where they come from."""

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


class Sourced(models.Model):
    """Facts that say where they come from."""

    sources = SourcesField(verbose_name=_("Sources"))

    class Meta:
        abstract = True

    @property
    def source_links(self) -> list[tuple[str, str]]:
        """(address, what the page shows of it) of each source."""
        return [(url, source_name(url)) for url in self.sources]
