"""The keys of an HTTP check become one complete request."""

from __future__ import annotations

import pytest
import voluptuous as vol
from yarl import URL

from opsmonitor.parts import http_request as keys
from opsmonitor.util.secret import Secret


def test_a_form_is_sent_as_browsers_do() -> None:
    """Fields are encoded, and the content type says so."""
    payload = keys.form_payload({"user": "me & you", "pass": Secret("ä=b")})

    assert payload.content.reveal() == "user=me+%26+you&pass=%C3%A4%3Db"
    assert payload.content_type == "application/x-www-form-urlencoded"


def test_a_secret_within_json_is_sent() -> None:
    """A secret is only hidden from people, not from the target."""
    assert keys.json_payload({"a": [Secret("x"), None]}).content.reveal() == '{"a": ["x", null]}'


@pytest.mark.parametrize(
    ("url", "auth", "expected"),
    [
        ("http://x/", None, None),
        ("http://me:p%40ss@x/", None, "Basic bWU6cEBzcw=="),
        ("http://me@x/", None, "Basic bWU6"),
        ("http://me:pw@x/", {"bearer": "t0ken"}, "Bearer t0ken"),
        ("http://x/", {"basic": {"username": "a", "password": "b"}}, "Basic YTpi"),
    ],
)
def test_the_login_comes_from_the_key_or_the_url(
    url: str, auth: dict[str, object] | None, expected: str | None
) -> None:
    """The `auth` key wins over what is in the URL."""
    login = None if auth is None else keys.auth(auth)

    headers = keys.request_headers(URL(url), {}, login, None)

    assert headers.get("Authorization") == expected


def test_a_header_of_the_configuration_wins() -> None:
    """Whatever the daemon would send, people can send something else."""
    own = keys.headers({"authorization": "Custom x", "ACCEPT": "text/html"})

    headers = keys.request_headers(
        URL("http://me:pw@x/"), own, None, keys.text_payload("text to send")
    )

    assert headers.getall("Authorization") == ["Custom x"]
    assert headers.getall("Accept") == ["text/html"]
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("url", ["http://me:hunter22@", "hunter22://x", "http://x:hunter22/"])
def test_a_refused_url_is_not_repeated(url: str) -> None:
    """The message never has what could be a password."""
    with pytest.raises(vol.Invalid) as caught:
        keys.url(url)

    assert "hunter22" not in str(caught.value)
