"""What the channels `webhook`, `ntfy` and `console` send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
import hashlib
import hmac
import logging

import pytest
import voluptuous as vol

from opsmonitor.config_source import channel_types
from opsmonitor.exceptions import DeliveryError
from opsmonitor.models.alert import NoticeKind
from opsmonitor.util.secret import Secret
from tests.daemon.notifiers.messages import HOSTILE, message, notice
from tests.daemon.process.hook import Hook

Send = Callable[..., Awaitable[None]]
LINK = Secret("https://ops.example.org/acknowledge/x")


async def test_a_template_takes_the_place_of_our_document(hook: Hook, send: Send) -> None:
    """Names are replaced once; what they hold is text, never looked at again."""
    template = {
        "text": "*{title}* {tags}",
        "list": ["{count}", "{notices}", {"deep": "{acknowledge_url}"}],
        "fixed": {"number": 7, "none": None, "braces": "{} {UPPER} { x }"},
    }
    await send(
        "webhook",
        message(acknowledge_url=LINK),
        url=f"{hook.url}/x",
        template=template,
        headers={"X-Key": "k", "Content-Type": "application/vnd.x+json"},
        secret=Secret("s"),
    )

    ((_, sent, raw),) = hook.requests
    (body,) = hook.taken
    assert body["text"] == f"*DOWN: {HOSTILE}* disk"
    assert body["list"][0] == 1
    assert body["list"][1][0]["alert_id"] == "nas:down:1"
    assert body["list"][2] == {"deep": LINK.reveal()}
    assert body["fixed"] == template["fixed"]
    assert (sent["X-Key"], sent["Content-Type"]) == ("k", "application/vnd.x+json")
    digest = hmac.new(b"s", raw, hashlib.sha256).hexdigest()
    assert sent["X-Ops-Monitor-Signature"] == f"sha256={digest}"


def test_a_name_that_does_not_exist_is_a_mistake() -> None:
    """It is found when the file is read."""
    schema = vol.Schema(dict(channel_types()["webhook"].schema))

    with pytest.raises(vol.Invalid, match=r"knows no \{tytle\}; known are acknowledge_url"):
        schema({"url": "http://h/", "template": {"a": ["{tytle}"]}})


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("17", 17), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
async def test_a_service_may_ask_for_patience(
    hook: Hook, send: Send, header: str, seconds: float | None
) -> None:
    """By seconds or by a date; anything else is our own pause."""
    hook.answers = [(429, {"Retry-After": header})]

    with pytest.raises(DeliveryError) as caught:
        await send("webhook", message(), url=hook.url)

    assert caught.value.retry_after_s == seconds
    assert not caught.value.is_permanent


@pytest.mark.parametrize(
    ("status", "is_permanent"),
    [
        *((301, False), (302, False), (404, False), (408, False), (502, False), (507, False)),
        *((400, True), (401, True), (403, True), (410, True), (413, True)),
    ],
)
async def test_what_a_proxy_answers_for_a_service_away_passes(
    hook: Hook, send: Send, status: int, *, is_permanent: bool
) -> None:
    """While the service is started anew a proxy knows nothing of it: nothing is given up then."""
    hook.answers = [(status, {"Location": "/login"})]

    with pytest.raises(DeliveryError, match=f"answered {status}") as caught:
        await send("webhook", message(), url=hook.url)

    assert caught.value.is_permanent is is_permanent
    assert len(hook.requests) == 1


async def test_ntfy_has_a_button_and_a_place_to_go(hook: Hook, send: Send) -> None:
    """The button posts to the link; the message itself opens the page."""
    told = message(acknowledge_url=LINK, page_url="https://ops.example.org/")
    await send("ntfy", told, url=hook.url, topic="t")

    (body,) = hook.taken
    assert body["click"] == "https://ops.example.org/"
    assert body["actions"] == [
        {
            "action": "http",
            "label": "Acknowledge",
            "url": LINK.reveal(),
            "method": "POST",
            "clear": True,
        }
    ]
    assert body["title"] == f"DOWN: {HOSTILE}"
    assert body["tags"] == ["rotating_light", "disk"]


async def test_the_end_of_trouble_wakes_nobody(hook: Hook, send: Send) -> None:
    """A failure of P1 is urgent, its end is not; together they are."""
    down, over = notice(severity="P1"), notice(NoticeKind.RECOVERED, severity="P1")
    for notices in ([down], [over], [down, over]):
        await send("ntfy", message(*notices), url=hook.url, topic="t")

    assert [body["priority"] for body in hook.taken] == [5, 3, 5]
    assert [body["tags"] for body in hook.taken][2] == ["rotating_light", "white_check_mark"]


async def test_every_kind_of_notice_has_words_and_a_symbol(hook: Hook, send: Send) -> None:
    """No kind makes a channel fail."""
    for kind in NoticeKind:
        for name in ("ntfy", "webhook"):
            keys = {"topic": "t"} if name == "ntfy" else {}
            await send(name, message(notice(kind)), url=hook.url, **keys)

    assert len(hook.taken) == 2 * len(NoticeKind)


async def test_the_console_prints(send: Send, caplog: pytest.LogCaptureFixture) -> None:
    """Title and text are in the log."""
    with caplog.at_level(logging.WARNING):
        await send("console", message())

    assert f"DOWN: {HOSTILE}\nrefused" in caplog.text
