"""docs/acceptance.md names tests: each exists, and each point of the list has one row."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_test_named_by_the_list_exists() -> None:
    text = (ROOT / "docs" / "acceptance.md").read_text()
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", text))
    there = {
        name
        for path in [*ROOT.glob("parvis/**/test_*.py"), *ROOT.glob("tests/**/test_*.py")]
        for name in re.findall(r"def (test_[a-z0-9_]+)", path.read_text())
    }
    assert len(named) > 50
    assert named - there == set()


def test_every_point_has_one_row_in_order() -> None:
    rows = re.findall(r"^\| (\d+) \| ", (ROOT / "docs" / "acceptance.md").read_text(), re.M)
    numbers = [int(row) for row in rows]
    assert numbers == list(range(1, 58))
