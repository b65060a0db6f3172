"""Ways to participate: one frozen `Method` each, found by settings.METHODS."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    import pyarrow as pa

    from parvis.consult.models import Activity, Contribution

Lines = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Collected:
    """Something that is asked: its words by language, and whether it is about the person."""

    label: Mapping[str, str]
    about_person: bool = False
    required: bool = False


@dataclass(frozen=True)
class Shown:
    """One thing that people will see of an activity: a question, an introduction, a limit.

    field: its name among those of the activity. items: the answers to choose from. facts: what is
    said beside it, in words of the reader's language.
    """

    field: str
    label: Any
    text: Mapping[str, str]
    items: Sequence[Mapping[str, str]] = ()
    facts: Sequence[Any] = ()


@dataclass(frozen=True)
class Method:
    """What a way to participate must say; nothing else in Parvis knows of it.

    kind: its name in data and settings. actions: what a phase can open, the main one first.
    url(activity): its page. clean_settings(raw): checked settings, raises Invalid.
    holes(activity): what is missing before opening, in words. readable(contribution): its copy,
    (question, answer) lines. texts(contribution): the free texts to code, (field, text).
    clean_payload(activity, raw, partial=False): a checked payload, raises Invalid; `partial` for
    what came on paper or from a file. table(activity): an Arrow
    table without personal data, in random order. results(activity): context of
    results_template. change_url(contribution, code): where its author changes it.
    contribution_url(contribution): its public page, None where answers are private. work():
    what the worker does for it every ten seconds, and whether there was any.
    collects(activity): what its form asks, for the documents that the law wants.
    shown(activity): what people will see of it, in order, for whoever approves it before.
    """

    kind: str
    label: Any
    actions: Mapping[str, Any]
    leaf: str
    url: Callable[["Activity"], str]
    clean_settings: Callable[[Any], dict[str, Any]]
    holes: Callable[["Activity"], Sequence[Any]]
    clean_payload: Callable[..., dict[str, Any]]
    readable: Callable[["Contribution"], Lines]
    texts: Callable[["Contribution"], Lines]
    table: Callable[["Activity"], "pa.Table"]
    results_template: str | None = None
    results: Callable[["Activity"], Mapping[str, Any]] | None = None
    settings_url: Callable[["Activity"], str | None] | None = None
    change_url: Callable[["Contribution", str], str | None] | None = None
    contribution_url: Callable[["Contribution"], str | None] | None = None
    work: Callable[[], bool] | None = None
    collects: Callable[["Activity"], Sequence[Collected]] | None = None
    shown: Callable[["Activity"], Sequence[Shown]] | None = None

    @property
    def main_action(self) -> str:
        """The action of the big button."""
        return next(iter(self.actions))


@cache
def all_methods() -> dict[str, Method]:
    """Return every registered method by kind."""
    found = [import_module(f"{name}.method").METHOD for name in settings.METHODS]
    return {method.kind: method for method in found}


def get(kind: str) -> Method:
    """Return a method. Raises KeyError."""
    return all_methods()[kind]
