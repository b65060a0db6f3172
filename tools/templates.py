"""Checks every template: it parses, what it includes exists, and the CSP will let it work."""

# ruff: noqa: T201

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parvis.settings")

_FORBIDDEN = {
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/)", re.I),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "another site's file": re.compile(
        r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"https?:", re.I
    ),
}
_USED = re.compile(r"{%\s*(?:include|extends)\s+\"([^\"]+)\"")
_COMMENT = re.compile(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}", re.S)


def problems(path: Path, name: str) -> list[str]:
    """Return what is wrong with one template, in words."""
    from django.template import TemplateDoesNotExist, TemplateSyntaxError
    from django.template.loader import get_template

    found = []
    text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    for wanted in {name, *_USED.findall(text)}:
        try:
            get_template(wanted)
        except TemplateDoesNotExist:
            found.append(f"there is no template {wanted}")
        except TemplateSyntaxError as error:
            found.append(f"{wanted}: {error}")
    if path.suffix == ".html" and "/mail/" not in name:
        found += [f"holds {what}" for what, pattern in _FORBIDDEN.items() if pattern.search(text)]
    return found


def main() -> int:
    """Check all; return 1 when one is wrong."""
    import django

    django.setup()
    wrong = seen = 0
    for path in sorted((ROOT / "parvis").rglob("templates/**/*")):
        if path.suffix not in {".html", ".txt", ".xml"}:
            continue
        seen += 1
        name = str(path).split("/templates/", 1)[1]
        for words in problems(path, name):
            wrong += 1
            print(f"{path.relative_to(ROOT)}: {words}")
    print(f"{seen} templates, {wrong} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
