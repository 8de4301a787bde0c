"""Tell what this machine itself lacks from what is wrong with a target."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING, Final

from opsmonitor.exceptions import TransportError

if TYPE_CHECKING:
    import threading

CODE: Final = "no_resources"
"""The error code of an attempt that says nothing of its target: it could not be made here."""

_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})
# Source: socket(2), pipe(2), getaddrinfo(3): the process or the system has no room for another.
_NUMBERS: Final = _FILES | {errno.ENOBUFS, errno.ENOMEM}
_NO_THREAD: Final = "can't start new thread"
"""Source: CPython, Modules/_threadmodule.c: a RuntimeError with these words, and no number."""


def is_want(error: OSError) -> bool:
    """Tell whether the system had no room for what was asked of it, whoever the target is."""
    return error.errno in _NUMBERS and not isinstance(error, ssl.SSLError | socket.gaierror)


def own_want(error: OSError, purpose: str) -> TransportError | None:
    """Return the error for people if it is only this machine's; the purpose: `look at /data`."""
    if not is_want(error):
        return None
    what = "file" if error.errno in _FILES else "memory or process"
    return TransportError(CODE, f"this machine has no {what} left to {purpose}")


def want_at_start(error: OSError, name: str) -> TransportError | None:
    """Return the same of a program that could not be started; fork(2) has one reason more."""
    if error.errno == errno.EAGAIN:
        error = OSError(errno.ENOMEM, error.strerror)
    return own_want(error, f"run {name}")


def want_behind(error: BaseException) -> TransportError | None:
    """Return the same of whatever a check did not expect."""
    if isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and _NO_THREAD in str(error)
    ):
        error = OSError(errno.ENOMEM, str(error))
    return own_want(error, "run the check") if isinstance(error, OSError) else None


def behind_look_up(error: socket.gaierror) -> OSError:
    """Return why a name could not be looked up: without a file left nobody is asked.

    The system does not tell that from a name server that is silent, or from a name that does not
    exist, so a file is opened to see.
    """
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError as err:
        if is_want(err):
            return err
    return error


def start_thread(thread: threading.Thread) -> None:
    """Start a thread.

    Raises:
        OSError: The system has no room for another.

    """
    try:
        thread.start()
    except RuntimeError as err:
        if _NO_THREAD not in str(err):
            raise
        raise OSError(errno.ENOMEM, "no thread can be started") from err
