"""What each kind of entry means, in words for everybody."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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

FAULT_WORDS: dict[str, Promise | str] = {
    "missing": _("The file that holds its last signed head is missing."),
    "key": _("Its key is missing."),
    "behind": _("The database is older than what the register has already signed."),
    "ahead": _("The register’s files are older than the database."),
    "tiles": _("Some of its files are damaged."),
    "checkpoint": _("Its published head is damaged."),
}


def facts_in_words(facts: Any) -> list[tuple[str, str]]:
    """Return the public facts of an entry as (name, value), reasons in words, nested ones flat."""
    out: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, dict):
            out += [(f"{name}.{inner}", str(v)) for inner, v in value.items()]
        elif isinstance(value, list):
            out.append((name, ", ".join(str(item) for item in value)))
        elif name == "reason" and value in REASON_WORDS:
            out.append((name, f"{value} ({REASON_WORDS[value]})"))
        else:
            out.append((name, str(value)))
    return out
