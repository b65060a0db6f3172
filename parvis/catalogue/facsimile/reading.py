"""A text of a dataset, as lines: its beginning only, and what was cut is said."""

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

from parvis.tables.errors import TableError
from parvis.tables.read.sniff import find_encoding

BYTES_MAX = 500_000
LAID_OUT_BYTES = 200_000
"""A JSON without lines beyond this is shown as it is: giving it lines takes time."""
LINES = 250
LINE_CHARACTERS = 1_000
PAGE_CHARACTERS = 40_000
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class Text:
    """The beginning of a text as pages of lines.

    `cut`: the file goes on; `laid_out`: a JSON without lines was given some, for reading;
    `long`: some lines are shown shortened.
    """

    whole: str
    pages: list[tuple[int, list[str]]]
    lines: int
    cut: bool
    laid_out: bool
    long: bool


def read(path: Path, extension: str) -> Text | None:
    """Return a text; None for what is no text, whatever its name says. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(BYTES_MAX + 1)
    cut, head = len(head) > BYTES_MAX, head[:BYTES_MAX]
    try:
        encoding = find_encoding(io.BytesIO(head))
        whole = head.decode(encoding.codec, "replace")
    except (TableError, LookupError):
        return None
    whole = _CONTROLS.sub("", whole)
    laid_out = False
    short = len(head) <= LAID_OUT_BYTES
    if extension in {"json", "jsonld"} and short and whole.count("\n") < len(whole) // 2_000:
        try:
            whole = json.dumps(json.loads(whole), ensure_ascii=False, indent=2)
            laid_out = True
        except (ValueError, RecursionError):
            laid_out = False  # Shown as it is: what is wrong with it may be what is looked for.
    # Not `splitlines`: programs count lines by line ends only, not by form feeds.
    lines = whole.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    long = any(len(line) > LINE_CHARACTERS for line in lines)
    return Text(whole, _paged(lines), len(lines), cut, laid_out, long)


def _paged(lines: list[str]) -> list[tuple[int, list[str]]]:
    """Pages as (number of the first line, lines), none too long for a page of the site."""
    pages: list[tuple[int, list[str]]] = []
    here: list[str] = []
    first, characters = 1, 0
    for number, line in enumerate(lines, start=1):
        line = line if len(line) <= LINE_CHARACTERS else line[:LINE_CHARACTERS] + "…"
        if here and (len(here) == LINES or characters + len(line) > PAGE_CHARACTERS):
            pages.append((first, here))
            here, first, characters = [], number, 0
        here.append(line)
        characters += len(line)
    pages.append((first, here))
    return pages
