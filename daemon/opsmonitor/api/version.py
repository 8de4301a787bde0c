"""The level of the API: it rises with every change that clients can see."""

from __future__ import annotations

from typing import Final

API_VERSION: Final = 1
MIN_CLIENT_VERSION: Final = 1
"""Clients made for an older level than this one are no longer understood."""
CAPABILITIES: Final = (
    "acknowledge",
    "alerts",
    "heartbeat",
    "history",
    "maintenance",
    "mute",
    "pairing",
    "pause",
    "ports",
    "prove",
    "readings",
    "remediation",
    "run",
    "snapshot",
    "stream",
    "unacknowledge",
    "update",
    "websocket",
)
