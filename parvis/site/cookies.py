"""The cookies that this site can set, from the settings in force: a page says each of them."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_LANGUAGE_VIEW = "django.views.i18n.set_language"


@dataclass(frozen=True)
class Cookie:
    """One cookie: when a browser receives it, what it is for, how long it stays."""

    name: str
    purpose: str
    when: str
    stays: str
    out_of_reach: bool
    same_site: str


def _stays(seconds: int | None) -> str:
    if not seconds:
        return _("Until you close the browser")
    days = seconds // 86_400
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def _sets_language() -> bool:
    """Whether an address of this site remembers a language: addresses say it themselves."""
    from django.urls import NoReverseMatch, reverse

    try:
        reverse(_LANGUAGE_VIEW)
    except NoReverseMatch:
        return False
    return True


def in_force() -> list[Cookie]:
    """Return every cookie that the settings in force let this site set, in the active language."""

    def cookie(prefix: str, purpose: str, when: str, *, age: int | None, name: str = "") -> Cookie:
        known: Any = settings
        return Cookie(
            name or getattr(known, f"{prefix}_COOKIE_NAME"),
            purpose,
            when,
            _stays(age),
            bool(getattr(known, f"{prefix}_COOKIE_HTTPONLY")),
            str(getattr(known, f"{prefix}_COOKIE_SAMESITE") or ""),
        )

    found = [
        cookie(
            "CSRF",
            _("Protects forms: another site cannot send one in your name."),
            _("When a page holds a form"),
            age=settings.CSRF_COOKIE_AGE,
        ),
        cookie(
            "SESSION",
            _("Keeps you signed in."),
            _("When you sign in, or ask for a code to sign in"),
            age=None if settings.SESSION_EXPIRE_AT_BROWSER_CLOSE else settings.SESSION_COOKIE_AGE,
        ),
    ]
    if "session" not in settings.MESSAGE_STORAGE:
        found.append(
            cookie(
                "SESSION",
                _("Carries a sentence such as “Saved.” to the next page, which removes it."),
                _("After some forms"),
                age=None,
                name="messages",
            )
        )
    if _sets_language():
        found.append(
            cookie(
                "LANGUAGE",
                _("Remembers the language that you chose."),
                _("When you change language"),
                age=settings.LANGUAGE_COOKIE_AGE,
            )
        )
    return found
