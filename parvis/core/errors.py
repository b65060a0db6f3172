"""Errors that people cause: each has words for them, and a status for HTTP."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

Messages = Mapping[str, Sequence[object]]


class Refused(Exception):
    """Base of every refusal. `status` is the HTTP answer; `str()` is what a person reads."""

    status = 400
    message: object = _("This request cannot be carried out.")

    def __init__(self, message: object | None = None) -> None:
        super().__init__(message)
        if message is not None:
            self.message = message

    def __str__(self) -> str:
        return str(self.message)


class Invalid(Refused):
    """Some fields are wrong. `errors` maps a field (or `__all__`) to its messages."""

    status = 422
    message = _("Some answers need to be corrected.")

    def __init__(self, errors: Messages) -> None:
        super().__init__(None)
        self.errors = {field: list(messages) for field, messages in errors.items()}

    def __str__(self) -> str:
        return "; ".join(str(m) for messages in self.errors.values() for m in messages)


class Forbidden(Refused):
    """The actor may not do this, now, to this."""

    status = 403
    message = _("You do not have the right to do this.")


class SignInNeeded(Forbidden):
    """Nobody is signed in, and this needs somebody."""

    status = 401
    message = _("Sign in to continue.")


class Closed(Forbidden):
    """The phase that allows this is not open."""

    message = _("This is not open at the moment.")


class NotFound(Refused):
    """There is nothing here, or nothing that the actor may know of."""

    status = 404
    message = _("There is nothing at this address.")


class Conflict(Refused):
    """Another content came under the same idempotency key, or someone changed it meanwhile."""

    status = 409
    message = _("Someone changed this in the meantime, or it was already sent with other content.")


class Gone(Refused):
    """It was here, and it was withdrawn or erased."""

    status = 410
    message = _("This was withdrawn.")


class TooMany(Refused):
    """A limit was reached; trying later is right."""

    status = 429
    message = _("Too many requests. Try again in a few minutes.")
