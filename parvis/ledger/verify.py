"""`parvis verify`: anyone checks a register, from a folder or over the network, with receipts.

The last head seen is kept in a file, so that the next check notices a register that shrank
(rollback) or tells two stories (split view). The key seen first is kept beside it.
"""

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from parvis.core import egress
from parvis.merkle import leaf, tlogproof
from parvis.merkle.audit import Report, audit
from parvis.merkle.checkpoint import CheckpointError
from parvis.merkle.findings import RULES
from parvis.merkle.monitor import read_head
from parvis.merkle.source import FolderSource, Source
from parvis.merkle.tree import ENTRIES_LEVEL, Tile, TreeError, decode_bundle, tile_at

OK, WRONG, UNREADABLE = 0, 1, 2
FINDINGS_SHOWN = 50
_BYTES_MAX = 64_000_000

_NOT_CHECKED = {
    "everything else": gettext_noop("Nothing else was checked."),
    "no openings given: silent removals are not looked for": gettext_noop(
        "No published texts were given: silent removals were not looked for."
    ),
    "no known witness has signed: the operator could show different logs to different"
    " people": gettext_noop(
        "No witness that you know has signed: the operator could show different registers to"
        " different people."
    ),
}


class Unreadable(Exception):
    """What was given cannot be checked at all; the text says why."""


@dataclass(slots=True)
class Verification:
    """What a check found. status: 0 all well, 1 something is wrong, 2 nothing could be read.

    report: the audit of the register, None if there was no reading it. receipts: path -> what is
    wrong with it, empty if it holds. lines: everything said, in words.
    """

    status: int = OK
    report: Report | None = None
    receipts: dict[Path, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


class WebSource:
    """A register at an http(s) address, with one connection kept open."""

    def __init__(self, address: str, *, allow_private: bool = True) -> None:
        self._address = address.rstrip("/")
        self._client = egress.Client(allow_private=allow_private)

    def read(self, path: str) -> bytes | None:
        """Return the bytes at `path`, None if there is nothing. Raises OSError."""
        answer = self._client.get(f"{self._address}/{path}", bytes_max=_BYTES_MAX)
        if answer.status in {404, 410}:
            return None
        if answer.status != 200:
            raise OSError(f"{path}: HTTP {answer.status}")
        return answer.body

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where things are: the register, and what stands beside it."""

    log: Source
    beside: tuple[Source, ...]
    ballots: tuple[bytes, ...] = ()

    def find(self, *names: str) -> bytes | None:
        for source in self.beside:
            for name in names:
                if (raw := source.read(name)) is not None:
                    return raw
        return None


def verify(
    where: str,
    earlier: Path | None = None,
    receipts: Sequence[Path] = (),
    *,
    vkey: str = "",
    allow_private: bool = True,
    out: Callable[[str], object] = lambda line: None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Check a register and receipts, say everything in words to `out`, and return the result.

    where: a folder (the register itself, or what holds `log/`), or the address of a site or of
    its register. earlier: a file in which the last head seen is kept (read, then written when all
    is well), or a folder of signed heads (only read); by default a file in this home.
    receipts: `.tlog-proof` files. vkey: the register's key, if you have it from elsewhere;
    otherwise the one seen first, or the one served.
    """
    run = _Run(out)
    web: WebSource | None = None
    try:
        if where.startswith(("http://", "https://")):
            web = _web(where, allow_private)
            place = _Place(web, (web,))
        else:
            place = _folder(Path(where))
        _check(run, place, _memory(where, earlier), receipts, vkey, progress)
    except (Unreadable, OSError, CheckpointError) as error:
        run.say(_("Nothing could be checked: %(why)s.") % {"why": error})
        run.result.status = UNREADABLE
    finally:
        if web is not None:
            web.close()
    return run.result


class _Run:
    def __init__(self, out: Callable[[str], object]) -> None:
        self.result = Verification()
        self._out = out

    def say(self, line: str) -> None:
        self.result.lines.append(line)
        self._out(line)

    def wrong(self, line: str) -> None:
        self.result.status = WRONG
        self.say(line)


def _web(where: str, allow_private: bool) -> WebSource:
    for address in (where.rstrip("/"), where.rstrip("/") + "/ledger"):
        source = WebSource(address, allow_private=allow_private)
        if (raw := source.read("checkpoint")) is not None and raw.count(b"\n") >= 4:
            return source
        source.close()
    raise Unreadable(_("there is no register at %(where)s") % {"where": where})


def _folder(folder: Path) -> _Place:
    if not folder.is_dir():
        raise Unreadable(_("%(where)s is not a folder nor an http address") % {"where": folder})
    log = folder if (folder / "checkpoint").is_file() else folder / "log"
    if not (log / "checkpoint").is_file():
        raise Unreadable(_("there is no register in %(where)s") % {"where": folder})
    around = [log, log.parent] if log == folder else [folder, log]
    ballots = [file.read_bytes() for file in sorted(folder.glob("*ballots*.jsonl"))]
    return _Place(FolderSource(log), tuple(FolderSource(f) for f in around), tuple(ballots))


# What was seen before ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Memory:
    """Heads signed before; `file` is where the newest is kept (None: a folder, only read)."""

    notes: tuple[bytes, ...]
    file: Path | None
    vkey: str = ""

    def keep(self, note: bytes, vkey: str) -> None:
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.file.with_name(f"{self.file.name}.new")
            temporary.write_bytes(note)
            temporary.replace(self.file)
            self.file.with_name(f"{self.file.name}.vkey").write_text(f"{vkey}\n")


def _memory(where: str, earlier: Path | None) -> _Memory:
    if earlier is None:
        name = hashlib.sha256(where.rstrip("/").encode()).hexdigest()[:24]
        earlier = Path(settings.HOME) / "seen" / f"{name}.checkpoint"
    if earlier.is_dir():
        return _Memory(tuple(f.read_bytes() for f in sorted(earlier.iterdir())), None)
    notes = (earlier.read_bytes(),) if earlier.is_file() else ()
    beside = earlier.with_name(f"{earlier.name}.vkey")
    return _Memory(notes, earlier, beside.read_text().strip() if beside.is_file() else "")


# The check ---------------------------------------------------------------------------------------


def _check(
    run: _Run,
    place: _Place,
    memory: _Memory,
    receipts: Sequence[Path],
    vkey: str,
    progress: Callable[[int, int], None] | None,
) -> None:
    served = (place.find("log.vkey", "vkey") or b"").decode("ascii", "replace").strip()
    key = vkey or memory.vkey or served
    if not key:
        raise Unreadable(_("the register's key is not there: give it with --key"))
    if served and served != key:
        words = _(
            "The register shows another key than the one that you know. It was: %(known)s."
            " It is: %(served)s."
        )
        run.wrong(words % {"known": key, "served": served})
    witnesses = (place.find("witness.vkeys") or b"").decode("ascii", "replace").split()
    # Before the head: a text published while we read would be newer than the head.
    openings = place.find("openings.jsonl")
    notes = list(memory.notes)
    for path in receipts:
        note = _receipt(run, path, key)
        if note is not None:
            notes.append(note)
    report = audit(
        place.log,
        key,
        witnesses=witnesses,
        earlier=notes,
        openings=openings,
        openings_size=_openings_size(place.log, key, openings),
        ballots=place.ballots,
        progress=progress,
    )
    run.result.report = report
    _tell(run, report, bool(notes))
    if report.ok and report.checkpoint is not None and run.result.status == OK:
        try:
            memory.keep(report.checkpoint.raw, key)
        except OSError as error:
            run.say(_("All is well, but this head could not be kept: %(why)s.") % {"why": error})
            run.result.status = UNREADABLE


def _receipt(run: _Run, path: Path, key: str) -> bytes | None:
    """Say whether a receipt holds; return its signed head, to be compared with the register."""
    try:
        found = tlogproof.verify(path.read_bytes(), key)
    except (OSError, tlogproof.ReceiptError) as error:
        run.result.receipts[path] = str(error)
        run.wrong(_("%(file)s does not hold: %(why)s.") % {"file": path.name, "why": error})
        return None
    run.result.receipts[path] = ""
    facts = {"file": path.name, "index": found.index, "kind": found.leaf.kind, "at": found.leaf.at}
    run.say(_("%(file)s holds: entry %(index)d, %(kind)s, %(at)s.") % facts)
    for part, opening in found.openings.items():
        payload = opening.payload.decode("utf-8", "replace")
        run.say(f"    {part}: {payload[:500]}")
    return found.checkpoint.raw


def _openings_size(log: Source, key: str, raw: bytes | None) -> int | None:
    """Return how many entries `openings.jsonl` describes: the leaf that quotes it says so.

    Read from the end, since that leaf is a recent one; None if it says nothing.
    """
    if raw is None:
        return None
    sha256 = hashlib.sha256(raw).hexdigest()
    for found in _backwards(log, read_head(log, key).head.size):
        if found.d.get("sha256") == sha256:
            size = found.d.get("size")
            return size if type(size) is int and size >= 0 else None
    return None


def _backwards(log: Source, size: int) -> Iterator[leaf.Leaf]:
    for index in range(-(-size // 256) - 1, -1, -1):
        width = tile_at(0, index, size).width
        path = Tile(ENTRIES_LEVEL, index, width).path
        raw = log.read(path) or log.read(Tile(ENTRIES_LEVEL, index).path) or b""
        try:
            entries = decode_bundle(raw, width)
        except TreeError:
            return
        for entry in reversed(entries):
            try:
                yield leaf.parse(entry)
            except leaf.LeafError:
                continue


def _tell(run: _Run, report: Report, compared: bool) -> None:
    if report.checkpoint is not None:
        head = report.checkpoint.head
        run.say(ngettext("%(origin)s: %(n)d entry, root %(root)s.",
                         "%(origin)s: %(n)d entries, root %(root)s.", head.size)
                % {"origin": head.origin, "n": head.size, "root": head.root.hex()})  # fmt: skip
    for conflict in report.conflicts:
        run.wrong(_("The operator signed two heads that cannot both be true. Keep this, show it:"))
        run.say(str(conflict))
    for finding in report.findings[:FINDINGS_SHOWN]:
        where = _("entry %(n)d") % {"n": finding.index} if finding.index >= 0 else _("register")
        run.wrong(f"{where}: {_(RULES[finding.rule])} [{finding.rule}: {finding.detail}]")
    if len(report.findings) > FINDINGS_SHOWN:
        more = len(report.findings) - FINDINGS_SHOWN
        run.say(ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
    for reason in report.not_checked:
        run.say(_(_NOT_CHECKED[reason]) if reason in _NOT_CHECKED
                else _("Not checked: %(what)s.") % {"what": reason})  # fmt: skip
    if run.result.status == OK:
        run.say(ngettext("%(n)d entry read: signature, tree, dates, order and counts are right.",
                         "%(n)d entries read: signature, tree, dates, order and counts are right.",
                         report.leaves) % {"n": report.leaves})  # fmt: skip
        first = _("This is the first head seen: the next check will compare with it.")
        run.say(_("It extends every head seen before.") if compared else first)


def main(arguments: Sequence[str]) -> int:
    """Run `parvis verify`; return 0 if all is well, 1 if something is wrong, 2 if unreadable."""
    from parvis.commands.words import language

    with translation.override(language()):
        parser = argparse.ArgumentParser(
            prog="parvis verify", description=_("Check a public register by yourself.")
        )
        parser.add_argument("where", help=_("address of a site or register, or folder"))
        parser.add_argument(
            "--receipt", type=Path, action="append", default=[], help=_("a .tlog-proof file")
        )
        parser.add_argument(
            "--earlier", type=Path, help=_("where the last head is kept, or a folder of heads")
        )
        parser.add_argument("--key", default="", help=_("the register's key, as you know it"))
        given = parser.parse_args(arguments)
        result = verify(
            given.where,
            given.earlier,
            given.receipt,
            vkey=given.key,
            out=lambda line: sys.stdout.write(f"{line}\n"),
        )
    return result.status
