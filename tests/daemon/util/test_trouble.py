"""Errors become sentences that people understand."""

from __future__ import annotations

import errno
import os
import socket
import ssl

import pytest

from opsmonitor.util.timeline import Timeline
from opsmonitor.util.trouble import explain, timed_out

_PLACE = "192.0.2.1 port 81"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ECONNREFUSED, "connection_refused"),
        (errno.ECONNRESET, "connection_reset"),
        (errno.EHOSTUNREACH, "host_unreachable"),
        (errno.ENETUNREACH, "network_unreachable"),
        (errno.EADDRNOTAVAIL, "network_unreachable"),
        (errno.EACCES, "network_unreachable"),
        (errno.ETIMEDOUT, "timeout"),
        (errno.EMFILE, "no_resources"),
        (errno.ENFILE, "no_resources"),
        (errno.ENOBUFS, "no_resources"),
        (errno.EPROTO, "connection_failed"),
    ],
)
def test_the_errors_of_the_system_have_codes(number: int, code: str) -> None:
    """Each error has a stable code, and the sentence names the place."""
    trouble = explain(OSError(number, os.strerror(number)), _PLACE, "192.0.2.1")

    assert trouble.code == code
    assert _PLACE in trouble.message


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (socket.EAI_NONAME, "is not known"),
        (socket.EAI_AGAIN, "the name server gave no answer"),
        (socket.EAI_FAIL, "the name server gave no answer"),
    ],
)
def test_an_unknown_name_is_not_a_dead_name_server(number: int, words: str) -> None:
    """The sentence tells what is to be looked at."""
    trouble = explain(socket.gaierror(number, "?"), _PLACE, "nas.test")

    assert trouble.code == "dns_failed"
    assert "nas.test" in trouble.message
    assert words in trouble.message


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("WRONG_VERSION_NUMBER", "does not speak TLS"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "refuses the TLS versions"),
        ("SOMETHING_NEW", "failed: something new"),
        (None, "the TLS handshake with 192.0.2.1 port 81 failed"),
    ],
)
def test_tls_errors_have_reasons(reason: str | None, words: str) -> None:
    """OpenSSL's names of reasons become words."""
    error = ssl.SSLError(1, "?")
    error.reason = reason  # type: ignore[assignment]  # typeshed does not know that it can be missing

    trouble = explain(error, _PLACE, "192.0.2.1")

    assert trouble.code == "tls_failed"
    assert words in trouble.message


def test_an_unusual_certificate_error_keeps_its_words() -> None:
    """What has no sentence of its own is told in the words of OpenSSL."""
    error = ssl.SSLCertVerificationError(1, "?")
    error.verify_code = 26
    error.verify_message = "unsuitable certificate purpose"

    trouble = explain(error, _PLACE, "192.0.2.1")

    assert trouble.code == "tls_untrusted"
    assert trouble.message.endswith("is not trusted: unsuitable certificate purpose")


def test_a_name_server_that_is_too_slow_has_a_code_of_its_own() -> None:
    """Running out of time during the look-up is about the name, not the target."""
    timeline = Timeline()
    timeline.note_dns_started()

    trouble = timed_out("nas.test", 2.5, timeline)

    assert trouble.code == "dns_timeout"
    assert trouble.message == "the name nas.test could not be looked up within 2.5 s"


def test_a_connection_that_is_never_accepted_is_told() -> None:
    """Running out of time while connecting says so."""
    timeline = Timeline()
    timeline.note_connecting()

    trouble = timed_out("192.0.2.1", 3, timeline)

    assert trouble.message == "no answer within 3 s (connecting)"
