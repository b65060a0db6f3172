"""`parvis init`, `token`, `bounce`: whose site this is, and who may do what from a terminal."""

import getpass
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parvis.commands.prepare import prepare
from parvis.commands.words import Stop, gettext, say

_ = gettext
_Setting = tuple[str, str]


@dataclass(frozen=True)
class Answers:
    """What `parvis init` needs to know, given as options or typed."""

    name_fr: str
    name_en: str
    acronym: str
    languages: tuple[str, ...]
    officer_fr: str
    officer_en: str
    privacy_contact: str
    contact: str
    sender: str
    administrator: str


def _questions() -> list[tuple[str, str, str]]:
    """Return (option, question, default); a default of `=x` is the answer to x."""
    return [
        ("name_fr", _("Name of the organisation, in French"), ""),
        ("name_en", _("Name of the organisation, in English"), "=name_fr"),
        ("languages", _("Languages of the site, the first is the main one"), "fr,en"),
        ("officer_fr", _("Title of the person in charge of personal information, in French"),
         "Responsable de la protection des renseignements personnels"),
        ("officer_en", _("The same, in English"), "Privacy officer"),
        ("privacy_contact", _("How to reach that person (e-mail, telephone or address)"), ""),
        ("contact", _("How the public reaches you"), "=privacy_contact"),
        ("sender", _("Address that sends mail"), "=administrator"),
    ]  # fmt: skip


def _ask(words: str, default: str) -> str:
    shown = f" [{default}]" if default else ""
    try:
        typed = input(f"{words}{shown}: ").strip()
    except EOFError:
        raise Stop(_("Nothing more to read: give the options, or --help to see them."), 2) from None
    return typed or default


def gather(given: Namespace) -> Answers:
    """Return the answers: options first, then questions where a person is at the terminal.

    Raises Stop naming every option that is missing, when nobody can be asked.
    """
    ask: Callable[[str, str], str] | None = None
    if sys.stdin.isatty() and not given.no_input:
        ask = _ask
    found: dict[str, str] = {}
    missing = []
    order = [("administrator", _("E-mail of the first administrator"), ""), *_questions()]
    for name, words, default in order:
        value = (getattr(given, name) or "").strip()
        fallback = found.get(default[1:], "") if default.startswith("=") else default
        if not value:
            value = ask(words, fallback) if ask else fallback
        if not value:
            missing.append("--" + name.replace("_", "-"))
        found[name] = value
    if missing:
        raise Stop(_("Missing: %(options)s") % {"options": ", ".join(missing)}, 2)
    return _checked(found, given.acronym or "")


def _checked(found: dict[str, str], acronym: str) -> Answers:
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    from parvis.core.i18n import DEFAULT, LANGUAGES

    languages = tuple(code.strip() for code in found.pop("languages").split(",") if code.strip())
    unknown = [code for code in languages if code not in LANGUAGES]
    if unknown or DEFAULT not in languages:
        raise Stop(
            _("Languages are among %(all)s, and %(default)s is always one of them.")
            % {"all": ", ".join(LANGUAGES), "default": DEFAULT}, 2
        )  # fmt: skip
    for name in ("administrator", "sender"):
        try:
            validate_email(found[name])
        except ValidationError:
            raise Stop(
                _("“%(value)s” is not an e-mail address.") % {"value": found[name]}, 2
            ) from None
    return Answers(languages=languages, acronym=acronym, **found)


def holds_site() -> bool:
    """Whether the database holds a site; without its tables it does not."""
    from django.db import connection

    from parvis.core.models import Site

    return "core_site" in connection.introspection.table_names() and Site.objects.exists()


def create(answers: Answers, *, password: str | None = None, approval: bool = True) -> Any:
    """Make the site, its organisation and its first administrator, in one transaction.

    `approval`: whether a second person approves each consultation before it opens. Returns the
    person. Raises Stop on a home that holds a site.
    """
    from allauth.account.models import EmailAddress
    from django.db import transaction

    from parvis.core.access import OPERATOR, SYSTEM
    from parvis.core.events import emit
    from parvis.core.models import Node, Organisation, Person, Role, Site, State
    from parvis.core.rows import free_slug

    def text(fr: str, en: str) -> dict[str, str]:
        both = {"fr": fr, "en": en}
        return {code: both[code] for code in answers.languages}

    with transaction.atomic():
        if Site.objects.select_for_update().exists():
            raise Stop(_("This home holds a site already: nothing was changed."))
        title = text(answers.name_fr, answers.name_en)
        node = Node.objects.create(
            kind="organisation",
            slug=free_slug("organisation", title, answers.acronym),
            title=title,
            state=State.PUBLIC,
        )
        organisation = Organisation.objects.create(node=node, acronym=answers.acronym)
        emit("organisation.created", node=node, actor=SYSTEM)
        Site.objects.create(
            organisation=organisation,
            name=title,
            languages=list(answers.languages),
            privacy_officer=text(answers.officer_fr, answers.officer_en),
            privacy_contact=answers.privacy_contact,
            contact=answers.contact,
            approval=Site.Approval.SECOND_PERSON if approval else Site.Approval.NONE,
        )
        emit("site.changed", node=None, actor=SYSTEM)
        person = Person(email=answers.administrator, language=answers.languages[0])
        if password:
            person.set_password(password)
        else:
            person.set_unusable_password()
        person.save()
        # Whoever runs this command answers for the address; a code is sent to it at sign-in.
        EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
        Role.objects.create(person=person, role=OPERATOR)
        emit("person.role_given", node=None, actor=SYSTEM, data={"role": OPERATOR})
    return person


def _password() -> str:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    typed = getpass.getpass(_("Password: ")) if sys.stdin.isatty() else sys.stdin.readline().strip()
    try:
        validate_password(typed)
    except ValidationError as error:
        raise Stop(" ".join(error.messages), 2) from None
    return typed


def init(given: Namespace) -> int:
    """`parvis init`."""
    from django.conf import settings
    from django.urls import reverse

    if holds_site():
        raise Stop(_("This home holds a site already: nothing was changed."))
    answers = gather(given)
    password = _password() if given.password else None
    prepare()
    create(answers, password=password, approval=given.approval)
    sign_in = settings.SITE_URL + reverse("account_login")
    say(_("The site of %(name)s is ready, in %(home)s.")
        % {"name": answers.name_fr, "home": settings.HOME})  # fmt: skip
    say(_("What comes next:"))
    say("  1. parvis serve")
    say(_("  2. Open %(url)s, give %(email)s: a code comes by e-mail.")
        % {"url": sign_in, "email": answers.administrator})  # fmt: skip
    if settings.MAIL_URL.startswith("folder"):
        say(_("     No mail server is set (PARVIS_MAIL_URL): mail is written in %(folder)s.")
            % {"folder": settings.MAIL_FOLDER})  # fmt: skip
    say(_("  3. Add a second factor: staff rights need one. Then give roles to your colleagues."))
    if answers.sender != settings.DEFAULT_FROM_EMAIL:
        say(_("Put this in the service's environment: PARVIS_MAIL_FROM=%(sender)s")
            % {"sender": answers.sender})  # fmt: skip
    say(_("Then see whether mail of your domain arrives: parvis mail check"))
    return 0


_MARKS = {"ok": "+", "warn": "~", "bad": "!", "unknown": "?"}


def mail(given: Namespace) -> int:
    """`parvis mail check`: say what the DNS says of the sender's domain, and what to publish.

    Exit status 1 where something is to be put right, or could not be read.
    """
    from django.conf import settings
    from django.utils.translation import override

    from parvis.commands.words import language
    from parvis.core.dns import lookup
    from parvis.notify import deliverability

    domain = (given.domain or deliverability.sender_domain()).strip().lower()
    selector = given.selector or settings.MAIL_DKIM_SELECTOR
    host = getattr(settings, "EMAIL_HOST", "") if hasattr(settings, "MAIL_TRANSPORT") else ""
    with override(language()):
        found = deliverability.check(domain, lookup(), selector=selector, host=host)
        for one in found:
            say(f"{_MARKS[one.level]} {one.label}")
            say(f"    {one.words}")
            if one.publish:
                say("    " + _("To publish:") + f" {' '.join(one.publish)}")
    return 1 if deliverability.worst(found) in {"bad", "unknown"} else 0


def token(given: Namespace) -> int:
    """`parvis token`: print a new API token of a person, once; only its digest is kept."""
    from parvis.core import tokens
    from parvis.core.access import SYSTEM
    from parvis.core.models import Person

    person = Person.objects.filter(email__iexact=given.email, is_active=True).first()
    if person is None:
        raise Stop(_("Nobody has an account with %(email)s.") % {"email": given.email})
    if given.days is not None and not 1 <= given.days <= tokens.DAYS_MAX:
        raise Stop(_("--days is from 1 to %(max)d.") % {"max": tokens.DAYS_MAX}, 2)
    name = given.name or "parvis token"
    scopes = given.scope or []
    if unknown := [scope for scope in scopes if scope not in tokens.SCOPES]:
        raise Stop(_("“%(name)s” is no scope of a token.") % {"name": unknown[0]}, 2)
    say(tokens.issue(actor=SYSTEM, person=person, name=name, days=given.days, scopes=scopes))
    return 0


def bounce(given: Namespace) -> int:
    """`parvis bounce`: mail came back. Three bounces end what is sent to an address."""
    from parvis.notify import bounces

    counted = 0
    for what in given.what:
        if what == "-":
            counted += bounces.read_report(sys.stdin.buffer.read())
        elif Path(what).is_file():
            counted += bounces.read_report(Path(what).read_bytes())
        elif "@" in what:
            bounces.record(what)
            counted += 1
        else:
            raise Stop(_("“%(what)s” is neither an address nor a file.") % {"what": what}, 2)
    say(_("Bounces recorded: %(n)d") % {"n": counted})
    return 0
