"""Mail that arrives: the DNS in words, a message to oneself, addresses freed. No network."""

import base64
import re
from argparse import Namespace
from typing import Any

import dns.exception
import dns.resolver
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from parvis.commands import site
from parvis.core.access import SYSTEM, actor_for
from parvis.core.dns import DnsFailed, Resolver
from parvis.core.errors import Conflict, Forbidden, NotFound, TooMany
from parvis.core.logs import mask
from parvis.core.models import Event
from parvis.notify import bounces, deliverability, mail_desk
from parvis.notify.models import Mailbox, MailCheck
from tests.factories import make_person

pytestmark = pytest.mark.django_db
DOMAIN = "ministere.exemple.quebec"


def _rsa(bits: int) -> str:
    key = generate_private_key(65537, bits).public_key()
    return base64.b64encode(
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()


GOOD: dict[tuple[str, str], list[str]] = {
    (DOMAIN, "MX"): ["20 b.exemple.quebec.", "10 a.exemple.quebec."],
    (DOMAIN, "TXT"): ["autre chose", "v=spf1 ip4:203.0.113.0/24 include:relais.exemple -all"],
    ("relais.exemple", "TXT"): ["v=spf1 ip4:198.51.100.0/24 -all"],
    (f"mail._domainkey.{DOMAIN}", "TXT"): [f"v=DKIM1; k=rsa; p={_rsa(2048)}"],
    (f"_dmarc.{DOMAIN}", "TXT"): ["v=DMARC1; p=reject; rua=mailto:dmarc@exemple.quebec"],
}


def _check(records: dict[tuple[str, str], list[str]], **more: str) -> dict[str, Any]:
    found = deliverability.check(DOMAIN, lambda name, kind: records.get((name, kind), []), **more)
    return {one.topic: one for one in found}


def _with(name: str, kind: str, *values: str) -> dict[tuple[str, str], list[str]]:
    return {**GOOD, (name, kind): list(values)}


# What the DNS says -------------------------------------------------------------------------------


def test_a_domain_that_has_everything_is_good() -> None:
    found = deliverability.check(DOMAIN, lambda name, kind: GOOD.get((name, kind), []))
    assert [one.code for one in found] == ["sender.ok", "mx.ok", "spf.ok", "dkim.ok", "dmarc.ok"]
    assert deliverability.worst(found) == "ok"
    assert "a.exemple.quebec, b.exemple.quebec" in found[1].words
    assert "RSA 2048" in found[3].words


def test_a_domain_that_has_nothing_is_told_what_to_publish() -> None:
    found = _check({}, host="smtp.exemple.quebec")
    assert {one.code for one in found.values()} == {
        "sender.ok", "mx.none", "spf.none", "dkim.none", "dmarc.none",
    }  # fmt: skip
    assert found["spf"].publish == (DOMAIN, "TXT", "v=spf1 a:smtp.exemple.quebec mx -all")
    assert found["dmarc"].publish[0] == f"_dmarc.{DOMAIN}"
    assert found["dmarc"].publish[2].startswith("v=DMARC1; p=none")
    assert deliverability.worst(list(found.values())) == "bad"


@pytest.mark.parametrize("domain", ["", "127.0.0.1", "localhost", "a..b", "exemple.quebec/x"])
def test_what_is_no_domain_is_said_so_and_not_asked(domain: str) -> None:
    def asked(name: str, kind: str) -> list[str]:
        raise AssertionError(name)

    assert [one.code for one in deliverability.check(domain, asked)] == ["sender.bad"]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("v=spf1 mx ~all", "spf.ok"),
        ("v=spf1 redirect=relais.exemple", "spf.ok"),
        ("v=spf1 mx ?all", "spf.neutral"),
        ("v=spf1 mx", "spf.neutral"),
        ("v=spf1 mx +all", "spf.open"),
        ("v=spf1 all", "spf.open"),
        ("v=spf1 " + " ".join(f"a:h{n}.exemple" for n in range(11)) + " -all", "spf.lookups"),
        ("v=spf10 mx -all", "spf.none"),
        ("V=SPF1 MX -ALL", "spf.ok"),
    ],
)
def test_spf(record: str, code: str) -> None:
    assert _check(_with(DOMAIN, "TXT", record))["spf"].code == code


def test_spf_counts_what_is_included_and_stops_in_a_circle() -> None:
    around = _with(DOMAIN, "TXT", "v=spf1 include:tour.exemple -all")
    around["tour.exemple", "TXT"] = ["v=spf1 include:tour2.exemple -all"]
    around["tour2.exemple", "TXT"] = ["v=spf1 include:tour.exemple -all"]
    assert _check(around)["spf"].code == "spf.lookups"
    macro = _with(DOMAIN, "TXT", "v=spf1 exists:%{i}._spf.exemple include:%{d}.exemple -all")
    assert _check(macro)["spf"].code == "spf.ok"


def test_two_records_where_one_is_allowed() -> None:
    assert _check(_with(DOMAIN, "TXT", "v=spf1 -all", "v=spf1 mx -all"))["spf"].code == "spf.many"
    two = _with(f"_dmarc.{DOMAIN}", "TXT", "v=DMARC1; p=none", "v=DMARC1; p=reject")
    assert _check(two)["dmarc"].code == "dmarc.many"


def test_mx_refused_and_mx_by_address() -> None:
    assert _check(_with(DOMAIN, "MX", "0 ."))["mx"].code == "mx.null"
    by_address = {**_with(DOMAIN, "MX"), (DOMAIN, "A"): ["203.0.113.1"]}
    assert _check(by_address)["mx"].facts["hosts"] == DOMAIN


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (f"p={_rsa(1024)}", "dkim.weak"),
        ("v=DKIM1; p=", "dkim.revoked"),
        ("v=DKIM1; p=pas une clé", "dkim.broken"),
        ("v=DKIM1; p=AAAA", "dkim.broken"),
        ("v=DKIM1; k=ed25519; p=AAAA", "dkim.broken"),
        ("autre chose", "dkim.none"),
    ],
)
def test_dkim(key: str, code: str) -> None:
    assert _check(_with(f"mail._domainkey.{DOMAIN}", "TXT", key))["dkim"].code == code


def test_dkim_under_the_name_given_only_and_ed25519() -> None:
    raw = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key = f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode()}"
    records = _with(f"a7._domainkey.{DOMAIN}", "TXT", key)
    assert _check(records, selector="a7")["dkim"].code == "dkim.ok"
    absent = _check(records, selector="b8")["dkim"]
    assert (absent.code, absent.level) == ("dkim.none", "bad")


def test_dmarc_of_the_domain_above_and_its_policy_for_names_below() -> None:
    records = {k: v for k, v in GOOD.items() if not k[0].startswith("_dmarc")}
    records["_dmarc.exemple.quebec", "TXT"] = ["v=DMARC1; p=reject; sp=none"]
    assert _check(records)["dmarc"].code == "dmarc.watch"
    records["_dmarc.exemple.quebec", "TXT"] = ["v=DMARC1; p=quarantine"]
    assert _check(records)["dmarc"].code == "dmarc.ok"
    records["_dmarc.exemple.quebec", "TXT"] = ["v=DMARC1; p=tout"]
    assert _check(records)["dmarc"].code == "dmarc.broken"


def test_silence_is_not_taken_for_absence() -> None:
    def silent(name: str, kind: str) -> list[str]:
        raise DnsFailed(name)

    found = deliverability.check(DOMAIN, silent)
    assert [one.code for one in found[1:]] == ["dns.failed"] * 4
    assert deliverability.worst(found) == "unknown"


def test_every_code_has_words_in_both_languages() -> None:
    facts = {"domain": "d", "hosts": "h", "record": "r", "n": 2, "selector": "s", "size": "t",
             "tried": "x", "policy": "p", "name": "n"}  # fmt: skip
    for code in deliverability._WORDS:
        one = deliverability.Finding(code, "ok", code.partition(".")[0], facts)
        said = set()
        for language in ("fr", "en"):
            with translation.override(language):
                said.add(one.words)
        assert len(said) == 2, code


def test_the_resolver_tells_nothing_there_from_no_answer(monkeypatch: Any) -> None:
    def answers(error: Exception) -> Any:
        def resolve(*_args: Any, **_more: Any) -> Any:
            raise error

        return resolve

    monkeypatch.setattr(dns.resolver, "resolve", answers(dns.resolver.NXDOMAIN()))
    assert Resolver()("exemple.quebec", "TXT") == []
    monkeypatch.setattr(dns.resolver, "resolve", answers(dns.exception.Timeout()))
    with pytest.raises(DnsFailed):
        Resolver()("exemple.quebec", "TXT")
    with pytest.raises(DnsFailed):
        Resolver(seconds_max=0)("exemple.quebec", "TXT")
    with pytest.raises(ValueError, match="kind"):
        Resolver()("exemple.quebec", "ANY")


# Command and page --------------------------------------------------------------------------------


def good() -> Any:
    """What the settings of a test name: a domain with everything."""
    return lambda name, kind: GOOD.get((name, kind), [])


@pytest.mark.parametrize(("records", "status"), [("good", 0), ("none", 1)])
def test_the_command_says_it_and_its_status(
    settings: Any, capsys: Any, records: str, status: int
) -> None:
    if records == "good":
        settings.DNS_LOOKUP = f"{__name__}.good"
    given = Namespace(what="check", domain=DOMAIN, selector="mail")
    assert site.mail(given) == status
    out = capsys.readouterr().out
    assert ("v=DMARC1; p=none" in out) == (status == 1)
    assert DOMAIN in out


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_person("operator", "operatrice@test.example"))
    return client


def test_the_page_keeps_the_last_look(operator: Client, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = f"parvis@{DOMAIN}"
    url = reverse("mail_check")
    assert "Pas encore vérifié" in operator.get(url).content.decode()
    assert operator.post(url).status_code == 303
    page = operator.get(url).content.decode()
    assert "À corriger" in page and "v=DMARC1; p=none" in page
    settings.DNS_LOOKUP = f"{__name__}.good"
    operator.post(url)
    page = operator.get(url).content.decode()
    assert "Tout est en place" in page and "À corriger" not in page
    assert MailCheck.objects.count() == 1
    with translation.override("en"):
        assert "Everything is in place" in operator.get(reverse("mail_check")).content.decode()


def test_what_a_domain_publishes_is_never_markup(operator: Client, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = f"parvis@{DOMAIN}"
    records = _with(f"_dmarc.{DOMAIN}", "TXT", "v=DMARC1; <script>alert(1)</script>")
    mail_desk.check_now(actor=SYSTEM, look=lambda name, kind: records.get((name, kind), []))
    page = operator.get(reverse("mail_check")).content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_a_message_to_oneself_is_confirmed_by_a_button_not_by_opening(
    operator: Client, client: Client
) -> None:
    assert operator.post(reverse("mail_test")).status_code == 303
    (sent,) = mail.outbox
    assert sent.to == ["operatrice@test.example"]
    assert "n’a encore suivi" in operator.get(reverse("mail_check")).content.decode()
    link = re.search(r"https?://[^/]+(/\S+)", sent.body)[1]
    assert "‹code›" in mask(link) and link.split("/")[-2] not in mask(link)
    anyone = Client()
    assert anyone.get(link).status_code == 200
    assert not Event.objects.filter(verb="mail.test_received").exists()
    assert "Il est arrivé" in anyone.post(link).content.decode()
    anyone.post(link)
    assert Event.objects.filter(verb="mail.test_received").count() == 1
    assert "confirmé le" in operator.get(reverse("mail_check")).content.decode()
    assert anyone.get(link[:-3] + "x/").status_code == 404


def test_a_test_nobody_sent_is_not_confirmed() -> None:
    from django.core import signing

    with pytest.raises(NotFound):
        mail_desk.confirm_test(signing.dumps("ffffffff", salt="parvis.mail-test"))
    with pytest.raises(NotFound):
        mail_desk.confirm_test(signing.dumps("ffffffff", salt="autre"))


def test_three_tests_an_hour_and_operators_only() -> None:
    operator = actor_for(make_person("operator"))
    for _n in range(3):
        mail_desk.send_test(actor=operator, language="fr")
    with pytest.raises(TooMany):
        mail_desk.send_test(actor=operator, language="fr")
    adviser = actor_for(make_person("adviser"))
    for act in (
        lambda: mail_desk.send_test(actor=adviser, language="fr"),
        lambda: mail_desk.check_now(actor=adviser),
    ):
        with pytest.raises(Forbidden):
            act()


# Bounces -----------------------------------------------------------------------------------------


def test_a_bounce_keeps_its_code_and_since_when_but_no_word_of_the_server() -> None:
    first = timezone.now() - timezone.timedelta(days=3)
    bounces.record("perdue@test.example", first, "550 5.1.1 <perdue@test.example> unknown")
    bounces.record("perdue@test.example", status="4.2.2 plus tard")
    box = Mailbox.objects.get()
    assert (box.bounces, box.bounce_status, box.bounced_since) == (2, "", first)
    assert box.bounced_at > first
    bounces.record("perdue@test.example", status="552 5.2.2 full")
    assert Mailbox.objects.get().bounce_status == "5.2.2"


def test_a_report_gives_its_codes() -> None:
    report = (
        b"Content-Type: multipart/report; boundary=x\n\n--x\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; m\n\n"
        b"Final-Recipient: rfc822; perdue@test.example\nAction: failed\nStatus: 5.7.1\n\n--x--\n"
    )
    assert bounces.failures(report) == [("perdue@test.example", "5.7.1")]
    assert bounces.read_report(report) == 1
    assert Mailbox.objects.get().bounce_status == "5.7.1"


def test_the_list_says_why_and_an_address_is_written_to_again(operator: Client) -> None:
    for _n in range(3):
        bounces.record("perdue@test.example", status="5.1.1")
    url = reverse("mail_bounces")
    page = operator.get(url).content.decode()
    assert "L’adresse n’existe pas" in page and "perdue@" not in page
    assert "Ne reçoit plus rien" in page
    box = Mailbox.objects.get()
    found = operator.post(url, {"email": "Perdue@Test.example"}).content.decode()
    assert f"C’est le numéro {box.pk}" in found.replace("\u00a0", " ")
    assert (
        "Rien n’est revenu" in operator.post(url, {"email": "autre@test.example"}).content.decode()
    )
    wrong = operator.post(url, {"email": "pas une adresse"})
    assert wrong.status_code == 422 and "pas une adresse" in wrong.content.decode()
    assert operator.post(reverse("mail_release", args=[box.pk])).status_code == 303
    box.refresh_from_db()
    assert (box.bounces, box.bounce_status, box.bounced_since) == (0, "", None)
    assert Event.objects.filter(verb="mailbox.released").count() == 1
    with pytest.raises(Conflict):
        mail_desk.release(actor=SYSTEM, mailbox=box)


def test_the_list_asks_the_same_at_two_sizes(
    operator: Client, django_assert_max_num_queries
) -> None:
    def ask() -> int:
        with django_assert_max_num_queries(30) as seen:
            operator.get(reverse("mail_bounces"))
        return len(seen)

    bounces.record("a@test.example", status="5.1.1")
    ask()
    few = ask()
    for n in range(40):
        bounces.record(f"b{n}@test.example", status="5.2.2")
    assert ask() == few
