"""Plug-ins are found, and those that break the rules are refused."""

from __future__ import annotations

from pathlib import Path
import sys
from types import ModuleType

import pytest

import opsmonitor.checks
from opsmonitor.checks.base import CheckType
from opsmonitor.exceptions import PluginError
from opsmonitor.registry import load_plugins

_PLUGIN = """
from dataclasses import dataclass

@dataclass
class Thing:
    name: str

THING = Thing({name!r})
"""


class _Thing:
    """What the made-up plug-ins are not."""

    name = "thing"


@pytest.fixture
def package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> ModuleType:
    """Return an empty package that can be imported from."""
    name = f"plugins_of_{request.node.name}"
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    module = ModuleType(name)
    module.__path__ = [str(folder)]
    monkeypatch.setitem(sys.modules, name, module)
    return module


def _add(package: ModuleType, module: str, text: str) -> None:
    """Write a module into the package."""
    (Path(package.__path__[0]) / f"{module}.py").write_text(text)


def test_the_check_types_are_found() -> None:
    """Every module of the package gives its plug-in by name."""
    found = load_plugins(opsmonitor.checks, "CHECK", CheckType)

    assert {"http", "tcp"} <= found.keys()
    assert all(name == plugin.name for name, plugin in found.items())


def test_base_and_private_modules_are_no_plugins(package: ModuleType) -> None:
    """What begins with an underscore, and `base`, need no constant."""
    _add(package, "base", "")
    _add(package, "_shared", "")

    assert load_plugins(package, "THING", _Thing) == {}


def test_a_module_without_the_constant_is_refused(package: ModuleType) -> None:
    """A file that was forgotten half-way stops the start."""
    _add(package, "empty", "")

    with pytest.raises(PluginError, match="empty must define THING"):
        load_plugins(package, "THING", _Thing)


def test_a_constant_of_another_kind_is_refused(package: ModuleType) -> None:
    """The constant must be of the plug-in's class."""
    _add(package, "other", _PLUGIN.format(name="x"))

    with pytest.raises(PluginError, match="as a _Thing"):
        load_plugins(package, "THING", _Thing)


def test_a_name_is_given_once(package: ModuleType) -> None:
    """Two plug-ins of one name stop the start."""
    _add(package, "one", _PLUGIN.format(name="x"))
    source = f"from {package.__name__}.one import THING\n"
    _add(package, "two", source)

    with pytest.raises(PluginError, match="repeats the name 'x'"):
        load_plugins(package, "THING", object)  # type: ignore[type-var]  # anything will do here
