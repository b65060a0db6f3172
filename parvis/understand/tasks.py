"""Long work on a consultation's texts: the only caller of the analysis package from here."""

import hashlib
import json
from collections.abc import Mapping
from importlib import metadata
from uuid import UUID

from django.db import transaction

from parvis.analysis.text import near_duplicates
from parvis.core.access import Actor, require
from parvis.core.files import store
from parvis.core.models import Node
from parvis.understand.models import Run
from parvis.understand.queries import COPIES

THRESHOLD = 0.5


def _version() -> str:
    try:
        return metadata.version("parvis")
    except metadata.PackageNotFoundError:
        return ""


def find_copies(*, actor: Actor, space: Node, texts: Mapping[UUID, str]) -> Run:
    """Group the texts that repeat one another, keep the groups in a file, return the run.

    The file holds ids only, never a text. `texts` is contribution id -> all that it says.
    """
    require(actor, "code", space)
    ids = sorted(texts)
    digest = hashlib.sha256()
    for pk in ids:
        digest.update(pk.bytes + hashlib.sha256(texts[pk].encode()).digest())
    groups = near_duplicates([texts[pk] for pk in ids], THRESHOLD)
    content = {
        "method": COPIES,
        "threshold": THRESHOLD,
        "groups": [[str(ids[place]) for place in group] for group in groups],
    }
    artefact = store([json.dumps(content).encode()], "application/json")
    with transaction.atomic():
        return Run.objects.create(
            space=space,
            method=COPIES,
            parameters={"threshold": THRESHOLD},
            code_version=_version(),
            input_sha256=digest.hexdigest(),
            artefact=artefact,
            by_id=actor.person_id,
        )
