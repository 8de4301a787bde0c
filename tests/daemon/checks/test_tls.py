"""TLS checks against servers with certificates of every kind."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
import ssl
from typing import Any

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.checks.tls import CHECK, TlsJudge
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.timeline import Timeline
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.targets import (
    AUTHORITY,
    CERTIFICATES,
    connections_to,
    hangs,
    resets,
    serve,
    server_tls,
)
from tests.ports import held_port

_TRUST = {"ca_file": str(AUTHORITY)}
_QUICK_S = 0.4
_BEGUN_S = 1.5
"""Also on a busy machine all that comes before what is waited for has happened by then."""


async def inspect(
    make_probe: MakeProbe,
    certificate: str | ssl.SSLContext,
    *,
    host: str = "localhost",
    **keys: Any,
) -> Outcome:
    """Return the outcome of a look at a server with this certificate."""
    tls = server_tls(certificate) if isinstance(certificate, str) else certificate
    async with serve(hangs(), tls=tls) as port:
        return await make_probe(CHECK, host=host, port=port, **keys)()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_trusted_certificate_is_fine(make_probe: MakeProbe, host: str) -> None:
    """Known issuer, right name, years to go; a server that says nothing else does not matter."""
    outcome = await inspect(make_probe, "localhost", host=host, **_TRUST)

    assert outcome.verdict is Verdict.OK
    assert [finding.name for finding in outcome.assertions] == ["trust", "certificate"]
    assert outcome.tls is not None
    assert (outcome.tls.subject, outcome.tls.verified) == ("localhost", True)
    assert outcome.data["version"] == "TLSv1.3"
    assert outcome.data["not_before"] == "2020-01-01T00:00:00.000Z"
    assert outcome.data["not_after"] == "2120-01-01T00:00:00.000Z"
    assert outcome.timings is not None
    assert outcome.timings.tls_ms is not None


@pytest.mark.parametrize(
    ("certificate", "keys", "code"),
    [
        ("localhost", {}, "tls_untrusted"),
        ("self-signed", {}, "tls_self_signed"),
        ("self-signed", _TRUST, "tls_self_signed"),
        ("elsewhere", _TRUST, "tls_hostname"),
        ("localhost", {**_TRUST, "server_name": "other.test"}, "tls_hostname"),
        ("expired", _TRUST, "tls_expired"),
        ("expired", {}, "tls_expired"),
    ],
)
async def test_who_is_not_trusted_is_told_with_the_true_dates(
    make_probe: MakeProbe, certificate: str, keys: dict[str, Any], code: str
) -> None:
    """The reason is named, and the certificate is read all the same."""
    outcome = await inspect(make_probe, certificate, **keys)

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, code)
    info = outcome.tls
    assert info is not None
    assert (info.subject, info.verified) == (certificate, False)
    assert info.not_after_ms is not None
    trust = next(finding for finding in outcome.assertions if finding.name == "trust")
    assert not trust.ok


async def test_the_day_of_expiry_is_told(make_probe: MakeProbe) -> None:
    """A certificate whose time is over fails with its date."""
    outcome = await inspect(make_probe, "expired", **_TRUST)

    assert outcome.error == "the certificate expired on 2021-01-01"
    assert outcome.tls is not None
    assert outcome.tls.days_left is not None
    assert outcome.tls.days_left < 0


async def test_the_server_name_decides(make_probe: MakeProbe) -> None:
    """A certificate for another name is fine when that name is asked for."""
    outcome = await inspect(
        make_probe, "elsewhere", host="127.0.0.1", server_name="elsewhere.invalid", **_TRUST
    )

    assert outcome.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("now", "days", "verdict", "code"),
    [
        ("2119-12-01", None, Verdict.OK, None),
        ("2119-12-20", None, Verdict.DEGRADED, "tls_expiring"),
        ("2119-12-29", None, Verdict.DEGRADED, "tls_expiring"),
        ("2119-12-30", None, Verdict.FAIL, "tls_expiring"),
        ("2119-12-01", 60, Verdict.DEGRADED, "tls_expiring"),
        ("2119-12-31", 1, Verdict.OK, None),
        ("2119-12-01", {"warn": 90, "crit": 60}, Verdict.FAIL, "tls_expiring"),
        ("2119-12-31", {"crit": 1}, Verdict.OK, None),
    ],
)
async def test_expiry_is_told_in_time(
    make_probe: MakeProbe,
    clock: FakeClock,
    now: str,
    days: Any,
    verdict: Verdict,
    code: str | None,
) -> None:
    """Fewer days than `warn` degrade, fewer than `crit` fail; a number alone is `warn`."""
    clock.wall_ms = int(datetime.fromisoformat(now).replace(tzinfo=UTC).timestamp() * 1000)
    keys = {} if days is None else {"expires_in_days": days}

    outcome = await inspect(make_probe, "localhost", **_TRUST, **keys)

    assert (outcome.verdict, outcome.error_code) == (verdict, code)


@pytest.mark.parametrize(
    ("certificate", "verdict", "code"),
    [
        ("self-signed", Verdict.OK, None),
        ("elsewhere", Verdict.OK, None),
        ("expired", Verdict.FAIL, "tls_expired"),
    ],
)
async def test_without_verifying_the_date_still_counts(
    make_probe: MakeProbe, certificate: str, verdict: Verdict, code: str | None
) -> None:
    """Who trusts by other means still wants to know when the time is over."""
    outcome = await inspect(make_probe, certificate, verify=False)

    assert (outcome.verdict, outcome.error_code) == (verdict, code)
    assert "trust" not in {finding.name for finding in outcome.assertions}


def _fingerprint(name: str) -> str:
    """Return the fingerprint of one of the tests' certificates, as OpenSSL prints it."""
    der = ssl.PEM_cert_to_DER_cert((CERTIFICATES / f"{name}.pem").read_text())
    return sha256(der).digest().hex(":").upper()


@pytest.mark.parametrize(
    ("expected", "code"), [("self-signed", None), ("localhost", "tls_fingerprint")]
)
async def test_a_certificate_can_be_pinned(
    make_probe: MakeProbe, expected: str, code: str | None
) -> None:
    """Exactly one certificate is accepted, self-signed or not."""
    outcome = await inspect(
        make_probe, "self-signed", verify=False, fingerprint=_fingerprint(expected)
    )

    assert outcome.error_code == code


@pytest.mark.parametrize(
    ("offered", "least", "code"),
    [
        (ssl.TLSVersion.TLSv1_3, "1.3", None),
        (ssl.TLSVersion.TLSv1_3, 1.2, None),
        (ssl.TLSVersion.TLSv1_2, 1.2, None),
        (ssl.TLSVersion.TLSv1_2, "1.3", "tls_version"),
    ],
)
async def test_old_versions_are_told(
    make_probe: MakeProbe, offered: ssl.TLSVersion, least: Any, code: str | None
) -> None:
    """The version that both sides agree on must be new enough."""
    tls = server_tls("localhost")
    tls.maximum_version = offered

    outcome = await inspect(make_probe, tls, min_version=least, **_TRUST)

    assert outcome.error_code == code


async def test_a_weak_key_is_not_trusted(make_probe: MakeProbe) -> None:
    """A key that is too short is refused, whoever signed it, and its date is read all the same."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.set_ciphers("DEFAULT@SECLEVEL=0")
    tls.load_cert_chain(CERTIFICATES / "weak.pem", CERTIFICATES / "weak-key.pem")

    outcome = await inspect(make_probe, tls, **_TRUST)

    assert outcome.error_code == "tls_untrusted"
    assert "weak" in (outcome.error or "")
    assert outcome.tls is not None
    assert outcome.tls.subject == "weak"


async def test_failures_to_connect_have_reasons(make_probe: MakeProbe) -> None:
    """Nothing there, no TLS, a cut and a hang are told apart."""
    refused = await make_probe(CHECK, host="127.0.0.1", port=held_port())()
    unknown = await make_probe(CHECK, host="nobody.invalid")()
    async with serve(hangs(b"220 smtp ready\r\n" * 10)) as port:
        plain = await make_probe(CHECK, host="127.0.0.1", port=port)()
    async with serve(hangs()) as port:
        hung = await make_probe(CHECK, host="127.0.0.1", port=port, timeout_s=_BEGUN_S)()

    codes = [outcome.error_code for outcome in (refused, unknown, plain, hung)]
    assert codes == ["connection_refused", "dns_failed", "tls_failed", "timeout"]
    assert "waiting for the TLS handshake" in (hung.error or "")


async def test_nothing_leaks(make_probe: MakeProbe) -> None:
    """However a look ends, it leaves no connection open."""
    async with (
        serve(hangs(), tls=server_tls("localhost")) as trusted,
        serve(hangs(), tls=server_tls("self-signed")) as distrusted,
        serve(resets()) as resetting,
        serve(hangs()) as hanging,
    ):
        ports = {trusted, distrusted, resetting, hanging}
        for port in ports:
            await make_probe(CHECK, host="localhost", port=port, timeout_s=_QUICK_S, **_TRUST)()

        assert await connections_to(ports) == 0


@pytest.mark.parametrize(
    "keys",
    [
        {"port": 0},
        {"server_name": "a b"},
        {"expires_in_days": -1},
        {"expires_in_days": {"warn": 3, "crit": 14}},
        {"expires_in_days": "14d"},
        {"min_version": 1.1},
        {"fingerprint": "ab:cd"},
        {"fingerprint": "x" * 64},
        {"ca_file": "/nonexistent.pem"},
    ],
)
def test_wrong_keys_are_refused(keys: dict[str, Any]) -> None:
    """What cannot work is refused when the configuration is loaded."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(CHECK.schema))({"host": "x", **keys})


@given(certificate=st.none() | st.binary(max_size=100), version=st.none() | st.text(max_size=8))
def test_judging_never_raises(certificate: bytes | None, version: str | None) -> None:
    """A certificate that makes no sense is a failure with a reason."""
    timeline = Timeline()
    timeline.certificate = certificate
    timeline.tls_version = version
    options = CHECK.options(host="x", min_version="TLSv1.2", fingerprint="0" * 64)

    outcome = TlsJudge(options, FakeClock())(timeline, None)

    assert outcome.error_code == "tls_unreadable"
