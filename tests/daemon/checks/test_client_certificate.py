"""Checks that show a certificate of their own."""

from __future__ import annotations

from pathlib import Path
import ssl
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.checks import http, tcp
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.parts.certificate import TLS
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.targets import AUTHORITY, CERTIFICATES, http_answer, serve, server_tls

_KEY = str(CERTIFICATES / "key.pem")
_CERTIFICATE = str(CERTIFICATES / "localhost.pem")


def demanding(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """Return what a server needs that lets only certain clients in."""
    context = server_tls("localhost")
    context.maximum_version = version
    context.load_verify_locations(AUTHORITY)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def ask(
    make_probe: MakeProbe, keys: dict[str, Any], version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> Outcome:
    """Return the outcome of a check on such a server."""
    async with serve(http_answer(), tls=demanding(version)) as port:
        return await make_probe(
            http.CHECK, url=f"https://localhost:{port}/", tls={"ca_file": str(AUTHORITY), **keys}
        )()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_who_shows_a_certificate_is_let_in(
    make_probe: MakeProbe, version: ssl.TLSVersion
) -> None:
    """The certificate and its key are shown to a server that asks for them."""
    outcome = await ask(make_probe, {"client_cert": _CERTIFICATE, "client_key": _KEY}, version)

    assert outcome.verdict is Verdict.OK


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_who_shows_none_is_not(make_probe: MakeProbe, version: ssl.TLSVersion) -> None:
    """Without a certificate the check fails, whenever the server tells."""
    outcome = await ask(make_probe, {}, version)

    assert outcome.verdict is Verdict.FAIL
    assert outcome.error_code in ("tls_failed", "connection_reset", "connection_closed")


@pytest.fixture
def both(tmp_path: Path) -> str:
    """Return the path of a file with certificate and key."""
    path = tmp_path / "client.pem"
    path.write_text(Path(_CERTIFICATE).read_text() + Path(_KEY).read_text())
    return str(path)


async def test_one_file_can_hold_both(make_probe: MakeProbe, both: str) -> None:
    """Certificate and key may stand in the same file; a tcp check can show them, too."""
    tls = {"ca_file": str(AUTHORITY), "client_cert": both}

    async with serve(http_answer(b"hi"), tls=demanding()) as port:
        outcome = await make_probe(
            tcp.CHECK,
            host="localhost",
            port=port,
            tls=tls,
            send="GET / HTTP/1.1\\r\\n\\r\\n",
            expect="200 OK",
        )()

    assert outcome.verdict is Verdict.OK


@pytest.mark.parametrize(
    "keys",
    [
        {"client_key": _KEY},
        {"client_cert": _CERTIFICATE},
        {"client_cert": _CERTIFICATE, "client_key": str(CERTIFICATES / "weak-key.pem")},
        {"client_cert": "/nonexistent.pem", "client_key": _KEY},
        {"client_cert": str(Path(__file__)), "client_key": _KEY},
    ],
)
def test_what_does_not_go_together_is_refused(keys: dict[str, str]) -> None:
    """A missing file, a missing key and one that belongs to another certificate are told."""
    with pytest.raises(vol.Invalid):
        vol.Schema(TLS)(keys)
