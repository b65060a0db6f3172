"""The Lucene queries that CKAN's clients write."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.catalogue.ckan.errors import SearchError
from parvis.catalogue.ckan.query import parse

NOW = datetime(2026, 6, 15, 12, 0, 0)
DOC = {
    "name": "villes",
    "organization": "sct",
    "groups": ["a", "b"],
    "tags": ["Ville", "Eau potable"],
    "res_format": ["CSV"],
    "metadata_modified": "2026-06-14T10:00:00.123456",
    "num_resources": "12",
    "url": "https://a.test/x",
    "title": ["Forêts du Québec"],
    "title:stems": frozenset({"foret", "quebec", "forest"}),
    "title:words": {"forets", "du", "quebec"},
    "text:stems": frozenset({"foret", "quebec", "vill"}),
    "text:words": {"forets", "quebec", "villes"},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("*:*", True),
        ("organization:sct", True),
        ("organization:SCT", False),
        ("organization:mtq", False),
        ("+organization:sct", True),
        ("-organization:sct", False),
        ("NOT organization:mtq", True),
        ("!organization:sct", False),
        ("organization:sct groups:z", False),
        ("organization:sct groups:a", True),
        ("organization:sct AND -groups:z", True),
        ("organization:mtq OR organization:sct", True),
        ("organization:mtq || groups:b && name:villes", True),
        ("(groups:z OR groups:b) AND name:villes", True),
        ("groups:(z OR b)", True),
        ("groups:(a AND z)", False),
        ("groups:(a b)", True),
        ("-groups:(a OR z)", False),
        ('tags:"Eau potable"', True),
        ('tags:"Eau"', False),
        ("tags:Eau*", True),
        ("tags:*potable", True),
        ("tags:V?lle", True),
        ("tags:v*", False),
        ("name: villes", True),
        ("name:vil*", True),
        ("name:*", True),
        ("absent:*", False),
        ("-absent:*", True),
        ("absent:x", False),
        ("title:forets", True),
        ("title:forêt", True),
        ('title:"forêts québec"', True),
        ("title:routes", False),
        ("title:for*", True),
        ("metadata_modified:[2026-06-14T10:00:00.123456Z TO *]", True),
        ("metadata_modified:{2026-06-14T10:00:00.123456Z TO *]", False),
        ("metadata_modified:[* TO 2026-06-14T10:00:00.123456Z}", False),
        ("metadata_modified:[2026-06-15T00:00:00Z TO *]", False),
        ("metadata_modified:[2026-06-14T05:59:59-04:00 TO 2026-06-14T06:00:01-04:00]", True),
        ("metadata_modified:[NOW-7DAYS TO NOW]", True),
        ("metadata_modified:[NOW/DAY TO *]", False),
        ("metadata_modified:[NOW/MONTH TO NOW/DAY]", True),
        ("metadata_modified:[NOW-1HOUR TO NOW]", False),
        ('metadata_modified:"2026-06-14T10:00:00.123456Z"', True),
        ("name:[u TO w]", True),
        ("name:[w TO *]", False),
        ("num_resources:[2 TO 100]", True),
        ("num_resources:[100 TO 200]", False),
        ("url:https\\://a.test/x", True),
        ("url:https://a.test/x", True),
        ("organization:sct^4", True),
        ('organization:"sct"~2 AND groups:a', True),
        ("ville", True),
        ("route", False),
    ],
)
def test_what_a_query_finds(text, expected):
    assert parse(text, now=NOW)(DOC) is expected


@pytest.mark.parametrize(
    "text",
    [
        "(groups:a",
        "groups:a)",
        "groups:",
        "AND",
        "groups:a AND",
        "OR groups:a",
        '"open',
        "metadata_modified:[hier TO *]",
        "metadata_modified:[NOW-1SIECLE TO *]",
        "metadata_modified:[NOW-999999YEARS TO *]",
        "metadata_modified:[NOW-9999999YEARS TO *]",
        "[a TO",
        "(" * 60 + "a" + ")" * 60,
        "a " * 5_000,
        "a\\",
    ],
)
def test_what_cannot_be_read_is_said(text):
    with pytest.raises(SearchError):
        parse(text, now=NOW)


@given(st.text(alphabet='ab:()[]{}"+-!*?~^\\ ANDORTO0', max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        test = parse(text, now=NOW)
    except SearchError:
        return
    assert test(DOC) in (True, False)
