"""docs/operators.md names every setting, command and option; deploy/ uses only those."""

import argparse
import re
from pathlib import Path

from parvis.cli import parser

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
_NAME = re.compile(r"\bPARVIS_[A-Z_]*[A-Z]\b")


def test_every_setting_is_documented() -> None:
    used = {"PORT"}
    for path in [*(ROOT / "parvis").rglob("*.py"), ROOT / "Makefile"]:
        if "tests" not in path.parts:
            used |= set(_NAME.findall(path.read_text(encoding="utf-8")))
    table = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.M))
    assert len(table) > 15
    assert used == table


def test_every_command_and_option_is_documented() -> None:
    commands = next(
        action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    assert len(commands.choices) > 10
    for name, command in commands.choices.items():
        assert re.search(rf"^\| `parvis {name}[ `]", PAGE, re.M), name
        for action in command._actions:
            for option in action.option_strings:
                if option not in {"-h", "--help"}:
                    assert f"`{option}" in PAGE, f"{name} {option}"


def test_deployment_examples_set_only_what_exists() -> None:
    files = [path for path in (ROOT / "deploy").iterdir() if path.is_file()]
    assert {"README.md", "parvis.service", "Dockerfile"} <= {path.name for path in files}
    for path in files:
        for name in _NAME.findall(path.read_text(encoding="utf-8")):
            assert f"`{name}`" in PAGE, f"{path.name}: {name}"
