"""What this machine lacks is told from what is wrong with a target."""

from __future__ import annotations

import errno
import os
import socket
import ssl

import pytest

from opsmonitor.util.want import CODE, is_want, own_want, want_at_start, want_behind


def error(number: int) -> OSError:
    """Return what the system says."""
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EMFILE, "no file left"),
        (errno.ENFILE, "no file left"),
        (errno.ENOMEM, "no memory or process left"),
        (errno.ENOBUFS, "no memory or process left"),
    ],
)
def test_what_there_is_none_of_is_named(number: int, words: str) -> None:
    """The sentence says what could not be done for want of what."""
    found = own_want(error(number), "look at /data")

    assert found is not None
    assert (found.code, found.message) == (CODE, f"this machine has {words} to look at /data")


@pytest.mark.parametrize(
    "other",
    [
        error(errno.ECONNREFUSED),
        error(errno.EAGAIN),
        OSError("no number"),
        TimeoutError(),
        ssl.SSLError(errno.ENOMEM, "a number of OpenSSL's"),
        socket.gaierror(errno.EMFILE, "a number of the name service's"),
    ],
)
def test_what_a_target_does_is_not_want(other: OSError) -> None:
    """Only the system's own numbers count; EAGAIN is what a network drive says, too."""
    assert not is_want(other)
    assert want_behind(other) is None


def test_a_program_needs_a_process() -> None:
    """Without room for one fork(2) says EAGAIN."""
    found = want_at_start(error(errno.EAGAIN), "check_load")

    assert found is not None
    assert found.code == CODE
    assert want_at_start(error(errno.ENOENT), "check_load") is None


def test_a_defect_is_not_want() -> None:
    """Another RuntimeError is what it is."""
    assert want_behind(RuntimeError("dictionary changed size during iteration")) is None
