"""The operator's mail: the messages of the demo's folder; in production, the queue and bounces."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from parvis.core import access
from parvis.core.errors import NotFound
from parvis.core.pages import paginate
from parvis.notify import bounces, queries

_NAME = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]+\.log")
# Django's file backend ends each message with a line of 79 hyphens.
_END = re.compile(rb"(?m)^-{79}\r?\n")
_FILES_MAX = 2_000


@dataclass(frozen=True)
class Message:
    """One message of the folder; `text` is its plain part."""

    name: str
    rank: int
    at: datetime | None
    to: str
    subject: str
    text: str
    headers: tuple[tuple[str, str], ...]


def _folder() -> Path | None:
    """The folder where messages are written, or None where a mail server carries them."""
    return None if hasattr(settings, "MAIL_TRANSPORT") else Path(settings.MAIL_FOLDER)


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    names = [path.name for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    return sorted(names, reverse=True)[:_FILES_MAX]


def _read(folder: Path, name: str) -> list[Message]:
    parts = [part for part in _END.split((folder / name).read_bytes()) if part.strip()]
    return [_message(name, rank, part) for rank, part in enumerate(parts)]


def _message(name: str, rank: int, data: bytes) -> Message:
    parsed = message_from_bytes(data.lstrip(), policy=policy.default)
    assert isinstance(parsed, EmailMessage)  # noqa: S101 what policy.default gives
    body = parsed.get_body(("plain", "html"))
    text = body.get_content() if body else ""
    shown = ("From", "To", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted")
    date = parsed["Date"]
    return Message(
        name=name,
        rank=rank,
        at=_aware(date.datetime) if date and date.datetime else None,
        to=str(parsed["To"] or ""),
        subject=str(parsed["Subject"] or ""),
        text=text,
        headers=tuple((key, str(parsed[key])) for key in shown if parsed[key]),
    )


def _aware(at: datetime) -> datetime:
    """RFC 5322: -0000 is UTC that tells no place; Python reads it without a zone."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """The messages of the folder, latest first; the health of mail in any case."""
    access.require(request.actor, "see_mail")  # type: ignore[attr-defined]
    folder = _folder()
    page = rows = None
    if folder is not None:
        page = paginate(request, _names(folder))
        rows = [one for name in page.rows for one in reversed(_read(folder, name))]
    context = {
        "section": "desk",
        "folder": folder is not None,
        "page": page,
        "rows": rows,
        "health": queries.health(),
        "bounces_max": bounces.BOUNCES_MAX,
    }
    return render(request, "mail_desk/list.html", context)


@require_safe
def mail_message(request: HttpRequest, name: str, rank: int) -> HttpResponse:
    """One message of the folder."""
    access.require(request.actor, "see_mail")  # type: ignore[attr-defined]
    folder = _folder()
    if folder is None or not _NAME.fullmatch(name) or not (folder / name).is_file():
        raise NotFound
    messages = _read(folder, name)
    if rank >= len(messages):
        raise NotFound
    context = {"section": "desk", "message": messages[rank]}
    return render(request, "mail_desk/message.html", context)
