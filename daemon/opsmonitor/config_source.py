"""Read the configuration with the command line's overrides, now and on each reload."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
import logging
import os
from typing import TYPE_CHECKING, Any

from opsmonitor import actions, checks, notifiers, probes
from opsmonitor.access_token import TOKEN_FILE, passing_token, read_or_create_token
from opsmonitor.actions.base import ActionType
from opsmonitor.checks.base import CheckType
from opsmonitor.config.loader import load_settings
from opsmonitor.exceptions import ConfigError
from opsmonitor.models.config import ConfigProblem
from opsmonitor.notifiers.base import NotifierType
from opsmonitor.probes.base import ProbeType
from opsmonitor.registry import load_plugins
from opsmonitor.util.net import is_loopback, is_own

if TYPE_CHECKING:
    from pathlib import Path

    from opsmonitor.config.settings import ServerSettings, Settings
    from opsmonitor.util.secret import Secret

_LOGGER = logging.getLogger(__name__)


def check_types() -> dict[str, CheckType[Any]]:
    """Return every check type there is, by name."""
    return load_plugins(checks, "CHECK", CheckType)


def channel_types() -> dict[str, NotifierType[Any]]:
    """Return every kind of channel there is, by name."""
    return load_plugins(notifiers, "NOTIFIER", NotifierType)


def action_types() -> dict[str, ActionType[Any]]:
    """Return every kind of action there is, by name."""
    return load_plugins(actions, "ACTION", ActionType)


def probe_types() -> dict[str, ProbeType[Any]]:
    """Return every probe there is, by name."""
    return load_plugins(probes, "PROBE", ProbeType)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigSource:
    """Where the configuration comes from."""

    path: Path
    data: Path
    """The data folder."""
    host: str | None = None
    """The address to listen on, in place of the file's."""
    port: int | None = None
    """The port to listen on, in place of the file's."""
    types: dict[str, CheckType[Any]] = field(default_factory=check_types)
    channels: dict[str, NotifierType[Any]] = field(default_factory=channel_types)
    actions: dict[str, ActionType[Any]] = field(default_factory=action_types)
    probes: dict[str, ProbeType[Any]] = field(default_factory=probe_types)

    def load(self) -> Settings:
        """Read and validate everything; blocks.

        Raises:
            ConfigError: Something is wrong with it.

        """
        settings = load_settings(
            self.path,
            check_types=self.types,
            channel_types=self.channels,
            action_types=self.actions,
            probe_types=self.probes,
            env=self._environment(),
        )
        return replace(settings, server=self._protect(settings.server))

    def _environment(self) -> dict[str, str]:
        """Return the environment with the command line's words in it.

        They are put there, and not into the settings, so that checks of the daemon itself follow.
        """
        given = {"OPSMONITOR_HOST": self.host, "OPSMONITOR_PORT": self.port}
        return {**os.environ, **{name: str(value) for name, value in given.items() if value}}

    def _protect(self, server: ServerSettings) -> ServerSettings:
        """See to it that an API which other machines can reach asks for a token."""
        if server.token is not None or is_loopback(server.host):
            return server
        if not is_own(server.host) and not (self.data / TOKEN_FILE).exists():
            # The start is about to fail over the address: it is not to leave anything behind.
            return replace(server, token=passing_token())
        token = self._token()
        _LOGGER.info(
            "Other machines can reach the API, so it asks for a token: it is in %s",
            self.data / TOKEN_FILE,
        )
        return replace(server, token=token)

    def _token(self) -> Secret:
        """Return the token that is kept in the data folder.

        Raises:
            ConfigError: It can be neither read nor made, so the configuration needs one.

        """
        try:
            return read_or_create_token(self.data)
        except (OSError, UnicodeError) as err:
            reason = (isinstance(err, OSError) and err.strerror) or "it is no text"
            problem = ConfigProblem(
                file=str(self.data / TOKEN_FILE),
                message="other machines can reach the API, and its token cannot be kept here: "
                f"{reason}; set `server.token` in the configuration, or mend the folder",
            )
            raise ConfigError([problem]) from err
