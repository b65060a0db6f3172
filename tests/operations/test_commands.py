"""`parvis init` makes a usable site; whatever goes wrong is said in words."""

import re
import shutil
import socket
import subprocess
from gettext import NullTranslations
from pathlib import Path

import pytest
from django.utils import translation

from parvis import cli
from parvis.commands import stamp
from parvis.commands import words as words_module
from tests.operations.conftest import INIT

pytestmark = pytest.mark.once

_SIGN_IN = """
import re
from django.core import mail
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse
from django.utils import translation
translation.activate("fr")
with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
                       ALLOWED_HOSTS=["testserver"]):
    mail.outbox = []
    client = Client()
    client.post(reverse("account_request_login_code"), {"email": "admin@ville.example"})
    code = re.search(r"^\\s*([A-Z0-9-]{6,12})\\s*$", mail.outbox[0].body, re.M)[1]
    answer = client.post(reverse("account_confirm_login_code"), {"code": code})
    print(answer.status_code, "_auth_user_id" in client.session)
"""


def test_init_makes_a_site_whose_administrator_can_sign_in(home) -> None:
    facts = home.python(
        "from parvis.core.models import Site, Role, Organisation\n"
        "site = Site.objects.get()\n"
        "print(site.name, site.languages, site.privacy_contact, site.contact)\n"
        "print(Role.objects.get().role, Role.objects.get().person.email)\n"
        "print(Organisation.objects.get().node.state, site.approval)"
    )
    assert "'fr': 'Ville d’essai'" in facts
    assert "['fr', 'en'] vp@ville.example vp@ville.example" in facts
    assert "operator admin@ville.example" in facts
    assert facts.endswith("public second_person")
    assert home.python(_SIGN_IN) == "302 True"


def test_init_leaves_one_person_alone_when_asked(empty_home) -> None:
    empty_home.done(*INIT, "--no-approval")
    mode = empty_home.python(
        "from parvis.core.models import Site\nprint(Site.objects.get().approval)"
    )
    assert mode == "none"


def test_init_refuses_where_a_site_is(home) -> None:
    again = home.parvis(*INIT)
    assert again.returncode == 1
    assert "holds a site already" in again.stderr


def test_init_names_every_answer_that_is_missing(empty_home) -> None:
    asked = empty_home.parvis("init", "--no-input")
    assert asked.returncode == 2
    for option in ("--administrator", "--name-fr", "--privacy-contact"):
        assert option in asked.stderr
    assert not (empty_home.path / "static").exists(), "nothing was begun"


def test_token_is_shown_once_and_only_its_digest_is_kept(home) -> None:
    import hashlib

    value = home.done("token", "ADMIN@ville.example").strip()
    digest = home.python(
        "from parvis.core.models import ApiToken\nprint(ApiToken.objects.get().digest)"
    )
    assert digest == hashlib.sha256(value.encode()).hexdigest()


def test_commands_speak_french_in_a_french_terminal(empty_home) -> None:
    said = empty_home.parvis("token", "x@y.example", LANG="fr_CA.UTF-8", LC_ALL="")
    assert "Il n’y a pas encore de site ici" in said.stderr


WRONG = {
    "nobody": (("token", "nobody@ville.example"), "Nobody has an account"),
    "no file": (("import", "contributions", "/nowhere.csv", "--consultation", "x"), "no file"),
    "no slug": (("export", "{tmp}/out", "--consultation", "nope"), "There is no consultation"),
    "not empty": (("export", "/etc"), "is not empty"),
    "no backup": (("restore", "{tmp}/none.tar", "--replace"), "There is no file"),
    "not a backup": (("restore", "{tmp}/text.tar", "--replace"), "cannot be read"),
    "no folder": (("backup", "/nowhere/x.tar"), "no folder"),
    "taken": (("backup", "{tmp}/text.tar"), "never overwritten"),
    "no bounce": (("bounce", "nonsense"), "neither an address nor a file"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_answered_in_words(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_module, "_translations", NullTranslations)
    (tmp_path / "text.tar").write_text("not a tar")
    arguments, words = WRONG[name]
    with translation.override("en"):
        status = cli.main([part.format(tmp=tmp_path) for part in arguments])
    assert status in {1, 2}
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "--port", "abc"], "invalid int value"),
        (["frobnicate"], "invalid choice"),
        ([], "required"),
    ],
)
def test_what_cannot_be_read_is_answered_with_the_usage(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PARVIS_DATABASE_URL": "mysql://x/y"}, "PARVIS_DATABASE_URL"),
        ({"PARVIS_HOME": "/dev/null/home"}, "PARVIS_HOME cannot be used"),
        ({"PARVIS_DATABASE_URL": "postgresql://x@/y?host=/nowhere"}, "does not answer"),
    ],
)
def test_wrong_settings_are_named(empty_home, settings: dict[str, str], words: str) -> None:
    said = empty_home.parvis("check", **settings)
    assert said.returncode == 1
    assert words in said.stderr
    assert "Traceback" not in said.stderr


def test_serve_says_that_the_port_is_taken(home) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        said = home.parvis("serve", "--port", str(other.getsockname()[1]))
    assert said.returncode == 1
    assert re.search(r"Cannot listen on 127\.0\.0\.1:\d+", said.stderr)


def test_serve_refuses_a_number_of_workers_that_is_none(home) -> None:
    said = home.parvis("serve", PARVIS_WORKERS="many")
    assert said.returncode == 2
    assert "PARVIS_WORKERS is a number" in said.stderr


def test_a_home_in_step_is_told_without_loading_anything(
    founded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(founded.path, tmp_path / "home")
    monkeypatch.setenv("PARVIS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PARVIS_DATABASE_URL", raising=False)
    database = tmp_path / "home" / "parvis.db"
    database.touch()
    assert not stamp.is_prepared(), "another database than the one that was prepared"
    stamp.keep()
    assert stamp.is_prepared()
    assert not stamp.is_prepared("once"), "the demonstration was not filled"
    assert not stamp.is_prepared("fresh")
    monkeypatch.setattr(stamp, "_sources", lambda: [Path(__file__)])
    assert not stamp.is_prepared(), "a source changed"
    stamp.keep()
    shutil.rmtree(tmp_path / "home" / "static")
    assert not stamp.is_prepared()
    monkeypatch.setenv("PARVIS_DATABASE_URL", "postgresql://x@/y")
    stamp.keep()
    assert not stamp.is_prepared(), "another machine may have changed it"


@pytest.mark.slow
def test_serve_answers_restarts_its_worker_and_stops_cleanly(home, wait_until) -> None:
    import json
    import os
    import signal
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def answers() -> bool:
        try:
            address = f"http://127.0.0.1:{port}/health/ready"
            with urllib.request.urlopen(address, timeout=5) as answer:
                return bool(json.loads(answer.read())["database"])
        except OSError:
            return False

    def worker_pid() -> int:
        path = home.path / "worker.heartbeat"
        return int(json.loads(path.read_text())["pid"]) if path.exists() else 0

    server = home.start("-m", "parvis.cli", "serve", "--port", str(port))
    wait_until(answers)
    wait_until(worker_pid)
    first = worker_pid()
    refused = home.parvis("restore", "/nowhere.tar", "--replace")
    assert "stop it first" in refused.stderr
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: worker_pid() not in {0, first})
    second = worker_pid()
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    granian = next(int(pid) for pid in children if int(pid) != second)
    os.kill(granian, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{granian}").exists())
    wait_until(answers)
    server.terminate()
    assert server.wait(30) == 0
    assert f"http://127.0.0.1:{port}/" in server.stdout.read()
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)
    assert not answers()


def test_make_and_ci_say_what_they_do() -> None:
    root = Path(__file__).resolve().parents[2]
    shown = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True)
    phony = re.search(r"\.PHONY: (.*)", (root / "Makefile").read_text())[1].split()
    for target in set(phony) - {"help", "setup", "setup-dev"}:
        assert f"make {target} " in shown.stdout
    ci = root / ".ci" / "run"
    assert ci.stat().st_mode & 0o111
    assert ci.read_text().rstrip().endswith("exec make test")
