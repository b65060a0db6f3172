"""The scan finds what is slipped in and cries wolf on no number; tables hide small groups."""

import csv
import datetime
import itertools
import os
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.analysis.privacy import (
    FLOOR,
    Finding,
    luhn,
    mask,
    one_way_tables,
    scan,
    shuffled_row_numbers,
)

SHARED = Path(os.environ.get("PARVIS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
REAL = [
    "grand-debat-mel-reponses.csv",
    "polis-statements-en-a.csv",
    "republique-numerique-a.csv",
]


def found(text: str) -> list[tuple[str, str]]:
    return [(f.kind, text[f.start : f.end]) for f in scan(text)]


# ---- what must be found, made by rules of its own


def with_check_digit(digits: list[int]) -> str:
    """Luhn by trial: the one last digit under which the doubled and plain digits add up."""
    for last in range(10):
        number = [*digits, last]
        odd = number[::-1][::2]
        even = [sum(divmod(2 * d, 10)) for d in number[::-1][1::2]]
        if (sum(odd) + sum(even)) % 10 == 0:
            return "".join(map(str, number))
    raise AssertionError("one of ten digits fits")


def a_phone(r: random.Random) -> str:
    area = r.choice("418 438 450 514 579 581 819 873 367 613".split())
    a, b = f"{r.randint(2, 9)}{r.choice('0234')}{r.randint(2, 9)}", f"{r.randint(0, 9999):04d}"
    prefix = r.choice(["", "", "1 ", "1-", "+1 "])
    return prefix + r.choice([
        f"{area}-{a}-{b}", f"({area}) {a}-{b}", f"{area} {a} {b}", f"{area}.{a}.{b}",
        f"{area}{a}{b}", f"{area} {a}-{b}", f"{area}\u00a0{a}\u2011{b}",
    ])  # fmt: skip


def a_nas(r: random.Random) -> str:
    n = with_check_digit([r.choice([1, 2, 3, 4, 5, 6, 7, 9]), *(r.randint(0, 9) for _ in range(7))])
    if n.endswith("000000"):
        return a_nas(r)
    s = r.choice([" ", "-", "", ".", "\u202f"])
    return s.join((n[:3], n[3:6], n[6:]))


def a_ramq(r: random.Random) -> str:
    day = datetime.date(1930, 1, 1) + datetime.timedelta(days=r.randint(0, 30_000))
    month = day.month + r.choice([0, 50])
    letters = "".join(r.choices("ABCDEGHLMRST", k=4))
    digits = f"{day.year % 100:02d}{month:02d}{day.day:02d}{r.randint(0, 99):02d}"
    s = r.choice([" ", "", "-"])
    return s.join((letters, digits[:4], digits[4:]))


def a_card(r: random.Random) -> str:
    n = with_check_digit([r.choice([4, 5]), *(r.randint(0, 9) for _ in range(14))])
    return r.choice([" ", "-", ""]).join(n[i : i + 4] for i in range(0, 16, 4))


def an_email(r: random.Random) -> str:
    user = r.choice(["jean.roy", "m_tremblay+avis", "a1", "éloïse-côté"])
    return f"{user}@{r.choice(['exemple.qc.ca', 'courriel.test', 'a-b.org'])}"


def a_postal_code(r: random.Random) -> str:
    letters = "ABCEGHJKLMNPRSTVXY"
    code = f"{r.choice('GHJK')}{r.randint(0, 9)}{r.choice(letters)}"
    return code + r.choice([" ", ""]) + f"{r.randint(0, 9)}{r.choice(letters)}{r.randint(0, 9)}"


def an_address(r: random.Random) -> str:
    street = r.choice([
        "rue des Lilas", "boulevard René-Lévesque Est", "avenue du Parc", "chemin Sainte-Foy",
        "rue Saint-Jean", "rang de la Montagne", "boul. Charest", "av. Cartier", "rue principale"
    ])  # fmt: skip
    if street == "rue principale":
        street = "rue Principale"
    return f"{r.randint(1, 9999)}{r.choice([', ', ' '])}{street}"


def a_birth(r: random.Random) -> str:
    day = r.choice(["3 mars 1980", "1er août 1954", "12/04/1977", "1990-05-06"])
    return (
        r.choice(["né le ", "née le ", "né(e) le ", "Né à Laval le ", "date de naissance : "]) + day
    )


def a_self_name(r: random.Random) -> str:
    start = r.choice(["Je m’appelle ", "je m'appelle ", "Mon nom est ", "My name is "])
    return start + r.choice(["Marie Tremblay", "Zoé", "Jean-Guy Côté"])


def a_civility(r: random.Random) -> str:
    title = r.choice(["M. ", "Mme ", "Monsieur ", "Madame ", "Mlle ", "Dr ", "Mr "])
    return title + r.choice(["Tremblay", "Élise Roy", "Côté-Gagnon"])


def a_plate(r: random.Random) -> str:
    a, n = "".join(r.choices("BFHJKLMNPRSTVXYZ", k=3)), f"{r.randint(0, 999):03d}"
    return r.choice([f"{a} {n}", f"{n} {a}", f"{a}-{n}", f"{a[0]}{n[:2]} {a}"])


MAKERS = {
    "phone": a_phone, "nas": a_nas, "ramq": a_ramq, "card": a_card, "email": an_email,
    "postal_code": a_postal_code, "address": an_address, "birth": a_birth,
    "self_name": a_self_name, "civility_name": a_civility, "plate": a_plate,
}  # fmt: skip
AROUND = [
    ("Bonjour, ", ". Merci de lire ceci."),
    ("Il faut agir (", ") dès maintenant"),
    ("", ""),
    ("Voici : ", ", comme demandé en 2024."),
    ("La ville a 3 projets ; ", " ; et 12 parcs."),
    ("joindre\n", "\nmerci"),
]


@pytest.mark.parametrize("kind", sorted(MAKERS))
@given(seed=st.integers(0, 10**9), around=st.sampled_from(AROUND))
@settings(deadline=None, max_examples=300)
def test_what_is_slipped_in_is_found(kind, seed, around):
    value = MAKERS[kind](random.Random(seed))
    text = value.join(around)
    matching = [f for f in scan(text) if f.kind == kind]
    assert len(matching) == 1, text
    (finding,) = matching
    start = len(around[0])
    # The whole of it; a name may take in nothing after it.
    assert finding.start <= start + (2 if kind == "phone" else 0)
    assert finding.end == start + len(value)
    blocking = kind in ("phone", "nas", "ramq", "card", "email")
    assert finding.severity == ("block" if blocking else "ask")


def test_five_hundred_insertions_in_real_texts_are_found():
    texts = [text for name in REAL for text in real(name) if len(text) > 100]
    r = random.Random(7)
    kept = Counter()
    for i in range(500):
        kind = sorted(MAKERS)[i % len(MAKERS)]
        words = r.choice(texts).split()
        place = r.randrange(len(words))
        # Not next to a digit: "3 514-555-0199" is nobody's number.
        while any(
            c.isdigit() or c in "$€" for w in words[max(0, place - 1) : place + 1] for c in w
        ):
            words = r.choice(texts).split()
            place = r.randrange(len(words))
        text = " ".join([*words[:place], MAKERS[kind](r), *words[place:]])
        kept[kind] += any(f.kind == kind for f in scan(text))
    assert sum(kept.values()) >= 0.98 * 500, kept


def real(name: str) -> list[str]:
    path = SHARED / "free-text" / name
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    with path.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", REAL)
def test_no_false_alarm_on_numbers_in_real_texts(name):
    """Their numbers and addresses were removed: whatever blocks here is a false alarm."""
    alarms = [(f.kind, t[f.start : f.end]) for t in real(name) for f in scan(t)
              if f.severity == "block" or f.kind in ("postal_code", "birth", "plate")]  # fmt: skip
    assert alarms == []


@pytest.mark.parametrize(
    "text",
    [
        "un budget de 190 000 000 $ sur 10 ans",
        "coûte 46 045 428,60 euros",
        "Le projet de loi 2024-123-456",
        "ISBN 978-2-07-036822-8",
        "https://exemple.org/page/5145550199/x?id=4111111111111111",
        "Madame la ministre, Monsieur le Président, Madame La Mairesse",
        "entre 300 EUR et 450 CAD, TVQ 123, ISO 900",
        "né en Tunisie, la loi née le lendemain",
        "la route 132 et 10 avenues",
        "046 454 286",  # no social insurance number starts with 0
        "123 456 789",  # Luhn fails
        "4111 1111 1111 1112",
        "TREM 8013 2315",  # month 13
        "(111) 555-0199 et 514-911-0199",
        "2024-01-01 10:00 à 2024-12-31 12:00",
        "12.5.2020, 100 000, 1,5 et 3,14159265358979",
        "article 12 place au débat",
    ],
)
def test_what_is_nobodys(text):
    assert found(text) == []


def test_where_two_overlap_the_one_that_blocks_stays():
    text = "Je m’appelle Zoé, née le 3 mars 1980, 514 555-0199 ou zoe@exemple.org"
    assert found(text) == [
        ("self_name", "Je m’appelle Zoé"),
        ("birth", "née le 3 mars 1980"),
        ("phone", "514 555-0199"),
        ("email", "zoe@exemple.org"),
    ]
    assert mask(text, scan(text)) == "[…], […], […] ou […]"
    assert scan("a@b.org") == [Finding("email", 0, 7, "block")]


@given(st.text())
def test_findings_are_in_order_and_inside(text):
    ends = [0, *itertools.chain.from_iterable((f.start, f.end) for f in scan(text))]
    assert ends == sorted(ends)
    assert ends[-1] <= len(text)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=18))
def test_luhn(digits):
    right = with_check_digit(digits)
    assert luhn(right)
    assert sum(luhn(right[:-1] + str(d)) for d in range(10)) == 1


# ---- tables

COLUMN = st.lists(st.sampled_from(["a", "b", "c", "d", "e", None]), max_size=120)
SKEWED = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 30)), max_size=8).map(
    lambda parts: [value for value, times in parts for _ in range(times)]
)


def reachable(parts: int, total: int) -> set[int]:
    """Sums that `parts` cells of 1 or more can make, up to `total`: all of them, one by one."""
    sums = {0}
    for _ in range(parts):
        sums = {s + n for s in sums for n in range(1, total - s + 1)}
    return sums


@given(values=COLUMN | SKEWED, threshold=st.integers(FLOOR, 15), seed=st.integers())
@settings(deadline=None, max_examples=300)
def test_no_small_cell_can_be_worked_out(values, threshold, seed):
    table = one_way_tables({"region": values}, threshold)["region"]
    counts = Counter(values)
    if table.suppressed:
        assert (table.cells, table.other) == ((), 0)
        assert table.total == (len(values) if len(values) >= threshold else None)
        return
    assert table.total == len(values) == sum(n for _, n in table.cells) + table.other
    for value, count in table.cells:
        assert counts[value] == count >= threshold
    assert {v for v, n in counts.items() if n < threshold} <= set(table.merged)
    assert set(table.merged) == set(counts) - {v for v, _ in table.cells}
    assert table.other == sum(counts[v] for v in table.merged)
    if table.merged:
        # A reader who knows the names of the merged cells, and that each has someone in it, tries
        # every value a cell could have.
        others = reachable(len(table.merged) - 1, table.other)
        possible = {n for n in range(1, table.other + 1) if table.other - n in others}
        assert len(possible) >= threshold
        assert len(table.merged) > 1
    shuffled = list(values)
    random.Random(seed).shuffle(shuffled)
    assert one_way_tables({"region": shuffled}, threshold)["region"] == table


def test_examples_of_protection():
    def table(**counts):
        values = [value for value, n in counts.items() for _ in range(n)]
        return one_way_tables({"x": values})["x"]

    assert table(a=50, b=20).cells == (("a", 50), ("b", 20))
    alone = table(a=50, b=20, c=3)  # 73 - 50 - 20 would give it away: b goes along
    assert (alone.cells, alone.other, set(alone.merged)) == ((("a", 50),), 23, {"b", "c"})
    ones = table(a=50, b=20, **{f"c{i}": 1 for i in range(12)})
    assert ones.cells == (("a", 50),) and ones.other == 32
    assert table(a=50, c=3).suppressed and table(a=50, c=3).total == 53
    assert table(a=4, c=3).total is None
    assert one_way_tables({"x": []})["x"].total == 0
    with pytest.raises(ValueError, match="under 5"):
        one_way_tables({}, threshold=4)
    with pytest.raises(ValueError, match="length"):
        one_way_tables({"a": ["x"], "b": []})


@given(st.integers(0, 300), st.text(min_size=1))
def test_row_numbers_are_a_permutation_that_the_seed_fixes(n, seed):
    numbers = shuffled_row_numbers(n, seed)
    assert sorted(numbers) == list(range(1, n + 1))
    assert numbers == shuffled_row_numbers(n, seed.encode("utf-8", "surrogatepass"))
    if n > 20:
        assert numbers != shuffled_row_numbers(n, seed + "x")


def test_row_numbers_tell_nothing_of_the_order():
    n, runs = 40, 400
    first = [shuffled_row_numbers(n, f"seed {k}")[0] for k in range(runs)]
    assert 17 < sum(first) / runs < 24  # mean 20.5, standard error 0.58
    assert len(set(first)) > 35
    for bad in ((3, ""), (-1, "a")):
        with pytest.raises(ValueError, match="seed"):
            shuffled_row_numbers(*bad)
