"""Draws or lists one file, alone in a process with little memory and time; knows no database.

    python -I child.py pdf FILE FIRST LAST
    python -I child.py picture FILE NAME
    python -I child.py archive FILE

Writes pictures, each after a line of JSON {"number", "width", "height", "bytes"}, then one last
line {"state", ...}. A hostile file costs this process only.
"""

import io
import json
import resource
import sys
import zipfile
from pathlib import Path
from typing import Any

MEMORY_BYTES = 1_200_000_000
CPU_SECONDS = 60
WIDTHS = (720, 1440)
HEIGHT_MAX = 4_000
QUALITIES = {720: (60, 45, 30), 1440: (72,)}
SMALL_BYTES = 70_000
"""A page of the site weighs 100 kB with its picture."""
MEMBERS_MAX = 2_000
NAME_CHARACTERS = 250
# Marks that write from the right to the left could make one name look like another.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def put(number: int, width: int, height: int, content: bytes) -> None:
    """Write one picture."""
    said = {"number": number, "width": width, "height": height, "bytes": len(content)}
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + content)


def draw_pdf(path: str, first: int, last: int) -> dict[str, Any]:
    """Draw pages `first` to `last`, as wide as each of WIDTHS."""
    import pypdfium2
    from PIL import Image

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        return {"state": "locked" if locked else "damaged"}
    pages = len(document)
    for number in range(first, min(last, pages) + 1):
        try:
            page = document[number - 1]
            across, high = page.get_size()
            scale = min(WIDTHS[-1] / max(across, 1), HEIGHT_MAX / max(high, 1))
            # No form field, no script, no annotation that asks for anything is drawn.
            large = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        except pypdfium2.PdfiumError:
            continue
        for width in WIDTHS:
            part = min(1.0, width / WIDTHS[-1])
            size = (max(1, round(large.width * part)), max(1, round(large.height * part)))
            small = large if size == large.size else large.resize(size, Image.Resampling.LANCZOS)
            for quality in QUALITIES[width]:
                out = io.BytesIO()
                small.save(out, "WEBP", quality=quality, method=2)
                if out.tell() <= SMALL_BYTES:
                    break
            put(number, *size, out.getvalue())
    return {"state": "ready" if pages else "damaged", "pages": pages}


def draw_picture(path: str, name: str) -> dict[str, Any]:
    """Write the sizes of a picture, without anything but pixels."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    from parvis.core import pictures
    from parvis.core.errors import Invalid

    with open(path, "rb") as file:
        content = file.read(pictures.BYTES_MAX + 1)
    if len(content) > pictures.BYTES_MAX:
        return {"state": "too_long"}
    try:
        picture = pictures.read(name, content, pictures.STILLS)
    except Invalid:
        return {"state": "damaged"}
    for size in picture.sizes:
        if size.extension == "webp":
            put(1, size.width, size.height, size.content)
    return {"state": "ready", "pages": 1}


def _clean(name: str) -> str:
    kept = (c if c >= " " and c != "\x7f" and not "\ud800" <= c <= "\udfff" else "�" for c in name)
    return "".join(c for c in kept if c not in _TURNING)[:NAME_CHARACTERS]


def list_archive(path: str) -> dict[str, Any]:
    """Name and size of what an archive holds, folders left out, in its order."""
    try:
        with zipfile.ZipFile(path) as packed:
            members = [one for one in packed.infolist() if not one.is_dir()]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return {"state": "damaged"}
    parts = [[_clean(one.filename), one.file_size] for one in members[:MEMBERS_MAX]]
    cut = len(members) > len(parts)
    return {"state": "ready", "parts": parts, "pages": len(members), "cut": cut}


def main() -> None:
    """Limit this process, read the file, say what was found."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kind, path, *rest = sys.argv[1:]
    try:
        if kind == "pdf":
            found = draw_pdf(path, int(rest[0]), int(rest[1]))
        elif kind == "picture":
            found = draw_picture(path, rest[0])
        else:
            found = list_archive(path)
    except MemoryError:
        found = {"state": "too_long"}
    sys.stdout.buffer.write(json.dumps(found).encode() + b"\n")


if __name__ == "__main__":
    main()
