"""Any service that takes JSON over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
import hmac
import json
from typing import Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.models.alert import Notice
from opsmonitor.notifiers.base import Message, NotifierType, SendContext, post
from opsmonitor.parts.http_request import url
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions:
    """Where to post to."""

    url: Secret
    secret: Secret | None = None
    """Signs the body, so that the receiver can tell who sent it."""


async def _send(options: WebhookOptions, message: Message, context: SendContext) -> None:
    """Post the message and each of its notices."""
    content = {
        "title": message.title,
        "text": message.text,
        "severity": message.severity,
        "notices": [_notice(notice) for notice in message.notices],
    }
    body = json.dumps(content).encode()
    headers = {}
    if options.secret:
        digest = hmac.new(options.secret.reveal().encode(), body, hashlib.sha256).hexdigest()
        headers["X-Ops-Monitor-Signature"] = f"sha256={digest}"
    await post(context, options.url, body, headers)


def _notice(notice: Notice) -> dict[str, object]:
    """Return a notice as JSON knows it."""
    return {
        "id": notice.id,
        "alert_id": notice.alert_id,
        "event": notice.kind.value,
        "check_id": notice.subject,
        "name": notice.name,
        "severity": notice.severity,
        "tags": list(notice.tags),
        "ts": iso_utc(notice.at_ms),
        "title": notice.title,
        "text": notice.text,
    }


NOTIFIER: Final = NotifierType(
    name="webhook",
    options=WebhookOptions,
    schema={vol.Required("url"): url, vol.Optional("secret"): cv.secret},
    send=_send,
    example={"url": "https://hooks.example.org/ops"},
    environment={},
)
