"""Text in several languages: a JSON field {"fr": ..., "en": ...}, its form field, its reading.

What people read comes from gettext; what staff write is stored per language, so that a language
can be added without a migration. What citizens write has one language and stays as written.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

LANGUAGES: tuple[str, ...] = tuple(code for code, _name in settings.LANGUAGES)
DEFAULT: str = settings.LANGUAGE_CODE
NBSP = "\u00a0"

_SPACES = (
    (re.compile("«[ \u00a0]?"), f"«{NBSP}"),
    (re.compile("[ \u00a0]?»"), f"{NBSP}»"),
    (re.compile(r"(?<=\S) (?=[:%$])"), NBSP),
    (re.compile(r"(?<=\d) (?=\d{3}\b)"), NBSP),
    (re.compile(r"(?<=n°) (?=\S)"), NBSP),
    (
        re.compile(
            r"(?<=\d|r) (?=(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre"
            r"|octobre|novembre|décembre)\b)"
        ),
        NBSP,
    ),
)

Text = Mapping[str, str]


@lru_cache(maxsize=4096)
def typeset(text: str, language: str = "fr") -> str:
    """Return `text` with the no-break spaces that Québec French typography asks for."""
    if language != "fr":
        return text
    for pattern, replacement in _SPACES:
        text = pattern.sub(replacement, text)
    return text


def pick(text: Text | str | None, language: str | None = None) -> tuple[str, str]:
    """Return (text, its language): the asked one, else the default, else any that is there."""
    if not text:
        return "", language or DEFAULT
    if isinstance(text, str):
        return text, language or DEFAULT
    wanted = (language or get_language() or DEFAULT)[:2]
    for code in (wanted, DEFAULT, *LANGUAGES):
        if value := text.get(code):
            return value, code
    return "", wanted


class Foreign(str):
    """A text shown in another language than the page's: `lang` is what HTML must say of it.

    WCAG 2.2, 3.1.2: without it a screen reader says French words with English sounds. It is a
    plain string everywhere else; the filter `said` writes the mark.
    """

    __slots__ = ("lang",)
    lang: str


def tr(text: Text | str | None, language: str | None = None) -> str:
    """Return `text` in the reader's language, typeset; empty where there is none.

    A Foreign where another language had to do.
    """
    value, code = pick(text, language)
    shown = typeset(value, code)
    if not shown or isinstance(text, str) or code == (language or get_language() or DEFAULT)[:2]:
        return shown
    foreign = Foreign(shown)
    foreign.lang = f"{code}-CA"
    return foreign


def missing(text: Text | None, languages: tuple[str, ...] | list[str]) -> list[str]:
    """Return the languages, of those asked, in which `text` is absent."""
    return [code for code in languages if not (text or {}).get(code, "").strip()]


def clean_text(value: Any, *, characters_max: int = 20_000) -> dict[str, str]:
    """Return {"fr": ..., ...} with known languages, stripped. Raises ValidationError."""
    if value in (None, ""):
        return {}
    if not isinstance(value, Mapping):
        raise ValidationError(_("A text is given by language."))
    cleaned: dict[str, str] = {}
    for code, words in value.items():
        if code not in LANGUAGES or not isinstance(words, str):
            raise ValidationError(_("“%(code)s” is not a language of this site.") % {"code": code})
        words = words.replace("\r\n", "\n").strip()
        if len(words) > characters_max:
            raise ValidationError(
                _("%(n)d characters, the most is %(max)d.")
                % {"n": len(words), "max": characters_max}
            )
        if words:
            cleaned[code] = words
    return cleaned


class TextWidget(forms.MultiWidget):
    """One input a language, each labelled; no script needed."""

    template_name = "core/widgets/text.html"

    def __init__(self, *, rows: int = 1, attrs: dict[str, Any] | None = None) -> None:
        self.rows = rows
        self.languages = LANGUAGES
        one: Any = (
            (lambda: forms.TextInput(attrs=attrs))
            if rows == 1
            else (lambda: forms.Textarea(attrs={"rows": rows, **(attrs or {})}))
        )
        super().__init__({code: one() for code in LANGUAGES})

    def decompress(self, value: Text | None) -> list[str]:
        """Return the texts in the order of LANGUAGES."""
        return [(value or {}).get(code, "") for code in LANGUAGES]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Add to each input the language that it is for."""
        if isinstance(value, Mapping):
            value = self.decompress(value)
        context = super().get_context(name, value, attrs)
        names = dict(settings.LANGUAGES)
        for sub, code in zip(context["widget"]["subwidgets"], LANGUAGES, strict=True):
            sub["language"] = code
            sub["language_name"] = names[code]
            sub["attrs"]["lang"] = code
        return context


class TextFormField(forms.MultiValueField):
    """Form field for a text by language; `required` asks for the default language only."""

    def __init__(
        self, *, rows: int = 1, characters_max: int = 20_000, required: bool = True, **kwargs: Any
    ) -> None:
        kwargs.pop("encoder", None)
        kwargs.pop("decoder", None)
        self.characters_max = characters_max
        fields = [
            forms.CharField(
                required=required and code == DEFAULT, max_length=characters_max, strip=True
            )
            for code in LANGUAGES
        ]
        super().__init__(
            fields,
            widget=TextWidget(rows=rows),
            required=required,
            require_all_fields=False,
            **kwargs,
        )

    def compress(self, data_list: list[str]) -> dict[str, str]:
        """Return {"fr": ..., "en": ...} without the empty ones."""
        return {code: text for code, text in zip(LANGUAGES, data_list, strict=False) if text}

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare by language."""
        return self.compress(list(data or [])) != dict(initial or {})


class TextField(models.JSONField):
    """Model field: {"fr": ..., "en": ...}; empty is {}."""

    def __init__(
        self, *args: Any, rows: int = 1, characters_max: int = 20_000, **kwargs: Any
    ) -> None:
        self.rows = rows
        self.characters_max = characters_max
        kwargs.setdefault("default", dict)
        super().__init__(*args, **kwargs)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Refuse unknown languages and too long texts."""
        return super().clean(clean_text(value, characters_max=self.characters_max), model_instance)

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """A required text exists in the default language at least."""
        if not self.blank and not (value or {}).get(DEFAULT):
            raise ValidationError(_("This text is required in French."), code="required")

    def formfield(self, **kwargs: Any) -> Any:
        """One input a language."""
        kwargs.pop("form_class", None)
        kwargs.pop("choices_form_class", None)
        return TextFormField(
            rows=self.rows,
            characters_max=self.characters_max,
            required=not self.blank,
            label=kwargs.get("label", self.verbose_name),
            help_text=kwargs.get("help_text", self.help_text),
        )
