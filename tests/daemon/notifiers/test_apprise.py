"""The channel `apprise`, by its `json://` against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
import logging
import sys

import pytest
import voluptuous as vol

from opsmonitor.config_source import channel_types
from opsmonitor.exceptions import DeliveryError
from opsmonitor.models.alert import NoticeKind
from opsmonitor.notifiers.base import SendContext
from opsmonitor.util.secret import Secret
from tests.daemon.notifiers.messages import HOSTILE, message, notice
from tests.daemon.process.hook import Hook
from tests.daemon.targets import serve

Send = Callable[..., Awaitable[None]]


async def test_a_service_takes_the_message(hook: Hook, send: Send) -> None:
    """Title, text with the link, and what kind of news it is."""
    told = message(acknowledge_url=Secret("https://ops.example.org/a"))
    await send("apprise", told, url=f"json://127.0.0.1:{hook.port}/x")
    over = notice(NoticeKind.RECOVERED)
    await send("apprise", message(over), url=f"json://127.0.0.1:{hook.port}/x")

    down, again = hook.taken
    assert down["title"] == f"DOWN: {HOSTILE}"
    assert down["message"] == "refused\nAcknowledge: https://ops.example.org/a"
    assert (down["type"], again["type"]) == ("warning", "success")


async def test_a_refusal_may_pass(hook: Hook, send: Send, caplog: pytest.LogCaptureFixture) -> None:
    """Apprise says only that it failed: it is tried again, and nothing of it reaches the log."""
    hook.answers = [(500, {})]

    with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError) as caught:
        await send("apprise", message(), url=f"json://127.0.0.1:{hook.port}/canary")

    assert not caught.value.is_permanent
    assert "canary" not in caplog.text


@pytest.mark.parametrize("wrong", ["nobody://here", "slack://a", "no address at all"])
def test_an_address_that_apprise_does_not_know_is_a_mistake(wrong: str) -> None:
    """It is found when the file is read, and not repeated."""
    schema = vol.Schema(dict(channel_types()["apprise"].schema))

    with pytest.raises(vol.Invalid, match="Apprise knows no such address") as caught:
        schema({"url": wrong})

    assert wrong not in str(caught.value)


def test_without_apprise_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The missing part is named."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    schema = vol.Schema(dict(channel_types()["apprise"].schema))

    with pytest.raises(vol.Invalid, match=r"pip install 'ops-monitor\[apprise\]'"):
        schema({"url": "json://localhost/"})


async def test_a_service_that_says_nothing_is_left(context: SendContext) -> None:
    """Apprise ends the call itself, so that no thread is left behind."""
    kind = channel_types()["apprise"]

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(1024):
            pass

    async with serve(silent) as port:
        url = Secret(f"json://127.0.0.1:{port}/?rto=1&cto=1")
        with pytest.raises(DeliveryError, match="did not take it"):
            await kind.send(kind.options(url=url), message(), replace(context, patience_s=0.3))
