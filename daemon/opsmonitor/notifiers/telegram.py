"""Telegram: messages of a bot to a person, a group or a topic of a group.

Source: https://core.telegram.org/bots/api: sendMessage, Making requests, ResponseParameters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
import json
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.notifiers.base import (
    Message,
    NotifierType,
    SendContext,
    cut_units,
    exchange,
    refusal,
)
from opsmonitor.parts.http_request import url
from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    from opsmonitor.util.http_message import HttpResponse

_SERVICE: Final = Secret("https://api.telegram.org/")
_MOST_TEXT: Final = 4096
"""In UTF-16 units, without the markup."""
_MOST_TITLE: Final = 512
_SILENT: Final = "P4"


def _chat_id(value: Any) -> Secret:
    """Accept the number of a chat, or the @name of a channel."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Secret(str(value))
    return cv.secret(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramOptions:
    """Which bot writes to which chat."""

    token: Secret
    chat_id: Secret
    topic_id: int | None = field(default=None, repr=False)
    url: Secret = _SERVICE


async def _send(options: TelegramOptions, message: Message, context: SendContext) -> None:
    """Send as HTML; if the service does not understand that, as plain text without a button."""
    body = _compose(options, message)
    response = await _ask(options, body, context)
    if response.status == HTTPStatus.BAD_REQUEST:
        new_chat = _parameters(response).get("migrate_to_chat_id")
        if new_chat is not None:
            # The group became a supergroup, which has another number.
            body["chat_id"] = new_chat
        else:
            body = {**body, "text": _plain(message)}
            body.pop("parse_mode")
            body.pop("reply_markup", None)
        response = await _ask(options, body, context)
    if response.status != HTTPStatus.OK:
        retry_after = _parameters(response).get("retry_after")
        seconds = retry_after if isinstance(retry_after, int | float) else None
        raise refusal(response.status, seconds)


async def _ask(
    options: TelegramOptions, body: dict[str, object], context: SendContext
) -> HttpResponse:
    """Call the service."""
    address = f"{options.url.reveal().rstrip('/')}/bot{options.token.reveal()}/sendMessage"
    return await exchange(context, Secret(address), json.dumps(body).encode(), {})


def _compose(options: TelegramOptions, message: Message) -> dict[str, object]:
    """Return what is sent."""
    title = cut_units(message.title, _MOST_TITLE)
    text = cut_units(message.text, _MOST_TEXT - _MOST_TITLE - 1)
    body: dict[str, object] = {
        "chat_id": options.chat_id.reveal(),
        "text": f"<b>{escape(title, quote=False)}</b>\n{escape(text, quote=False)}",
        "parse_mode": "HTML",
        "disable_notification": message.severity == _SILENT,
        "link_preview_options": {"is_disabled": True},
    }
    if options.topic_id is not None:
        body["message_thread_id"] = options.topic_id
    if message.acknowledge_url is not None:
        button = {"text": "Acknowledge", "url": message.acknowledge_url.reveal()}
        body["reply_markup"] = {"inline_keyboard": [[button]]}
    return body


def _plain(message: Message) -> str:
    """Return the message as text without any markup."""
    return cut_units(f"{message.title}\n{message.text}", _MOST_TEXT)


def _parameters(response: HttpResponse) -> dict[str, object]:
    """Return what a refusal says about how to go on."""
    try:
        answer = json.loads(response.body)
    except ValueError:
        return {}
    parameters = answer.get("parameters") if isinstance(answer, dict) else None
    return parameters if isinstance(parameters, dict) else {}


NOTIFIER: Final = NotifierType(
    name="telegram",
    options=TelegramOptions,
    schema={
        vol.Required("token"): cv.secret,
        vol.Required("chat_id"): _chat_id,
        vol.Optional("topic_id"): cv.whole_number(at_least=1, at_most=2**53),
        vol.Optional("url"): url,
    },
    send=_send,
    example={"token": "123456:secret", "chat_id": "-1001234567890"},
    environment={"token": ("TELEGRAM_BOT_TOKEN",), "chat_id": ("TELEGRAM_CHAT_ID",)},
)
