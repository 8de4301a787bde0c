"""What can go wrong between this client and the daemon.

OpsMonitorError
├── OpsMonitorConnectionError      nothing usable came back: refused, cut off, overloaded
│   ├── OpsMonitorBusyError        the daemon was asked too often
│   ├── OpsMonitorHostError        the daemon does not want to be called by this host name
│   ├── OpsMonitorSocketError      the daemon answers, but no WebSocket passes
│   ├── OpsMonitorTimeoutError     no answer in time
│   └── OpsMonitorTlsError         no secure connection could be agreed on
├── OpsMonitorAuthError            the token is missing or wrong
│   └── OpsMonitorForbiddenError   the token may not do this
├── OpsMonitorRefusalError         the daemon does not do what was asked for, and says why
├── OpsMonitorResponseError        something answered, but not as Ops Monitor does
├── OpsMonitorVersionError         the daemon and this client do not speak the same API level
└── OpsMonitorIdentityError        another daemon than the expected one answers
    └── OpsMonitorProofError       it cannot prove that it is the expected one
"""

from typing import ClassVar


class OpsMonitorError(Exception):
    """Root of all errors of this client."""

    key: ClassVar[str] = "cannot_connect"
    """Names the error to people: the key of its translations."""


class OpsMonitorConnectionError(OpsMonitorError):
    """The daemon could not be reached, or went away."""


class OpsMonitorBusyError(OpsMonitorConnectionError):
    """The daemon, or its proxy, was asked too often and wants to be left alone for a while."""


class OpsMonitorHostError(OpsMonitorConnectionError):
    """The daemon does not know the host name by which we called it."""

    key = "host_not_allowed"


class OpsMonitorSocketError(OpsMonitorConnectionError):
    """The daemon answers, but no WebSocket to it can be had."""


class OpsMonitorTimeoutError(OpsMonitorConnectionError):
    """The daemon did not answer in time."""

    key = "timeout_connect"


class OpsMonitorTlsError(OpsMonitorConnectionError):
    """The certificate is not trusted, or the other side speaks no TLS."""

    key = "ssl_error"


class OpsMonitorAuthError(OpsMonitorError):
    """The daemon refused the token."""

    key = "invalid_auth"


class OpsMonitorForbiddenError(OpsMonitorAuthError):
    """The token may read, but not change or start anything."""

    key = "forbidden"


class OpsMonitorRefusalError(OpsMonitorError):
    """The daemon understood what was asked for, and does not do it."""

    key = "refused"

    def __init__(self, code: str, message: str) -> None:
        """Keep the daemon's stable code beside its sentence."""
        super().__init__(message)
        self.code = code


class OpsMonitorResponseError(OpsMonitorError):
    """The answer is not one that Ops Monitor gives."""

    key = "not_ops_monitor"


class OpsMonitorVersionError(OpsMonitorError):
    """The daemon's API level is too old or too new."""

    key = "unsupported_version"


class OpsMonitorIdentityError(OpsMonitorError):
    """The address belongs to another daemon now."""

    key = "wrong_instance"


class OpsMonitorProofError(OpsMonitorIdentityError):
    """Who answers says that it is our daemon, and cannot prove it."""

    key = "not_proven"
