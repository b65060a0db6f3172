"""What a file looks like, made in a process of its own; what it answers is checked."""

import io
import json
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from parvis.catalogue.facsimile.models import Facsimile

SECONDS_MAX = 90
ANSWER_BYTES = 80_000_000
BATCH_PAGES = 20
SIDE_MAX = 5_000
_CHILD = Path(__file__).with_name("child.py")
_STATES = frozenset(Facsimile.State.values) - {Facsimile.State.WAITING}


@dataclass(frozen=True)
class Drawn:
    """One picture as WebP."""

    number: int
    width: int
    height: int
    content: bytes


@dataclass(frozen=True)
class Made:
    """What was made of a file: a state, pictures, what an archive holds."""

    state: str
    pictures: Sequence[Drawn] = ()
    parts: list[list[Any]] = field(default_factory=list)
    pages: int | None = None
    cut: bool = False


def make(kind: str, path: Path, *arguments: str, seconds_max: float = SECONDS_MAX) -> Made:
    """Return what is made of a file: `pdf` FIRST LAST, `picture` NAME, or `archive`."""
    with subprocess.Popen(  # noqa: S603  our own interpreter, our own code, no shell
        [sys.executable, "-I", str(_CHILD), kind, str(path), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},  # no secret to find
        cwd="/",
    ) as process:
        late = threading.Timer(seconds_max, process.kill)
        late.start()
        try:
            # One byte more than allowed is enough to know; the rest is never held.
            output = process.stdout.read(ANSWER_BYTES + 1) if process.stdout else b""
            if len(output) > ANSWER_BYTES:
                process.kill()
            status = process.wait()
        finally:
            late.cancel()
    if status < 0:
        # Ended by a signal: SIGXCPU or SIGKILL at a limit, SIGSEGV or SIGABRT in the reader.
        long = -status in {9, 24}
        return Made(Facsimile.State.TOO_LONG if long else Facsimile.State.DAMAGED)
    return _answer(io.BytesIO(output)) if status == 0 else Made(Facsimile.State.DAMAGED)


def _answer(output: IO[bytes]) -> Made:
    """Return what the child said, checked: it read a hostile file."""
    pictures: list[Drawn] = []
    try:
        while True:
            said = json.loads(output.readline(200_000_000))
            if "state" in said:
                break
            number, width, height = (int(said[name]) for name in ("number", "width", "height"))
            content = output.read(int(said["bytes"]))
            if size_of_webp(content) != (width, height) or not 0 < number < 10**6:
                return Made(Facsimile.State.DAMAGED)
            pictures.append(Drawn(number, width, height, content))
        pages, parts = said.get("pages"), said.get("parts") or []
        if said["state"] not in _STATES:
            return Made(Facsimile.State.DAMAGED)
        return Made(
            said["state"],
            pictures,
            [[str(name), int(size)] for name, size in parts],
            pages if isinstance(pages, int) and 0 <= pages < 10**9 else None,
            bool(said.get("cut")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Made(Facsimile.State.DAMAGED)


def size_of_webp(content: bytes) -> tuple[int, int] | None:
    """Return width and height written in a WebP (RFC 9649), None for anything else."""
    if len(content) < 30 or content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return None
    kind = content[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", content[26:30])
        size = width & 0x3FFF, height & 0x3FFF
    elif kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        size = (
            int.from_bytes(content[24:27], "little") + 1,
            int.from_bytes(content[27:30], "little") + 1,
        )
    else:
        return None
    return size if max(size) <= SIDE_MAX else None
