"""The words of a link to a source: neither an address in full nor one name for several links."""

import pytest
from django.urls import reverse

from parvis.core.lists import source_links, source_name
from tests.factories import make_consultation


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://www.site.ca/plans/plan-2021_final.pdf", "site.ca, plan 2021 final"),
        ("https://site.ca/", "site.ca"),
        ("https://site.ca/?p=77", "site.ca, p=77"),
        ("https://site.ca/a/CAQUE0003/?x=1", "site.ca, CAQUE0003"),
        ("https://site.ca/donn%C3%A9es-ouvertes", "site.ca, données ouvertes"),
        ("https://site.ca/" + "long-" * 40, "site.ca, " + ("long " * 40)[:80] + "…"),
        ("", ""),
    ],
)
def test_an_address_in_words(url: str, words: str) -> None:
    assert source_name(url) == words
    assert len(source_name(url)) <= 90


def test_two_addresses_never_look_the_same() -> None:
    urls = [
        "https://site.ca/un/introduction", "https://site.ca/deux/introduction",
        "https://www.site.ca/un/introduction", "https://site.ca/x?id=1", "https://site.ca/x?id=2",
    ]  # fmt: skip
    links = source_links([*urls, urls[0]])
    assert [url for url, _words in links] == urls
    assert len({words for _url, words in links}) == 5
    assert links[0][1] == "site.ca, introduction"
    assert links[1][1] == "site.ca, deux, introduction"


@pytest.mark.django_db
def test_a_page_shows_no_address_in_full(client) -> None:
    url = "https://www.site.ca/communiques/un-beau-titre.html?a=1&b=<2>"
    consultation = make_consultation(fields={"sources": [url]})
    page = client.get(reverse("consultation", args=[consultation.node.slug])).content.decode()
    assert ">site.ca, un beau titre</a>" in page
    assert "a=1&amp;b=&lt;2&gt;" in page and "communiques/un-beau-titre.html</a>" not in page
