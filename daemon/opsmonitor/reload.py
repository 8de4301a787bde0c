"""Put a changed configuration in force, or keep the old one and say why."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from opsmonitor.exceptions import ConfigError
from opsmonitor.models.config import ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from opsmonitor.config.settings import Settings

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
        """Read, validate and swap; a bad configuration leaves everything as it is.

        So does a defect on the way: it is told like a mistake in the file, and ends nothing.
        """
        async with self._lock:
            try:
                settings = await asyncio.to_thread(self._load)
            except ConfigError as err:
                self._refuse(err.problems, err.files)
                return
            except Exception as err:
                _LOGGER.exception("The changed configuration could not be read")
                self._refuse([self._defect("could not read it", err)], self._refused_files)
                return
            self._warn_of_restart(settings)
            try:
                self._put_in_force(settings)
            except Exception as err:
                _LOGGER.exception("The changed configuration could not be put in force")
                self._go_back()
                self._refuse([self._defect("could not put it in force", err)], settings.files)
                return
            _LOGGER.info("Configuration reloaded: %d checks", len(settings.checks))

    def _put_in_force(self, settings: Settings) -> None:
        """Let everybody work by a configuration; if that fails, it was not taken over."""
        before = self.settings, self.problems, self._refused_files
        self.settings, self.problems, self._refused_files = settings, (), ()
        try:
            for follow in self._followers:
                follow(settings)
            self._target.apply(settings)
        except Exception:
            self.settings, self.problems, self._refused_files = before
            raise

    def _go_back(self) -> None:
        """Let everybody work by the old configuration again, also those who never left it."""
        for put in (*self._followers, self._target.apply):
            try:
                put(self.settings)
            except Exception:
                _LOGGER.exception("The old configuration could not be put in force again")

    def _defect(self, what: str, err: Exception) -> ConfigProblem:
        """Describe a defect of the daemon by its place; its text could hold a secret."""
        file = str(next(iter(self.files()), "the configuration"))
        message = (
            f"the daemon {what}: {type(err).__name__}, a defect of its own; "
            "the log has the details, please report them"
        )
        return ConfigProblem(file=file, message=message)

    def _refuse(self, problems: Sequence[ConfigProblem], files: Iterable[Path]) -> None:
        """Keep the old configuration and say what is wrong with the new one, once."""
        self._refused_files = tuple(files)
        if tuple(problems) == self.problems:
            return
        self.problems = tuple(problems)
        text = "\n".join(str(problem) for problem in problems)
        _LOGGER.error("The changed configuration is not used, the old one stays:\n%s", text)
        self._target.publish_config_change()

    def _warn_of_restart(self, settings: Settings) -> None:
        """Say which changes wait for a restart."""
        before, after = self.settings, settings
        if (before.server.host, before.server.port) != (after.server.host, after.server.port):
            _LOGGER.warning("The new address to listen on takes effect after a restart")
        if before.store != after.store:
            _LOGGER.warning("The new settings of the store take effect after a restart")
