"""Editing a questionnaire: each function takes settings and returns new ones; then `save`.

Identifiers are made once from the French words and stay when the words change, so that conditions,
answers and exports keep their meaning.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from difflib import SequenceMatcher
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from parvis.consult import services
from parvis.consult.models import Activity
from parvis.core import limits
from parvis.core.access import Actor
from parvis.core.errors import Invalid, NotFound
from parvis.core.i18n import DEFAULT, LANGUAGES, tr
from parvis.core.models import State
from parvis.methods.survey.definition import holes, parse
from parvis.methods.survey.wording import RESERVED, problems

Settings = dict[str, Any]
OPTIONS_MAX = 60
SIMILAR = 0.6


def save(
    *,
    actor: Actor,
    activity: Activity,
    settings: Mapping[str, Any],
    title: Mapping[str, str] | None = None,
) -> Activity:
    """Write a questionnaire and return its activity.

    Raises Invalid, in words and by place; also where a public consultation would lose a text, and
    once answers exist (the service says so). Raises Forbidden.
    """
    wrong = problems(settings)
    if wrong:
        raise Invalid({"settings": wrong})
    if activity.consultation.node.state == State.PUBLIC:
        left = holes(parse(settings), activity.consultation.languages or [DEFAULT])
        if left:
            raise Invalid({"settings": left})
    return services.change_settings(actor=actor, activity=activity, settings=settings, title=title)


# Finding -----------------------------------------------------------------------------------------


def page_at(settings: Mapping[str, Any], identifier: str) -> int:
    """Return the rank of a page. Raises NotFound."""
    for index, page in enumerate(settings.get("pages", [])):
        if page["id"] == identifier:
            return index
    raise NotFound(_("This page is no longer in the questionnaire."))


def question_at(settings: Mapping[str, Any], identifier: str) -> tuple[int, int]:
    """Return (rank of its page, rank in the page) of a question. Raises NotFound."""
    for i, page in enumerate(settings.get("pages", [])):
        for j, question in enumerate(page["questions"]):
            if question["id"] == identifier:
                return i, j
    raise NotFound(_("This question is no longer in the questionnaire."))


def _questions(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [question for page in settings.get("pages", []) for question in page["questions"]]


def identifier(words: str, taken: set[str], fallback: str) -> str:
    """Return an identifier made of `words` that is not taken nor reserved."""
    base = slugify(words)[:30].strip("-_")
    if not base or not base[0].isalpha():
        base = f"{fallback}-{base}".strip("-") if base else fallback
    found, n = base, 1
    while found in taken or found in RESERVED | {"new"} or f"{found}_other" in taken:
        n += 1
        found = f"{base}-{n}"
    return found


# Changing ----------------------------------------------------------------------------------------


def put_question(
    settings: Mapping[str, Any], page: str, question: Mapping[str, Any], known: str | None = None
) -> tuple[Settings, str]:
    """Return the settings with a question replaced (`known`) or added at the end of a page, and
    its identifier."""
    new = deepcopy(dict(settings))
    if known:
        i, j = question_at(new, known)
        new["pages"][i]["questions"][j] = {**question, "id": known}
        return new, known
    taken = {one["id"] for one in _questions(new)}
    made = identifier(question["label"].get(DEFAULT, ""), taken, "question")
    new["pages"][page_at(new, page)]["questions"].append({**question, "id": made})
    return new, made


def put_page(
    settings: Mapping[str, Any],
    texts: Mapping[str, Any],
    known: str | None = None,
    first: Mapping[str, Any] | None = None,
) -> tuple[Settings, str]:
    """Return the settings with a page's texts replaced (`known`), or a page added with its
    `first` question; and its identifier."""
    new = deepcopy(dict(settings))
    new.setdefault("pages", [])
    if known:
        page = new["pages"][page_at(new, known)]
        page.update(texts)
        return new, known
    taken = {page["id"] for page in new["pages"]}
    made = identifier(texts["title"].get(DEFAULT, ""), taken, "page")
    new["pages"].append({"id": made, **texts, "questions": []})
    new, _question = put_question(new, made, first or {})
    return new, made


def move_question(settings: Mapping[str, Any], known: str, step: int) -> Settings:
    """Return the settings with a question one place up (-1) or down (1); past the edge of its page
    it goes to the next page. Raises Invalid where there is no place."""
    new = deepcopy(dict(settings))
    i, j = question_at(new, known)
    questions = new["pages"][i]["questions"]
    if 0 <= j + step < len(questions):
        questions[j], questions[j + step] = questions[j + step], questions[j]
        return new
    if not 0 <= i + step < len(new["pages"]):
        raise Invalid(
            {"settings": [_("This question is already at the end of the questionnaire.")]}
        )
    if len(questions) == 1:
        raise Invalid({"settings": [_("It is the only question of its page: move the page.")]})
    target = new["pages"][i + step]["questions"]
    target.insert(len(target) if step < 0 else 0, questions.pop(j))
    return new


def move_page(settings: Mapping[str, Any], known: str, step: int) -> Settings:
    """Return the settings with a page one place up (-1) or down (1). Raises Invalid at an end."""
    new = deepcopy(dict(settings))
    i = page_at(new, known)
    if not 0 <= i + step < len(new["pages"]):
        raise Invalid({"settings": [_("This page is already at the end of the questionnaire.")]})
    new["pages"][i], new["pages"][i + step] = new["pages"][i + step], new["pages"][i]
    return new


def _copy_words(text: Mapping[str, str]) -> dict[str, str]:
    ends = {"fr": " (copie)", "en": " (copy)"}
    return {code: words + ends.get(code, "") for code, words in text.items()}


def duplicate_question(settings: Mapping[str, Any], known: str) -> tuple[Settings, str]:
    """Return the settings with a copy just after a question, and the copy's identifier."""
    new = deepcopy(dict(settings))
    i, j = question_at(new, known)
    copy = deepcopy(new["pages"][i]["questions"][j])
    copy["label"] = _copy_words(copy["label"])
    taken = {one["id"] for one in _questions(new)}
    copy["id"] = identifier(copy["label"].get(DEFAULT, ""), taken, "question")
    new["pages"][i]["questions"].insert(j + 1, copy)
    return new, copy["id"]


def duplicate_page(settings: Mapping[str, Any], known: str) -> tuple[Settings, str]:
    """Return the settings with a copy of a page and all its questions after it, and its
    identifier."""
    new = deepcopy(dict(settings))
    i = page_at(new, known)
    copy = deepcopy(new["pages"][i])
    copy["title"] = _copy_words(copy["title"])
    pages = {page["id"] for page in new["pages"]}
    copy["id"] = identifier(copy["title"].get(DEFAULT, ""), pages, "page")
    taken = {one["id"] for one in _questions(new)}
    for question in copy["questions"]:
        question["id"] = identifier(question["label"].get(DEFAULT, ""), taken, "question")
        taken.add(question["id"])
    new["pages"].insert(i + 1, copy)
    return new, copy["id"]


def remove_question(settings: Mapping[str, Any], known: str) -> Settings:
    """Return the settings without a question; a page left empty goes with it. Raises Invalid
    where another question depends on it."""
    new = deepcopy(dict(settings))
    _independent(new, {known})
    i, j = question_at(new, known)
    del new["pages"][i]["questions"][j]
    if not new["pages"][i]["questions"]:
        del new["pages"][i]
    return new


def remove_page(settings: Mapping[str, Any], known: str) -> Settings:
    """Return the settings without a page. Raises Invalid where a question elsewhere depends on
    one of its questions."""
    new = deepcopy(dict(settings))
    i = page_at(new, known)
    _independent(new, {question["id"] for question in new["pages"][i]["questions"]})
    del new["pages"][i]
    return new


def _independent(settings: Mapping[str, Any], removed: set[str]) -> None:
    for question in _questions(settings):
        condition = question.get("show_if")
        if condition and condition["question"] in removed and question["id"] not in removed:
            words = _("“%(q)s” is shown by an answer to this question: change that first.")
            raise Invalid({"settings": [words % {"q": tr(question["label"])}]})


# Answers to choose, one by line ------------------------------------------------------------------


def lines_of(options: Sequence[Mapping[str, Any]], languages: Sequence[str]) -> str:
    """Return the answers as they are typed: one by line, "French | English"."""
    rows = []
    for option in options:
        texts = [option["label"].get(code, "") for code in languages]
        while len(texts) > 1 and not texts[-1]:
            texts.pop()
        rows.append(" | ".join(texts))
    return "\n".join(rows)


def options_of(
    typed: str, before: Sequence[Mapping[str, Any]], languages: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the answers typed, each with the identifier it had before or a new one.

    Raises ValueError in words, with the number of the line.
    """
    labels: list[dict[str, str]] = []
    for number, line in enumerate(typed.replace("\r\n", "\n").split("\n"), 1):
        if not line.strip():
            continue
        parts = [part.strip() for part in line.split("|")] if len(languages) > 1 else [line.strip()]
        if len(parts) > len(languages):
            raise ValueError(_("Line %(n)d: one “|” at most.") % {"n": number})
        if not parts[0]:
            raise ValueError(_("Line %(n)d: the French is missing.") % {"n": number})
        if any(len(part) > limits.SHORT_CHARACTERS for part in parts):
            words = _("Line %(n)d: %(max)d characters at most.")
            raise ValueError(words % {"n": number, "max": limits.SHORT_CHARACTERS})
        label = {c: part for c, part in zip(languages, parts, strict=False) if part}
        if any(label[DEFAULT] == other[DEFAULT] for other in labels):
            raise ValueError(_("Line %(n)d: this answer is there twice.") % {"n": number})
        labels.append(label)
    if len(labels) > OPTIONS_MAX:
        raise ValueError(_("%(n)d answers at most.") % {"n": OPTIONS_MAX})
    kept = _matched(before, labels)
    taken = {option["id"] for option in before}
    out = []
    for index, label in enumerate(labels):
        old = kept.get(index)
        if old is None:
            made = _option_identifier(label[DEFAULT], taken)
            taken.add(made)
            out.append({"id": made, "label": label})
        else:
            hidden = {
                code: words
                for code, words in old["label"].items()
                if code in LANGUAGES and code not in languages and "[" not in words
            }
            out.append({"id": old["id"], "label": {**hidden, **label}})
    return out


def with_identifiers(
    labels: Sequence[tuple[str, Mapping[str, str]]], before: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return answers as the definition keeps them; labels: (identifier or "", words).

    An answer without identifier is matched with one of `before` by its words, else gets a new one.
    """
    taken = {given for given, _label in labels if given}
    free = [option for option in before if option["id"] not in taken]
    bare = [label for given, label in labels if not given]
    kept = iter(_matched(free, bare).get(rank) for rank in range(len(bare)))
    out = []
    for given, label in labels:
        old = None if given else next(kept)
        made = given or (old["id"] if old else "")
        if not made:
            made = _option_identifier(label[DEFAULT], taken | {one["id"] for one in free})
        taken.add(made)
        out.append({"id": made, "label": dict(label)})
    return out


def _option_identifier(words: str, taken: set[str]) -> str:
    base = slugify(words)[:30].strip("-_") or "option"
    found, n = base, 1
    while found in taken or found in RESERVED:
        n += 1
        found = f"{base}-{n}"
    return found


def _matched(
    before: Sequence[Mapping[str, Any]], labels: Sequence[Mapping[str, str]]
) -> dict[int, Mapping[str, Any]]:
    """Which earlier answer each line is: same words, then close words, then same place (or, where
    as many are left on both sides, same order)."""
    free = dict(enumerate(before))
    found: dict[int, Mapping[str, Any]] = {}

    def take(line: int, rank: int) -> None:
        found[line] = free.pop(rank)

    for code in LANGUAGES:
        for line, label in enumerate(labels):
            if line in found or not label.get(code):
                continue
            same = [r for r, old in free.items() if old["label"].get(code) == label[code]]
            if same:
                take(line, same[0])
    for line, label in enumerate(labels):
        if line in found or not free:
            continue
        close = {
            rank: SequenceMatcher(None, old["label"].get(DEFAULT, ""), label[DEFAULT]).ratio()
            for rank, old in free.items()
        }
        best = max(close, key=lambda rank: (close[rank], -abs(rank - line)))
        if close[best] >= SIMILAR:
            take(line, best)
    for line in range(len(labels)):
        if line not in found and line in free:
            take(line, line)
    left = [line for line in range(len(labels)) if line not in found]
    if len(left) == len(free):
        for line, rank in zip(left, sorted(free), strict=True):
            take(line, rank)
    return found
