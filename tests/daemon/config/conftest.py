"""A configuration folder of its own for each test, and the real check types."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from opsmonitor import actions, checks, notifiers, probes
from opsmonitor.actions.base import ActionType
from opsmonitor.checks.base import CheckType
from opsmonitor.config.loader import load_settings
from opsmonitor.config.settings import Settings
from opsmonitor.exceptions import ConfigError
from opsmonitor.models.config import ConfigProblem
from opsmonitor.notifiers.base import NotifierType
from opsmonitor.probes.base import ProbeType
from opsmonitor.registry import load_plugins

FIXTURES = Path(__file__).parents[2] / "fixtures" / "config"
CHECK_TYPES: dict[str, CheckType[Any]] = load_plugins(checks, "CHECK", CheckType)
CHANNEL_TYPES: dict[str, NotifierType[Any]] = load_plugins(notifiers, "NOTIFIER", NotifierType)
ACTION_TYPES: dict[str, ActionType[Any]] = load_plugins(actions, "ACTION", ActionType)

PROBE_TYPES: dict[str, ProbeType[Any]] = load_plugins(probes, "PROBE", ProbeType)


class Folder:
    """A folder with a configuration file and what lies beside it."""

    def __init__(self, path: Path) -> None:
        """Begin with an empty folder."""
        self.path = path
        self.file = path / "checks.yml"

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file beside the configuration."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self, content: str | bytes, env: Mapping[str, str] | None = None) -> Settings:
        """Write the configuration and load it."""
        self.write("checks.yml", content)
        return load_settings(
            self.file,
            check_types=CHECK_TYPES,
            channel_types=CHANNEL_TYPES,
            action_types=ACTION_TYPES,
            probe_types=PROBE_TYPES,
            env=env or {},
        )

    def problems(
        self, content: str | bytes, env: Mapping[str, str] | None = None
    ) -> tuple[ConfigProblem, ...]:
        """Return what is wrong with a configuration."""
        with pytest.raises(ConfigError) as caught:
            self.load(content, env)
        return caught.value.problems


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return an empty folder for a configuration."""
    return Folder(tmp_path)
