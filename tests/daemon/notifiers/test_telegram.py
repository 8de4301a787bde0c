"""The channel `telegram`, against a double of the Bot API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from opsmonitor.exceptions import DeliveryError
from opsmonitor.notifiers.base import cut_units
from opsmonitor.util.secret import Secret
from tests.daemon.notifiers.messages import HOSTILE, message, notice
from tests.daemon.process.hook import Hook

Send = Callable[..., Awaitable[None]]


def keys(hook: Hook) -> dict[str, object]:
    """Return the keys of a channel at the double."""
    return {"token": "1:abc", "chat_id": -100, "url": hook.url}


async def test_names_arrive_as_written(hook: Hook, send: Send) -> None:
    """Three characters are escaped, nothing else; the token is in the address only."""
    await send("telegram", message(text="a < b & c"), **keys(hook), topic_id=7)

    ((path, _, _),) = hook.requests
    (body,) = hook.taken
    escaped = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert path == "/bot1:abc/sendMessage"
    assert body["text"] == f"<b>DOWN: {escaped}</b>\na &lt; b &amp; c"
    assert (body["chat_id"], body["message_thread_id"]) == ("-100", 7)
    assert body["disable_notification"] is False


async def test_a_long_text_is_cut_as_the_service_counts(hook: Hook, send: Send) -> None:
    """4096 UTF-16 units at most; a character outside the first plane counts twice."""
    told = notice(title="\U0001f600" * 3000, text="\U0001f600" * 3000)

    await send("telegram", message(told), **keys(hook))

    text = hook.taken[0]["text"].replace("<b>", "").replace("</b>", "")
    assert len(text.encode("utf-16-le")) // 2 <= 4096
    assert text.count("...") == 2
    assert cut_units("\U0001f600" * 3, 6) == "\U0001f600" * 3
    assert cut_units("\U0001f600" * 4, 6) == "\U0001f600..."


async def test_a_button_acknowledges(hook: Hook, send: Send) -> None:
    """There is one where there is a link."""
    link = "https://ops.example.org/acknowledge/x"
    await send("telegram", message(acknowledge_url=Secret(link)), **keys(hook))

    assert hook.taken[0]["reply_markup"] == {
        "inline_keyboard": [[{"text": "Acknowledge", "url": link}]]
    }


async def test_what_is_not_understood_is_sent_plain(hook: Hook, send: Send) -> None:
    """400 "can't parse entities", or a button it does not like: the text arrives all the same."""
    hook.answers = [(400, {})]
    hook.bodies = [{"ok": False, "description": "Bad Request: can't parse entities"}]

    await send("telegram", message(acknowledge_url=Secret("http://nas/")), **keys(hook))

    (body,) = hook.taken
    assert body["text"] == f"DOWN: {HOSTILE}\nrefused"
    assert "parse_mode" not in body
    assert "reply_markup" not in body


async def test_a_group_that_moved_is_followed(hook: Hook, send: Send) -> None:
    """`migrate_to_chat_id` names the group's new number."""
    hook.answers = [(400, {})]
    hook.bodies = [{"ok": False, "parameters": {"migrate_to_chat_id": -200}}]

    await send("telegram", message(), **keys(hook))

    assert hook.taken[0]["chat_id"] == -200
    assert hook.taken[0]["parse_mode"] == "HTML"


@pytest.mark.parametrize(
    ("status", "body", "is_permanent", "wait_s"),
    [
        (429, {"ok": False, "parameters": {"retry_after": 17}}, False, 17),
        (429, {"ok": False}, False, None),
        (429, {"ok": False, "parameters": {"retry_after": float("nan")}}, False, None),
        (401, {"ok": False, "description": "Unauthorized"}, True, None),
        (403, {"ok": False, "description": "bot was blocked by the user"}, True, None),
        (502, "no JSON of ours", False, None),
    ],
)
async def test_refusals_are_told_apart(
    hook: Hook,
    send: Send,
    status: int,
    body: object,
    *,
    is_permanent: bool,
    wait_s: float | None,
) -> None:
    """What passes is tried again, when the service says; what does not is given up."""
    hook.answers, hook.bodies = [(status, {})], [body]

    with pytest.raises(DeliveryError) as caught:
        await send("telegram", message(), **keys(hook))

    assert (caught.value.is_permanent, caught.value.retry_after_s) == (is_permanent, wait_s)
    assert "abc" not in str(caught.value)
