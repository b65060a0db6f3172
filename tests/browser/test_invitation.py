"""Each thing that the invitation of 2020 said has an address that fulfils it: all are opened."""

import re
from pathlib import Path

import pytest

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser
PAGE = Path(__file__).resolve().parents[2] / "docs" / "invitation.md"
ROW = re.compile(r"^\| (?P<said>.+?) \| `(?P<path>/fr/[^`]*)` \| (?P<seen>[^|`]+?) \|$", re.M)
ROWS = [match.groupdict() for match in ROW.finditer(PAGE.read_text())]


def test_the_page_holds_every_sentence() -> None:
    assert len(ROWS) >= 20


@pytest.mark.parametrize("row", ROWS, ids=[row["path"] for row in ROWS])
def test_each_sentence_has_an_address_that_fulfils_it(row: dict[str, str], open_page: Open) -> None:
    page = open_page()
    answer = page.goto(row["path"])
    assert answer is not None and answer.status == 200, row["said"]
    words = page.locator("main").inner_text().replace("\xa0", " ")
    assert row["seen"].casefold() in words.casefold(), row["said"]
    # The same page in English, by its own link.
    english = page.locator('header a[hreflang="en"]').get_attribute("href")
    answer = page.goto(str(english))
    assert answer is not None and answer.status == 200
    assert page.locator("html").get_attribute("lang") == "en-CA"
