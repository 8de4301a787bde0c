"""The error tree of the daemon.

OpsMonitorError
├── ConfigError            a configuration that cannot be used; carries every problem found
├── PluginError            a plug-in module that breaks the registry's rules
├── StoreError             the database cannot be used as asked
│   ├── StoreLockedError   another daemon owns the data folder
│   ├── StoreVersionError  the database was written by a newer version
│   └── TokensUnreadError  who has a token is not known yet
├── TransportError         a target gave no usable answer; carries the code of the outcome
├── DeliveryError          a channel did not take a message; says whether it ever will
├── ActionError            an action against a failure was not done
├── ProbeError             a thing could not be read; the last good reading stays
├── ListenError            the address to listen on cannot be had
├── UnknownAttemptError    nobody waits for the end of such an action
├── UnknownChannelError    no channel has this name
├── UnknownAlertError      a link leads to no alert of ours
├── UnknownTokenError      no token that was given out has this id
├── TooManyTokensError     no more tokens are given out
└── UnknownCheckError      no check has this id
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from opsmonitor.models.config import ConfigProblem


class OpsMonitorError(Exception):
    """Root of all errors that the daemon raises itself."""


class ConfigError(OpsMonitorError):
    """A configuration that cannot be used, with every problem found in it."""

    def __init__(self, problems: Sequence[ConfigProblem], *, files: Sequence[Path] = ()) -> None:
        """Keep the problems and the files that were read; the text has one line per problem."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
        self.files = tuple(files)


class PluginError(OpsMonitorError):
    """A plug-in module that breaks the registry's rules."""


class StoreError(OpsMonitorError):
    """The database cannot be used as asked."""


class StoreLockedError(StoreError):
    """Another daemon owns the data folder."""


class StoreVersionError(StoreError):
    """The database was written by a newer version of the daemon."""


class TokensUnreadError(StoreError):
    """Who has a token could not be read at the start, and is not known yet."""


class TransportError(OpsMonitorError):
    """A target gave no usable answer."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the stable code and the sentence for people."""
        super().__init__(message)
        self.code = code
        self.message = message


class DeliveryError(OpsMonitorError):
    """A channel did not take a message. The text has no secret of the channel."""

    def __init__(
        self, message: str, *, is_permanent: bool = False, retry_after_s: float | None = None
    ) -> None:
        """Keep the reason, whether it stays, and how long the service asked to be left alone."""
        super().__init__(message)
        self.is_permanent = is_permanent
        self.retry_after_s = retry_after_s


class ActionError(OpsMonitorError):
    """An action was not done; the text is one short sentence for a person, without secrets."""


class ProbeError(OpsMonitorError):
    """A thing could not be read; the text is one short sentence for a person."""

    def __init__(self, message: str, *, code: str = "failed", wait_s: float = 0.0) -> None:
        """Keep a stable code, and for how long the next poll must wait beyond its interval."""
        super().__init__(message)
        self.code = code
        self.wait_s = wait_s


class UnknownAttemptError(OpsMonitorError):
    """Nobody waits for the end of such an action."""

    def __init__(self, attempt_id: str) -> None:
        """Name what was told of."""
        super().__init__(f"nobody waits for the end of {attempt_id!r}: it is over, or never was")


class UnknownChannelError(OpsMonitorError):
    """No channel has this name."""

    def __init__(self, name: str) -> None:
        """Name what was asked for."""
        super().__init__(f"no channel has the name {name!r}")


class UnknownAlertError(OpsMonitorError):
    """A link leads to no alert of ours."""


class ListenError(OpsMonitorError):
    """The address to listen on cannot be had."""


class UnknownCheckError(OpsMonitorError):
    """No check has this id."""

    def __init__(self, check_id: str) -> None:
        """Name the id that was asked for."""
        super().__init__(f"no check has the id {check_id!r}")
        self.check_id = check_id


class CheckConflictError(OpsMonitorError):
    """The state of a check does not allow what was asked for."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the stable code and the sentence for people."""
        super().__init__(message)
        self.code = code


class UnknownTokenError(OpsMonitorError):
    """No token that was given out has this id."""

    def __init__(self, token_id: str) -> None:
        """Say which."""
        super().__init__(f"no token has the id {token_id!r}")


class TooManyTokensError(OpsMonitorError):
    """So many tokens were given out that one has to be revoked first."""
