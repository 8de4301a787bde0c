"""Redirects lead where they should, and take along only what they may."""

from __future__ import annotations

from dataclasses import replace
import ssl
from typing import Any

from hypothesis import given, strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
import pytest
from yarl import URL

from opsmonitor.exceptions import TransportError
from opsmonitor.util.http_message import HttpRequest, Redirects
from opsmonitor.util.http_redirect import redirected

_HEADERS = {
    "User-Agent": "x",
    "Accept": "*/*",
    "Authorization": "Bearer secret",
    "Cookie": "secret",
    "X-Api-Key": "secret",
    "Host": "a.test",
    "Content-Type": "application/json",
}
_REQUEST = HttpRequest(
    url=URL("http://a.test/start"),
    timeout_s=30,
    tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    headers=CIMultiDictProxy(CIMultiDict(_HEADERS)),
)


def follow(location: str, status: int = 302, **changes: Any) -> HttpRequest | None:
    """Return the request that a redirect leads to."""
    return redirected(replace(_REQUEST, **changes), status, {"Location": location})


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/there", "http://a.test/there"),
        ("there?x=1", "http://a.test/there?x=1"),
        ("//b.test/x", "http://b.test/x"),
        ("https://b.test", "https://b.test"),
        ("http://me:pw@b.test/#part", "http://b.test/"),
    ],
)
def test_the_target_may_be_relative(location: str, url: str) -> None:
    """What Location names is understood as browsers do, without logins and fragments."""
    request = follow(location)

    assert request is not None
    assert request.url == URL(url)


@pytest.mark.parametrize("location", ["ftp://a.test/", "javascript:alert(1)", "http://["])
def test_a_target_that_is_none_fails(location: str) -> None:
    """Only addresses that HTTP knows are followed."""
    with pytest.raises(TransportError) as caught:
        follow(location)

    assert caught.value.code == "invalid_response"


@pytest.mark.parametrize(
    ("url", "location", "keeps"),
    [
        ("http://a.test/", "http://a.test/x", True),
        ("http://a.test/", "https://a.test/x", True),
        ("https://a.test/", "http://a.test/x", False),
        ("http://a.test/", "http://a.test:8080/x", False),
        ("http://a.test:8080/", "https://a.test:8443/x", False),
        ("http://a.test/", "http://b.test/x", False),
        ("http://a.test/", "http://sub.a.test/x", False),
    ],
)
def test_secrets_stay_with_their_service(url: str, location: str, keeps: bool) -> None:  # noqa: FBT001
    """Another host, port or an insecure scheme gets nothing that could be secret."""
    request = follow(location, url=URL(url))

    assert request is not None
    assert ("secret" in str(request.headers)) is keeps
    assert ("Host" in request.headers) is keeps
    assert request.headers["User-Agent"] == "x"


@pytest.mark.parametrize(
    ("method", "status", "expected", "has_body"),
    [
        ("POST", 301, "GET", False),
        ("POST", 302, "GET", False),
        ("POST", 303, "GET", False),
        ("POST", 307, "POST", True),
        ("POST", 308, "POST", True),
        ("PUT", 302, "PUT", True),
        ("PUT", 303, "GET", False),
        ("HEAD", 303, "HEAD", True),
    ],
)
def test_the_method_changes_as_in_browsers(
    method: str,
    status: int,
    expected: str,
    has_body: bool,  # noqa: FBT001
) -> None:
    """A form that was sent leads to a page that is fetched, unless the status says otherwise."""
    request = follow("/x", status, method=method, body=b"data")

    assert request is not None
    assert request.method == expected
    assert (request.body is not None) is has_body
    assert ("Content-Type" in request.headers) is has_body


@pytest.mark.parametrize(
    ("policy", "location", "is_followed"),
    [
        (Redirects.NEVER, "/x", False),
        (Redirects.SAME_HOST, "/x", True),
        (Redirects.SAME_HOST, "https://a.test/x", True),
        (Redirects.SAME_HOST, "http://b.test/x", False),
        (Redirects.FOLLOW, "http://b.test/x", True),
    ],
)
def test_the_policy_is_kept(policy: Redirects, location: str, is_followed: bool) -> None:  # noqa: FBT001
    """What is not followed is the answer itself."""
    assert (follow(location, redirects=policy) is not None) is is_followed


def test_a_body_stays_with_its_service() -> None:
    """A redirect that would send the body elsewhere is not followed."""
    assert follow("http://b.test/", 307, method="POST", body=b"password") is None


def test_a_redirect_without_target_is_the_answer() -> None:
    """A status of redirection alone leads nowhere."""
    assert redirected(_REQUEST, 302, {}) is None


@given(location=st.text(max_size=80), status=st.sampled_from([301, 302, 303, 307, 308]))
def test_any_location_is_followed_or_refused(location: str, status: int) -> None:
    """Whatever a server writes, the result is a request to an HTTP address or one kind of error."""
    try:
        request = follow(location, status)
    except TransportError:
        return

    assert request is not None
    assert request.url.scheme in ("http", "https")
    assert request.url.host
