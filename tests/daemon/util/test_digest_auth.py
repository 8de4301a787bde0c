"""Digest logins as the standards print them."""

from __future__ import annotations

from hypothesis import given, strategies as st
import pytest

from opsmonitor.util.digest_auth import Challenge, answer_challenge, read_challenge
from opsmonitor.util.secret import Secret

# RFC 7616, section 3.9.1.
_NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
_CLIENT_NONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
_OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
_HEADER = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    f'nonce="{_NONCE}", opaque="{_OPAQUE}"'
)
_RESPONSES = {
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
}


@pytest.mark.parametrize("algorithm", _RESPONSES)
def test_the_example_of_the_standard(algorithm: str) -> None:
    """Both algorithms, to the last digit."""
    challenge = read_challenge([_HEADER.format(algorithm)])
    assert challenge is not None

    header = answer_challenge(
        challenge,
        ("Mufasa", Secret("Circle of Life")),
        ("GET", "/dir/index.html"),
        count=1,
        client_nonce=_CLIENT_NONCE,
    )

    assert header.startswith('Digest username="Mufasa", realm="http-auth@example.org"')
    assert f'response="{_RESPONSES[algorithm]}"' in header
    assert "qop=auth, nc=00000001" in header
    assert f'opaque="{_OPAQUE}"' in header


def test_the_older_standard() -> None:
    """RFC 2069 knows no qop. The response is that of its erratum."""
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    challenge = read_challenge([f'Digest realm="testrealm@host.com", nonce="{nonce}"'])
    assert challenge is not None

    header = answer_challenge(
        challenge,
        ("Mufasa", Secret("CircleOfLife")),
        ("GET", "/dir/index.html"),
        count=1,
        client_nonce="x",
    )

    assert 'response="1949323746fe6a43ef61f9606e7febea"' in header
    assert "nc=" not in header


def test_the_stronger_challenge_is_answered() -> None:
    """Other schemes and unknown algorithms are passed over."""
    headers = ["Basic realm=x", *map(_HEADER.format, ("MD5", "SHA-256", "SHA-512-256"))]

    assert read_challenge(headers) == Challenge(
        realm="http-auth@example.org", nonce=_NONCE, algorithm="SHA-256", opaque=_OPAQUE
    )


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Digest",
        'Basic realm="x"',
        'Digest realm="x"',
        'Digest nonce="x", qop="auth-int"',
        'Digest nonce="x", algorithm=MD4',
        f'Digest nonce="{"x" * 5000}"',
    ],
)
def test_what_cannot_be_answered(header: str) -> None:
    """There is no challenge then."""
    assert read_challenge([header]) is None


def test_a_used_up_nonce_is_told() -> None:
    """The login was right."""
    challenge = read_challenge(['Digest realm="x",nonce="1",stale=TRUE'])

    assert challenge is not None
    assert challenge.is_stale


@given(st.text(), st.text(), st.text())
def test_no_header_can_be_smuggled_in(realm: str, nonce: str, user: str) -> None:
    """Whatever a server or a configuration says stays within its quotes."""
    header = answer_challenge(
        Challenge(realm=realm, nonce=nonce),
        (user, Secret("x")),
        ("GET", "/"),
        count=1,
        client_nonce="c",
    )

    assert not any(each in header for each in "\r\n\0")


@given(st.lists(st.one_of(st.text(), st.text().map(lambda rest: f"Digest {rest}"))))
def test_no_challenge_raises(headers: list[str]) -> None:
    """Servers say what they like."""
    read_challenge(headers)
