"""What is wrong in a questionnaire's definition, in words and by place."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from parvis.core import limits
from parvis.core.i18n import LANGUAGES, tr
from parvis.methods.survey.definition import Questionnaire

# Names that the forms of a survey use themselves, and the answer "other".
RESERVED = frozenset(
    {"back", "key", "channel", "received_on", "language", "other", "csrfmiddlewaretoken"}
)


def _short(text: Any) -> str:
    words = tr(text) if isinstance(text, Mapping) else str(text or "")
    return words if len(words) <= 60 else f"{words[:59]}…"


def _name(part: str) -> str:
    names = {
        "id": _("identifier"),
        "type": _("type"),
        "label": _("wording"),
        "help": _("help"),
        "title": _("title"),
        "intro": _("introduction"),
        "options": _("answers"),
        "questions": _("questions"),
        "pages": _("pages"),
        "min": _("the least"),
        "max": _("the most"),
        "ends": _("ends of the scale"),
        "show_if": _("condition"),
        "results": _("results"),
        "required": _("answer required"),
        "opinion": _("opinion or characteristic"),
        "other": _("other answer"),
    }
    return str(names.get(part, part))


def place(raw: Any, path: Sequence[Any]) -> str:
    """Return where something is, as people find it: page 2, question 3 (its words), answers."""
    words: list[str] = []
    here, kind = raw, ""
    for part in path:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
        if not isinstance(part, int):
            kind = part
            if part not in {"pages", "questions", "options", "fr", "en"} or part == path[-1]:
                words.append(_name(part))
            continue
        label = ""
        if isinstance(here, Mapping):
            label = _short(here.get("title") or here.get("label"))
        one = {
            "pages": _("page %(n)d"),
            "questions": _("question %(n)d"),
            "options": _("answer %(n)d"),
        }.get(kind, "%(n)d") % {"n": part + 1}
        words.append(_quoted(one, label))
    text = ", ".join(words)
    return text[:1].upper() + text[1:]


def _quoted(one: str, label: str) -> str:
    return _("%(place)s (“%(label)s”)") % {"place": one, "label": label} if label else one


def _reason(problem: Mapping[str, Any]) -> str:
    kind, context = problem["type"], problem.get("ctx") or {}
    if kind == "value_error":
        return str(problem["msg"]).removeprefix("Value error, ")
    if kind == "missing":
        return _("This is missing.")
    if kind in {"literal_error", "enum"}:
        return _("“%(v)s” is not one of: %(known)s.") % {
            "v": problem.get("input"),
            "known": context.get("expected", ""),
        }
    if kind == "string_pattern_mismatch":
        words = _("“%(v)s” is no identifier: 40 small letters, digits, - or _ at most.")
        return words % {"v": problem.get("input")}
    if kind == "too_short":
        return _("At least %(n)d is asked.") % {"n": context.get("min_length", 1)}
    if kind == "too_long":
        return _("At most %(n)d are allowed.") % {"n": context.get("max_length", 0)}
    if kind.startswith("int"):
        return _("“%(v)s” is not a whole number.") % {"v": problem.get("input")}
    if kind.startswith("bool"):
        return _("“%(v)s” is neither true nor false.") % {"v": problem.get("input")}
    if kind.startswith("dict") or kind == "model_type":
        return _("An object is expected here: {…}.")
    if kind.startswith("list"):
        return _("A list is expected here: […].")
    if kind.startswith("string"):
        return _("A text is expected here.")
    return _("This value is not possible.")


def _said(where: str, reason: str) -> str:
    return _("%(place)s: %(reason)s") % {"place": where, "reason": reason} if where else reason


def problems(raw: Any) -> list[str]:
    """Return what is wrong with a definition, each in words with its place; empty when right."""
    if not isinstance(raw, Mapping):
        return [_("A questionnaire is an object: {…}.")]
    try:
        Questionnaire.model_validate(raw)
    except ValidationError as error:
        return [_said(place(raw, problem["loc"]), _reason(problem)) for problem in error.errors()]
    return list(_unreadable(raw))


def _unreadable(raw: Mapping[str, Any]) -> Iterator[str]:
    """Texts in unknown languages or too long, names that forms use, pages of one name."""
    seen: set[str] = set()
    for i, page in enumerate(raw.get("pages", [])):
        if page["id"] in seen:
            yield _said(place(raw, ["pages", i]), _("Two pages have the same identifier."))
        if page["id"] == "new":
            # The address of the page to add.
            words = _("“%(v)s” cannot be an identifier here.") % {"v": page["id"]}
            yield _said(place(raw, ["pages", i]), words)
        seen.add(page["id"])
        yield from _texts(raw, page, ["pages", i], "title", "intro")
        for j, question in enumerate(page["questions"]):
            path = ["pages", i, "questions", j]
            if question["id"] in RESERVED:
                words = _("“%(v)s” cannot be an identifier here.") % {"v": question["id"]}
                yield _said(place(raw, path), words)
            yield from _texts(raw, question, path, "label", "help")
            yield from _texts(raw, question.get("ends") or {}, [*path, "ends"], "low", "high")
            for k, option in enumerate(question.get("options") or []):
                if option["id"] in RESERVED:
                    words = _("“%(v)s” cannot be an identifier here.") % {"v": option["id"]}
                    yield _said(place(raw, [*path, "options", k]), words)
                yield from _texts(raw, option, [*path, "options", k], "label")


def _texts(raw: Any, holder: Mapping[str, Any], path: Sequence[Any], *names: str) -> Iterator[str]:
    for name in names:
        for code, words in (holder.get(name) or {}).items():
            if code not in LANGUAGES:
                reason = _("“%(code)s” is not a language of this site.") % {"code": code}
                yield _said(place(raw, [*path, name]), reason)
            elif len(words) > limits.REASON_CHARACTERS:
                reason = _("%(n)d characters, the most is %(max)d.") % {
                    "n": len(words), "max": limits.REASON_CHARACTERS,
                }  # fmt: skip
                yield _said(place(raw, [*path, name]), reason)
