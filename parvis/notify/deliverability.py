"""Does mail of this domain arrive? MX, SPF, DKIM and DMARC, read in the DNS, said in plain words.

SPF is RFC 7208, DKIM RFC 6376, DMARC RFC 7489, a domain that takes no mail RFC 7505. What is found
is said by a code and its facts, so that it is told in the language of whoever reads it.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from parvis.core.dns import DnsFailed, Lookup

OK, WARN, BAD, UNKNOWN = "ok", "warn", "bad", "unknown"
SPF_LOOKUPS_MAX = 10
"""RFC 7208, 4.6.4: past ten questions, receivers take the record for an error."""
SELECTORS = ("default", "mail", "dkim", "parvis", "s1", "selector1", "google", "k1")
RSA_BITS_MIN = 2048
_TOPICS = {
    "sender": _("Sender"), "mx": _("Answers and bounces (MX)"),
    "spf": _("Who may send for the domain (SPF)"), "dkim": _("Signature (DKIM)"),
    "dmarc": _("What to do with forgeries (DMARC)"),
}  # fmt: skip
_WORDS = {
    "sender.ok": _("Mail leaves in the name of %(domain)s."),
    "sender.bad": _("“%(domain)s” is not the name of a domain: no receiver will trust it. Set "
                    "PARVIS_MAIL_FROM to an address of your own domain."),
    "mx.ok": _("Mail for %(domain)s is taken by %(hosts)s: answers and bounces come back."),
    "mx.none": _("Nobody takes mail for %(domain)s: bounces are lost, and many receivers refuse a "
                 "sender that cannot be answered."),
    "mx.null": _("%(domain)s says that it takes no mail at all: bounces are lost."),
    "spf.ok": _("The record says who may send, and refuses others: %(record)s"),
    "spf.none": _("No record says which servers may send for the domain: messages look forged."),
    "spf.many": _("There are %(n)d SPF records: receivers take that for an error. Keep one."),
    "spf.open": _("The record ends with +all: the whole world may send in your name."),
    "spf.neutral": _("The record does not say what to do with others: end it with ~all or -all."),
    "spf.lookups": _("The record asks %(n)d questions, ten at most are allowed: receivers take it "
                     "for an error. Remove what no longer sends."),
    "dkim.ok": _("A key is published under “%(selector)s” (%(size)s)."),
    "dkim.weak": _("The key under “%(selector)s” is too short (%(size)s): 2,048 bits at least."),
    "dkim.revoked": _("The key under “%(selector)s” is empty: it was withdrawn."),
    "dkim.broken": _("What is published under “%(selector)s” is not a key."),
    "dkim.none": _("No key found under: %(tried)s. Your mail server signs with a name of its own "
                   "(“selector”): give it in PARVIS_MAIL_DKIM_SELECTOR. If it does not sign yet, "
                   "have it sign; it then says what to publish."),
    "dmarc.ok": _("Forgeries are set aside (p=%(policy)s)."),
    "dmarc.watch": _("The policy only watches (p=none): once SPF and DKIM hold, ask receivers to "
                     "set forgeries aside."),
    "dmarc.none": _("Nothing says what to do with forgeries; the largest mail services ask for "
                    "this record."),
    "dmarc.many": _("There are %(n)d DMARC records: receivers then read none. Keep one."),
    "dmarc.broken": _("The record has no policy that receivers understand: %(record)s"),
    "dns.failed": _("The domain name system did not answer for %(name)s: try again later."),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing found. `publish`: (name, kind, value) of a record to publish, or nothing."""

    code: str
    level: str
    topic: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    publish: Sequence[str] = ()

    @property
    def label(self) -> Any:
        """What it is about, in the active language."""
        return _TOPICS[self.topic]

    @property
    def words(self) -> str:
        """What was found, in the active language."""
        return str(_WORDS[self.code]) % dict(self.facts)


def stored(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return findings as JSON keeps them."""
    return [asdict(one) for one in findings]


def read(rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Return the findings that `stored` gave; those of a version with other codes are left out."""
    return [Finding(**row) for row in rows if row.get("code") in _WORDS]


def sender_domain(address: str = "") -> str:
    """Return the domain of an address, that of the sender by default."""
    return (address or settings.DEFAULT_FROM_EMAIL).rpartition("@")[2].strip(" >").lower()


def check(domain: str, lookup: Lookup, *, selector: str = "", host: str = "") -> list[Finding]:
    """Return what is found of a domain, in the order of reading; at most one finding a topic,
    but for DKIM with several keys.

    selector: name under which the mail server signs. host: the mail server, for what to publish.
    """
    labels = domain.split(".")
    if len(labels) < 2 or not all(labels) or labels[-1].isdigit() or "/" in domain:
        return [Finding("sender.bad", BAD, "sender", {"domain": domain})]
    found = [Finding("sender.ok", OK, "sender", {"domain": domain})]
    for topic, ask in (
        ("mx", lambda: _mx(domain, lookup)),
        ("spf", lambda: _spf(domain, lookup, host)),
        ("dkim", lambda: _dkim(domain, lookup, selector)),
        ("dmarc", lambda: _dmarc(domain, lookup)),
    ):
        try:
            found += ask()
        except DnsFailed:
            found.append(Finding("dns.failed", UNKNOWN, topic, {"name": domain}))
    return found


def worst(findings: Sequence[Finding]) -> str:
    """Return the gravest level of all."""
    order = (BAD, UNKNOWN, WARN, OK)
    return min((one.level for one in findings), key=order.index, default=UNKNOWN)


def _mx(domain: str, lookup: Lookup) -> list[Finding]:
    rows = sorted(lookup(domain, "MX"))
    hosts = [row.split()[-1].rstrip(".") for row in rows if row.split()]
    if rows and not any(hosts):
        return [Finding("mx.null", BAD, "mx", {"domain": domain})]
    if hosts:
        return [Finding("mx.ok", OK, "mx", {"domain": domain, "hosts": ", ".join(hosts)})]
    if lookup(domain, "A") or lookup(domain, "AAAA"):
        # RFC 5321, 5.1: without MX, mail goes to the domain's own address.
        return [Finding("mx.ok", OK, "mx", {"domain": domain, "hosts": domain})]
    return [Finding("mx.none", BAD, "mx", {"domain": domain})]


def _spf(domain: str, lookup: Lookup, host: str) -> list[Finding]:
    records = _spf_records(domain, lookup)
    sends = f"a:{host} " if host and "." in host else ""
    if not records:
        value = f"v=spf1 {sends}mx -all"
        return [Finding("spf.none", BAD, "spf", publish=(domain, "TXT", value))]
    if len(records) > 1:
        return [Finding("spf.many", BAD, "spf", {"n": len(records)})]
    record = records[0]
    terms = record.lower().split()[1:]
    asked = _questions(domain, record, lookup, 0)
    if asked > SPF_LOOKUPS_MAX:
        return [Finding("spf.lookups", BAD, "spf", {"n": asked})]
    if "+all" in terms or "all" in terms:
        return [Finding("spf.open", BAD, "spf")]
    closed = {"-all", "~all"} & set(terms) or any(term.startswith("redirect=") for term in terms)
    if not closed:
        return [Finding("spf.neutral", WARN, "spf", publish=(domain, "TXT", _closed(record)))]
    return [Finding("spf.ok", OK, "spf", {"record": record})]


def _spf_records(domain: str, lookup: Lookup) -> list[str]:
    rows = lookup(domain, "TXT")
    return [row for row in rows if row.lower() == "v=spf1" or row.lower().startswith("v=spf1 ")]


def _closed(record: str) -> str:
    kept = [term for term in record.split() if term.lower() != "?all"]
    return " ".join([*kept, "~all"])


def _questions(domain: str, record: str, lookup: Lookup, so_far: int) -> int:
    """Count the questions that a record makes receivers ask, those it includes too."""
    total = so_far
    for term in record.lower().split()[1:]:
        bare = term.lstrip("+-~?")
        name, _sign, target = bare.partition(":" if not bare.startswith("redirect=") else "=")
        if name.partition("/")[0] not in {"include", "a", "mx", "ptr", "exists", "redirect"}:
            continue
        total += 1
        if total > SPF_LOOKUPS_MAX:
            return total
        # A macro stands for what only a message tells: counted, not followed.
        if name in {"include", "redirect"} and target and target != domain and "%" not in target:
            for other in _spf_records(target, lookup)[:1]:
                total = _questions(target, other, lookup, total)
    return total


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _sign, value in pairs if name.strip()}


def _dkim(domain: str, lookup: Lookup, selector: str) -> list[Finding]:
    tried = (selector,) if selector else SELECTORS
    found = []
    for name in tried:
        for record in lookup(f"{name}._domainkey.{domain}", "TXT"):
            tags = _tags(record)
            if "p" in tags:
                found.append(_dkim_key(name, tags))
                break
    return found or [Finding("dkim.none", BAD if selector else WARN, "dkim",
                             {"tried": ", ".join(tried)})]  # fmt: skip


def _dkim_key(selector: str, tags: Mapping[str, str]) -> Finding:
    facts = {"selector": selector}
    if not tags["p"]:
        return Finding("dkim.revoked", BAD, "dkim", facts)
    try:
        key = base64.b64decode("".join(tags["p"].split()), validate=True)
        if tags.get("k", "rsa") == "ed25519":
            size, bits = "Ed25519", RSA_BITS_MIN if len(key) == 32 else 0
        else:
            loaded = load_der_public_key(key)
            bits = loaded.key_size if isinstance(loaded, RSAPublicKey) else 0
            size = f"RSA {bits}"
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return Finding("dkim.broken", BAD, "dkim", facts)
    if not bits:
        return Finding("dkim.broken", BAD, "dkim", facts)
    weak = bits < RSA_BITS_MIN
    code, level = ("dkim.weak", WARN) if weak else ("dkim.ok", OK)
    return Finding(code, level, "dkim", {**facts, "size": size})


def _dmarc(domain: str, lookup: Lookup) -> list[Finding]:
    labels = domain.split(".")
    # The domain itself, else the one above it: ministries send from names under their own.
    for start in range(max(1, len(labels) - 1)):
        name = ".".join(labels[start:])
        rows = [r for r in lookup(f"_dmarc.{name}", "TXT") if r.lower().startswith("v=dmarc1")]
        if len(rows) > 1:
            return [Finding("dmarc.many", BAD, "dmarc", {"n": len(rows)})]
        if rows:
            return [_dmarc_policy(name, rows[0], above=start > 0)]
    value = f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
    return [Finding("dmarc.none", BAD, "dmarc", publish=(f"_dmarc.{domain}", "TXT", value))]


def _dmarc_policy(name: str, record: str, *, above: bool) -> Finding:
    tags = _tags(record)
    policy = (tags.get("sp") if above else None) or tags.get("p", "")
    if policy.lower() not in {"none", "quarantine", "reject"}:
        return Finding("dmarc.broken", BAD, "dmarc", {"record": record})
    if policy.lower() == "none":
        reports = f"; rua={tags['rua']}" if tags.get("rua") else ""
        value = f"v=DMARC1; p=quarantine{reports}"
        return Finding("dmarc.watch", WARN, "dmarc", publish=(f"_dmarc.{name}", "TXT", value))
    return Finding("dmarc.ok", OK, "dmarc", {"policy": policy.lower()})
