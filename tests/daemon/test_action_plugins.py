"""What every kind of action must fulfil, so that its author cannot forget it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
import re
from typing import Any

import pytest
import voluptuous as vol
import yaml

from opsmonitor.actions.base import ActionType
from opsmonitor.config.loader import load_settings
from opsmonitor.config.schema import ACTION, key_name
from opsmonitor.config_source import action_types, check_types

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "remediation.md").read_text(encoding="utf-8")
_EXAMPLES = re.findall(r"```yaml\n(.*?)```", _PAGE, re.DOTALL)
KINDS = action_types()

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def _section(kind: ActionType[Any]) -> str:
    """Return the part of the page that is about a kind."""
    match = re.search(rf"^### {kind.name}$(.*?)(?=^##|\Z)", _PAGE, re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[1]


@every_kind
def test_the_name_is_that_of_the_module(kind: ActionType[Any]) -> None:
    """One file, one kind."""
    assert kind.run.__module__ == f"opsmonitor.actions.{kind.name}"


@every_kind
def test_the_example_is_valid(kind: ActionType[Any]) -> None:
    """It passes the schema, and its options tell the target."""
    options = kind.options(**vol.Schema(dict(kind.schema))(dict(kind.example)))

    assert kind.target(options)


@every_kind
def test_options_are_the_keys(kind: ActionType[Any]) -> None:
    """The schema's keys are the fields of the options, and none is one of all actions'."""
    keys = {key_name(key) for key in kind.schema}

    assert keys == {field.name for field in fields(kind.options)}
    assert not keys & {key_name(key) for key in ACTION}
    assert kind.options.__dataclass_params__.frozen


@every_kind
def test_it_has_tests_of_its_own(kind: ActionType[Any]) -> None:
    """There is a module of tests with its name."""
    assert (_ROOT / "tests" / "daemon" / "actions" / f"test_{kind.name}.py").is_file()


@every_kind
def test_the_page_has_every_key_and_the_example(kind: ActionType[Any]) -> None:
    """The section's table has all keys and no others; its first example is the one of the code."""
    section = _section(kind)
    block = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert block is not None
    shown = yaml.safe_load(block[1])["checks"][0]["on_fail"]["actions"][0]

    assert shown == {"type": kind.name, **kind.example}
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {
        key_name(key) for key in kind.schema
    }


def test_the_page_has_every_key_of_all_actions() -> None:
    """The table of the page has the keys that every action has."""
    table = _PAGE.partition("| key of an action |")[2].partition("\n\n")[0]

    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == {key_name(key) for key in ACTION}


@pytest.mark.parametrize("example", _EXAMPLES)
def test_every_example_of_the_page_loads(example: str, tmp_path: Path) -> None:
    """What people copy from the page loads as it is, without a warning but that of no checks."""
    path = tmp_path / "checks.yml"
    path.write_text(example, "utf-8")

    settings = load_settings(path, check_types=check_types(), action_types=KINDS, env={})

    assert all("no checks" in warning.message for warning in settings.warnings)
