"""Why something was refused: a code and its facts in the database, words in the reader's language.

A reason is {"code": ..., "params": {...}}; codes are the keys of `WORDS`.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

WORDS: Mapping[str, Any] = {
    # of one thing
    "no_id": _("The source gives no identifier."),
    "no_title": _("There is no title."),
    "long_id": _("The identifier has more than 500 characters."),
    "licence_unknown": _("The licence “%(licence)s” is not one that this catalogue knows."),
    "licence_missing": _("No licence is given, and none is set for the source."),
    "other_source": _("It is already harvested from another source: %(source)s."),
    "ours": _("It comes from this site."),
    "twice": _("The source gives this identifier twice."),
    "no_resource": _("It has no file and no link."),
    "not_understood": _("It could not be understood: %(detail)s."),
    "not_saved": _("It could not be saved: %(detail)s."),
    "row_no_id": _("Row %(row)s: the column “id” is empty."),
    "row_bad_url": _("Row %(row)s: “%(value)s” is not a web address."),
    "private": _("The source says that it is private."),
    # of a dataset that stays
    "gone": _("The source no longer has it: absent from %(n)s complete runs in a row."),
    "kept": _("The source no longer has it; somebody chose to keep it."),
    "absent": _("Absent from the last %(n)s complete runs; archived after %(max)s."),
    "detached": _("It was detached: it is edited here."),
    # of a whole run
    "egress": _("This address may not be reached: %(detail)s."),
    "no_answer": _("The source does not answer: %(detail)s."),
    "status": _("The source answers with an error: %(status)s."),
    "not_ckan": _("The answer is not CKAN’s: %(detail)s."),
    "not_rdf": _("The answer is not DCAT that can be read: %(detail)s."),
    "not_csw": _("The answer is not CSW’s: %(detail)s."),
    "not_csv": _("The list cannot be read: %(detail)s."),
    "no_columns": _("The list lacks these columns: %(columns)s. Start from the template."),
    "same_page": _("The source gives the same page again and again."),
    "too_many": _("The source has more than %(max)s pages."),
    "empty": _("The source gave nothing, where it had %(n)s datasets: nothing was archived."),
    "interrupted": _("The work stopped before its end: %(detail)s."),
    "stopped": _("Somebody stopped it."),
}


def reason(code: str, **params: Any) -> dict[str, Any]:
    """Return a reason as the database keeps it. Raises KeyError for an unknown code."""
    WORDS[code]
    return {"code": code, "params": {name: str(value)[:300] for name, value in params.items()}}


def in_words(kept: Mapping[str, Any]) -> str:
    """Return a kept reason in the reader's language; empty where there is none."""
    if not kept:
        return ""
    return str(WORDS[kept["code"]]) % kept["params"]


class Refusal(Exception):
    """One thing, or a whole source, is refused. `kept` is the reason."""

    def __init__(self, code: str, **params: Any) -> None:
        self.kept = reason(code, **params)
        super().__init__(code)


class Unreachable(Refusal):
    """The source did not answer this time: trying again later is right."""
