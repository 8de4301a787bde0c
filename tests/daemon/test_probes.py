"""What every probe must fulfil, so that its author cannot forget it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
import re
from typing import Any

from blockbuster import blockbuster_ctx
import pytest
import voluptuous as vol
import yaml

from opsmonitor.config.loader import load_settings
from opsmonitor.config.probes import COMMON_KEYS
from opsmonitor.exceptions import ProbeError
from opsmonitor.models.reading import Reading
import opsmonitor.probes
from opsmonitor.probes.base import ProbeContext, ProbeType
from opsmonitor.registry import load_plugins
from opsmonitor.util.clock import SystemClock
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "probes.md").read_text(encoding="utf-8")
PROBES = load_plugins(opsmonitor.probes, "PROBE", ProbeType)
every_probe = pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)


def _options(probe: ProbeType[Any], keys: dict[str, Any]) -> Any:
    """Return the options that these keys become."""
    return probe.options(**vol.Schema(dict(probe.schema))(keys))


def _section(probe: ProbeType[Any]) -> str:
    """Return the part of the page that is about a probe."""
    match = re.search(rf"^## {probe.name}$(.*?)(?=^## |\Z)", _PAGE, re.MULTILINE | re.DOTALL)
    assert match is not None, f"docs/probes.md needs a heading `## {probe.name}`"
    return match[1]


@every_probe
def test_name_is_that_of_the_module(probe: ProbeType[Any]) -> None:
    """It is in lower case, and can stand in a path and before a dot."""
    assert re.fullmatch(r"[a-z][a-z0-9_]*", probe.name)
    assert probe.compile.__module__ == f"opsmonitor.probes.{probe.name}"


@every_probe
def test_example_is_valid(probe: ProbeType[Any]) -> None:
    """The example passes the schema."""
    assert _options(probe, dict(probe.example))


@every_probe
def test_options_are_the_keys(probe: ProbeType[Any]) -> None:
    """The schema's keys are the fields of the options, which are frozen; none is a common key."""
    keys = {str(key) for key in probe.schema}

    assert is_dataclass(probe.options)
    assert keys == {field.name for field in fields(probe.options)}
    assert probe.options.__dataclass_params__.frozen  # type: ignore[attr-defined]  # private to dataclasses
    assert keys & COMMON_KEYS == set()
    assert set(probe.environment) <= keys


@every_probe
def test_a_test_module_exists(probe: ProbeType[Any]) -> None:
    """The probe has tests of its own."""
    assert (_ROOT / "tests" / "daemon" / "probes" / f"test_{probe.name}.py").is_file()


@every_probe
def test_the_page_has_the_example(probe: ProbeType[Any], tmp_path: Path) -> None:
    """The first example of the probe's section is the one that the code has, and loads."""
    block = re.search(r"```yaml\n(.*?)```", _section(probe), re.DOTALL)
    assert block is not None
    path = tmp_path / "checks.yml"
    path.write_text(block[1] + "\nchecks: []\n", "utf-8")

    settings = load_settings(path, check_types={}, probe_types=PROBES, env={})

    shown = yaml.load(block[1], _Tagged)[probe.name] or {}  # noqa: S506 - our own page
    assert {key: value for key, value in shown.items() if key not in COMMON_KEYS} == probe.example
    assert probe.name in settings.probes


class _Tagged(yaml.SafeLoader):
    """Read `!secret x` as text."""


_Tagged.add_constructor("!secret", lambda loader, node: f"!secret {loader.construct_scalar(node)}")  # type: ignore[arg-type]  # it is a scalar


@every_probe
def test_the_page_has_every_key(probe: ProbeType[Any]) -> None:
    """The section names all keys in a table, and the path of the API."""
    rows = re.findall(r"^\| (`.*?) \|", _section(probe), re.MULTILINE)
    keys = {key for row in rows for key in re.findall(r"`(\w+)`", row)}

    assert {str(key) for key in probe.schema} - keys == set()
    assert f"/api/{probe.name}" in _section(probe)


@every_probe
async def test_a_poll_reads_or_says_why_not(probe: ProbeType[Any]) -> None:
    """With its example, wherever it runs, a probe blocks nothing and raises only `ProbeError`."""
    resolver = Resolver()
    http = HttpTransport(resolver)
    context = ProbeContext(clock=SystemClock(), http=http, resolver=resolver, timeout_s=60.0)
    polls = probe.compile(_options(probe, dict(probe.example)), context)
    readings: list[Reading] = []

    with blockbuster_ctx("opsmonitor.probes"):
        for poll in polls.values():
            with suppress(ProbeError, TimeoutError):
                async with asyncio.timeout(60):
                    readings.append(await poll())
    await http.close()
    await resolver.close()

    for reading in readings:
        assert set(map(type, reading.values.values())) <= {int, float, bool, str, type(None)}
        assert all(re.fullmatch(r"\S+", name) for name in reading.values)
