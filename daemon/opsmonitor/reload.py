"""Put a changed configuration in force, or keep the old one and say why."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from opsmonitor.exceptions import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from opsmonitor.config.settings import Settings
    from opsmonitor.models.config import ConfigProblem

_LOGGER = logging.getLogger(__name__)


class Target(Protocol):
    """Who works by the configuration."""

    def apply(self, settings: Settings) -> None:
        """Put a configuration in force."""
        ...

    def publish_config_change(self) -> None:
        """Tell that the file turned bad or good."""
        ...


class Reloader:
    """Hold the configuration in force, and what is wrong with the one on disk."""

    def __init__(
        self,
        load: Callable[[], Settings],
        settings: Settings,
        target: Target,
        *,
        followers: Sequence[Callable[[Settings], None]] = (),
    ) -> None:
        """Take how to load, what is in force at first, and who is to be told.

        The followers take a new configuration over before the target does, which tells the world.
        """
        self._followers = followers
        self._load = load
        self._target = target
        self._lock = asyncio.Lock()
        self.settings = settings
        self.problems: tuple[ConfigProblem, ...] = ()
        self._refused_files: tuple[Path, ...] = ()

    def files(self) -> Iterable[Path]:
        """Return the files that make up the configuration, and those of one that was refused."""
        return dict.fromkeys((*self.settings.files, *self._refused_files))

    async def reload(self) -> None:
        """Read, validate and swap; a bad configuration leaves everything as it is."""
        async with self._lock:
            try:
                settings = await asyncio.to_thread(self._load)
            except ConfigError as err:
                self._refuse(err)
                return
            self._warn_of_restart(settings)
            self.settings = settings
            self.problems = ()
            self._refused_files = ()
            for follow in self._followers:
                follow(settings)
            self._target.apply(settings)
            _LOGGER.info("Configuration reloaded: %d checks", len(settings.checks))

    def _refuse(self, err: ConfigError) -> None:
        """Keep the old configuration and say what is wrong with the new one, once."""
        self._refused_files = err.files
        if err.problems == self.problems:
            return
        self.problems = err.problems
        _LOGGER.error("The changed configuration is not used, the old one stays:\n%s", err)
        self._target.publish_config_change()

    def _warn_of_restart(self, settings: Settings) -> None:
        """Say which changes wait for a restart."""
        before, after = self.settings, settings
        if (before.server.host, before.server.port) != (after.server.host, after.server.port):
            _LOGGER.warning("The new address to listen on takes effect after a restart")
        if before.store != after.store:
            _LOGGER.warning("The new settings of the store take effect after a restart")
