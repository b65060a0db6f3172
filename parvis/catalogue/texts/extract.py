"""The text of a file, read in a process of its own: words for what cannot be read."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from parvis.catalogue.texts.models import FileText

SECONDS_MAX = 40
ANSWER_BYTES = 20_000_000
KINDS = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}
_CHILD = Path(__file__).with_name("child.py")
_STATES = frozenset(FileText.State.values) - {FileText.State.WAITING}


@dataclass(frozen=True)
class Extracted:
    """What a file says: a state of `FileText`, parts in order, pages (None: it has none)."""

    state: str
    parts: list[str] = field(default_factory=list)
    pages: int | None = None
    cut: bool = False


def extract(path: Path, media_type: str, seconds_max: float = SECONDS_MAX) -> Extracted:
    """Return the text of a PDF or a DOCX. Raises KeyError for another media type."""
    kind = KINDS[media_type]
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter, our own code, no shell
            [sys.executable, "-I", str(_CHILD), kind, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds_max,
            check=False,
            env={},  # no secret to find
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        return Extracted(FileText.State.TOO_LONG)
    if done.returncode < 0:
        # Ended by a signal: SIGXCPU or SIGKILL at a limit, SIGSEGV or SIGABRT in the reader.
        late = -done.returncode in {9, 24}
        return Extracted(FileText.State.TOO_LONG if late else FileText.State.DAMAGED)
    return _answer(done.stdout) if done.returncode == 0 else Extracted(FileText.State.DAMAGED)


def _answer(output: bytes) -> Extracted:
    """Return what the child said, checked: it read a hostile file."""
    try:
        found = json.loads(output) if len(output) <= ANSWER_BYTES else None
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("state") not in _STATES:
        return Extracted(FileText.State.DAMAGED)
    pages = found.get("pages")
    return Extracted(
        found["state"],
        [str(part) for part in found.get("parts") or []],
        pages if isinstance(pages, int) and 0 <= pages < 10**9 else None,
        bool(found.get("cut")),
    )
