"""docs/configuration.md says what is true."""

from pathlib import Path
import re

import pytest

from opsmonitor.config.overrides import CORE_IDS, OVERRIDES
from opsmonitor.config.schema import EVERY_CHECK, build_schema, key_name

from .conftest import CHECK_TYPES, Folder

PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
KEYS = {key_name(key): key for key in EVERY_CHECK}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_valid(folder: Folder, example: str) -> None:
    """What people copy from the page loads with nothing else in place."""
    assert folder.load(example).files


@pytest.mark.parametrize("name", [*OVERRIDES, CORE_IDS])
def test_every_variable_is_documented(name: str) -> None:
    """Each variable that overrides the file is in the table."""
    assert re.search(rf"^\| .*`{name}`.* \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", KEYS)
def test_every_common_key_is_documented_with_its_default(name: str) -> None:
    """The table of keys has each with the default that the code has."""
    row = re.search(rf"^\| `{name}` \|.*\| (.*) \|$", PAGE, re.MULTILINE)
    default = KEYS[name].default()
    written = "none" if default is None else str(default).removesuffix(".0")
    if isinstance(default, bool):
        written = written.lower()
    elif isinstance(default, tuple):
        written = ", ".join(default) or "none"

    assert row is not None
    assert row[1] == written


def test_keys_without_effect_are_documented() -> None:
    """Each key that is accepted for predecessors' sake is named."""
    idle = build_schema(CHECK_TYPES).idle_keys["ping"]

    assert [key for key in idle if f"`{key}`" not in PAGE] == []


def test_the_defaults_of_the_daemon_are_those_of_the_example(folder: Folder) -> None:
    """The long example shows the values that hold when nothing is set."""
    shown = folder.load(next(text for text in EXAMPLES if "retention:" in text))
    default = folder.load("checks: []")

    assert shown.store.retention == default.store.retention
    assert shown.engine == default.engine
    assert (shown.server.host, shown.server.port) == (default.server.host, default.server.port)
    assert shown.server.rate_limit_per_minute == default.server.rate_limit_per_minute
