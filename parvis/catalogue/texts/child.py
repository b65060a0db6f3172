"""Reads one file, alone in a process with little memory and time; run by path, knows no Django.

    python -I child.py pdf|docx FILE

Writes one JSON object: {"state", "parts", "pages", "cut"}. A hostile file costs this process only.
"""

import json
import resource
import sys
import zipfile
from typing import Any

MEMORY_BYTES = 1_200_000_000
CPU_SECONDS = 25
PAGES_MAX = 1_500
CHARACTERS_MAX = 1_000_000
PART_CHARACTERS = 4_000
UNPACKED_BYTES = 200_000_000
# A page with a stamp or a page number only is still a picture of a page.
PAGE_CHARACTERS_MIN = 20


def _clean(text: str) -> str:
    """Text without control characters or lone surrogates, which no database takes."""
    kept = "".join(c for c in text if c in "\n\t" or (c >= " " and not "\ud800" <= c <= "\udfff"))
    lines = (" ".join(line.split()) for line in kept.splitlines())
    return "\n".join(line for line in lines if line)


def read_pdf(path: str) -> dict[str, Any]:
    """The text of each page."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        return {"state": "locked" if locked else "damaged"}
    parts: list[str] = []
    room, pages = CHARACTERS_MAX, len(document)
    for number in range(min(pages, PAGES_MAX)):
        try:
            text = _clean(document[number].get_textpage().get_text_range())
        except pypdfium2.PdfiumError:
            text = ""
        parts.append(text[:room])
        room -= len(parts[-1])
        if room <= 0:
            break
    cut = len(parts) < pages or room <= 0
    if pages == 0:
        return {"state": "damaged"}
    if sum(map(len, parts)) < PAGE_CHARACTERS_MIN * min(len(parts), 10):
        return {"state": "scanned", "pages": pages}
    return {"state": "read", "parts": parts, "pages": pages, "cut": cut}


def _too_big(path: str) -> bool:
    """Whether a packed file would unpack to more than is allowed (a bomb)."""
    with zipfile.ZipFile(path) as packed:
        return sum(one.file_size for one in packed.infolist()) > UNPACKED_BYTES


def read_docx(path: str) -> dict[str, Any]:
    """The text of paragraphs and tables, in stretches."""
    import docx

    try:
        if _too_big(path):
            return {"state": "too_long"}
        document = docx.Document(path)
        blocks = list(document.iter_inner_content())
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  whatever a hostile file makes the reader raise
        return {"state": "damaged"}
    parts, here, room = [], "", CHARACTERS_MAX
    for block in blocks:
        if hasattr(block, "rows"):
            lines = ["; ".join(cell.text for cell in row.cells) for row in block.rows]
            text = _clean("\n".join(lines))
        else:
            text = _clean(block.text)
        text = text[:room]
        room -= len(text)
        here = f"{here}\n{text}" if here and text else here or text
        if len(here) >= PART_CHARACTERS:
            parts.append(here)
            here = ""
        if room <= 0:
            break
    parts += [here] if here else []
    if not parts:
        return {"state": "scanned"}
    return {"state": "read", "parts": parts, "pages": None, "cut": room <= 0}


def main() -> None:
    """Limit this process, read the file, say what was found."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        found = {"pdf": read_pdf, "docx": read_docx}[sys.argv[1]](sys.argv[2])
    except MemoryError:
        found = {"state": "too_long"}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
