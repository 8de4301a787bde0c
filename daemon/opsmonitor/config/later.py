"""Documented keys whose time is to come: accepted without effect, or refused with that reason."""

from __future__ import annotations

from typing import Any, Final

import voluptuous as vol

from opsmonitor.config import validators as cv

# Files written for predecessors hold these: they load, and are told that nothing happens.
WITHOUT_EFFECT: Final[dict[Any, Any]] = {
    vol.Optional("connect_timeout_override"): cv.number(at_least=0.05, at_most=3600),
}
OLD_NAMES: Final = {"connect_timeout_override": "connect_timeout_s"}
"""Keys of predecessors that have another name where a check type knows what they mean."""
LATER_CHECK_KEYS: Final = frozenset({"thresholds", "tls"})
LATER_SECTIONS: Final = frozenset(
    {
        "agents",
        "ollama",
        "reports",
    }
)
LATER_SERVER_KEYS: Final = frozenset({"tls"})
LATER_STORE_KEYS: Final = frozenset({"url"})
