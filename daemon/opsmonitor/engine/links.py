"""Links in messages: one of them lets its reader acknowledge one alert, and nothing else."""

from __future__ import annotations

import base64
from dataclasses import replace
import hashlib
import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from opsmonitor.models.alert import OPENING, AlertKind, NoticeKind
from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.config.settings import Settings
    from opsmonitor.notifiers.base import Message

_TROUBLE: Final = OPENING | {NoticeKind.REMINDER}
_ACKNOWLEDGED: Final = frozenset({AlertKind.DOWN, AlertKind.DEGRADED, AlertKind.FLAPPING})
"""What a check can be in that somebody may know of."""
_BYTES: Final = 16


class Links:
    """Makes links, and knows its own again."""

    def __init__(self, key: Secret, settings: Callable[[], Settings]) -> None:
        """Take the key that signs them, and the settings in force."""
        self._key = key.reveal().encode()
        self._settings = settings

    def dress(self, message: Message) -> Message:
        """Return a message with the links that it can have."""
        base = self._settings().server.public_url
        if base is None:
            return message
        alert_ids = {notice.alert_id for notice in message.notices}
        last = message.notices[-1]
        link = None
        if len(alert_ids) == 1 and last.kind in _TROUBLE and last.alert_kind in _ACKNOWLEDGED:
            signature = self.sign(last.alert_id)
            link = Secret(f"{base}/acknowledge/{quote(last.alert_id, safe=':')}/{signature}")
        return replace(message, page_url=f"{base}/", acknowledge_url=link)

    def sign(self, alert_id: str) -> str:
        """Return what proves that we gave out the link."""
        digest = hmac.new(self._key, f"acknowledge\0{alert_id}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:_BYTES]).decode().rstrip("=")

    def is_ours(self, alert_id: str, signature: str) -> bool:
        """Tell whether we gave out a link; compares in constant time."""
        given = signature.encode("utf-8", "surrogateescape")
        return hmac.compare_digest(self.sign(alert_id).encode(), given)
