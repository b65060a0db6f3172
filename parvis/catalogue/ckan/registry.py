"""The table of the Action API's actions: each module registers its own under its function's name.

`MODULES` names them all; they are imported when an action is first asked for.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from parvis.core.access import Actor

Data = Mapping[str, Any]
Action = Callable[[Data, Actor], Any]
ACTIONS: dict[str, Action] = {}
"""Name -> function of (parameters, actor). A file sent is in the parameters as `upload`."""
WRITING: set[str] = set()
"""The actions that change something: by POST only."""
MODULES = (
    "parvis.catalogue.ckan.actions",
    "parvis.catalogue.ckan.organisations",
    "parvis.catalogue.ckan.writing",
    "parvis.catalogue.ckan.organising",
    "parvis.catalogue.ckan.people",
    "parvis.catalogue.datastore.actions",
)


def action(*, writes: bool = False) -> Callable[[Action], Action]:
    """Register an action under its own name; its docstring is what `help_show` answers.

    It takes the parameters and who asks (`access.NOBODY` for anonymous), returns what JSON can
    hold, and refuses with one of `parvis.catalogue.ckan.errors` or `parvis.core.errors`.
    """

    def register(function: Action) -> Action:
        ACTIONS[function.__name__] = function
        if writes:
            WRITING.add(function.__name__)
        return function

    return register


@cache
def load() -> None:
    """Fill the table: once."""
    for name in MODULES:
        import_module(name)
