"""The documents that the law asks for, element by element: source, question, proposal, example.

A proposal is a sentence with %(facts)s, which `facts` fills from the settings. Sources: the Act
respecting Access to documents held by public bodies and the Protection of personal information
(A-2.1), ss. 63.3, 63.4, 63.5, 64, 65, 70.1, 73; the Regulation respecting confidentiality policies
(A-2.1, r. 4.1), s. 2; the Regulation respecting the anonymization of personal information
(A-2.1, r. 0.1). They are told in our own words.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from parvis.consult.legal.facts import Given
from parvis.consult.legal.models import Kind

ACT = "https://legisquebec.gouv.qc.ca/fr/version/lc/a-2.1?code=se%3A{}&historique=20240403"
POLICY_RULE = (
    "https://legisquebec.gouv.qc.ca/fr/version/rc/A-2.1,%20r.%204.1%20"
    "?code=se%3A2&historique=20241217"
)
ANONYMISING = "https://legisquebec.gouv.qc.ca/fr/document/rc/A-2.1,%20r.%200.1"
_FACT = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Element:
    """One thing that a document must say.

    at: where its words are written: "" on the document's own page, a step of the consultation,
    "defaults" (the body's page) or "policy" (the same element of the confidentiality policy).
    """

    key: str
    label: Any
    question: Any
    template: Any
    example: Any
    article: str
    address: str
    at: str = ""

    @property
    def facts(self) -> list[str]:
        """The facts from which its proposal is made."""
        return sorted(set(_FACT.findall(str(self.template))))


@dataclass(frozen=True)
class Document:
    """A document: what it is for, whether everybody reads it, its elements in order."""

    kind: str
    title: Any
    lead: Any
    article: str
    address: str
    public: bool
    elements: tuple[Element, ...]
    needed: Callable[[Given], bool] = lambda _given: True


def _rule(n: int) -> str:
    return f"A-2.1, r. 4.1, art. 2, {n}°"


def _policy(n: int, key: str, at: str = "", **words: Any) -> Element:
    return Element(key=key, article=_rule(n), address=POLICY_RULE, at=at, **words)


POLICY = (
    _policy(
        1, "body",
        label=_("Who collects"),
        question=_("Which body collects, and does somebody collect in its name?"),
        template=_("%(organisation)s, by this site. Nobody else collects in its name."),
        example=_(
            "The Secrétariat de l’exemple, by this site. A polling firm telephones in its name."
        ),
    ),
    _policy(
        2, "collected",
        label=_("What is collected"),
        question=_("Which pieces of information are collected?"),
        template=_(
            "%(asked)s. The day of receipt and the language. No name and no address is asked to "
            "answer. The network address serves only against floods, under a key that changes "
            "every day, and is kept seven days."
        ),
        example=_(
            "12 questions about your opinion; 3 optional questions about you (age, region, "
            "occupation). The day of receipt and the language."
        ),
    ),
    _policy(
        3, "purpose", "privacy",
        label=_("Why"),
        question=_("For what purposes is it collected?"),
        template="%(purpose)s",
        example=_("To set the order of the actions of the plan and publish what was said."),
    ),
    _policy(
        4, "readers", "privacy",
        label=_("Who reads the answers"),
        question=_("Which categories of people of the body have access?"),
        template="%(readers)s",
        example=_("The team of the consultation and the people who sort answers by theme."),
    ),
    _policy(
        5, "means",
        label=_("How"),
        question=_("By what means is it collected?"),
        template=_(
            "Through the forms of this site, on paper or by telephone. No cookie follows you; one "
            "protects the forms. No picture or script of another site is called."
        ),
        example=_("Through the forms of this site and at the meeting of March 3."),
    ),
    _policy(
        6, "refusal", "privacy",
        label=_("If you refuse"),
        question=_("How can one refuse, and what happens then?"),
        template="%(refusal)s",
        example=_("Nothing. Answering is free, and each question about you is optional."),
    ),
    _policy(
        7, "access",
        label=_("To read or correct"),
        question=_("By what technical means can one read or correct what was collected?"),
        template="%(access)s",
        example=_("With the receipt code, on the page “Follow-up”, until the closing."),
    ),
    _policy(
        8, "rights", "privacy",
        label=_("Your rights"),
        question=_("What are the rights of access and correction?"),
        template="%(rights)s",
        example=_(
            "Read, change or withdraw your answer until the closing, then ask for it to be erased."
        ),
    ),
    _policy(
        8, "officer", "defaults",
        label=_("Person in charge"),
        question=_("Who is in charge of the protection of personal information?"),
        template=_("%(officer)s, %(officer_contact)s"),
        example=_("Person in charge of the protection of personal information, 1 800 555-0100"),
    ),
    _policy(
        9, "third_parties",
        label=_("Third parties"),
        question=_("To which third parties is what communicated, and why?"),
        template="%(third_parties)s",
        example=_("The firm that prints the paper forms receives the addresses to send them to."),
    ),
    _policy(
        10, "outside",
        label=_("Where"),
        question=_("Where is it kept, and can it leave Québec?"),
        template=_("%(hosting)s %(outside)s"),
        example=_("On a server at Québec. Nothing is communicated outside Québec."),
    ),
    _policy(
        11, "security",
        label=_("Security"),
        question=_("In short, what protects confidentiality and security?"),
        template="%(security)s",
        example=_("The connection is encrypted; only three people read the answers."),
    ),
    _policy(
        12, "complaint",
        label=_("To complain"),
        question=_("How can one complain, by the body’s rules of governance?"),
        template=_("%(complaint)s %(governance)s"),
        example=_("Write to the person in charge, who answers within 30 days."),
    ),
)  # fmt: skip
_OF_POLICY = {element.key: element for element in POLICY}


def _same(key: str, article: str, number: str) -> Element:
    """The same element as in the policy: written there, or where the policy takes it from."""
    base = _OF_POLICY[key]
    return replace(
        base, article=article, address=ACT.format(number), at=base.at or Kind.POLICY.value
    )


def _notice(key: str) -> Element:
    return _same(key, "A-2.1, art. 65", "65")


NOTICE = (
    _notice("body"),
    _notice("purpose"),
    _notice("means"),
    _notice("readers"),
    _notice("refusal"),
    Element(
        key="retention",
        label=_("Until when"),
        question=_("How long is it kept?"),
        template=_("Answers are destroyed or made anonymous on %(retention_on)s at the latest."),
        example=_("Answers are destroyed or made anonymous on March 31, 2029 at the latest."),
        article="A-2.1, art. 65 et 73",
        address=ACT.format("65"),
        at="privacy",
    ),
    _notice("rights"),
    _notice("third_parties"),
    _notice("outside"),
    _notice("officer"),
)  # fmt: skip


def _need(key: str, at: str = "", number: str = "63_3", **words: Any) -> Element:
    return Element(
        key=key, article=f"A-2.1, art. {number.replace('_', '.')}", address=ACT.format(number),
        at=at, **words,
    )  # fmt: skip


NECESSITY = (
    _need(
        "decision",
        label=_("The decision that it serves"),
        question=_("What will the body decide with the answers? Could they change it?"),
        template=_(
            "The question: %(question)s The answers serve this decision: %(decision)s Decided by: "
            "%(decided_by)s Date: %(decided_on)s."
        ),
        example=_("The answers decide in which order the actions of the plan begin."),
    ),
    _need(
        "otherwise",
        label=_("Other ways of knowing"),
        question=_("Could this be known without a survey, or with less information?"),
        template=_(
            "The data that the body already holds do not say what people want, nor why. Answers "
            "given freely, without a name, are the way of knowing it that intrudes the least."
        ),
        example=_("The survey of 2024 asked about use, not about priorities."),
    ),
    _need(
        "minimal", number="64",
        label=_("Only what is needed"),
        question=_("Is each question necessary? What is each question about the person for?"),
        template=_(
            "Asked: %(asked)s. About the person: %(about_person)s. These say who answered and who "
            "is missing, and serve for nothing else."
        ),
        example=_("Age by groups of ten years, to see whether young people answered."),
    ),
    _need(
        "sensitivity",
        label=_("Sensitivity"),
        question=_("Is any of it sensitive (health, origin, beliefs, money, children)?"),
        template=_(
            "About the person, the survey asks: %(about_person)s. Free texts may hold more than "
            "was asked: each is scanned for personal details, then read before publication."
        ),
        example=_("The question about disability is sensitive: it is optional and never crossed."),
    ),
    _need(
        "free_choice",
        label=_("Free choice"),
        question=_("Are people free to answer, and do they know what becomes of it?"),
        template=_(
            "%(refusal)s The notice is read before the first question, and an answer can be "
            "withdrawn until the closing."
        ),
        example=_("Answering is free. Services do not depend on it."),
    ),
    _need(
        "harm",
        label=_("Who could be hurt"),
        question=_("Could answering, or the results, harm somebody or a group?"),
        template=_(
            "%(public_parts)s Figures about the people who answered are published in groups of ten "
            "or more only. Whoever is named in a text can ask for it to be withdrawn."
        ),
        example=_("In a village of 200, regions are not crossed with age."),
    ),
    _need(
        "burden",
        label=_("What it costs people"),
        question=_("How long does it take, and can everybody answer?"),
        template=_(
            "Minutes: %(minutes)s. Who may answer: %(who_may)s. It works on a telephone, by "
            "keyboard, with a screen reader, and on paper."
        ),
        example=_("Eight minutes, on a telephone or on paper."),
    ),
    _need(
        "honesty",
        label=_("Honest results"),
        question=_("Will the results be published, and what do they not say?"),
        template=_(
            "The results and the data are published. Volunteers are not a sample: each page of "
            "results says who answered and who did not. Duplicates: %(duplicates)s"
        ),
        example=_("The results say that nine answers out of ten come from two regions."),
    ),
    _need(
        "conclusion",
        label=_("Conclusion"),
        question=_("Is the survey necessary, and is it acceptable?"),
        template=_(
            "The survey is necessary for the purpose said, and its ethical aspect is acceptable "
            "on these conditions."
        ),
        example=_("Necessary; acceptable once the question on income is removed."),
    ),
)  # fmt: skip


def _pia(key: str, number: str = "63_5", at: str = "", **words: Any) -> Element:
    return _need(key, at, number, **words)


def _shared(key: str, number: str = "63_5") -> Element:
    return _same(key, f"A-2.1, art. {number.replace('_', '.')}", number)


PIA = (
    _pia(
        "project",
        label=_("The project"),
        question=_("What is done, by whom, with what?"),
        template=_(
            "%(organisation)s asks the public: %(question)s Ways to take part: %(activities)s. "
            "The software is Parvis, free software run by the body itself."
        ),
        example=_("The Secrétariat asks the public in which order the actions should begin."),
    ),
    _shared("collected"),
    _shared("purpose"),
    _shared("readers"),
    _pia(
        "flow",
        label=_("From collection to destruction"),
        question=_("Which way does the information go?"),
        template=_(
            "1. The form sends it to the server. 2. It is kept in one database, apart from any "
            "identity. 3. The people named read it at the desk. 4. Totals and reviewed texts are "
            "published. 5. On %(retention_on)s it is destroyed or made anonymous."
        ),
        example=_("1. Form. 2. Database at Québec. 3. Three readers. 4. Totals. 5. Destroyed."),
    ),
    _shared("outside", "70_1"),
    _shared("third_parties"),
    _pia(
        "retention", "73",
        label=_("Destruction"),
        question=_("When and how is it destroyed or made anonymous?"),
        template=_(
            "%(retention_rule)s Date: %(retention_on)s. A job of the software does it, destroys "
            "the keys that tied answers to people, and writes it in the public register."
        ),
        example=_("On March 31, 2029, by the software, written in the register."),
    ),
    replace(
        _pia(
            "anonymous",
            label=_("Before publishing data"),
            question=_("How are people kept from being singled out, linked or guessed?"),
            template=_(
                "Individualisation: groups of ten or more, rows in random order, days not hours. "
                "Correlation: texts in another file, without characteristics. Inference: small "
                "cells are hidden, with others so that none can be computed. Each text is read "
                "before it is published."
            ),
            example=_("Regions are grouped in three, since five had fewer than ten answers."),
        ),
        article="A-2.1, r. 0.1", address=ANONYMISING,
    ),
    _shared("access"),
    _shared("security"),
    _pia(
        "risks",
        label=_("What is left to fear"),
        question=_("Which risks remain, how serious, and what is done?"),
        template=_(
            "A text that names somebody: likely, moderate; it is read before publication. A "
            "person of the team reads out of curiosity: unlikely, serious; few have the right, and "
            "answers bear no name. The server is broken into: unlikely, serious; no identity is "
            "kept with answers."
        ),
        example=_("A small village can be recognised: likely, moderate; regions are grouped."),
    ),
    _pia(
        "incident",
        label=_("If something goes wrong"),
        question=_("Who is told of an incident, and when?"),
        template=_(
            "The person in charge (%(officer)s, %(officer_contact)s) is told at once, keeps the "
            "incident in the register of incidents, and tells the Commission and the people "
            "concerned where the risk is serious."
        ),
        example=_("The person in charge, by telephone, on the same day."),
    ),
    _pia(
        "conclusion",
        label=_("Conclusion"),
        question=_("Are the measures in proportion to what is collected?"),
        template=_(
            "The measures are in proportion to the sensitivity, the purpose, the amount, the "
            "distribution and the medium of the information. To be seen again if what is asked "
            "changes."
        ),
        example=_("In proportion; to be seen again before the second survey."),
    ),
)  # fmt: skip

DOCUMENTS: Mapping[str, Document] = {
    one.kind: one
    for one in (
        Document(
            Kind.NECESSITY, Kind.NECESSITY.label,
            _("Why this survey is needed, and why it is fair to the people who answer."),
            "A-2.1, art. 63.3", ACT.format("63_3"), False, NECESSITY,
            lambda given: given.private_answers,
        ),
        Document(
            Kind.POLICY, Kind.POLICY.label,
            _("What is collected through this site, why, who reads it, and your rights."),
            "A-2.1, art. 63.4; r. 4.1, art. 2", POLICY_RULE, True, POLICY,
        ),
        Document(
            Kind.NOTICE, Kind.NOTICE.label,
            _("What people read before the first question."),
            "A-2.1, art. 65", ACT.format("65"), True, NOTICE,
        ),
        Document(
            Kind.PIA, Kind.PIA.label,
            _("A draft, for the committee on access and the person in charge."),
            "A-2.1, art. 63.5", ACT.format("63_5"), False, PIA,
        ),
    )
}  # fmt: skip
