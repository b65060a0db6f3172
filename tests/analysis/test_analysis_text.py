"""Words made comparable; copies found, against a comparison of all pairs."""

import csv
import itertools
import os
import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.analysis.text import (
    SHORT_PAIRS,
    SHORT_THRESHOLD,
    excerpt,
    fold,
    highlights,
    near_duplicates,
    shingles,
    stems,
)

SHARED = Path(os.environ.get("PARVIS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


def real_texts() -> list[str]:
    texts = []
    for name in ("republique-numerique-a.csv", "grand-debat-mel-reponses.csv"):
        path = SHARED / "free-text" / name
        if not path.exists():
            pytest.skip(f"{path} is not on this machine")
        with path.open(encoding="utf-8", newline="") as file:
            texts += [row["text"] for row in csv.DictReader(file)]
    return texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L’École d'été", "l ecole d ete"),
        ("Qu’est-ce que l'ŒUF ?", "qu est ce que l oeuf"),
        ("AUJOURD’HUI, aujourd'hui", "aujourdhui aujourdhui"),
        ("e\u0301cole ÉCOLE", "ecole ecole"),
        ("12,5 % — l_a", "12 5 l a"),
        ("", ""),
    ],
)
def test_fold(text, expected):
    assert fold(text) == expected


@given(st.text())
def test_folding_twice_or_after_decomposition_changes_nothing(text):
    once = fold(text)
    assert fold(once) == once
    assert fold(unicodedata.normalize("NFC", text)) == once
    assert fold(unicodedata.normalize("NFD", text)) == once
    assert once == " ".join(once.split())


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("ecoles", "école"),
        ("donnee", "données"),
        ("donnees", "donnée"),
        ("ECOLE", "L’école"),
        ("etudiante", "étudiants"),
        ("transparence", "Transparent"),
        ("l'environnement", "environnements"),
        ("régional", "régionaux"),
        ("oeuf", "œufs"),
    ],
)
def test_french_forms_meet(query, text):
    assert set(stems(query)) <= set(stems(text))


def test_english_and_other_languages():
    assert stems("Libraries", "en") == stems("library", "en")
    assert stems("Bibliotèques", "xx") == ["bibliotèques".replace("è", "e")]
    assert stems("l’ d’ qu’", "fr") == []


def test_highlights_mark_whole_words_as_written():
    text = "L’École et les e\u0301coles : écolier, données."
    found = [text[a:b] for a, b in highlights(text, "ecole donnée")]
    assert found == ["École", "e\u0301coles", "données"]
    assert highlights(text, "  ") == highlights(text, "absent") == []


@given(st.text("éeAb l'’\n", max_size=80), st.text("éeAb ", max_size=5), st.integers(5, 40))
def test_highlights_and_excerpts_stay_inside(text, query, length):
    spans = highlights(text, query)
    wanted = set(stems(query))
    ends = [0, *itertools.chain.from_iterable(spans)]
    assert ends == sorted(ends)
    for start, end in spans:
        assert wanted.intersection(stems(text[start:end]))
    cut, inside = excerpt(text, query, length=length)
    assert len(cut) <= length + 2
    assert cut.strip("…") in text
    for start, end in inside:
        assert wanted.intersection(stems(cut[start:end]))


def near(a: str, b: str, threshold: float) -> bool:
    x, y = shingles(a), shingles(b)
    if not x or not y:
        return False
    if min(len(x), len(y)) < SHORT_PAIRS and x != y:
        threshold = max(threshold, SHORT_THRESHOLD)
    return len(x & y) / len(x | y) >= threshold


SENTENCES = st.lists(
    st.lists(st.sampled_from("ab"), min_size=0, max_size=14).map(" ".join), max_size=9
)
LONG = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 6)).map(
        lambda t: " ".join(f"w{i}" for i in range(t[0], t[0] + 12 + t[1]))
    ),
    max_size=9,
)


@given(texts=SENTENCES | LONG, threshold=st.sampled_from([0.3, 0.5, 0.8, 1.0]), seed=st.integers())
@settings(deadline=None)
def test_groups_against_all_pairs(texts, threshold, seed):
    groups = near_duplicates(texts, threshold)
    place = {i: g for g, group in enumerate(groups) for i in group}
    assert all(len(group) > 1 and group == sorted(group) for group in groups)
    assert len(place) == sum(map(len, groups))
    for i, j in itertools.combinations(range(len(texts)), 2):
        if shingles(texts[i]) and shingles(texts[i]) == shingles(texts[j]):
            assert place[i] == place[j]
    for group in groups:
        close = sum(
            near(texts[i], texts[j], threshold) for i, j in itertools.combinations(group, 2)
        )
        # Each merge has half of the pairs across, so the whole has at least half as well.
        assert 2 * close >= len(group) * (len(group) - 1) / 2
    # Nothing close is left out: a pair that is near is together, or one of them is in a group.
    for i, j in itertools.combinations(range(len(texts)), 2):
        if near(texts[i], texts[j], threshold):
            assert i in place or j in place
    order = list(range(len(texts)))
    random.Random(seed).shuffle(order)
    again = near_duplicates([texts[i] for i in order], threshold)
    assert sorted(sorted(order[i] for i in g) for g in again) == groups


def test_small_edits_are_grouped_and_chains_are_not():
    words = [f"mot{i}" for i in range(60)]
    copy = " ".join([*words[:30], "autre", *words[31:]])
    assert near_duplicates([" ".join(words), "rien à voir", copy]) == [[0, 2]]
    sliding = [" ".join(words[i : i + 20]) for i in range(0, 40, 4)]
    assert max(map(len, near_duplicates(sliding))) <= 4
    page = "https://exemple.quebec/une/tres/longue/adresse/de/page/avec/des/mots"
    assert near_duplicates([f"oui {page}", f"jamais de la vie {page}"]) == []
    assert near_duplicates(["", " ", "!", "?"]) == []
    for bad in (0, -1, 1.01):
        with pytest.raises(ValueError, match="thresholds"):
            near_duplicates([], bad)


@pytest.mark.parametrize("seed", [1, 2])
def test_campaigns_planted_among_real_texts(seed):
    """Copies with 5 % of their words changed: recall 0.95 or more, wrong pairs 1 % or less."""
    texts = real_texts()
    chance = random.Random(seed)
    vocabulary = [word for text in texts for word in text.split()]
    models = chance.sample([t for t in texts if 25 <= len(t.split()) <= 200], 25)
    labels = [-1] * len(texts)
    for campaign, model in enumerate(models):
        for _ in range(chance.randint(5, 40)):
            words = model.split()
            for i in chance.sample(range(len(words)), round(len(words) * 0.05)):
                words[i] = chance.choice(vocabulary)
            texts.append(" ".join(words))
            labels.append(campaign)
    planted = [i for i, label in enumerate(labels) if label >= 0]
    gold = {p for p in itertools.combinations(planted, 2) if labels[p[0]] == labels[p[1]]}
    found = {
        pair
        for group in near_duplicates(texts)
        for pair in itertools.combinations(group, 2)
        if labels[pair[0]] >= 0 and labels[pair[1]] >= 0
    }
    assert len(found & gold) >= 0.95 * len(gold)
    assert len(found - gold) <= 0.01 * len(found)
