"""Checks that trust one certificate only."""

from __future__ import annotations

import asyncio
from hashlib import sha256
import ssl
from typing import Any

import pytest

from opsmonitor.checks import http, tcp
from opsmonitor.models.check import Outcome, Verdict
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.targets import CERTIFICATES, http_answer, serve, server_tls


def fingerprint(name: str) -> str:
    """Return the SHA-256 of a certificate, as `openssl x509 -fingerprint` prints it."""
    der = ssl.PEM_cert_to_DER_cert((CERTIFICATES / f"{name}.pem").read_text())
    return sha256(der).digest().hex(":").upper()


async def ask(make_probe: MakeProbe, tls: dict[str, Any]) -> Outcome:
    """Return the outcome of a check on a server with a self-signed certificate."""
    async with serve(http_answer(), tls=server_tls("self-signed")) as port:
        return await make_probe(http.CHECK, url=f"https://127.0.0.1:{port}/", tls=tls)()


async def test_the_pinned_certificate_is_trusted(make_probe: MakeProbe) -> None:
    """It needs no issuer, and no name."""
    outcome = await ask(make_probe, {"fingerprint": fingerprint("self-signed")})

    assert (outcome.verdict, outcome.error) == (Verdict.OK, None)


@pytest.mark.parametrize("more", [{}, {"verify": False}, {"verify": True}])
async def test_another_certificate_is_not(make_probe: MakeProbe, more: dict[str, Any]) -> None:
    """The sentence says what the server shows, so that it can be compared and written down."""
    outcome = await ask(make_probe, {"fingerprint": fingerprint("localhost"), **more})

    shown = fingerprint("self-signed").replace(":", "").lower()
    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "tls_fingerprint")
    assert outcome.error is not None
    assert shown in outcome.error


async def test_nothing_is_sent_to_another_server(make_probe: MakeProbe) -> None:
    """A token in a header never reaches who only pretends to be the server."""
    received = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """Note whether anything comes."""
        if await reader.read(1):
            received.set()

    async with serve(listen, tls=server_tls("self-signed")) as port:
        outcome = await make_probe(
            http.CHECK,
            url=f"https://127.0.0.1:{port}/",
            headers={"Authorization": "Bearer hunter2"},
            tls={"fingerprint": fingerprint("localhost")},
        )()

    assert outcome.error_code == "tls_fingerprint"
    assert not received.is_set()


async def test_a_tcp_check_can_pin_too(make_probe: MakeProbe) -> None:
    """The key is the same wherever TLS is spoken."""
    keys = {"host": "127.0.0.1", "tls": {"fingerprint": fingerprint("localhost")}}

    async with serve(http_answer(), tls=server_tls("self-signed")) as port:
        outcome = await make_probe(tcp.CHECK, port=port, **keys)()

    assert outcome.error_code == "tls_fingerprint"
