"""Certificates are read, even those that nobody trusts."""

from __future__ import annotations

import ssl

from hypothesis import given, strategies as st
import pytest

from opsmonitor.util.certificate import read_certificate
from tests.daemon.targets import CERTIFICATES


def der(name: str) -> bytes:
    """Return one of the tests' certificates."""
    return ssl.PEM_cert_to_DER_cert((CERTIFICATES / f"{name}.pem").read_text())


@pytest.mark.parametrize(
    ("name", "issuer", "year_ms"),
    [
        ("localhost", "authority", 4_733_510_400_000),
        ("expired", "authority", 1_609_459_200_000),
        ("self-signed", "self-signed", 4_733_510_400_000),
    ],
)
def test_name_issuer_and_end_are_read(name: str, issuer: str, year_ms: int) -> None:
    """Both ways to write a date are understood: before and after the year 2050."""
    certificate = read_certificate(der(name))

    assert certificate is not None
    assert (certificate.subject, certificate.issuer) == (name, issuer)
    assert certificate.not_after_ms == year_ms


def test_an_organisation_stands_in_for_a_missing_name() -> None:
    """A subject without common name is known by its organisation."""
    without_name = der("localhost").replace(b"\x55\x04\x03", b"\x55\x04\x0b")

    certificate = read_certificate(without_name)

    assert certificate is not None
    assert certificate.subject == "Test"


@given(data=st.binary(max_size=200))
def test_nonsense_is_no_certificate(data: bytes) -> None:
    """Bytes that are no certificate give nothing, and no error."""
    assert read_certificate(data) is None


@given(data=st.data())
def test_a_damaged_certificate_raises_nothing(data: st.DataObject) -> None:
    """One byte that is wrong, or a missing end, never raises."""
    good = der("localhost")
    position = data.draw(st.integers(0, len(good) - 1))
    damaged = bytearray(good)
    damaged[position] ^= data.draw(st.integers(1, 255))

    read_certificate(bytes(damaged))
    read_certificate(good[:position])
