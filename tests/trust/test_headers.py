"""What every answer says to browsers: no inline code anywhere, nothing kept, nothing told."""

import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.urls import reverse
from django.utils.translation import override

from parvis.core.logs import mask
from tests.trust import matrix
from tests.trust.test_access_matrix import _fill, _pages
from tests.trust.world import World

pytestmark = [pytest.mark.once, pytest.mark.django_db]

INLINE = (
    (re.compile(r"<[^>]+\sstyle\s*=", re.I), "style="),
    (re.compile(r"<style[\s>]", re.I), "<style>"),
    (re.compile(r"<[^>]+\son[a-z]+\s*=", re.I), "on…="),
    # Data that no browser runs (JSON-LD) is not a script.
    (
        re.compile(r'<script(?![^>]*\ssrc=)(?! type="application/ld\+json">)[^>]*>', re.I),
        "inline script",
    ),
    (re.compile(r"(?:href|src|action)\s*=\s*[\"']?\s*javascript:", re.I), "javascript:"),
    (re.compile(r"\ssrc\s*=\s*[\"']https?://", re.I), "a file of another site"),
    (re.compile(r"<link[^>]+(?:stylesheet|icon|preload)[^>]+href=.https?://", re.I), "the same"),
)
SECRET = {"follow_up_code", "receipt", "receipt_copy", "withdraw", "receipt_proof",
          "survey_step", "survey_send", "proposal_change", "appeal_code", "unsubscribe",
          "confirm_subscription", "mail_received", "reuse_code"}  # fmt: skip

# Made to be shown in a frame on other sites: nothing can be done there, and it has no session.
FRAMED = {"consultation_embed", "dataset_embed"}
PERSONAL = ("desk", "coding", "consult_edit", "mail", "account", "mfa", "my_", "publish_")
HEADERS = {
    "X-Content-Type-Options": {"nosniff"},
    "Cross-Origin-Opener-Policy": {"same-origin"},
    "Referrer-Policy": {"same-origin", "no-referrer"},
}


def _all(world: World) -> list[tuple[str, str, Any]]:
    """Every page that somebody may open, in both languages: (name, role, answer)."""
    found = []
    order = ("author", "adviser", "coordinator", "steward", "operator", "citizen", "anonymous")
    clients = {role: world.client(role) for role in order}
    for name, row in _pages().items():
        role = next((one for one in order if row.get and one in row.get), None)
        if role is None:
            continue
        for language in ("fr", "en"):
            with override(language):
                url = reverse(name, args=world.args[row.args])
            found.append((name, role, clients[role].get(url)))
    for route, row in matrix.MACHINES.items():
        if row.get:
            url = _fill(route, world.args[row.args])
            found.append((route, "anonymous", clients["anonymous"].get(url)))
    return found


def _text(answer: Any) -> str:
    if answer.streaming or not answer.headers.get("Content-Type", "").startswith("text/html"):
        return ""
    return answer.content.decode()


def _inline(name: str, role: str, answer: Any) -> list[str]:
    text = _text(answer)
    return [words for pattern, words in INLINE if pattern.search(text)]


def _headers(name: str, role: str, answer: Any) -> list[str]:
    policy = answer.headers.get("Content-Security-Policy", "")
    found = []
    framed = name in FRAMED
    if framed:
        if "script-src 'none'" not in policy or "form-action 'none'" not in policy:
            found.append("something can be done in a frame")
        policy = policy.replace("frame-ancestors *", "frame-ancestors 'none'")
    if "default-src 'none'" not in policy or "unsafe" in policy or "*" in policy:
        found.append(f"Content-Security-Policy {policy!r}")
    if "sandbox" not in policy and "frame-ancestors 'none'" not in policy:
        found.append("may be framed")
    for header, values in HEADERS.items():
        if answer.headers.get(header) not in values:
            found.append(f"{header} {answer.headers.get(header)!r}")
    if not answer.headers.get("Cache-Control"):
        found.append("no Cache-Control")
    return found


def _secret(name: str, role: str, answer: Any) -> list[str]:
    """A page that a secret opens is kept nowhere and its address is told to nobody."""
    if name not in SECRET:
        return []
    found = []
    if "no-store" not in answer.headers["Cache-Control"]:
        found.append(answer.headers["Cache-Control"])
    if _text(answer) and 'name="robots" content="noindex"' not in _text(answer):
        found.append("may be indexed")
    return found


def _private(name: str, role: str, answer: Any) -> list[str]:
    """What a session sees is never a shared cache's; what a cache keeps holds nothing personal."""
    kept = answer.headers["Cache-Control"]
    if "s-maxage" in kept and ("csrfmiddlewaretoken" in _text(answer) or answer.cookies):
        return ["a form or a cookie on a page for caches"]
    if name.startswith(PERSONAL) and not ("no-store" in kept or "no-cache" in kept):
        return [kept]
    return []


def test_every_page_as_browsers_get_it(world: World) -> None:
    wrong, seen, pages = [], set(), 0
    for name, role, answer in _all(world):
        assert answer.status_code < 500, (name, role)
        seen.add(name)
        pages += bool(_text(answer))
        for check in (_inline, _headers, _secret, _private):
            wrong += [f"{name} as {role}: {words}" for words in check(name, role, answer)]
    assert pages > 150
    assert seen >= SECRET
    assert not wrong, "\n".join(wrong)


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(world: World) -> None:
    client = world.client("anonymous")
    answer = client.get(reverse("account_login"))
    made = answer.cookies[django_settings.CSRF_COOKIE_NAME]
    assert made["httponly"] and made["samesite"] == "Lax" and made["path"] == "/"
    session = world.client("citizen").cookies[django_settings.SESSION_COOKIE_NAME]
    assert session["path"] == "/" and not session["domain"]
    assert django_settings.SESSION_COOKIE_HTTPONLY
    assert django_settings.SESSION_COOKIE_SAMESITE == "Lax"


def test_on_https_cookies_are_bound_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings are read once: the other way is read in a process of its own."""
    import json
    import os
    import subprocess
    import sys

    code = (
        "import json; from parvis import settings as s; print(json.dumps([s.SESSION_COOKIE_NAME,"
        "s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        "s.SECURE_HSTS_SECONDS]))"
    )
    environment = {**os.environ, "PARVIS_SITE_URL": "https://consultation.example"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    names = json.loads(done.stdout)
    assert names == ["__Host-session", "__Host-csrf", True, True, 31_536_000]


def test_no_address_with_a_secret_reaches_a_log(world: World) -> None:
    """Each address with a code or a token, in both languages, as the access log writes it."""
    secrets = {"code", "survey_code", "proposal_code", "decision_code", "token", "step", "send"}
    seen = 0
    for name, row in _pages().items():
        if row.args not in secrets:
            continue
        args = world.args[row.args]
        secret = str(args[1] if row.args in {"step", "send"} else args[-1])
        for language in ("fr", "en"):
            with override(language):
                path = reverse(name, args=args)
            assert secret in path
            assert secret not in mask(path), path
            assert secret.lower() not in mask(path.lower()), path
            seen += 1
    assert seen >= 20
