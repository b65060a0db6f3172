"""What the Action API answers when it refuses: status, type and words, as CKAN 2.11 does."""

from collections.abc import Mapping
from typing import Any

from parvis.core.errors import Conflict, Forbidden, Invalid, NotFound, Refused


class BadRequest(Exception):
    """400 whose body is a bare JSON string: unknown action, bad JSON, body not an object."""


class ActionError(Exception):
    """Base: an error with `status`, `kind` (its `__type`) and a message."""

    status = 500
    kind = "Internal Server Error"

    def body(self) -> dict[str, Any]:
        """Return the `error` object."""
        return {"__type": self.kind, "message": str(self)}


class SearchQueryError(ActionError):
    """400: a search parameter that does not exist, or a sort that means nothing."""

    status, kind = 400, "Search Query Error"


class SearchError(ActionError):
    """409: a query that cannot be read."""

    status, kind = 409, "Search Error"


class NotAuthorized(ActionError):
    """403, for anonymous too."""

    status, kind = 403, "Authorization Error"

    def body(self) -> dict[str, Any]:
        """Return the `error` object."""
        return {"__type": self.kind, "message": f"Access denied: {self}"}


class NotHere(ActionError):
    """404."""

    status, kind = 404, "Not Found Error"

    def body(self) -> dict[str, Any]:
        """Return the `error` object."""
        return {"__type": self.kind, "message": f"Not found: {self}"}


class ValidationFailed(ActionError):
    """409: one key per field, each a list of strings, or of one object a nested row."""

    status, kind = 409, "Validation Error"

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__("; ".join(fields))
        self.fields = {
            name: words if isinstance(words, dict) else list(words)
            for name, words in fields.items()
        }

    def body(self) -> dict[str, Any]:
        """Return the `error` object."""
        return {**self.fields, "__type": self.kind}


class TooManyRequests(ActionError):
    """429: a measure was reached; `seconds` until asking again is right."""

    status, kind = 429, "Too Many Requests Error"

    def __init__(self, words: str, seconds: int = 10) -> None:
        super().__init__(words)
        self.seconds = seconds


def in_ckan_words(refusal: Refused) -> ActionError:
    """Return a refusal of ours as CKAN says it: 403 also for anonymous, 409 for what is wrong."""
    if isinstance(refusal, Invalid):
        return ValidationFailed(
            {name: [str(word) for word in words] for name, words in refusal.errors.items()}
        )
    if isinstance(refusal, Forbidden):
        return NotAuthorized(str(refusal))
    if isinstance(refusal, NotFound) or refusal.status == 410:
        return NotHere(str(refusal))
    if isinstance(refusal, Conflict):
        return ValidationFailed({"__all__": [str(refusal)]})
    if refusal.status == 429:
        return TooManyRequests(str(refusal), getattr(refusal, "retry_after", 60))
    return ValidationFailed({"message": [str(refusal)]})
