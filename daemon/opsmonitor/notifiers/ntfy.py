"""ntfy: push messages to telephones, by ntfy.sh or a server of one's own."""

from __future__ import annotations

from dataclasses import dataclass
import json
from typing import Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.models.alert import NoticeKind
from opsmonitor.notifiers.base import Message, NotifierType, SendContext, cut_bytes, post
from opsmonitor.parts.http_request import url
from opsmonitor.util.secret import Secret

_PUBLIC: Final = Secret("https://ntfy.sh/")
_MOST_TITLE: Final = 1000
_MOST_TEXT: Final = 4000
"""Both in bytes; a longer text would become a file. Source: the limits in ntfy's documentation."""
_MOST_TAG: Final = 40
_MOST_TAGS: Final = 5
"""512 bytes are taken in all. Source: the limits in ntfy's documentation."""
_PRIORITIES: Final = {"P1": 5, "P2": 4, "P3": 3, "P4": 2}
_SYMBOLS: Final = {
    NoticeKind.FIRST_FAIL: "rotating_light",
    NoticeKind.DEADLINE_MISS: "alarm_clock",
    NoticeKind.DEGRADED: "warning",
    NoticeKind.CERT_EXPIRING: "closed_lock_with_key",
    NoticeKind.FLAPPING: "left_right_arrow",
    NoticeKind.STEADY: "white_check_mark",
    NoticeKind.REMEDIATION: "wrench",
    NoticeKind.REMINDER: "hourglass",
    NoticeKind.ESCALATED: "loudspeaker",
    NoticeKind.RECOVERED: "white_check_mark",
}
_RECOVERY_PRIORITY: Final = 3
"""The end of trouble wakes nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NtfyOptions:
    """A topic on a server."""

    topic: Secret
    """On a public server whoever knows it can read along."""
    url: Secret = _PUBLIC
    token: Secret | None = None


async def _send(options: NtfyOptions, message: Message, context: SendContext) -> None:
    """Publish as JSON: headers could not carry every character of a name."""
    kinds = dict.fromkeys(notice.kind for notice in message.notices)
    priority = _PRIORITIES[message.severity]
    if set(kinds) == {NoticeKind.RECOVERED}:
        priority = min(priority, _RECOVERY_PRIORITY)
    body: dict[str, object] = {
        "topic": options.topic.reveal(),
        "title": cut_bytes(message.title, _MOST_TITLE),
        "message": cut_bytes(message.text, _MOST_TEXT),
        "priority": priority,
        "tags": [_SYMBOLS[kind] for kind in kinds if kind in _SYMBOLS] + _tags(message),
    }
    if message.page_url is not None:
        body["click"] = message.page_url
    if message.acknowledge_url is not None:
        body["actions"] = [
            {
                "action": "http",
                "label": "Acknowledge",
                "url": message.acknowledge_url.reveal(),
                "method": "POST",
                "clear": True,
            }
        ]
    token = options.token
    headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
    await post(context, options.url, json.dumps(body).encode(), headers)


def _tags(message: Message) -> list[str]:
    """Return what the check of a single notice is filed under; a comma would make two of one."""
    if len(message.notices) > 1:
        return []
    tags = [cut_bytes(tag.replace(",", " "), _MOST_TAG) for tag in message.notices[0].tags]
    return tags[:_MOST_TAGS]


NOTIFIER: Final = NotifierType(
    name="ntfy",
    options=NtfyOptions,
    schema={
        vol.Required("topic"): cv.secret,
        vol.Optional("url"): url,
        vol.Optional("token"): cv.secret,
    },
    send=_send,
    example={"topic": "a-name-that-nobody-guesses", "url": "https://ntfy.sh"},
    environment={"topic": ("NTFY_TOPIC",), "url": ("NTFY_URL",), "token": ("NTFY_TOKEN",)},
)
