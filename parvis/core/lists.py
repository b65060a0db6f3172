"""Lists in a row: texts by language, web addresses; and facts that say where they come from."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.i18n import LANGUAGES, clean_text

ITEMS_MAX = 60
URL_CHARACTERS = 500
NAME_CHARACTERS = 90
_BETWEEN = re.compile(r"[-_+\s]+")
_ENDING = re.compile(r"\.(?:html?|php|aspx?|pdf|docx?|xlsx?|csv)$", re.IGNORECASE)


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


def source_name(url: str, parts_max: int = 1) -> str:
    """Return what a page shows of an address without a title: its site, and what its end says.

    `https://www.site.ca/plans/plan-2021_final.pdf` is "site.ca, plan 2021 final": an address in
    full is read out letter by letter, and the site alone would give several links one name
    (WCAG 2.2, 2.4.4). `parts_max`: how many of the last parts of the path. At most 90 characters.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    path = [unquote(part) for part in parts.path.split("/") if part]
    said = [" ".join(_BETWEEN.sub(" ", _ENDING.sub("", part)).split()) for part in path]
    query = [] if said else [unquote(parts.query)]
    words = ", ".join(part for part in (host, *said[-parts_max:], *query) if part)
    return words if len(words) <= NAME_CHARACTERS else words[: NAME_CHARACTERS - 1] + "…"


def source_links(urls: Iterable[str]) -> list[tuple[str, str]]:
    """Return (address, what the page shows of it) of each; two addresses never look the same."""
    shown: dict[str, str] = {}
    for url in urls:
        taken = set(shown.values())
        names = (source_name(url, n) for n in range(1, 4))
        shown.setdefault(url, next((one for one in names if one not in taken), url))
    return list(shown.items())


def flat(items: list[Any], language: str) -> str:
    """Return a list of texts as one text, a line each, in one language as far as it has it."""
    lines = [item if isinstance(item, str) else item.get(language, "") for item in items]
    return "\n".join(line for line in lines if line)


def by_language(items: list[Any]) -> dict[str, str]:
    """Return a list of texts as {language: lines}, for history and search."""
    out = {code: flat(items, code) for code in LANGUAGES}
    return {code: text for code, text in out.items() if text}


def joined(*texts: Any) -> dict[str, str]:
    """Return texts by language, and lists of them, as one text by language, for search."""
    parts = [by_language(text) if isinstance(text, list) else text for text in texts]
    out = {code: " ".join(part[code] for part in parts if part.get(code)) for code in LANGUAGES}
    return {code: words for code, words in out.items() if words}


class Sourced(models.Model):
    """Facts that say where they come from."""

    sources = SourcesField(verbose_name=_("Sources"))

    class Meta:
        abstract = True

    @property
    def source_links(self) -> list[tuple[str, str]]:
        """(address, what the page shows of it) of each source."""
        return source_links(self.sources)
