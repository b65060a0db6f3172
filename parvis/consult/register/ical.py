"""Calendars to subscribe to, written as RFC 5545 says. Pure: no clock, no database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

LINE_BYTES_MAX = 75


@dataclass(frozen=True)
class Day:
    """An all-day event: from `first` to `last`, both included."""

    uid: str
    first: date
    last: date
    summary: str
    stamp: datetime
    description: str = ""
    url: str = ""


def escaped(text: str) -> str:
    """Return TEXT as section 3.3.11 asks: backslash, semicolon, comma and line ends escaped."""
    plain = "".join(c for c in text if c in "\n\t" or ord(c) >= 32).replace("\u00a0", " ")
    plain = plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\n", "\\n")


def folded(line: str) -> str:
    """Return a line cut at 75 octets (section 3.1), never inside a character."""
    parts, current, size = [], "", 0
    for character in line:
        width = len(character.encode())
        if size + width > LINE_BYTES_MAX:
            parts.append(current)
            # A continuation begins with a space, which counts.
            current, size = " ", 1
        current, size = current + character, size + width
    return "\r\n".join([*parts, current])


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _event(event: Day) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{escaped(event.uid)}",
        f"DTSTAMP:{_utc(event.stamp)}",
        f"DTSTART;VALUE=DATE:{event.first:%Y%m%d}",
        # The end is excluded (section 3.6.1).
        f"DTEND;VALUE=DATE:{event.last + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{escaped(event.summary)}",
    ]
    if event.description:
        lines.append(f"DESCRIPTION:{escaped(event.description)}")
    if event.url:
        lines.append(f"URL:{event.url}")
    return [*lines, "TRANSP:TRANSPARENT", "END:VEVENT"]


def calendar(name: str, events: Iterable[Day], language: str = "fr") -> str:
    """Return a VCALENDAR that holds these events; lines end in CR LF."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//Parvis//Consultations//{language.upper()}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT12H",
    ]
    for event in events:
        lines.extend(_event(event))
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines)
