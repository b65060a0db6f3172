"""What commands say: in French or English after the terminal's language, one line at a time."""

import gettext as machinery
import os
import sys
from functools import cache
from pathlib import Path

_CATALOGUES = Path(__file__).resolve().parents[2] / "locale"


class Stop(Exception):
    """The command cannot go on. `str()` says why in words; `status` is the exit status."""

    def __init__(self, words: str, status: int = 1) -> None:
        super().__init__(words)
        self.status = status


@cache
def language() -> str:
    """Return `fr` when the terminal speaks French (LC_ALL, LC_MESSAGES, LANG), else `en`."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "fr" if value.lower().startswith("fr") else "en"
    return "en"


@cache
def _translations() -> machinery.NullTranslations:
    # Django's own gettext needs the whole application: too slow for `parvis --help`.
    return machinery.translation("django", str(_CATALOGUES), languages=[language()], fallback=True)


def gettext(message: str) -> str:
    """Return `message` in the language of the terminal."""
    return _translations().gettext(message)


def ngettext(one: str, many: str, n: int) -> str:
    """Return `one` or `many`, in the language of the terminal."""
    return _translations().ngettext(one, many, n)


def say(words: object = "") -> None:
    """Print a line at once: what follows may take long."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def complain(words: object) -> None:
    """Print a line on the error output."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
