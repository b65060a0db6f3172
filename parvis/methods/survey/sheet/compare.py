"""What a file would change in a questionnaire, question by question, before it is applied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from parvis.core.i18n import tr

_NAMES: dict[str, Any] = {
    "type": _("type"),
    "label": _("wording"),
    "help": _("help"),
    "required": _("answer required"),
    "opinion": _("opinion or characteristic"),
    "options": _("answers"),
    "other": _("other answer"),
    "min": _("the least"),
    "max": _("the most"),
    "ends": _("ends of the scale"),
    "show_if": _("condition"),
    "title": _("title"),
    "intro": _("introduction"),
}
_USUAL = {"required": False, "opinion": True, "other": False}


@dataclass(frozen=True)
class Difference:
    """A page or a question that is added, removed, changed or moved; `fields` says in what."""

    what: str
    page: bool
    title: str
    fields: tuple[Any, ...] = ()


def _flat(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    pages, questions, place = {}, {}, {}
    for page in settings.get("pages", []):
        pages[page["id"]] = {name: page.get(name) for name in ("title", "intro")}
        for question in page["questions"]:
            questions[question["id"]] = question
            place[question["id"]] = page["id"]
    return pages, questions, place


def _value(part: Mapping[str, Any], name: str) -> Any:
    """What a page or a question says of one thing; what it leaves out is what is usual."""
    found = part.get(name)
    return _USUAL.get(name) if found in (None, {}, []) else found


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(words for name, words in _NAMES.items() if _value(old, name) != _value(new, name))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Return what changes from one questionnaire to the other, in the order of the new one.

    A question is the same when its identifier is; it is moved when its page or its rank among the
    questions that stay is another.
    """
    old_pages, old_questions, old_place = _flat(old)
    new_pages, new_questions, new_place = _flat(new)
    found = []
    for key, page in new_pages.items():
        title = tr(page["title"])
        if key not in old_pages:
            found.append(Difference("added", True, title))
        elif fields := _changed(old_pages[key], page):
            found.append(Difference("changed", True, title, fields))
    stay_old = [key for key in old_questions if key in new_questions]
    stay_new = [key for key in new_questions if key in old_questions]
    rank = {key: n for n, key in enumerate(stay_old)}
    for key, question in new_questions.items():
        title = tr(question["label"])
        if key not in old_questions:
            found.append(Difference("added", False, title))
            continue
        if fields := _changed(old_questions[key], question):
            found.append(Difference("changed", False, title, fields))
        if old_place[key] != new_place[key] or rank[key] != stay_new.index(key):
            found.append(Difference("moved", False, title))
    for key, page in old_pages.items():
        if key not in new_pages:
            found.append(Difference("removed", True, tr(page["title"])))
    for key, question in old_questions.items():
        if key not in new_questions:
            found.append(Difference("removed", False, tr(question["label"])))
    return found
