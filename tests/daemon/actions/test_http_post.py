"""Posting to a service that answers, and misbehaves."""

from __future__ import annotations

import json
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.actions.http_post import ACTION
from opsmonitor.exceptions import ActionError
from tests.daemon.actions.conftest import Do
from tests.daemon.actions.service import Service, serving
from tests.ports import held_port


async def test_the_payload_is_posted_once(do: Do) -> None:
    """As JSON, with the headers, and the user of the address as basic authentication."""
    async with serving(Service()) as service:
        url = f"http://me:pw@127.0.0.1:{service.port}/admin/reset?hard=1"
        keys = {"url": url, "payload": {"mode": "soft"}, "headers": {"X-A": "b"}}
        said = await do(ACTION, keys)

    ((method, path, headers, body),) = service.asked
    assert said == "answered 200 OK"
    assert (method, path, json.loads(body)) == ("POST", "/admin/reset?hard=1", {"mode": "soft"})
    assert (headers["X-A"], headers["Authorization"]) == ("b", "Basic bWU6cHc=")
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("payload", [{}, [], [1, {"a": None}], 0, "text", False])
async def test_any_json_can_be_sent(do: Do, payload: Any) -> None:
    """Also what is empty."""
    async with serving(Service()) as service:
        await do(ACTION, {"url": f"http://127.0.0.1:{service.port}/", "payload": payload})

    assert json.loads(service.asked[0][3]) == payload


async def test_without_a_payload_nothing_is_sent(do: Do) -> None:
    """The request has no body."""
    async with serving(Service()) as service:
        await do(ACTION, {"url": f"http://127.0.0.1:{service.port}/"})

    assert service.asked[0][3] == b""


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, "answered 500 Internal Server Error, expected 2xx"),
        (404, "answered 404 Not Found, expected 2xx"),
        (302, "answered 302 Found, expected 2xx"),
        (599, "answered 599, expected 2xx"),
    ],
)
async def test_other_answers_are_failures(do: Do, status: int, message: str) -> None:
    """Redirects, too: they are not followed, or it would be posted to somebody else."""
    service = Service()
    service.status, service.headers = status, {"Location": "/elsewhere"}
    async with serving(service):
        with pytest.raises(ActionError, match=message):
            await do(ACTION, {"url": f"http://127.0.0.1:{service.port}/"})

    assert len(service.asked) == 1


async def test_a_service_that_is_not_there(do: Do) -> None:
    """The reason is told in words."""
    with pytest.raises(ActionError, match="refused"):
        await do(ACTION, {"url": f"http://127.0.0.1:{held_port()}/"})


async def test_a_service_that_hangs(do: Do) -> None:
    """It has its time, and no more."""
    service = Service()
    service.hangs = True
    async with serving(service):
        with pytest.raises(ActionError, match=r"within 0\.3 s"):
            await do(ACTION, {"url": f"http://127.0.0.1:{service.port}/"}, timeout_s=0.3)


@pytest.mark.parametrize("url", ["ftp://h/", "nas.lan", "http://", 7])
def test_what_is_no_address(url: Any) -> None:
    """Only what speaks HTTP can be posted to."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(ACTION.schema))({"url": url})


def test_secrets_are_not_shown() -> None:
    """Neither the options nor the target show one."""
    keys = {
        "url": "http://me:canary@h/?token=canary",
        "payload": {"a": "canary"},
        "headers": {"Cookie": "canary"},
    }
    options = ACTION.options(**vol.Schema(dict(ACTION.schema))(keys))

    assert "canary" not in repr(options) + ACTION.target(options)
