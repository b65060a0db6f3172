"""Message catalogues: extracted, merged, checked and compiled by us (no gettext tools needed).

Sources are English; each slice keeps its French in `locale/fr/<slice>.po`. `compile_all` merges
them into `locale/fr/LC_MESSAGES/django.mo`, where Django looks. French spaces are set here.

    python -m parvis.core.catalogs            compile
    python -m parvis.core.catalogs missing    list what has no French yet
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "locale"
_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
Message = tuple[str | None, str | tuple[str, ...]]


def _sources() -> Iterator[tuple[Path, io.BytesIO]]:
    import django.conf
    from django.utils.translation.template import templatize

    if not django.conf.settings.configured:
        django.conf.settings.configure()
    for path in sorted((ROOT / "parvis").rglob("*.py")):
        if "migrations" not in path.parts and "tests" not in path.parts:
            yield path, io.BytesIO(path.read_bytes())
    for pattern in ("*.html", "*.txt"):
        for path in sorted((ROOT / "parvis").rglob(f"templates/**/{pattern}")):
            text = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            yield path, io.BytesIO(text.encode())


def used() -> dict[Message, list[str]]:
    """Return every message of code and templates -> the files that use it."""
    found: dict[Message, list[str]] = {}
    for path, source in _sources():
        for _line, message, _comments, context in extract("python", source, _KEYWORDS):
            if isinstance(message, tuple):
                message = tuple(part for part in message if part)
            if message:
                name = str(path.relative_to(ROOT))
                found.setdefault((context, message), []).append(name)
    return found


def merged(language: str = "fr") -> Catalog:
    """Return one catalogue with the messages of every slice, French spaces set."""
    from parvis.core.i18n import typeset

    catalog = Catalog(locale=language, fuzzy=False)
    for path in sorted((LOCALE / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if not message.id or not message.string:
                    continue
                strings = message.string
                if isinstance(strings, str):
                    strings = typeset(strings, language)
                else:
                    strings = tuple(typeset(part, language) for part in strings)
                catalog.add(message.id, strings, context=message.context, flags=message.flags)
    return catalog


def missing(language: str = "fr") -> dict[Message, list[str]]:
    """Return the messages used that have no (complete) translation."""
    catalog = merged(language)
    out = {}
    for (context, message), files in used().items():
        single = message if isinstance(message, str) else message[0]
        entry = catalog.get(single, context=context)
        strings = entry.string if entry else ""
        complete = all(strings) if isinstance(strings, (tuple, list)) else bool(strings)
        if not entry or not complete:
            out[(context, message)] = files
    return out


def compile_all() -> Path:
    """Write the compiled catalogue when a source is newer than it; return its path.

    This process reads the new one from then on.
    """
    from django.utils.translation.reloader import translation_file_changed

    target = LOCALE / "fr" / "LC_MESSAGES" / "django.mo"
    newest = max((p.stat().st_mtime for p in (LOCALE / "fr").glob("*.po")), default=0.0)
    if not target.exists() or target.stat().st_mtime < newest:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own: several processes may start at once.
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
        with open(descriptor, "wb") as file:
            write_mo(file, merged())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
        # What was looked up before, while the first models were made, would stay English.
        translation_file_changed(None, target)
    return target


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status."""
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parvis.settings")
    if arguments == ["missing"]:
        lost = missing()
        for (context, message), files in lost.items():
            sys.stdout.write(f"{files[0]}: {context or ''} {message!r}\n")
        sys.stdout.write(f"{len(lost)} without French\n")
        return 1 if lost else 0
    compile_all()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
