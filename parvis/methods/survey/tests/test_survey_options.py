"""Answers typed one by line keep their identifiers when their words change."""

import pytest

from parvis.methods.survey import editing

BEFORE = [
    {"id": "data", "label": {"fr": "Les données ouvertes", "en": "Open data"}},
    {"id": "docs", "label": {"fr": "Les documents", "en": "Documents"}},
    {"id": "other-2", "label": {"fr": "Rien de cela", "en": "None"}},
]
BOTH = ["fr", "en"]


def _ids(typed: str, languages: list[str] = BOTH) -> list[str]:
    return [option["id"] for option in editing.options_of(typed, BEFORE, languages)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Les données ouvertes\nLes documents\nRien de cela", ["data", "docs", "other-2"]),
        ("Rien de cela\nLes données ouvertes", ["other-2", "data"]),
        ("Nouveau\nLes données ouvertes\nLes documents\nRien de cela",
         ["nouveau", "data", "docs", "other-2"]),
        # A correction, then another order.
        ("Les documents publics\nLes données bien ouvertes", ["docs", "data"]),
        # Other words in the same places.
        ("Publier\nOuvrir\nFormer", ["data", "docs", "other-2"]),
        ("Traduit autrement | Open data\nLes documents", ["data", "docs"]),
        ("Others | x\nOther | y", ["data", "docs"]),
    ],
)  # fmt: skip
def test_identifiers_follow_the_answer(typed: str, expected: list[str]) -> None:
    assert _ids(typed) == expected


def test_lines_and_options_are_the_same_thing() -> None:
    typed = editing.lines_of(BEFORE, BOTH)
    assert editing.options_of(typed, BEFORE, BOTH) == BEFORE
    assert editing.lines_of(BEFORE, ["fr"]).splitlines()[0] == "Les données ouvertes"
    assert editing.lines_of([{"id": "a", "label": {"fr": "A"}}], BOTH) == "A"


def test_new_identifiers_are_legal_distinct_and_never_other() -> None:
    made = editing.options_of("Other\nÉté!\n???\n2 fois", [], ["fr"])
    assert [option["id"] for option in made] == ["other-2", "ete", "option", "2-fois"]


def test_too_many_or_too_long() -> None:
    with pytest.raises(ValueError, match="60"):
        editing.options_of("\n".join(map(str, range(61))), [], ["fr"])
    with pytest.raises(ValueError, match="300"):
        editing.options_of("é" * 301, [], ["fr"])


def test_question_identifiers_begin_with_a_letter_and_avoid_forms_own_names() -> None:
    assert editing.identifier("2 fois par an?", set(), "question") == "question-2-fois-par-an"
    assert editing.identifier("Language", set(), "question") == "language-2"
    assert editing.identifier("???", {"question"}, "question") == "question-2"
    assert editing.identifier("Âge", {"age"}, "question") == "age-2"
    assert len(editing.identifier("mot " * 40, set(), "question")) <= 40
