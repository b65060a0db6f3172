"""Which encoding, separator and quotation marks a text file uses, found in the file itself."""

import codecs
import csv
import io
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

import pyarrow as pa

from parvis.tables.errors import TableError

Source = bytes | Path | BinaryIO
SEPARATORS = (",", ";", "\t", "|")
CHUNK_BYTES = 1 << 20
SAMPLE_CHARACTERS = 1 << 16
SAMPLE_RECORDS = 100
# Python refuses cells over 131,072 characters; a long contribution or a polygon may be longer. The
# limit is what bounds the search for the end of a quotation mark nobody closed.
CELL_CHARACTERS_MAX = 1_000_000
csv.field_size_limit(CELL_CHARACTERS_MAX)

# Bytes that do not decode become lone surrogates, which no valid text holds: the cell they fall in
# can then be named. Python's own handler for this does not exist for UTF-16.
_MARK = "parvis.mark"
codecs.register_error(_MARK, lambda error: ("\udcff", getattr(error, "end", 0)))
_BAD = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")
# Excel's own way of saying which separator comes.
_ANNOUNCED = re.compile("sep=(.)\r?\n")
# One byte a letter: which one is told by the letters it would make. Windows-1252 first, since it
# holds all of ISO-8859-1 that is text.
_SINGLE_BYTE = ("cp1252", "iso8859-15", "mac-roman")
_AFTER_SMALL = re.compile(rb"(?<=[a-z])[\x80-\xff]")
_AT_START = re.compile(rb"(?<![a-z])[\x80-\xff](?=[a-z])|(?<=[A-Z])[\x80-\xff](?=[A-Z])")
_SMALL = frozenset("àâäçéèêëîïôöùûüÿœæñáíóúãõåøß’")
_LETTERS = _SMALL | frozenset("ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆÑÁÍÓÚÅØ")
_SIGNS = _LETTERS | frozenset("«»“”‘’–—…€°§·•©®™²³ºª½¼¾±×\u00a0")
_ASCII = bytes(range(128))


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are set apart: `separator`, quotation mark `quote`, and `escape` if not doubled.

    `announced`: the first line only says which separator comes.
    """

    separator: str
    quote: str = '"'
    escape: str | None = None
    announced: bool = False

    @property
    def plain(self) -> bool:
        """Whether the quotation marks follow RFC 4180."""
        return self.quote == '"' and self.escape is None


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec of Python and how it deals with bytes that do not decode."""

    codec: str
    errors: str

    def decode(self, file: BinaryIO) -> io.TextIOWrapper:
        """`file` from its start as text; line ends are left as they are."""
        file.seek(0)
        return io.TextIOWrapper(file, encoding=self.codec, errors=self.errors, newline="")

    def lines(self, file: BinaryIO) -> Iterator[str]:
        """The physical lines of `file`, which stays open afterwards."""
        text = self.decode(file)
        try:
            for line in text:  # noqa: UP028  "yield from" would close the file of the caller
                yield line
        finally:
            if not file.closed:
                text.detach()


@contextmanager
def opened(source: Source, bytes_max: int) -> Iterator[BinaryIO]:
    """`source` as a seekable binary file, closed afterwards unless the caller owns it.

    Raises `TableError("too_many_bytes")`; a stream that cannot seek is copied to a temporary file.
    """
    file: IO[bytes]
    if isinstance(source, bytes):
        file, ours = io.BytesIO(source), True
    elif isinstance(source, Path):
        file, ours = source.open("rb"), True
    elif source.seekable():
        file, ours = source, False
    else:
        file, ours = _copy(source, bytes_max), True
    try:
        if file.seek(0, io.SEEK_END) > bytes_max:
            raise TableError("too_many_bytes", {"limit": bytes_max})
        file.seek(0)
        yield file  # type: ignore[misc]
    finally:
        if ours:
            file.close()


def _copy(source: BinaryIO, bytes_max: int) -> IO[bytes]:
    file = tempfile.TemporaryFile()
    size = 0
    while chunk := source.read(CHUNK_BYTES):
        size += len(chunk)
        if size > bytes_max:
            file.close()
            raise TableError("too_many_bytes", {"limit": bytes_max})
        file.write(chunk)
    return file


def find_encoding(file: BinaryIO) -> Encoding:
    """UTF-8 (with or without mark), UTF-16 or Windows-1252, after reading the whole file.

    Nearly any bytes are Windows-1252, so it is chosen only when UTF-8 fails at least
    as often as it succeeds outside ASCII: a UTF-8 file with one damaged byte stays UTF-8.
    Raises `TableError("not_text")` on zero bytes outside UTF-16.
    """
    file.seek(0)
    head = file.read(4096)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding("utf-16", _MARK)
    if head.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8-sig", "surrogateescape")
    if guess := _utf_16_without_mark(head):
        return Encoding(guess, _MARK)
    if b"\0" in head:
        raise TableError("not_text")
    if _is_utf_8(file):
        return Encoding("utf-8", "strict")
    good, bad = _count_utf_8(file)
    if bad >= good:
        return Encoding(_single_byte(file), "surrogateescape")
    return Encoding("utf-8", "surrogateescape")


def named_encoding(name: str) -> Encoding:
    """The encoding a person gave. Raises `TableError("bad_encoding")` when it is unknown."""
    try:
        codec = codecs.lookup(name).name
        "é".encode(codec)
    except (LookupError, UnicodeError, AttributeError, TypeError) as error:
        raise TableError("bad_encoding", {"name": name[:40]}) from error
    return Encoding(codec, _MARK if codec.startswith(("utf-16", "utf-32")) else "surrogateescape")


def _single_byte(file: BinaryIO) -> str:
    """The encoding under which the bytes outside ASCII make the most letters and usual signs."""
    after_small: Counter[bytes] = Counter()
    at_start: Counter[bytes] = Counter()
    anywhere: Counter[int] = Counter()
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        after_small.update(_AFTER_SMALL.findall(chunk))
        at_start.update(_AT_START.findall(chunk))
        anywhere.update(chunk.translate(None, _ASCII))

    def score(codec: str) -> int:
        total = 0
        for bytes_found, letters in ((after_small, _SMALL), (at_start, _LETTERS)):
            for byte, count in bytes_found.items():
                total += 2 * (count if byte.decode(codec, "replace") in letters else -count)
        for code, count in anywhere.items():
            total += count if bytes([code]).decode(codec, "replace") in _SIGNS else -count
        return total

    return max(_SINGLE_BYTE, key=score)


def _utf_16_without_mark(head: bytes) -> str | None:
    """UTF-16 text in our languages has a zero in every other byte, almost always the same one."""
    even, odd = head[0::2], head[1::2]
    if len(head) < 4:
        return None
    zeros_even, zeros_odd = even.count(0) / len(even), odd.count(0) / len(odd)
    if zeros_odd > 0.4 and zeros_even < 0.05:
        return "utf-16-le"
    if zeros_even > 0.4 and zeros_odd < 0.05:
        return "utf-16-be"
    return None


def _is_utf_8(file: BinaryIO) -> bool:
    file.seek(0)
    rest = b""
    while chunk := file.read(CHUNK_BYTES):
        block = rest + chunk
        end = _whole_letters(block)
        if not is_utf_8(block[:end]):
            return False
        rest = block[end:]
    return not rest


def is_utf_8(data: bytes) -> bool:
    """Whether all of `data` is UTF-8. Arrow looks at gigabytes a second."""
    try:
        pa.array([data], pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _whole_letters(block: bytes) -> int:
    """Where to cut so that no letter of UTF-8 is split: before the last leading byte."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte < 0x80:
            return len(block) - back + 1
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(block) if back >= length else len(block) - back
    return len(block)


def _count_utf_8(file: BinaryIO) -> tuple[int, int]:
    """(characters outside ASCII, bytes that are not UTF-8) in the whole file."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    file.seek(0)
    good = bad = 0
    while True:
        chunk = file.read(CHUNK_BYTES)
        text = decoder.decode(chunk, final=not chunk)
        if not text.isascii():
            wrong = len(_BAD.findall(text))
            bad += wrong
            good += len(_NOT_ASCII.findall(text)) - wrong
        if not chunk:
            return good, bad


def find_dialect(file: BinaryIO, encoding: Encoding) -> Dialect:
    """Separator and quotation marks under which most rows are as wide as the header.

    A file of one column has no separator: the one that leaves its rows in one piece is given.
    """
    text = encoding.decode(file)
    sample = text.read(SAMPLE_CHARACTERS)
    complete = not text.read(1)
    text.detach()
    if announced := _ANNOUNCED.match(sample):
        return Dialect(announced[1], announced=True)
    header = sample.partition("\n")[0].rstrip("\r")
    quote = "'" if len(header) > 2 and header[0] == header[-1] == "'" else '"'
    best = max(_score(sample, order, complete, quote, None) for order in range(len(SEPARATORS)))
    if quote == '"' and '\\"' in sample:
        other = max(
            _score(sample, order, complete, quote, "\\") for order in range(len(SEPARATORS))
        )
        if other[:2] > best[:2]:
            return Dialect(SEPARATORS[-other[3]], quote, "\\")
    return Dialect(SEPARATORS[-best[3]], quote)


def _score(
    sample: str, order: int, complete: bool, quote: str, escape: str | None
) -> tuple[bool, float, int, int]:
    """How well a separator fits; the last figure is its place, the earlier the better."""
    widths = _widths(sample, Dialect(SEPARATORS[order], quote, escape), complete)
    if not widths:
        return False, 0.0, 0, -order
    same = sum(width == widths[0] for width in widths) / len(widths)
    # A lone column is the last resort: every file has one under a separator it lacks.
    return widths[0] > 1, same, widths[0], -order


def csv_reader(lines: Iterator[str], dialect: Dialect, *, strict: bool) -> Iterator[list[str]]:
    """Python's reader for a dialect."""
    return csv.reader(
        lines,
        delimiter=dialect.separator,
        quotechar=dialect.quote,
        doublequote=dialect.escape is None,
        escapechar=dialect.escape,
        strict=strict,
    )


def _widths(sample: str, dialect: Dialect, complete: bool) -> list[int]:
    """Cells in each of the first records; zero marks a record that breaks the quoting rules."""
    widths: list[int] = []
    reader = csv_reader(io.StringIO(sample, newline=""), dialect, strict=True)
    while len(widths) < SAMPLE_RECORDS:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            widths.append(0)
        else:
            if any(cell.strip() for cell in cells):
                widths.append(len(cells))
    if not complete and len(widths) > 1 and len(widths) < SAMPLE_RECORDS:
        widths.pop()  # cut by the end of the sample
    return widths


def readable(cell: str) -> tuple[str, bool]:
    """`cell` without undecodable bytes or zero characters, and whether it had some."""
    clean = _BAD.sub("\ufffd", cell).replace("\0", "\ufffd")
    # Lone surrogates of the other half come from damaged UTF-16 only.
    clean = clean.encode("utf-8", "replace").decode("utf-8")
    return clean, clean != cell
