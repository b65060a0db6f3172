"""The colours and typefaces of the design tokens, for what is drawn elsewhere than in a browser.

They are said once, in `site/tokens.css`: paper and pictures read them there.
"""

import re
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders

_COLOUR = re.compile(r"--colour-([a-z0-9-]+):\s*(#[0-9a-fA-F]{3,8})")
_FONTS = re.compile(r"--font-body:\s*([^;]+);")


@lru_cache(maxsize=1)
def _sheet() -> str:
    return Path(str(finders.find("site/tokens.css"))).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def colours() -> dict[str, str]:
    """Return name -> #rrggbb, as paper shows them: the first of each name (the light theme)."""
    found: dict[str, str] = {}
    for name, value in _COLOUR.findall(_sheet()):
        found.setdefault(name, value)
    return found


@lru_cache(maxsize=1)
def families() -> list[str]:
    """Return the typefaces of the text, in order."""
    declared = _FONTS.search(_sheet())
    return re.findall(r'"([^"]+)"', declared[1]) if declared else []
