"""Every verb that the code emits has its line in the table, and every line a legal kind."""

import ast
import re
from pathlib import Path

import pytest

from parvis.ledger.kinds import LEAF_OF
from parvis.ledger.words import KIND_WORDS, REASON_WORDS
from parvis.merkle.kinds import KINDS

ROOT = Path(__file__).parents[2] / "parvis"
VERB = re.compile(r"[a-z_]+\.[a-z_]+")


def calls():
    """Yield (file, function, first argument) of every call of `emit` in the code."""
    for path in sorted(ROOT.rglob("*.py")):
        if {"tests", "migrations"} & set(path.parts):
            continue
        tree = ast.parse(path.read_text())
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Call)
                    and getattr(node.func, "id", getattr(node.func, "attr", "")) == "emit"
                ):
                    yield path, function, node.args[0]


def verbs_of(function, argument):
    """Return what an argument may be: a text, or every verb that its function names."""
    if isinstance(argument, ast.Constant):
        return [argument.value]
    if isinstance(argument, ast.JoinedStr):
        pattern = "".join(
            re.escape(part.value) if isinstance(part, ast.Constant) else "[a-z_]+"
            for part in argument.values
        )
        return [verb for verb in LEAF_OF if re.fullmatch(pattern, verb)] or [pattern]
    texts = [n.value for n in ast.walk(function) if isinstance(n, ast.Constant)]
    return [text for text in texts if isinstance(text, str) and VERB.fullmatch(text)]


def test_every_emitted_verb_is_in_the_table():
    found = [(path, verb) for path, function, arg in calls() for verb in verbs_of(function, arg)]
    assert len(found) > 40
    unknown = {(str(path.relative_to(ROOT)), verb) for path, verb in found if verb not in LEAF_OF}
    assert unknown == set()


@pytest.mark.parametrize("verb", [verb for verb, entry in LEAF_OF.items() if entry])
def test_every_leaf_has_a_legal_kind_in_words(verb):
    assert LEAF_OF[verb][0] in KINDS


def test_every_kind_is_said_in_words():
    assert set(KIND_WORDS) == set(KINDS)


def test_every_reason_of_the_tables_is_said_in_words():
    from parvis.consult.models import Contribution

    assert {reason.value for reason in Contribution.Why} <= set(REASON_WORDS)
