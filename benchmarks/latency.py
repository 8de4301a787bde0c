"""Compare when the daemon saw something with when Home Assistant showed it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

_STATE_OF: Final = {"UP": "on", "DOWN": "off"}
_ROUNDING_S: Final = 0.002
"""The daemon's times are in milliseconds."""


class Seen:
    """The states of some entities, with the time of each change."""

    def __init__(self) -> None:
        """Start empty."""
        self.changes: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in an event of `subscribe_entities`.

        `+` has what differs: `s` is the state, `lc` when it changed, in seconds of the epoch.
        Source: homeassistant/components/websocket_api/messages.py, state_diff_event.
        """
        for entity_id, change in event.get("c", {}).items():
            differs = change.get("+", {})
            if "s" in differs and "lc" in differs:
                self.changes[entity_id].append((differs["lc"], differs["s"]))


def delays_ms(
    events: Iterable[Mapping[str, Any]], seen: Seen, entities: Mapping[str, str], most_s: float
) -> list[float]:
    """Return how long after each event its entity showed it, sorted.

    What was not shown within `most_s` counts as shown then.
    """
    delays: list[float] = []
    for event in events:
        if event["event"] not in _STATE_OF:
            continue
        at_s = datetime.fromisoformat(event["ts"]).timestamp()
        shown = (
            changed_s - at_s
            for changed_s, state in seen.changes[entities[event["id"]]]
            if state == _STATE_OF[event["event"]] and -_ROUNDING_S <= changed_s - at_s < most_s
        )
        delays.append(max(next(shown, most_s), 0) * 1000)
    return sorted(delays)
