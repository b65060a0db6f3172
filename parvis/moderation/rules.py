"""The charter: eight rules in plain words. Each is also a reason to report and to hide.

Opposing a government, a policy or a person's public acts is none of them.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Rule:
    """One rule: its number, its key in data and in the register, its name and its words.

    `second_person`: hiding under this rule needs two people, because it is a matter of opinion.
    """

    number: int
    key: str
    name: Any
    words: Any
    second_person: bool = False


RULES: tuple[Rule, ...] = (
    Rule(
        1,
        "personal_data",
        _("personal information"),
        _(
            "Write nobody’s address, telephone number, e-mail, health or file number, not even "
            "your own: everybody reads what is published here."
        ),
    ),
    Rule(
        2,
        "threat_or_hate",
        _("threat or hate"),
        _(
            "No threat, no call to violence, no hatred of people for who they are: their origin, "
            "religion, sex, age, disability, orientation or condition."
        ),
    ),
    Rule(
        3,
        "insult",
        _("attack on a person"),
        _(
            "Criticise ideas, decisions and public acts as hard as you like. Do not insult or "
            "belittle the people who hold them."
        ),
    ),
    Rule(
        4,
        "off_topic",
        _("off topic"),
        _(
            "Speak of the question asked. Two people must agree before something is hidden for "
            "this reason."
        ),
        second_person=True,
    ),
    Rule(
        5,
        "advertising",
        _("advertising"),
        _("No advertising, no links placed to sell or to be found by search engines."),
    ),
    Rule(
        6,
        "duplicate",
        _("duplicate"),
        _("Say a thing once. The same text sent again by the same person is hidden."),
    ),
    Rule(
        7,
        "illegal",
        _("content forbidden by law"),
        _("Nothing that the law forbids: defamation, someone else’s work, a court’s secret."),
    ),
    Rule(
        8,
        "impersonation",
        _("impersonation"),
        _("Do not speak as somebody else, nor for an organisation that did not ask you to."),
    ),
)
BY_KEY = {rule.key: rule for rule in RULES}
BY_NUMBER = {rule.number: rule for rule in RULES}
KEYS = tuple(BY_KEY)
CHOICES = tuple((rule.key, rule.name) for rule in RULES)
