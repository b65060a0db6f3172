"""Acts written straight to the outbox, without a consultation: fast, legal or not."""

import random
from typing import Any

from django.db import transaction

from parvis.core.events import emit
from parvis.core.models import Event
from parvis.ledger.models import Leaf

SURVEY = "survey/questions"
SPACE = "consultation/place"


def accept(n: int = 1, *, on: str = SURVEY) -> list[Event]:
    """Accept n survey answers."""
    with transaction.atomic():
        return [
            emit("answer.accepted", node=None, data={"channel": "web"},
                 parts={"answers": {"q": f"Réponse {i}"}}, on=on)
            for i in range(n)
        ]  # fmt: skip


def contribute(n: int = 1, *, on: str = SPACE) -> list[Event]:
    """Accept n public contributions."""
    with transaction.atomic():
        return [
            emit("contribution.accepted", node=None, data={"channel": "web"}, on=on,
                 parts={"author": "a", "body": {"title": {}, "body": f"Idée {i}"}, "private": {}})
            for i in range(n)
        ]  # fmt: skip


def act(verb: str, ref: Event, data: dict[str, Any] | None = None, **more: Any) -> Event:
    """Do something about an earlier event."""
    with transaction.atomic():
        return emit(verb, node=None, data=data or {}, ref=ref, **more)


_ACTS = {
    "contribution.withdrawn": {},
    "contribution.moderated": {"reason": "insult"},
    "contribution.restored": {},
    "contribution.erased": {"parts": ["body"]},
}


def random_acts(rng: random.Random, n: int) -> None:
    """Do n things, about half of which contradict what happened before."""
    contributions, answers = contribute(3), accept(3)
    supports: list[Event] = []
    for _ in range(n):
        choice = rng.randrange(8)
        if choice == 0:
            contributions += contribute()
        elif choice == 1:
            answers += accept()
        elif choice == 2:
            ref = rng.choice(answers)
            act("answer.rejected", ref, {"reason": rng.choice(["duplicate", "empty"])})
        elif choice == 3:
            ref = rng.choice(contributions)
            supports.append(act("support.accepted", ref, parts={"supporter": "s"}))
        elif choice == 4 and supports:
            act("support.withdrawn", rng.choice(supports))
        elif choice == 5:
            parts = {"body": {"title": {}, "body": "Autre idée"}}
            act("contribution.edited", rng.choice(contributions), parts=parts)
        elif choice == 6:
            with transaction.atomic():
                facts = {"answers": rng.randrange(12), "kept": rng.randrange(6)}
                emit("count.published", node=None, data=facts, on=SURVEY)
        else:
            verb = rng.choice(list(_ACTS))
            act(verb, rng.choice(contributions), dict(_ACTS[verb]))


def indexes() -> list[int]:
    """Return every index given, in order."""
    return list(
        Leaf.objects.filter(index__isnull=False).order_by("index").values_list("index", flat=True)
    )
