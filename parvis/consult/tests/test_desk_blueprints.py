"""Each blueprint that ships can be read; a wrong one is named."""

import json

import pytest

from parvis.consult import blueprints, methods
from parvis.core.i18n import missing

RAW = json.loads((blueprints.FOLDER / "prioriser-les-actions-d-un-plan.json").read_text("utf-8"))


def test_every_file_is_read_and_written_in_both_languages() -> None:
    found = blueprints.all_blueprints()
    assert next(iter(found)) == "prioriser-les-actions-d-un-plan"
    assert len(found) == len(list(blueprints.FOLDER.glob("*.json")))
    for one in found.values():
        texts = [one.name, one.description, *(phase.title for phase in one.phases)]
        texts += [value for value in one.fields.values() if isinstance(value, dict)]
        assert not any(missing(text, ["fr", "en"]) for text in texts)
        for activity in one.activities:
            assert methods.get(activity.method).clean_settings(dict(activity.settings))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fields": {"couleur": "bleu"}}, "field couleur"),
        ({"dates": {"fête": {"since": "opens", "days": 1}}}, "date fête"),
        ({"activities": [{"key": "a", "method": "loto", "title": {"fr": "A"}}]}, "method loto"),
        ({"phases": []}, "phases"),
        ({"fields": {"question": {"fr": "{ministre}?"}}}, "placeholder ministre"),
        ({"autre": 1}, "autre"),
        ({"activities": [{"key": "survey", "method": "survey", "title": {"fr": "A"},
                          "settings": {"pages": [{"id": "p"}]}}]}, "settings of survey"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_by_name(change: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        blueprints.check({**RAW, **change})


def test_an_opening_of_nothing_is_refused() -> None:
    wrong = {**RAW, "activities": RAW["activities"][:1]}
    with pytest.raises(ValueError, match="opening proposals"):
        blueprints.check(wrong)


def test_fill_leaves_out_what_has_no_value() -> None:
    words = {"title": {"fr": "Le plan"}, "contact": {"fr": "", "en": ""}}
    value = {
        "a": {"fr": "Pour {title}.", "en": "For {title}."},
        "b": [{"label": {"fr": "Appelez {contact}.", "en": "Call {contact}."}}],
        "c": {"fr": "[à dire]", "en": "[to say]"},
        "n": 3,
    }
    assert blueprints.fill(value, words, ["fr"]) == {
        "a": {"fr": "Pour Le plan.", "en": "For Le plan."},
        "b": [{"label": {}}],
        "c": {"fr": "[à dire]"},
        "n": 3,
    }
    assert blueprints.fill(value, words, ["fr", "en"])["c"]["en"] == "[to say]"
