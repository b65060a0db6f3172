"""What each kind of entry means, in words for everybody."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# kind -> (short name, what it means)
KIND_WORDS: dict[str, tuple[Promise | str, Promise | str]] = {
    "log.opened": (_("Register opened"), _("The first entry: it names this register.")),
    "log.resumed": (
        _("Register put right"),
        _("After a failure, the register went on. The facts say what was lost."),
    ),
    "key.rotated": (_("Key changed"), _("A new key signs the register from here on.")),
    "consultation.published": (
        _("Consultation published"),
        _("Its rules are sealed: the question, who may answer, how duplicates are handled, the"
          " dates. They cannot change in secret afterwards."),
    ),
    "consultation.phase": (
        _("Dates of a consultation"),
        _("A period of a consultation opened, closed or was made longer."),
    ),
    "contribution.accepted": (
        _("Contribution received"),
        _("A public contribution was received. Its author, text and private facts are sealed."),
    ),
    "contribution.edited": (
        _("Contribution changed"),
        _("Its author changed the text. The new text is sealed."),
    ),
    "contribution.withdrawn": (
        _("Contribution withdrawn"),
        _("Its author took it back. It no longer counts."),
    ),
    "contribution.moderated": (
        _("Contribution hidden"),
        _("A moderator hid it, for the reason given."),
    ),
    "contribution.restored": (
        _("Contribution shown again"),
        _("A decision was reversed: it counts and shows again."),
    ),
    "contribution.erased": (
        _("Text erased"),
        _("The text was destroyed. Its seal stays here and opens nothing."),
    ),
    "answer.accepted": (
        _("Answer received"),
        _("An answer to a survey was received. What it says is sealed."),
    ),
    "answer.rejected": (
        _("Answer set aside"),
        _("An answer no longer counts, for the reason given. It stays in what was received."),
    ),
    "support.accepted": (_("Support given"), _("Somebody supports a contribution.")),
    "support.withdrawn": (_("Support taken back"), _("Somebody no longer supports it.")),
    "count.published": (
        _("Official count"),
        _("The counts published on this date. Anyone who adds up the entries before this one"
          " must find the same."),
    ),
    "vote.opened": (_("Vote opened"), _("The rule and the options are fixed from here on.")),
    "vote.batch": (_("Ballots"), _("A batch of sealed ballots, in an order that tells nothing.")),
    "vote.closed": (_("Vote closed"), _("The number of ballots is fixed.")),
    "vote.result": (_("Result of a vote"), _("It must be the recount of the ballots.")),
    "response.published": (
        _("Response published"),
        _("The reasoned response to a theme is sealed as published."),
    ),
    "report.published": (_("Report published"), _("A report is sealed as published.")),
    "dataset.published": (
        _("Data published"),
        _("The SHA-256 of a published file: anyone who has the file can compare."),
    ),
    "document.published": (
        _("Document published"),
        _("The SHA-256 of a published document: anyone who has it can compare."),
    ),
    "commitment.created": (_("Commitment made"), _("A commitment was published.")),
    "commitment.progress": (_("Progress of a commitment"), _("What was reported on this date.")),
    "retention.executed": (
        _("Answers destroyed on the promised date"),
        _("The date given to participants had come: answers and keys were destroyed."),
    ),
}  # fmt: skip

REASON_WORDS: dict[str, Promise | str] = {
    "replaced": _("replaced by a newer version"),
    "withdrawn": _("withdrawn by its author"),
    "duplicate": _("duplicate, by the published rule"),
    "empty": _("nothing was answered"),
    "out_of_scope": _("about something else"),
    "ineligible": _("the person could not answer, by the published rule"),
    "test": _("test"),
    "lost": _("lost in a failure"),
}

# Public facts of an entry; one that is not here is shown by its name in the file.
FACT_WORDS: dict[str, Promise | str] = {
    "origin": pgettext_lazy("register", "name of the register"),
    "channel": pgettext_lazy("register", "how it came"),
    "reason": pgettext_lazy("register", "reason"),
    "parts": pgettext_lazy("register", "erased"),
    "from": pgettext_lazy("register", "from"),
    "to": pgettext_lazy("register", "to"),
    "rules_sha256": pgettext_lazy("register", "SHA-256 of the rules"),
    "received": pgettext_lazy("register", "received"),
    "visible": pgettext_lazy("register", "visible"),
    "withdrawn": pgettext_lazy("register", "withdrawn"),
    "moderated": pgettext_lazy("register", "hidden by moderation"),
    "supports": pgettext_lazy("register", "supports"),
    "answers": pgettext_lazy("register", "answers received, each version counted"),
    "kept": pgettext_lazy("register", "answers that count"),
    "rejected": pgettext_lazy("register", "set aside"),
    "verdict": pgettext_lazy("register", "verdict"),
    "number": pgettext_lazy("register", "number"),
    "title.fr": pgettext_lazy("register", "title in French"),
    "title.en": pgettext_lazy("register", "title in English"),
    "rows": pgettext_lazy("register", "rows"),
    "withheld": pgettext_lazy("register", "cells withheld"),
    "size": pgettext_lazy("register", "entries described"),
    "completion": pgettext_lazy("register", "completion"),
    "reported_on": pgettext_lazy("register", "reported on"),
}

FAULT_WORDS: dict[str, Promise | str] = {
    "missing": _("The file that holds its last signed head is missing."),
    "key": _("Its key is missing."),
    "behind": _("The database is older than what the register has already signed."),
    "ahead": _("The register’s files are older than the database."),
    "tiles": _("Some of its files are damaged."),
    "checkpoint": _("Its published head is damaged."),
}


def facts_in_words(facts: Any) -> list[tuple[str, str]]:
    """Return the public facts of an entry as (name, value) in words, nested ones flat."""
    out: list[tuple[str, Any]] = []
    for name, value in facts.items():
        if isinstance(value, dict):
            out += [(f"{name}.{inner}", v) for inner, v in value.items()]
        else:
            out.append((name, value))
    return [(_fact_name(name), _fact_value(name, value)) for name, value in out]


def _fact_name(name: str) -> str:
    whole, _dot, inner = name.partition(".")
    if whole == "rejected_by":
        return f"{FACT_WORDS['rejected']}: {REASON_WORDS.get(inner, inner)}"
    return str(FACT_WORDS.get(name, name))


def _fact_value(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if name == "reason":
        return str(REASON_WORDS.get(value, value))
    return str(value)
