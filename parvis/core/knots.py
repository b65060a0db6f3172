"""The thread as people see it: one knot a level, each drawn by the kind that it is about."""

from collections.abc import Mapping

from parvis.core import kinds
from parvis.core.kinds import Knot
from parvis.core.models import Node
from parvis.core.thread import Walk, walk

ORDER = ("contribution", "theme", "response", "commitment", "document", "dataset")


def knots(
    start: Node, *, walked: Walk | None = None, absent: Mapping[str, Knot] | None = None
) -> list[Knot]:
    """Return the knots of a node's thread, in the order contribution → … → dataset.

    `absent` says what stands where a level is empty (promised, with its date); a level that is
    empty and not in it is left out. The node itself is not a knot of its own page.
    """
    found = walked or walk(start)
    out: list[Knot] = []
    for name in ORDER:
        kind = kinds.known().get(name)
        if kind is None or kind.knots is None:
            continue
        ids = [pk for level in found.levels if level.kind == name for pk in level.ids]
        if name == start.kind:
            ids = [start.pk]
        if ids:
            out.extend(kind.knots(list(dict.fromkeys(ids))))
        elif absent and name in absent:
            out.append(absent[name])
    return out
