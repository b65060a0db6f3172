"""What the register of anonymisation says of each dataset, and what is proposed from the facts.

The elements are those of the Règlement sur l’anonymisation des renseignements personnels (CQLR
c. A-2.1, r. 0.1): what, ends, person, techniques, the three criteria, the analysis of what stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from parvis.core.i18n import LANGUAGES, tr
from parvis.core.templatetags.parvis import number


@dataclass(frozen=True)
class Element:
    """One element of the register."""

    name: str
    label: Any
    help: Any


ELEMENTS = (
    Element(
        "information",
        gettext_lazy("What personal information"),
        gettext_lazy("What people gave, before anything was removed."),
    ),
    Element(
        "purposes",
        gettext_lazy("For which ends"),
        gettext_lazy(
            "What the published data is for: a serious and legitimate end, in the public interest."
        ),
    ),
    Element(
        "techniques",
        gettext_lazy("Techniques and safeguards"),
        gettext_lazy("What was removed, merged, hidden; who had access."),
    ),
    Element(
        "individualisation",
        gettext_lazy("Can a person be isolated?"),
        gettext_lazy("Criterion of individualisation."),
    ),
    Element(
        "correlation",
        gettext_lazy("Can two sets be tied to one person?"),
        gettext_lazy("Criterion of correlation, with other published data too."),
    ),
    Element(
        "inference",
        gettext_lazy("Can something be deduced of a person?"),
        gettext_lazy("Criterion of inference."),
    ),
    Element(
        "analysis",
        gettext_lazy("The risk that stays"),
        gettext_lazy("Conclusion of the analysis of the risk of identifying somebody again."),
    ),
)
NAMES = tuple(element.name for element in ELEMENTS)


def proposals(facts: Mapping[str, Any], title: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return element -> text by language, made of the facts; the conclusion is a person's only."""
    found: dict[str, dict[str, str]] = {name: {} for name in NAMES}
    for code in LANGUAGES:
        with override(code):
            for name, words in _spoken(facts, title).items():
                found[name][code] = words.replace("\u00a0", " ").replace("\u202f", " ")
    return found


def _sum(facts: Mapping[str, Any], *path: str) -> int:
    total = 0
    for one in facts["activities"]:
        value: Any = one
        for name in path:
            value = value.get(name, {}) if isinstance(value, Mapping) else {}
        total += value if isinstance(value, int) else 0
    return total


def _spoken(facts: Mapping[str, Any], title: Mapping[str, str]) -> dict[str, str]:
    n = {
        "title": tr(title),
        "rows": number(_sum(facts, "rows")),
        "opinions": number(_sum(facts, "opinions")),
        "characteristics": number(_sum(facts, "characteristics")),
        "texts": number(_sum(facts, "texts")),
        "threshold": number(facts["threshold"]),
        "unique": number(_sum(facts, "alike", "unique")),
        "together": number(_sum(facts, "together", "unique")),
        "hidden": number(_sum(facts, "crossed", "hidden")),
        "cells": number(_sum(facts, "crossed", "cells")),
        "told": number(_sum(facts, "told")),
    }
    techniques = _(
        "Removed: account, e-mail address, key of the participant, receipt, time, "
        "channel. Rows in random order. Characteristics apart, counted; groups of fewer"
        " than %(threshold)s people merged. Free texts apart, scanned and reviewed."
    )
    inference = _(
        "No characteristic is counted under %(threshold)s people, but for empty cells. If "
        "characteristics stood beside opinions, they would tell the opinion of %(told)s people: "
        "they do not."
    )
    if any("crossed" in one for one in facts["activities"]):
        techniques += " " + _(
            "Crossed tables: %(hidden)s cells of %(cells)s hidden, by a plan that was audited."
        )
        inference += " " + _("Cells that hold a whole group are hidden in crossed tables.")
    return {
        "information": _(
            "Answers of %(rows)s people to “%(title)s”: %(opinions)s columns of opinions, "
            "%(characteristics)s of characteristics, %(texts)s of free text."
        )
        % n,
        "purposes": _("To let anyone check and study what people answered to “%(title)s”.") % n,
        "techniques": techniques % n,
        "individualisation": _(
            "No row holds a characteristic. By their opinions alone, %(unique)s rows are "
            "like no other. With all characteristics together, %(together)s people would be"
            " alone: this is why they are counted one at a time."
        )
        % n,
        "correlation": _(
            "No column and no number is common to two files. Order and numbers are drawn "
            "again for each file."
        )
        % n,
        "inference": inference % n,
    }
