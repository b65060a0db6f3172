"""What the settings of a consultation and of its body say, in words, by language."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, gettext_lazy, ngettext, override
from django.utils.translation import gettext as _

from parvis.consult import methods
from parvis.consult.legal.models import LegalDefaults
from parvis.consult.models import Activity, Consultation
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Site
from parvis.core.templatetags.parvis import day, number

Facts = Mapping[str, Text]

# fact -> what it is called where it is missing: [Who decides].
LABELS: dict[str, Any] = {
    "organisation": gettext_lazy("the organisation that consults"),
    "title": gettext_lazy("the title"),
    "question": gettext_lazy("the question"),
    "decision": gettext_lazy("the decision to be taken"),
    "decided_by": gettext_lazy("who decides"),
    "decided_on": gettext_lazy("the date of the decision"),
    "purpose": gettext_lazy("why answers are collected"),
    "readers": gettext_lazy("who reads the answers"),
    "refusal": gettext_lazy("what happens if one refuses"),
    "rights": gettext_lazy("the rights of people"),
    "retention_on": gettext_lazy("the date of destruction"),
    "who_may": gettext_lazy("who may answer"),
    "duplicates": gettext_lazy("how duplicates are handled"),
    "activities": gettext_lazy("the ways to take part"),
    "asked": gettext_lazy("what is asked"),
    "about_person": gettext_lazy("what is asked about the person"),
    "public_parts": gettext_lazy("what is public"),
    "minutes": gettext_lazy("minutes to answer"),
    "officer": gettext_lazy("the person in charge"),
    "officer_contact": gettext_lazy("how to reach the person in charge"),
    "hosting": gettext_lazy("where the server is"),
    "outside": gettext_lazy("communication outside Québec"),
    "third_parties": gettext_lazy("third parties"),
    "security": gettext_lazy("security measures"),
    "retention_rule": gettext_lazy("the retention rule"),
    "access": gettext_lazy("how to read or correct"),
    "complaint": gettext_lazy("how to complain"),
    "governance": gettext_lazy("the rules of governance"),
}
# fact -> field of the consultation of which it is the text.
_OWN = {
    "question": "question",
    "decision": "influence_decision",
    "decided_by": "influence_who",
    "purpose": "notice_purpose",
    "readers": "notice_readers",
    "refusal": "notice_refusal",
    "rights": "notice_rights",
    "duplicates": "duplicate_rule",
}
BODY = (
    "officer", "officer_contact", "hosting", "outside", "third_parties", "security",
    "retention_rule", "access", "complaint", "governance",
)  # fmt: skip


@dataclass(frozen=True)
class Given:
    """What is read once from the database to say the facts."""

    consultation: Consultation
    activities: Sequence[Activity]
    site: Site | None
    defaults: Sequence[LegalDefaults]

    @property
    def languages(self) -> list[str]:
        """The languages in which each text is asked."""
        return list(self.consultation.languages or [DEFAULT])

    @property
    def private_answers(self) -> bool:
        """Whether a way to take part collects answers that nobody else reads: a survey."""
        return any(methods.get(one.method).leaf == "answer" for one in self.activities)


def given(consultation: Consultation) -> Given:
    """Return what facts are made of: three queries."""
    site = Site.objects.select_related("organisation__node").first()
    wanted = [consultation.organisation_id, site.organisation_id if site else None]
    rows = {
        row.pk: row
        for row in LegalDefaults.objects.filter(pk__in=[pk for pk in wanted if pk])
    }  # fmt: skip
    defaults = [rows[pk] for pk in dict.fromkeys(wanted) if pk in rows]
    activities = list(consultation.activities.select_related("node"))
    for activity in activities:
        activity.consultation = consultation
    return Given(consultation, activities, site, defaults)


def defaults_facts(rows: Sequence[LegalDefaults], site: Site | None) -> dict[str, Text]:
    """Return what bodies say once for all, the first that says it; else the site's own officer."""
    found: dict[str, Text] = {}
    for name in BODY:
        value = next((getattr(row, name) for row in rows if getattr(row, name)), None)
        if name == "officer":
            value = value or (site.privacy_officer if site else {})
        elif name == "officer_contact":
            words = value or (site.privacy_contact if site else "")
            value = {"fr": words, "en": words} if words else {}
        found[name] = value or {}
    return found


def facts_of(source: Given) -> dict[str, Text]:
    """Return each fact by language; a fact that is missing in a language is absent there."""
    row = source.consultation
    found: dict[str, dict[str, str]] = {
        name: dict(getattr(row, field) or {}) for name, field in _OWN.items()
    }
    found["title"] = dict(row.node.title)
    found["organisation"] = dict(row.organisation.node.title) if row.organisation else {}
    for name, text in defaults_facts(source.defaults, source.site).items():
        found[name] = dict(text)
    said: dict[str, Callable[[], str]] = {
        "decided_on": lambda: day(row.influence_on),
        "retention_on": lambda: day(row.retention_on),
        "who_may": lambda: str(row.get_who_may_display()) if row.who_may else "",
        "minutes": lambda: number(row.minutes) if row.minutes else _("a few"),
        "activities": lambda: _names(one.node.title for one in source.activities),
        "asked": lambda: _asked(source.activities),
        "about_person": lambda: _about_person(source.activities),
        "public_parts": lambda: _public_parts(source.activities),
    }
    for code in source.languages:
        with override(code):
            for name, say in said.items():
                if words := say():
                    found.setdefault(name, {})[code] = words
    return {
        name: {c: _ended(name, w) for c, w in text.items() if w} for name, text in found.items()
    }


def _ended(name: str, words: str) -> str:
    """Sentences end with a full stop, names with none: they are put together in proposals."""
    words = words.strip()
    if name in {"officer", "officer_contact"}:
        return words.rstrip(".")
    sentence = name in _OWN or name in BODY
    return f"{words}." if sentence and words[-1:] not in ".?!…]" else words


def bracket(name: str) -> str:
    """Return what stands for a missing fact in the active language."""
    return f"[{LABELS[name]}]"


def _names(titles: Iterable[Text]) -> str:
    """The titles in the active language, quoted; empty where one is missing in it."""
    code = (get_language() or DEFAULT)[:2]
    words = [title.get(code, "") for title in titles]
    return ", ".join(_("“%(name)s”") % {"name": one} for one in words) if all(words) else ""


def _collected(activities: Sequence[Activity]) -> list[methods.Collected]:
    out: list[methods.Collected] = []
    for activity in activities:
        collects = methods.get(activity.method).collects
        if collects:
            out += collects(activity)
    return out


def _asked(activities: Sequence[Activity]) -> str:
    asked = _collected(activities)
    parts = []
    if n := sum(not one.about_person for one in asked):
        words = ngettext(
            "%(n)s question about your opinion", "%(n)s questions about your opinion", n
        )
        parts.append(words % {"n": number(n)})
    if n := sum(one.about_person for one in asked):
        words = ngettext(
            "%(n)s optional question about you", "%(n)s optional questions about you", n
        ) if not any(one.about_person and one.required for one in asked) else ngettext(
            "%(n)s question about you", "%(n)s questions about you", n
        )  # fmt: skip
        parts.append(words % {"n": number(n)})
    if public := _public_labels(activities):
        parts.append(_("what you write in %(ways)s") % {"ways": public})
    return "; ".join(parts)


def _about_person(activities: Sequence[Activity]) -> str:
    names = [one.label for one in _collected(activities) if one.about_person]
    if not names:
        return _("nothing")
    return _names(names)


def _public_labels(activities: Sequence[Activity]) -> str:
    return _names(
        one.node.title for one in activities if methods.get(one.method).contribution_url
    )  # fmt: skip


def _public_parts(activities: Sequence[Activity]) -> str:
    if public := _public_labels(activities):
        return _("What is written in %(ways)s is public.") % {"ways": public}
    return _("No answer is public as it was written.")


PROPOSED_DEFAULTS: dict[str, Any] = {
    "hosting": gettext_lazy("On a server at [city, province], run by [who runs the server]."),
    "outside": gettext_lazy("Nothing is communicated outside Québec."),
    "third_parties": gettext_lazy(
        "No third party collects or receives the information. The pages call no other site."
    ),
    "security": gettext_lazy(
        "The connection is encrypted. Answers are kept apart from any identity. Only the people "
        "named read them, with a second factor of identification. The log of pages holds no "
        "answer and no receipt code. Copies for safety are kept 30 days at most."
    ),
    "retention_rule": gettext_lazy(
        "Answers are destroyed or made anonymous on the date that each consultation gives, and "
        "never kept longer than its purpose asks."
    ),
    "access": gettext_lazy(
        "With the receipt code, on the page “Follow-up”: read, change or withdraw the answer until "
        "the closing, and ask for it to be erased. Without the code, nothing ties an answer to a "
        "person: it cannot be found."
    ),
    "complaint": gettext_lazy(
        "Write to the person in charge, who answers in writing within 30 days. The Commission "
        "d’accès à l’information can then be asked to look into it."
    ),
    "governance": gettext_lazy("The rules are published at [address of the rules]."),
    "accessibility_limits": gettext_lazy(
        "Tests by people who use screen readers every day have not been done yet. Documents made "
        "elsewhere may not be accessible: ask for another format."
    ),
}
