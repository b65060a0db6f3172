"""Callers of the Action API for tests: with a token, by JSON or by file."""

import json
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from parvis.core import tokens
from parvis.core.access import SYSTEM
from parvis.core.models import Node, Role
from tests.factories import make_person


def token_of(role: str | None, scope: Node | None = None, **more: Any) -> str:
    """Return a token of somebody new who has this role."""
    person = make_person(None if scope else role, f"{uuid4().hex}@test.example")
    if scope is not None:
        Role.objects.create(person=person, role=role, scope=scope)
    return tokens.issue(actor=SYSTEM, person=person, name="Essai", **more)


class Api:
    """Calls actions as the holder of a token, or as nobody."""

    def __init__(self, token: str = "") -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"HTTP_AUTHORIZATION": token} if token else {}

    def raw(self, name: str, data: Any = None, *, upload: tuple[str, bytes] | None = None) -> Any:
        """Return the response of an action."""
        url = f"/api/3/action/{name}"
        if upload is None:
            return self.client.post(
                url, json.dumps(data or {}), content_type="application/json", **self.headers
            )
        file = SimpleUploadedFile(*upload)
        return self.client.post(url, {**(data or {}), "upload": file}, **self.headers)

    def __call__(self, action: str, /, *, upload: Any = None, **data: Any) -> Any:
        """Return the result of an action that succeeds."""
        response = self.raw(action, data, upload=upload)
        body = json.loads(response.content)
        assert response.status_code == 200, body
        assert body["success"] is True
        return body["result"]

    def refused(self, action: str, status: int, /, *, upload: Any = None, **data: Any) -> Any:
        """Return the error of an action that fails with this status."""
        response = self.raw(action, data, upload=upload)
        body = json.loads(response.content)
        assert response.status_code == status, body
        assert body["success"] is False and "result" not in body
        return body["error"]
