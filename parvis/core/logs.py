"""JSON logs without anything personal: no query string, no receipt code, no address, no body."""

import json
import logging
import re
from datetime import UTC, datetime

_WORDS = (
    "suivi|follow-up|modifier|change|recu|receipt|brouillon|draft|desabonnement|unsubscribe"
    "|confirmer|confirm|abonnement|subscription|apercu|preview|relecture|review"
)
# Two such words may follow one another ("modifier/recu/<code>"): what is masked follows the last.
_CODE = re.compile(rf"(?i)/((?:{_WORDS})(?:/(?:{_WORDS}))*)/[^/?#\s]+")
_TOKEN = re.compile(r"\bparvis_[\w-]{20,}")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


def mask(text: str) -> str:
    """Return `text` without receipt codes, tokens and e-mail addresses."""
    text = _TOKEN.sub("‹token›", _CODE.sub(r"/\1/‹code›", text))
    return _MAIL.sub("‹e-mail›", text)


class JsonFormatter(logging.Formatter):
    """One JSON object a line; extra fields come from `extra={"fields": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": mask(record.getMessage()),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = mask(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
