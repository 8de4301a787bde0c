"""What every plug-in must fulfil, so that its author cannot forget it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
import re
from typing import Any

import pytest
import voluptuous as vol
import yaml

import opsmonitor.checks
from opsmonitor.checks.base import CheckContext, CheckType
from opsmonitor.config.loader import load_settings
from opsmonitor.config.schema import field_name
from opsmonitor.models.check import Verdict
from opsmonitor.registry import load_plugins
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver
from opsmonitor.util.secret import Secret
from tests.ports import held_port

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
_CANARY = "canary-5f0c"
CHECK_TYPES = load_plugins(opsmonitor.checks, "CHECK", CheckType)

_CODE = r'(?:TransportError\(|Verdict\.\w+,|: \(|trouble = \()\s*"([a-z]+(?:_[a-z]+)*)",'
"""Where the sources put a code: first in an error, or in what becomes one."""

_EXAMPLE_PORT = "8060"
_NETWORK_TYPES = {
    name: check for name, check in CHECK_TYPES.items() if _EXAMPLE_PORT in repr(check.example)
}
"""The types whose example connects to the daemon itself."""

every_type = pytest.mark.parametrize("check", CHECK_TYPES.values(), ids=CHECK_TYPES)


def _options(check: CheckType[Any], keys: dict[str, Any]) -> Any:
    """Return the options that these keys become."""
    values = vol.Schema(dict(check.schema))(keys)
    return check.options(**{field_name(key): value for key, value in values.items()})


def _keys(check: CheckType[Any]) -> set[str]:
    """Return the names of the schema's keys."""
    return {str(key) for key in check.schema}


def _section(check: CheckType[Any]) -> str:
    """Return the part of the page that is about a type."""
    match = re.search(rf"^## {check.name}$(.*?)(?=^## |\Z)", _PAGE, re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[1]


@every_type
def test_name_is_snake_case(check: CheckType[Any]) -> None:
    """The name is that of the module, in lower case."""
    assert re.fullmatch(r"[a-z][a-z0-9_]*", check.name)
    assert check.compile.__module__ == f"opsmonitor.checks.{check.name}"


@every_type
def test_example_is_valid(check: CheckType[Any]) -> None:
    """The example passes the schema, and its options tell target and host."""
    options = _options(check, dict(check.example))

    assert check.target(options)
    assert check.host(options)


@every_type
def test_options_are_the_keys(check: CheckType[Any]) -> None:
    """The schema's keys are the fields of the options, which are frozen and have defaults."""
    options = check.options

    assert is_dataclass(options)
    assert {field_name(key) for key in _keys(check)} == {field.name for field in fields(options)}
    assert options.__dataclass_params__.frozen  # type: ignore[attr-defined]  # private to dataclasses


@every_type
def test_a_test_module_exists(check: CheckType[Any]) -> None:
    """The type has tests of its own."""
    assert (_ROOT / "tests" / "daemon" / "checks" / f"test_{check.name}.py").is_file()


@every_type
def test_the_page_has_the_example(check: CheckType[Any]) -> None:
    """The first example of the type's section is the one that the code has."""
    block = re.search(r"```yaml\n(.*?)```", _section(check), re.DOTALL)
    assert block is not None

    shown = yaml.safe_load(block[1])["checks"][0]

    assert shown.pop("type") == check.name
    assert shown.pop("id")
    assert shown == check.example


@every_type
def test_the_page_has_every_key(check: CheckType[Any]) -> None:
    """The table of the type's section has all keys and no others."""
    rows = re.findall(r"^\| (`.*?) \|", _section(check), re.MULTILINE)

    assert {key for row in rows for key in re.findall(r"`(\w+)`", row)} == _keys(check)


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", _PAGE, re.DOTALL))
def test_every_example_of_the_page_is_valid(example: str, tmp_path: Path) -> None:
    """What people copy from the page loads as it is."""
    path = tmp_path / "checks.yml"
    path.write_text(example, "utf-8")

    settings = load_settings(path, check_types=CHECK_TYPES, env={})

    assert settings.checks
    assert settings.warnings == ()


@pytest.mark.parametrize("check", _NETWORK_TYPES.values(), ids=_NETWORK_TYPES)
async def test_a_dead_target_is_a_failure_and_no_error(check: CheckType[Any]) -> None:
    """Against a port on which nothing listens, the probe returns a reason and raises nothing."""
    port = held_port()
    keys = yaml.safe_load(yaml.safe_dump(dict(check.example)).replace(_EXAMPLE_PORT, str(port)))
    resolver = Resolver()
    transport = HttpTransport(resolver)
    context = CheckContext(timeout_s=30, clock=FakeClock(), http=transport, resolver=resolver)

    outcome = await check.compile(_options(check, keys), context)()
    await transport.close()
    await resolver.close()

    assert outcome.verdict is Verdict.FAIL
    assert outcome.error_code == "connection_refused"
    assert outcome.error


# Types that can hold secrets, each with one in every place.
_SECRET_KEYS: dict[str, dict[str, Any]] = {
    "http": {
        "url": f"http://me:{_CANARY}@127.0.0.1/?token={_CANARY}",
        "headers": {"Cookie": _CANARY},
        "auth": {"basic": {"username": "me", "password": _CANARY}},
        "json": {"password": Secret(_CANARY)},
        "expect_body": {"contains": Secret(_CANARY)},
        "expect_header": {"X-Token": Secret(_CANARY)},
        "expect_jsonpath": [{"path": "$.x", "equals": Secret(_CANARY)}],
        "proxy": f"http://me:{_CANARY}@127.0.0.1:1/",
    },
    "tcp": {"host": "127.0.0.1", "port": 1, "send": _CANARY, "expect": Secret(_CANARY)},
}


@every_type
def test_secrets_are_not_printed(check: CheckType[Any]) -> None:
    """Neither the options nor the target show a secret."""
    options = _options(check, _SECRET_KEYS.get(check.name, dict(check.example)))

    assert _CANARY not in repr(options)
    assert _CANARY not in check.target(options)
    assert _CANARY not in check.host(options)


def _sources_of_checks() -> str:
    """Return the text of the check types, of all that they are made of, and of what runs them."""
    package = _ROOT / "daemon" / "opsmonitor"
    waiting = [*package.glob("checks/*.py"), package / "engine" / "runner.py"]
    texts: dict[Path, str] = {}
    while waiting:
        path = waiting.pop()
        if path not in texts and path.is_file():
            texts[path] = path.read_text("utf-8")
            found = re.findall(
                r"^\s*from opsmonitor\.(parts|util)\.(\w+) import", texts[path], re.MULTILINE
            )
            waiting += [package / folder / f"{module}.py" for folder, module in found]
    return "".join(texts.values())


def test_every_error_code_is_explained() -> None:
    """The page explains each code that the sources use, and no others."""
    table = _PAGE.partition("## Error codes")[2]
    explained = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    sources = _sources_of_checks()

    used = set(re.findall(_CODE, sources))

    assert used - explained == set()
    assert [code for code in explained if f'"{code}"' not in sources] == []
