"""Any service that takes JSON over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import hashlib
import hmac
import json
from types import MappingProxyType
from typing import Any, Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.models.alert import Notice
from opsmonitor.notifiers.base import Message, NotifierType, SendContext, post
from opsmonitor.parts.http_request import headers, url
from opsmonitor.parts.json_template import Json, check_template, fill
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.secret import Secret

_NAMES: Final = frozenset(
    {
        *("title", "text", "severity", "notices", "count", "page_url", "acknowledge_url"),
        *("id", "alert_id", "event", "kind", "check_id", "name", "tags", "ts"),
    }
)
"""What a template may name; the second line is about the first notice."""
_NO_HEADERS: Final[Mapping[str, Secret]] = MappingProxyType({})


def _template(value: Any) -> Json:
    """Accept a JSON document with names in it."""
    return check_template(value, _NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions:
    """Where to post to, and what."""

    url: Secret
    secret: Secret | None = None
    """Signs the body, so that the receiver can tell who sent it."""
    headers: Mapping[str, Secret] = field(default_factory=lambda: _NO_HEADERS, repr=False)
    template: Json = field(default=None, repr=False)
    """What is posted instead of our own document."""


async def _send(options: WebhookOptions, message: Message, context: SendContext) -> None:
    """Post the message and each of its notices, or what the template makes of them."""
    content: object = _content(message)
    if options.template is not None:
        content = fill(options.template, _values(message))
    body = json.dumps(content).encode()
    sent = {name: value.reveal() for name, value in options.headers.items()}
    if options.secret:
        digest = hmac.new(options.secret.reveal().encode(), body, hashlib.sha256).hexdigest()
        sent["X-Ops-Monitor-Signature"] = f"sha256={digest}"
    await post(context, options.url, body, sent)


def _content(message: Message) -> dict[str, object]:
    """Return our own document."""
    links = {"page_url": message.page_url, "acknowledge_url": _revealed(message.acknowledge_url)}
    return {
        "title": message.title,
        "text": message.text,
        "severity": message.severity,
        "notices": [_notice(notice) for notice in message.notices],
        **{name: link for name, link in links.items() if link is not None},
    }


def _values(message: Message) -> dict[str, object]:
    """Return the value of every name that a template may have."""
    first = message.notices[0]
    return {
        **_notice(first),
        "kind": first.alert_kind.value,
        "page_url": message.page_url,
        "acknowledge_url": _revealed(message.acknowledge_url),
        "count": len(message.notices),
        **_content(message),
    }


def _revealed(link: Secret | None) -> str | None:
    """Return a link as text."""
    return None if link is None else link.reveal()


def _notice(notice: Notice) -> dict[str, object]:
    """Return a notice as JSON knows it."""
    return {
        "id": notice.id,
        "alert_id": notice.alert_id,
        "event": notice.kind.value,
        "kind": notice.alert_kind.value,
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
    schema={
        vol.Required("url"): url,
        vol.Optional("secret"): cv.secret,
        vol.Optional("headers"): headers,
        vol.Optional("template"): _template,
    },
    send=_send,
    example={"url": "https://hooks.example.org/ops"},
    environment={},
)
