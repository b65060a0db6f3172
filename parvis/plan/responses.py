"""Responses: what is decided about what a theme asks, with the reason. One transaction each."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import access, revisions
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, clean_text, missing
from parvis.core.models import Link, Node, State
from parvis.core.rows import LANGUAGE_NAMES, apply, check_address, publish_node
from parvis.core.thread import link, unlink
from parvis.merkle import canon
from parvis.plan import queries
from parvis.plan.models import Response
from parvis.plan.values import Verdict
from parvis.plan.writing import check, new_node

FIELDS = (
    "verdict", "asked", "reason", "follows", "existing_url", "existing_node", "reconstructed",
    "sources",
)  # fmt: skip
TEXTS = ("asked", "reason", "follows")
LINKS_MAX = 50


@transaction.atomic
def draft_response(
    *,
    actor: Actor,
    consultation: Node,
    themes: Iterable[Node],
    fields: Mapping[str, Any] | None = None,
    commitments: Mapping[Node, Text] | None = None,
    slug: str = "",
    key: IdempotencyKey | None = None,
) -> Response:
    """Create a draft response to themes of a consultation, and return it.

    `consultation` and `themes` are nodes; `commitments` maps a commitment's node to the reason
    why the response leads to it. No link of the thread is written before publication. Raises
    Forbidden, Invalid (a theme of another consultation, or already answered).
    """
    if earlier := replayed(key):
        return Response.objects.select_related("node__space").get(node=earlier.node)
    access.require(actor, "respond", consultation)
    asked = list(themes)
    if not asked or len(asked) > LINKS_MAX:
        raise Invalid({"themes": [_("A response answers one theme at least.")]})
    for theme in asked:
        if theme.kind != "theme" or theme.space_id != consultation.pk:
            raise Invalid({"themes": [_("This is not a theme of this consultation.")]})
        if queries.response_to(theme) is not None:
            raise Invalid({"themes": [_("This theme has a response already: change that one.")]})
    node = new_node("response", asked[0].title, slug=slug or asked[0].slug, space=consultation)
    response = Response(node=node, reconstructed=queries.is_reconstructed(consultation))
    response.intended = {"themes": [str(theme.pk) for theme in asked], "commitments": {}}
    _fill(response, fields or {}, commitments)
    response.save(force_insert=True)
    emit("response.drafted", node=node, actor=actor, key=key)
    return response


def _fill(
    response: Response, fields: Mapping[str, Any], commitments: Mapping[Node, Text] | None
) -> None:
    apply(response, fields, FIELDS)
    response.existing_url = (response.existing_url or "").strip()
    check_address(response, "existing_url")
    check(response, exclude=["existing_node", "intended"])
    if commitments is not None:
        response.intended = {**response.intended, "commitments": _intended(commitments)}


def _intended(commitments: Mapping[Node, Text]) -> dict[str, dict[str, str]]:
    if len(commitments) > LINKS_MAX:
        raise Invalid({"commitments": [_("Too many commitments for one response.")]})
    out = {}
    for node, reason in commitments.items():
        if node.kind != "commitment":
            raise Invalid({"commitments": [_("A response leads to commitments only.")]})
        try:
            out[str(node.pk)] = clean_text(reason, characters_max=1000)
        except ValidationError as error:
            raise Invalid({"commitments": error.messages}) from None
    return out


@transaction.atomic
def update_response(
    *,
    actor: Actor,
    response: Response,
    changes: Mapping[str, Any],
    commitments: Mapping[Node, Text] | None = None,
    languages: Sequence[str] = (DEFAULT,),
    note: Text | None = None,
) -> Response:
    """Change a response; once public, it is checked whole and written in the register again.

    `commitments` (all of them) replaces those it leads to; None leaves them. Raises Forbidden,
    Invalid (`languages`: those in which a public response must be complete).
    """
    access.require(actor, "respond", response)
    before = _content(response)
    _fill(response, changes, commitments)
    if response.node.state != State.PUBLIC:
        response.save()
        emit("response.drafted", node=response.node, actor=actor)
        return response
    _require_whole(response, languages)
    if before == _content(response):
        response.save()  # its sources, at most: nothing that the register holds
        return response
    if commitments is not None:
        _write_commitments(response, actor)
    return _published(response, actor, note)


@transaction.atomic
def publish_response(
    *,
    actor: Actor,
    response: Response,
    languages: Sequence[str] = (DEFAULT,),
    published_on: date | None = None,
) -> Response:
    """Publish a response: its links enter the thread, its text the register.

    `languages` are those of the consultation: verdict and reason are required in each.
    `published_on` is today unless the response is of the past. Raises Forbidden, Conflict
    (already public), Invalid.
    """
    access.require(actor, "respond", response)
    if response.node.state != State.DRAFT:
        raise Conflict
    today = timezone.localdate()
    if published_on and published_on > today:
        raise Invalid({"published_on": [_("This day has not come yet.")]})
    _require_whole(response, languages)
    themes = Node.objects.filter(pk__in=response.intended.get("themes", []), kind="theme")
    found = list(themes)
    if not found:
        raise Invalid({"themes": [_("A response answers one theme at least.")]})
    if any(theme.state != State.PUBLIC for theme in found):
        raise Invalid({"themes": [_("Publish the theme first: people read what is answered.")]})
    response.published_on = published_on or today
    publish_node(response.node)
    for theme in found:
        link(theme, "answered_by", response.node, actor=actor, action="respond")
    _write_commitments(response, actor)
    return _published(response, actor, None)


def _require_whole(response: Response, languages: Sequence[str]) -> None:
    """Raise Invalid unless the response says what, why, and where it exists already."""
    errors: dict[str, list[object]] = {}
    if not response.verdict:
        errors["verdict"] = [_("Choose the decision.")]
    for name in TEXTS:
        text = getattr(response, name)
        if name == "reason" and not text:
            errors[name] = [_("Every decision has its reason: say why.")]
        elif text and (absent := missing(text, list(languages))):
            errors[name] = [
                _("Missing in this language: %(language)s.")
                % {"language": LANGUAGE_NAMES.get(code, code)}
                for code in absent
            ]
    already = response.verdict == Verdict.ALREADY_DONE
    if already and not response.existing_url and response.existing_node is None:
        errors["existing_url"] = [_("Already done: give the address where people can see it.")]
    existing = response.existing_node
    if existing is not None and existing.state != State.PUBLIC:
        errors["existing_url"] = [_("What it points to is not public.")]
    if errors:
        raise Invalid(errors)


def _write_commitments(response: Response, actor: Actor) -> None:
    """Bring the arrows to commitments in line with what is intended."""
    wanted = response.intended.get("commitments", {})
    nodes = {str(node.pk): node for node in Node.objects.filter(pk__in=list(wanted))}
    if any(pk not in nodes or nodes[pk].state != State.PUBLIC for pk in wanted):
        raise Invalid({"commitments": [_("A commitment is not public yet: publish it first.")]})
    old = Link.objects.filter(source=response.node, relation="leads_to").select_related("target")
    for arrow in list(old):
        if str(arrow.target_id) not in wanted:
            unlink(response.node, "leads_to", arrow.target, actor=actor, action="respond")
    for pk, reason in wanted.items():
        link(
            response.node, "leads_to", nodes[pk], actor=actor, reason=reason, action="respond"
        )  # fmt: skip


def texts_of_response(response: Response) -> dict[str, Any]:
    """Return what a response's history keeps."""
    texts = {name: dict(getattr(response, name)) for name in TEXTS}
    where = response.existing_url or str(response.existing_node_id or "")
    return {"verdict": response.verdict, **texts, "existing_url": where}


def _content(response: Response) -> dict[str, Any]:
    """What the register commits to: the texts, and the commitments with their reasons."""
    texts = texts_of_response(response)
    return {**texts, "commitments": dict(response.intended.get("commitments", {}))}


def _published(response: Response, actor: Actor, note: Text | None) -> Response:
    response.save()
    revisions.keep(response.node, texts_of_response(response), actor=actor, note=note)
    digest = hashlib.sha256(canon.encode(_content(response))).hexdigest()
    facts = {"sha256": digest, "verdict": response.verdict}
    emit("response.published", node=response.node, actor=actor, data=facts)
    return response
