"""What attackers send: code in every text, files that lie, odd bodies, wrong keys, races."""

import io
import json
import re
import threading
from html.parser import HTMLParser
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from parvis.catalogue.tests import catalogue_factories as catalogue
from parvis.consult import contributions, services
from parvis.consult.models import Contribution
from parvis.core import outbox, search
from parvis.core.access import SYSTEM
from parvis.core.models import Event
from parvis.methods.proposals.tests import factories as proposals
from parvis.moderation import services as moderation
from parvis.notify import digest
from parvis.notify.tests.notify_factories import make_subscription
from parvis.plan.tests import plan_factories as plans
from parvis.understand.tests import understand_factories as understand
from tests.factories import make_answer, make_consultation, make_person, survey_of
from tests.trust.test_access_matrix import _pages
from tests.trust.world import WRONG_CODE, World, close

MARK = "zqx"
PAYLOADS = (
    f"<script>{MARK}(1)</script>",
    f"<img src=x onerror={MARK}(2)>",
    f'"><svg onload={MARK}(3)>',
    f"'><iframe srcdoc='<script>{MARK}(4)</script>'>",
    f'<a href="javascript:{MARK}(5)">5</a>',
    f"[lien](javascript:{MARK}(6))",
    f'![image](x" onerror="{MARK}(7))',
    f'<math><mi xlink:href="data:x,<script>{MARK}(8)</script>">',
    f"</title></textarea></script><script>{MARK}(9)</script>",
    f"<style>@import'//{MARK}.example/10'</style>",
    f"{{{{ {MARK} }}}}{{% {MARK} %}}${{{MARK}}}",
    f"<form action=//{MARK}.example/12><input name=x autofocus onfocus={MARK}(12)>",
    f"]]><script>{MARK}(13)</script>",
    f"<!--><script>{MARK}(14)</script>-->",
)
ALL = " ".join(PAYLOADS)


class Danger(HTMLParser):
    """Reads a page as a browser does and keeps what would run, or load, or send."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            words = re.sub(r"[\s\x00-\x1f]", "", value or "").lower()
            if name.startswith("on") or words.startswith(("javascript:", "vbscript:")):
                self.found.append(f"<{tag} {name}={value}>")
            place = name in {"href", "src", "action", "formaction", "xlink:href", "srcdoc"}
            if place and f"{MARK}.example" in words:
                self.found.append(f"<{tag} {name}={value}>")
        if tag in {"iframe", "math", "object", "embed", "base", "style"}:
            self.found.append(f"<{tag}>")
        self.tag = tag
        if tag == "script" and ("type", "application/ld+json") in attrs:
            self.tag = "data"  # read by search engines, run by nobody, if nothing ends it early

    def handle_data(self, data: str) -> None:
        if getattr(self, "tag", "") == "data" and set("<>&") & set(data):
            self.found.append(f"<script type=application/ld+json>{data}")
        if getattr(self, "tag", "") in {"script", "style"} and MARK in data:
            self.found.append(f"<{self.tag}>{data}")

    def handle_endtag(self, tag: str) -> None:
        self.tag = ""


def _danger(html: str) -> list[str]:
    reader = Danger()
    reader.feed(html)
    return reader.found


def test_the_reader_of_dangers_sees_them() -> None:
    assert len(_danger(ALL)) >= 8
    assert _danger("<p>&lt;script&gt;zqx(1)&lt;/script&gt;</p>") == []
    described = '<script type="application/ld+json">{"name": "%s"}</script>'
    assert _danger(described % "zqx") == [] and _danger(described % "<b>zqx")
    assert _danger(described % "</script><script>zqx(1)</script>")


def _both(text: str = ALL) -> dict[str, str]:
    return {"fr": text[:1000], "en": text[:1000]}


SHORT = " ".join(PAYLOADS[:5])[:190]
# A consultation does not open while its texts hold [brackets] to fill in.
PLAIN = ALL.replace("[", "").replace("]", "")[:300]


def _hostile_site() -> dict[str, Any]:
    """Every kind of text that citizens and staff write, written by an attacker."""
    fields = {**dict.fromkeys(services.REQUIRED_TEXTS, _both(PLAIN)), "summary": _both(SHORT)}
    consultation = make_consultation(with_proposals=True, fields=fields)
    services.update_consultation(
        actor=SYSTEM, consultation=consultation, changes={}, title=_both(SHORT)
    )
    survey = survey_of(consultation)
    answer = make_answer(survey, {"first": "data", "why": ALL[:500]})
    activity = proposals.proposals_of(consultation)
    proposal = proposals.make_proposal(activity, title=SHORT[:110], body=ALL)
    proposals.make_comment(proposal, body=ALL)
    hidden = proposals.make_proposal(activity, title="Cachée", body="Cachée.")
    decision = moderation.hide(
        actor=SYSTEM, node=hidden.node, rule="insult", motive=ALL[:1000], facts=ALL[:1000]
    )
    moderation.report(actor=SYSTEM, node=proposal.node, reason="insult", details=ALL[:1000])
    theme = understand.make_theme(consultation, SHORT[:150])
    understand.code(consultation, [answer.contribution.pk], theme)
    understand.publish(consultation)
    theme.refresh_from_db()
    plan = plans.make_plan(summary=_both())
    commitment = plans.make_commitment(plan, "1", problem=_both(), lead=_both(SHORT))
    response = plans.make_response(theme.node, commitment)
    plans.make_report(commitment, text=_both(), why=_both())
    dataset = catalogue.make_dataset(
        title=SHORT[:150],
        notes=_both(),
        content=f'ville,texte\nQuébec,"{ALL.replace(chr(34), "")}"\n',
    )
    document = catalogue.make_document(summary=_both(SHORT), body=_both(ALL))
    return {
        "consultation": consultation, "survey": survey, "answer": answer, "activity": activity,
        "proposal": proposal, "decision": decision, "theme": theme, "plan": plan,
        "commitment": commitment, "response": response, "dataset": dataset, "document": document,
    }  # fmt: skip


def _places(site: dict[str, Any]) -> dict[str, list[str]]:
    """Role -> the addresses at which the hostile texts show."""
    slug, survey = site["consultation"].node.slug, site["survey"].node.slug
    code, proposal = site["answer"].code, [site["activity"].node.slug, site["proposal"].pk]
    dataset, document = [site["dataset"].node.slug], [site["document"].node.slug]
    plan, commitment = [site["plan"].node.slug], [site["commitment"].node.slug]
    public = [
        ("home", []), ("consultations", []), ("consultation", [slug]), ("results", [slug]),
        ("consultation_privacy", [slug]), ("consultation_history", [slug]), ("survey", [survey]),
        ("survey_print", [survey]), ("proposals", proposal[:1]), ("proposal", proposal),
        ("comment_new", proposal), ("report", proposal[1:]), ("moderation", []),
        ("decision", [site["decision"].pk]), ("follow_up_code", [code]), ("receipt_copy", [code]),
        ("receipt", [code]), ("withdraw", [code]), ("commitments", []), ("plan", plan),
        ("plan_history", plan), ("commitment", commitment), ("commitment_history", commitment),
        ("response", [site["response"].node.slug]), ("datasets", []), ("dataset", dataset),
        ("dataset_history", dataset), ("documents", []), ("document", document),
        ("document_history", document), ("subscribe", []), ("register", []),
        ("theme_history", [slug, site["theme"].node.slug]),
    ]  # fmt: skip
    desk = {
        "adviser": [
            ("desk", []), ("consult_desk", [slug]), ("consult_edit_about", [slug]),
            ("consult_contributions", [slug]), ("moderation_desk", []),
            ("moderation_decide", proposal[1:]), ("coding_list", [slug]),
            ("coding_themes", [slug]), ("coding_theme", [slug, site["theme"].pk]),
            ("coding_one", [slug, site["answer"].contribution.pk]), ("desk_responses", [slug]),
            ("proposal_answer", proposal), ("consult_edit_influence", [slug]),
        ],
        "coordinator": [("desk_plans", []), ("plan_edit", plan), ("commitment_edit", commitment),
                        ("progress_report", commitment)],
        "steward": [("desk_data", []), ("desk_dataset", dataset), ("desk_documents", []),
                    ("desk_document", document), ("desk_dataset_edit", dataset)],
    }  # fmt: skip
    found = {"anonymous": [], **{role: [] for role in desk}}
    for language in ("fr", "en"):
        with override(language):
            found["anonymous"] += [reverse(name, args=args) for name, args in public]
            for role, rows in desk.items():
                found[role] += [reverse(name, args=args) for name, args in rows]
    found["anonymous"] += [
        f"/fr/recherche/?q={p}" for p in ("zqx", "%3Cscript%3Ezqx(1)%3C/script%3E")
    ]
    return found


@pytest.mark.django_db
def test_code_in_any_text_is_only_text_everywhere(settings: Any, tmp_path: Any) -> None:
    settings.HOME = tmp_path
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    reader = make_subscription("lectrice@test.example", None)
    assert reader.confirmed_at is not None
    site = _hostile_site()
    while outbox.pump():
        pass
    search.index([site["proposal"].pk, site["consultation"].pk])
    wrong, shown = [], 0
    for role, urls in _places(site).items():
        client = Client()
        if role != "anonymous":
            client.force_login(make_person(role))
        for url in urls:
            answer = client.get(url)
            assert answer.status_code == 200, (role, url, answer.status_code)
            text = answer.content.decode()
            shown += MARK in text
            wrong += [f"{role} {url}: {one}" for one in _danger(text)]
    assert shown > 60
    assert not wrong, "\n".join(wrong[:20])
    for url in (reverse("feed"), reverse("datasets_feed"), reverse("commitments_feed"),
                reverse("documents_feed")):  # fmt: skip
        body = Client().get(url).content
        names = {element.tag.rsplit("}", 1)[-1] for element in fromstring(body).iter()}
        assert not names & {"script", "img", "svg", "iframe", "form", "style"}, url
        for element in fromstring(body).iter():
            if element.get("type") == "html" or element.tag.endswith("content"):
                assert _danger(element.text or "") == [], url
    digest.send_due(timezone.now() + timezone.timedelta(hours=1))
    assert mail.outbox
    for message in mail.outbox:
        assert "\n" not in message.subject
        for body, kind in message.alternatives:
            assert kind == "text/html" and _danger(body) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bilan.pdf", b"<html><script>alert(1)</script></html>"),
        ("bilan.pdf", b"MZ\x90\x00\x03" + b"\x00" * 64),
        ("image.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='a()'/>"),
        ("image.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='a()'/>"),
        ("page.html", b"<script>alert(1)</script>"),
        ("bilan.pdf.exe", b"%PDF-1.4\n%%EOF\n"),
        ("bilan", b"%PDF-1.4\n%%EOF\n"),
        ("rapport.docx", b"%PDF-1.4\n%%EOF\n"),
    ],
)  # fmt: skip
def test_a_file_that_lies_about_its_type_is_refused(name: str, content: bytes) -> None:
    client = Client()
    client.force_login(make_person("steward"))
    document = catalogue.make_document(public=False)
    file = io.BytesIO(content)
    file.name = name
    data = {"title_fr": "Bilan", "title_en": "", "doc_kind": "report", "file": file}
    answer = client.post(reverse("desk_document", args=[document.node.slug]), data)
    assert 400 <= answer.status_code < 500, answer.status_code
    document.refresh_from_db()
    assert document.file_id is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 2000, b"PK\x03\x04" + b"\x00" * 200, b'"' * 5000, b"\xff\xfe" + b"\xd8" * 301],
    ids=["empty", "zeros", "broken-zip", "quotes", "broken-utf16"],
)
def test_a_table_that_cannot_be_read_says_so(content: bytes) -> None:
    client = Client()
    client.force_login(make_person("steward"))
    dataset = catalogue.make_dataset()
    resource = dataset.resources.get()
    file = io.BytesIO(content)
    file.name = "villes.csv"
    address = reverse("desk_file_version", args=[dataset.node.slug, resource.slug])
    before = resource.current.sha256
    assert 200 <= client.post(address, {"file": file}).status_code < 500
    resource.refresh_from_db()
    assert resource.current.sha256 == before


NUL = "a\x00b"
ODD = {
    "nul": NUL, "long": "x" * 60_000, "control": "\x01\x1b[31m\x7f", "rtl": "\u202e" * 50,
    "combining": "e" + "\u0301" * 3_000, "format": "%s%n{0}{x!r}", 
    "sql": "'; DROP TABLE core_node;--",
    "path": "../../../../etc/passwd", "number": "9" * 400, "date": "0000-00-00",
    "uuid": "00000000-0000-0000-0000-000000000000",
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(ODD))
def test_odd_words_in_any_field_are_refused_or_kept_never_a_crash(
    name: str, settings: Any, tmp_path: Any
) -> None:
    settings.HOME = tmp_path
    value = ODD[name]
    consultation = make_consultation(with_proposals=True)
    survey, activity = survey_of(consultation), proposals.proposals_of(consultation)
    proposal = proposals.make_proposal(activity)
    crashed = []
    client = Client(raise_request_exception=False)
    fields = (
        "first", "why", "key", "code", "email", "what", "title", "body", "stance", "reply_to",
        "reason", "details", "login", "next", "seen", "back", "page", "scope",
    )  # fmt: skip
    data = dict.fromkeys(fields, value)
    for place, args in (
        ("survey", [survey.node.slug]), ("follow_up", []), ("subscribe", []),
        ("proposal_new", [activity.node.slug]), ("comment_new", [activity.node.slug, proposal.pk]),
        ("report", [proposal.pk]), ("account_login", []), ("account_signup", []),
    ):  # fmt: skip
        with override("fr"):
            url = reverse(place, args=args)
        for sent in (data, {**data, "first": "data", "title": "Un titre", "stance": "for",
                            "reason": "insult", "reply_to": "", "key": "k" * 20}):  # fmt: skip
            status = client.post(url, sent).status_code
            if status >= 500:
                crashed.append(f"POST {url}: {status}")
    queries = ("q", "page", "status", "sort", "organisation", "tag", "lead", "state", "reply",
               "node", "next", "kind", "after", "limit", "offset", "filter", "words")  # fmt: skip
    for url in ("/fr/recherche/", "/fr/consultations/", "/fr/donnees/", "/fr/documents/",
                "/fr/engagements/", "/fr/abonnement/", "/fr/compte/connexion/",
                reverse("proposals", args=[activity.node.slug]), "/api/v1/nodes",
                "/api/v1/commitments", "/api/v1/datasets", "/api/3/action/package_search",
                f"/api/v1/proposals/{activity.node.slug}"):  # fmt: skip
        for one in queries:
            status = client.get(url, {one: value}).status_code
            if status >= 500:
                crashed.append(f"GET {url}?{one}: {status}")
    for url, body in (
        (f"/api/v1/surveys/{survey.node.slug}/answers",
         {"key": "k" * 20, "answers": {"first": "data", "why": value}, "language": value}),
        (f"/api/v1/surveys/{survey.node.slug}/answers",
         {"key": "m" * 20, "answers": {value: value, "first": [value]}}),
        (f"/api/v1/proposals/{activity.node.slug}",
         {"key": "k" * 20, "title": value, "body": value}),
        (f"/api/v1/proposal/{proposal.pk}/comments", {"key": "k" * 20, "body": value}),
        ("/api/v1/moderation/reports",
         {"key": "k" * 20, "node": str(proposal.pk), "reason": "insult", "details": value}),
    ):  # fmt: skip
        status = client.post(url, json.dumps(body), content_type="application/json").status_code
        if status >= 500:
            crashed.append(f"POST {url}: {status}")
    while outbox.pump():
        pass
    for url in (reverse("feed"), reverse("node_feed", args=[consultation.pk]), "/api/v1/nodes"):
        answer = client.get(url)
        if answer.status_code != 200:
            crashed.append(f"GET {url}: {answer.status_code}")
        elif url.endswith(".atom"):
            fromstring(answer.content)
    assert not crashed, "\n".join(crashed)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[" * 50_000, "application/json"),
        (b'{"key": "kkkkkkkkkkkkkkkkkkkk", "answers": {"why": "\\ud800"}}', "application/json"),
        (b'{"key": "kkkkkkkkkkkkkkkkkkkk", "answers": {"first": "data", "why": "\\ud800"}}',
         "application/json"),
        (b'{"key": 1e400, "answers": NaN}', "application/json"),
        (b"\xff\xfe\x00", "application/json"),
        (b"null", "application/json"),
        (b"a=%ff%fe&why=%00", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(2_100)), "application/x-www-form-urlencoded"),
        (b"x" * 3_000_000, "application/x-www-form-urlencoded"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
    ],
    ids=[
        "half", "deep", "surrogate", "surrogate-kept", "infinite", "bytes", "null", "latin",
        "fields", "large", "multipart", "boundary",
    ],
)  # fmt: skip
def test_a_broken_body_is_the_senders_fault(body: bytes, kind: str) -> None:
    survey = survey_of(make_consultation())
    client = Client(raise_request_exception=False)
    for url in (
        f"/api/v1/surveys/{survey.node.slug}/answers", "/api/v1/moderation/reports",
        "/api/3/action/package_search", reverse("survey", args=[survey.node.slug]),
        reverse("follow_up"),
    ):  # fmt: skip
        status = client.post(url, body, content_type=kind).status_code
        assert status < 500, (url, status)
    for row in Contribution.objects.all():
        json.dumps(row.payload, ensure_ascii=False).encode()


@pytest.mark.django_db
def test_wrong_codes_and_tokens_open_nothing(world: World) -> None:
    secret = world.args["code"][0]
    almost = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    client = Client()
    others = (WRONG_CODE, almost, secret[:10], "x", "0" * 18, "%00", "é" * 18)
    for code in others:
        for name in ("follow_up_code", "receipt", "receipt_copy", "withdraw", "receipt_proof"):
            assert client.get(reverse(name, args=[code])).status_code == 404, (name, code)
            if name in {"receipt", "withdraw"}:
                assert client.post(reverse(name, args=[code])).status_code == 404
        assert client.post(reverse("follow_up"), {"code": code}).status_code == 422
    for name in ("confirm_subscription", "unsubscribe"):
        for token in ("x", world.args["token"][0][:-2] + "__", "é", "0" * 300):
            assert client.get(reverse(name, args=[token])).status_code in {404, 410}
            assert client.post(reverse(name, args=[token])).status_code in {404, 410}


@pytest.mark.django_db
def test_a_receipt_opens_its_own_contribution_only(world: World) -> None:
    """The code of one contribution, at the address of another, is a wrong code."""
    client, args = Client(), world.args
    slug, pk, own = args["proposal_code"]
    _slug, hidden = args["hidden"]
    answer = args["code"][0]
    for name, tried in (
        ("proposal_change", [slug, hidden, own]),
        ("proposal_change", [slug, pk, answer]),
        ("survey_change", [args["survey"][0], own]),
        ("appeal_code", [args["decision"][0], own]),
        ("appeal_code", [args["decision"][0], answer]),
    ):
        for answer_ in (client.get(reverse(name, args=tried)), client.post(
            reverse(name, args=tried), {"title": "Volé", "body": "Volé", "text": "Volé"}
        )):  # fmt: skip
            assert answer_.status_code == 404, name
    assert "Volé" not in str(list(Contribution.objects.values_list("body", flat=True)))
    citizen = world.client("citizen")
    assert citizen.post(
        reverse("proposal_own", args=[slug, pk]), {"title": "Volé", "body": "Volé"}
    ).status_code == 403  # fmt: skip
    other = world.client("adviser")
    own_subscription = world.args["own_subscription"]
    assert other.post(reverse("stop_subscription", args=own_subscription)).status_code == 403


@pytest.mark.django_db
def test_what_is_hidden_or_drafted_is_in_no_list(world: World) -> None:
    while outbox.pump():
        pass
    client = Client()
    secret = ("Un corps caché", "Un titre caché", "Un corps repris", "Un titre repris",
              "Jeu secret", "Thème secret", "Plan plan-secret", "plans/plan-secret", "/secrete",
              "Brouillon",              "Engagement 2")  # fmt: skip
    urls = [
        "/api/v1/nodes?limit=100", "/api/v1/themes", "/api/v1/plans", "/api/v1/commitments",
        "/api/v1/datasets", "/api/v1/documents", f"/api/v1/proposals/{world.args['proposals'][0]}",
        "/api/3/action/package_list", "/api/3/action/package_search?q=secret",
        "/api/3/action/package_show?id=secret", "/api/3/action/package_search?q=*:*&fq=state:draft",
        "/api/3/action/package_search?include_drafts=true&include_private=true",
        "/api/3/action/current_package_list_with_resources", reverse("feed"),
        reverse("node_feed", args=world.args["proposal_id"]),
        reverse("datasets_feed"), reverse("documents_feed"), reverse("commitments_feed"),
        "/fr/recherche/?q=secret", "/fr/recherche/?q=cache", "/fr/recherche/?q=repris", "/fr/",
        "/fr/consultations/", "/fr/donnees/", "/fr/documents/", "/fr/engagements/",
        reverse("plan", args=world.args["plan"]), reverse("plan_json", args=world.args["plan"]),
        reverse("results", args=world.args["consultation"]),
        reverse("node_feed", args=world.args["node"]),
        reverse("proposals", args=world.args["proposals"]), "/ledger/openings.jsonl",
        f"/api/v1/nodes/{world.args['node'][0]}/thread",
        f"/api/v1/nodes/{world.things['commitment'].pk}/thread",
        f"/api/v1/nodes?space={world.things['draft'].pk}",
    ]  # fmt: skip
    for url in urls:
        answer = client.get(url)
        assert answer.status_code in {200, 404}, (url, answer.status_code)
        text = answer.content.decode().replace("q=secret", "")
        text = re.sub(r'value="(?:secret|cache|repris)"', "", text)
        for words in secret:
            assert words not in text, (url, words)
    draft = world.things["draft_dataset"]
    version = draft.resources.get().versions.first()
    path = f"/dataset/{draft.pk}/resource/{draft.resources.get().pk}/download/x.csv"
    assert client.get(path).status_code == 404
    public = world.things["dataset"].node.slug
    stolen = reverse("dataset_file", args=[public, version.sha256, "x.csv"])
    if version.sha256 != world.args["dataset_file"][1]:
        assert client.get(stolen).status_code == 404


@pytest.mark.django_db
def test_formulas_leave_as_text_and_numbers_as_numbers(settings: Any, tmp_path: Any) -> None:
    settings.HOME = tmp_path
    formulas = ("=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "＝1+1")
    consultation = make_consultation()
    survey = survey_of(consultation)
    for n in range(12):
        why = f"{formulas[n % len(formulas)]} raison {n}".lstrip("\t\r") if n else "=1+1"
        make_answer(survey, {"first": "data", "why": why})
    close(consultation)
    from parvis.site import publication

    publication.prepare_note(actor=SYSTEM, consultation=consultation)
    dataset = publication.publish_consultation_data(actor=SYSTEM, consultation=consultation)
    client = Client()
    page = client.get(f"/api/v1/datasets/{dataset.node.slug}").json()
    checked = 0
    for file in page["files"]:
        for one in file["downloads"]:
            path = re.sub(r"^https?://[^/]+", "", one["url"])
            answer = client.get(path)
            body = b"".join(answer.streaming_content)
            if path.endswith(".csv"):
                import csv

                for row in csv.reader(io.StringIO(body.decode("utf-8-sig"))):
                    checked += len(row)
                    assert not [c for c in row if c[:1] in set("=+-@\t\r") and not _number(c)], path
            elif path.endswith(".xlsx"):
                import zipfile

                with zipfile.ZipFile(io.BytesIO(body)) as archive:
                    for name in archive.namelist():
                        if "sheet" in name:
                            assert b"<f>" not in archive.read(name), path
    assert checked > 30


def _number(cell: str) -> bool:
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell) is not None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target",
    ["https://mal.example/", "//mal.example/", "/\\mal.example", "javascript:alert(1)",
     "https:mal.example", "\thttps://mal.example", "http://testserver@mal.example/"],
)  # fmt: skip
def test_nobody_is_sent_to_another_site(target: str) -> None:
    person = make_person()
    person.set_password("une phrase assez longue")
    person.save()
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
    for url in (reverse("account_login"), reverse("account_logout")):
        client = Client()
        data = {"login": person.email, "password": "une phrase assez longue", "next": target}
        done = client.post(url, data)
        place = done.headers.get("Location", "")
        assert "mal.example" not in place and "javascript" not in place, place
    client = Client()
    client.force_login(person)
    node = make_consultation().node
    done = client.post(reverse("follow", args=[node.pk]), {"next": target, "wanted": "1"})
    assert done.status_code == 303
    assert "mal.example" not in done["Location"] and "javascript" not in done["Location"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "host", ["mal.example", "testserver.mal.example", "testserver:80@mal.example"]
)
def test_another_host_name_enters_no_page(host: str) -> None:
    """Where a page needs the name of its host, another one is refused; no page repeats it."""
    survey = survey_of(make_consultation())
    token = contributions.save_draft(activity=survey, payload={"first": "data"})
    send = reverse("survey_send", args=[survey.node.slug, token])
    assert Client().get(send, headers={"host": host}).status_code == 400
    for url in (
        "/fr/",
        reverse("feed"),
        "/fr/consultations/",
        "/api/v1/nodes",
        reverse("datasets_feed"),
    ):
        answer = Client().get(url, headers={"host": host})
        assert answer.status_code in {200, 400}
        assert b"mal.example" not in answer.content, url


@pytest.mark.django_db
def test_a_forwarded_host_changes_no_address_in_a_message(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    make_consultation()
    Client().post(
        reverse("subscribe"), {"email": "lectrice@test.example", "what": "site"},
        headers={"x-forwarded-host": "mal.example", "x-forwarded-proto": "https"},
    )  # fmt: skip
    (message,) = mail.outbox
    assert "mal.example" not in message.message().as_string()
    assert settings.SITE_URL in message.body


@pytest.mark.django_db
def test_other_content_under_one_key_is_a_conflict() -> None:
    consultation = make_consultation(with_proposals=True)
    survey, activity = survey_of(consultation), proposals.proposals_of(consultation)
    client = Client()
    for url, one, other in (
        (f"/api/v1/surveys/{survey.node.slug}/answers",
         {"answers": {"first": "data"}}, {"answers": {"first": "docs"}}),
        (f"/api/v1/proposals/{activity.node.slug}",
         {"title": "Un", "body": "Un."}, {"title": "Un", "body": "Deux."}),
    ):  # fmt: skip
        key = {"key": "k" * 24}
        first = client.post(url, {**key, **one}, content_type="application/json")
        again = client.post(url, {**key, **one}, content_type="application/json")
        third = client.post(url, {**key, **other}, content_type="application/json")
        assert (first.status_code, again.status_code, third.status_code) == (201, 201, 409), url
        assert first.json()["code"] == again.json()["code"]
    assert Contribution.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_answer_sent_twice_at_once_is_one_row() -> None:
    """Two clicks, two workers, one key: one row, one event, one receipt."""
    survey = survey_of(make_consultation())
    url = f"/api/v1/surveys/{survey.node.slug}/answers"
    body = {"key": "deux-fois-en-meme-temps", "answers": {"first": "data", "why": "Une fois."}}
    gate, answers = threading.Barrier(2), []

    def send() -> None:
        try:
            gate.wait(timeout=10)
            client = Client(raise_request_exception=False)
            answer = client.post(url, body, content_type="application/json")
            answers.append((answer.status_code, answer.json().get("code")))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(answers) == 2
    assert {status for status, _code in answers} == {201}, answers
    assert len({code for _status, code in answers}) == 1
    assert Contribution.objects.filter(activity=survey).count() == 1
    assert Event.objects.filter(verb="answer.accepted").count() == 1


@pytest.mark.django_db
def test_staff_of_another_organisation_change_nothing_here(world: World) -> None:
    """The same person's rights at home hold: only the place differs."""
    client = world.client("elsewhere")
    before = Event.objects.count()
    tried = 0
    for name, row in _pages().items():
        if (
            row.post
            and "elsewhere" not in row.post
            and row.post & {"adviser", "steward", "coordinator"}
        ):
            answer = client.post(reverse(name, args=world.args[row.args]), {"title_fr": "Volé"})
            assert answer.status_code in {403, 404}, (name, answer.status_code)
            tried += 1
    assert tried > 40
    assert Event.objects.count() == before
    from parvis.consult.services import create_consultation
    from parvis.core.access import actor_for
    from parvis.core.errors import Forbidden

    with pytest.raises(Forbidden):
        create_consultation(
            actor=actor_for(world.people["elsewhere"]),
            title={"fr": "Chez les autres"},
            organisation=world.things["consultation"].organisation,
        )
