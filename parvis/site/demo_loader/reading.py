"""What the files of demo/ hold, and the invented people of the demonstration."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

FOLDER = settings.BASE_DIR / "demo"
ZONE = ZoneInfo("America/Toronto")
Text = Mapping[str, str]


def read(name: str) -> Any:
    """Return what a file of demo/ holds."""
    return json.loads((Path(FOLDER) / f"{name}.json").read_text(encoding="utf-8"))


def day_of(text: str | None) -> date | None:
    """Return a date of the files, or None where it was not read."""
    return date.fromisoformat(text) if text else None


def email_of(role: str) -> str:
    """Return the address of the invented person who holds a role."""
    return f"{role}@demo.example"
