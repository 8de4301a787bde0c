"""Messages to be sent."""

from __future__ import annotations

from typing import Any

from opsmonitor.models.alert import AlertKind, Notice, NoticeKind
from opsmonitor.notifiers.base import Message

HOSTILE = "Büro *_[<&>]` \N{SNOWMAN} \U0001f600 {title}"


def notice(kind: NoticeKind = NoticeKind.FIRST_FAIL, **keys: Any) -> Notice:
    """Return a notice."""
    values: dict[str, Any] = {
        "id": f"nas:down:1:{kind}",
        "alert_id": "nas:down:1",
        "kind": kind,
        "alert_kind": AlertKind.DOWN,
        "subject": "nas",
        "name": HOSTILE,
        "severity": "P2",
        "tags": ("disk",),
        "at_ms": 1_700_000_000_000,
        "title": f"DOWN: {HOSTILE}",
        "text": "refused",
    }
    return Notice(**{**values, **keys})


def message(*notices: Notice, **keys: Any) -> Message:
    """Return a message."""
    told = notices or (notice(),)
    values: dict[str, Any] = {
        "title": told[0].title,
        "text": told[0].text,
        "severity": told[0].severity,
        "notices": told,
    }
    return Message(**{**values, **keys})
