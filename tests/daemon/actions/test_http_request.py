"""Any request, to a service that answers."""

from __future__ import annotations

import json

import pytest
import voluptuous as vol

from opsmonitor.actions.http_request import ACTION
from opsmonitor.exceptions import ActionError
from tests.daemon.actions.conftest import Do
from tests.daemon.actions.service import Service, serving


async def test_method_payload_and_login_are_as_configured(do: Do) -> None:
    """They arrive once."""
    async with serving(Service()) as service:
        keys = {
            "url": f"http://127.0.0.1:{service.port}/relay/0",
            "method": "put",
            "json": {"turn": "on"},
            "auth": {"bearer": "t"},
        }
        await do(ACTION, keys)

    ((method, path, headers, body),) = service.asked
    assert (method, path, json.loads(body)) == ("PUT", "/relay/0", {"turn": "on"})
    assert headers["Authorization"] == "Bearer t"


async def test_a_form_is_posted(do: Do) -> None:
    """Without a method it is POST."""
    async with serving(Service()) as service:
        await do(ACTION, {"url": f"http://127.0.0.1:{service.port}/", "form": {"a": "b c"}})

    assert (service.asked[0][0], service.asked[0][3]) == ("POST", b"a=b+c")


async def test_which_answers_are_fine_can_be_said(do: Do) -> None:
    """`expect_status` takes the place of 2xx."""
    service = Service()
    service.status = 302
    async with serving(service):
        keys = {"url": f"http://127.0.0.1:{service.port}/", "expect_status": [302]}
        said = await do(ACTION, keys)
        with pytest.raises(ActionError, match="expected 200 or 204"):
            await do(ACTION, {**keys, "expect_status": [200, 204]})

    assert said == "answered 302 Found"


def test_only_one_thing_can_be_sent() -> None:
    """Two payloads are a mistake."""
    with pytest.raises(vol.Invalid, match="only one of"):
        vol.Schema(dict(ACTION.schema))({"url": "http://h/", "body": "a", "json": {}})
