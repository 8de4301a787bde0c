"""Tell which listeners are new and which are gone: pure, but for what it remembers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from opsmonitor.models.reading import ReadingEvent
from opsmonitor.parts.port_rows import PortRow
from opsmonitor.util.lenient import items, mappings, text, whole

_Key = tuple[str, int]
_ABSENT_FOR: Final = 2
"""Looks in a row without it before a listener is gone: a service that restarts is not."""


class PortChanges:
    """Compares each look with the ones before."""

    def __init__(
        self, known: Mapping[str, object] | None = None, ignored: Collection[int] = ()
    ) -> None:
        """Begin with what was last told, be it before a restart; without, nothing is new."""
        self._ignored = frozenset(ignored)
        self._known: dict[_Key, str | None] | None = None if known is None else _told(known)
        self._absent: dict[_Key, int] = {}

    def compare(
        self, rows: Sequence[PortRow], *, is_complete: bool = True
    ) -> tuple[ReadingEvent, ...]:
        """Return what happened since the last look; ports that the kernel chose are no news.

        While the search for processes goes on, what is new is told once it is known who it is.
        """
        known = self._known
        seen = {
            (row.proto, row.port): row
            for row in reversed(rows)
            if not row.is_ephemeral and row.port not in self._ignored
        }
        names = {key: _who(row) for key, row in seen.items()}
        if known is not None and not is_complete:
            seen = {key: row for key, row in seen.items() if key in known or names[key]}
            names = {key: names[key] or known.get(key) for key in seen}
        self._known = {**(known or {}), **names}
        if known is None:
            return ()
        new = [_new(row) for key, row in sorted(seen.items()) if key not in known]
        return (*new, *self._gone(known.keys() - seen.keys()))

    def _gone(self, missing: Collection[_Key]) -> list[ReadingEvent]:
        """Return the listeners that were not seen again and again."""
        self._absent = {key: self._absent.get(key, 0) + 1 for key in missing}
        events: list[ReadingEvent] = []
        for key in sorted(missing):
            if self._absent[key] < _ABSENT_FOR:
                continue
            proto, port = key
            who = (self._known or {}).pop(key, None)
            del self._absent[key]
            events.append(
                ReadingEvent(
                    kind="gone_listener",
                    message=f"{proto.upper()} {port} no longer listens: {who or 'not known who'}",
                    data={"proto": proto, "port": port, "process": who},
                )
            )
        return events


def _told(data: Mapping[str, object]) -> dict[_Key, str | None]:
    """Return the listeners that an earlier reading told of."""
    found: dict[_Key, str | None] = {}
    for row in mappings(items(data.get("ports"))):
        proto, port = text(row.get("proto")), whole(row.get("port"))
        if proto and port and not row.get("is_ephemeral"):
            found[(proto, port)] = text(row.get("docker_container_name")) or text(
                row.get("process")
            )
    return found


def _who(row: PortRow) -> str | None:
    """Return what people call whoever listens."""
    return (row.holder and row.holder.name) or row.process


def _new(row: PortRow) -> ReadingEvent:
    """Tell of a listener that was not there before."""
    where = ", ".join(row.addresses)
    return ReadingEvent(
        kind="new_listener",
        message=f"{row.proto.upper()} {row.port} listens at {where}: {_who(row) or row.user}",
        data={
            "proto": row.proto,
            "port": row.port,
            "addresses": list(row.addresses),
            "process": row.process,
            "container": row.holder and row.holder.name,
            "is_loopback_only": row.is_loopback_only,
        },
    )
