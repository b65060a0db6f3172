"""Addresses of what is measured, and the bodies of what is posted."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from bench.settings import CSRF
from parvis.core.ids import new_token


def places(data: Mapping[str, Any]) -> dict[str, str]:
    """Return name -> path of each page read."""
    listed = f"/fr/propositions/{data['proposals']}/"
    return {
        "consultation": f"/fr/consultations/{data['consultation']}/",
        "list": listed,
        "list_100": f"{listed}?page=100",
        "proposal": f"{listed}{data['numbers'][0]}/",
    }


def answers(data: Mapping[str, Any], tokens: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return (path, body, key) of a survey answer sent from each draft."""
    out = []
    for token in tokens:
        key = new_token()
        body = urlencode({"csrfmiddlewaretoken": CSRF, "key": key})
        out.append((f"/fr/questionnaires/{data['survey']}/brouillon/{token}/envoi/", body, key))
    return out


def comments(data: Mapping[str, Any], count: int) -> list[tuple[str, str, str]]:
    """Return (path, body, key) of comments, shared between all proposals but the first."""
    out = []
    for n in range(count):
        key = new_token()
        proposal = data["numbers"][1 + n % (len(data["numbers"]) - 1)]
        body = urlencode(
            {
                "csrfmiddlewaretoken": CSRF,
                "key": key,
                "website": "",
                "opened": data["opened"],
                "stance": ("for", "against", "neutral")[n % 3],
                "body": "Un avis écrit en quelques phrases, avec ses raisons. " * 4,
                "reply_to": "",
            }
        )
        out.append((f"/fr/propositions/{data['proposals']}/{proposal}/commenter/", body, key))
    return out
