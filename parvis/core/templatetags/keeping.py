"""Parts of a page that are drawn again only when what they say has changed.

`{% kept "influence" consultation.question closes %}…{% endkept %}`: the part is a function of the
values named, the language and the time zone, and is looked up by them. Nothing has to be emptied
when a text changes: another text is another key. Values are compared, so they are texts, numbers,
dates and lists of them, never rows: a row equals itself after its text has changed.

A value forgotten would show what is no longer true: while testing, each part is drawn all the
same, and one that differs from what was kept is an error.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from threading import Lock
from typing import Any, Final
from uuid import UUID

from django import template
from django.conf import settings
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = template.Library()
PARTS_MAX: Final = 4_000
_parts: dict[Any, SafeString] = {}
_lock = Lock()


def forget() -> None:
    """Draw every part again the next time."""
    with _lock:
        _parts.clear()


def _comparable(value: Any) -> Any:
    """Return what stands for a value in a key. Raises TypeError for a row, or what may change."""
    if type(value) is str:
        return value
    if isinstance(value, str):
        # Marked as HTML, or with its language: equal to the plain text, and not written alike.
        return (type(value), str(value), getattr(value, "lang", ""))
    if value is None or isinstance(value, int | float | date | UUID):
        # So are 1 and True.
        return (type(value), value)
    if isinstance(value, Mapping):
        return tuple((_comparable(key), _comparable(one)) for key, one in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_comparable, value))
    if isinstance(value, Promise):
        return str(value)
    if is_dataclass(value):
        return tuple(_comparable(getattr(value, one.name)) for one in fields(value))
    raise TypeError(f"a part of a page is kept by values, not by {type(value).__name__}")


class _Kept(template.Node):
    def __init__(self, nodelist: NodeList, name: str, values: list[FilterExpression]) -> None:
        self.nodelist, self.name, self.values = nodelist, name, values

    def render(self, context: Any) -> SafeString:
        key = (
            self.name,
            get_language(),
            timezone.get_current_timezone_name(),
            *[_comparable(value.resolve(context)) for value in self.values],
        )
        found = _parts.get(key)
        if found is None or settings.TESTING:
            drawn = mark_safe(self.nodelist.render(context))  # noqa: S308 rendered by a template
            if found is not None and found != drawn:
                raise AssertionError(f"the part {self.name!r} hangs on more than the values named")
            with _lock:
                if len(_parts) >= PARTS_MAX:
                    _parts.clear()
                _parts[key] = found = drawn
        return found


@register.tag
def kept(parser: Parser, token: Token) -> _Kept:
    """{% kept "name" value value %}…{% endkept %}: see above."""
    _tag, name, *values = token.split_contents()
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    return _Kept(nodelist, name.strip("\"'"), [parser.compile_filter(one) for one in values])
