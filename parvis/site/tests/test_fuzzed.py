"""What the fuzz of every address (`bench/fuzz.py`, schemathesis) found, and must not find again."""

from collections import Counter
from collections.abc import Iterator

import pytest
from django.test import Client
from ninja import Schema

import parvis.urls  # noqa: F401 (every schema of the API is loaded)


def schemas(of: type) -> Iterator[type]:
    for one in of.__subclasses__():
        yield one
        yield from schemas(one)


@pytest.mark.django_db
def test_numbers_that_no_row_has_are_no_fault_of_ours():
    past = "9" * 19
    client = Client(raise_request_exception=False)
    assert client.get(f"/media/{past}/24-abcdef.jpg").status_code in {400, 404}
    for body in ('{"id": "x\\u0000"}', '{"id": "\\ud800"}', f'{{"id": {past}9}}', '{"id": [[]]}'):
        answer = client.post("/api/3/action/package_show", body, content_type="application/json")
        assert answer.status_code in {400, 404}, body


@pytest.mark.django_db
def test_the_description_of_the_api_says_refusals_and_mixes_no_schema():
    found = Client().get("/api/v1/openapi.json").json()
    for path, operations in found["paths"].items():
        for operation in operations.values():
            assert "4XX" in operation["responses"], path
    # Two of one name would be one in the description: that of another answer.
    ours = {one for one in schemas(Schema) if one.__module__.startswith("parvis.")}
    assert [name for name, n in Counter(one.__name__ for one in ours).items() if n > 1] == []
