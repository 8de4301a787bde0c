"""What the service `proxmox-stats` says: pure.

Its answer is `{"status": ..., "issues": [{"kind", "vmid", "name", "usage_percent"}, ...]}`. One
with an `error`, or with the status `unavailable`, is a failed poll: what was known before stays.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any, Final

from yarl import URL

from opsmonitor.exceptions import TransportError
from opsmonitor.models.reading import Issue, Reading, ReadingStatus
from opsmonitor.util.lenient import label, mappings, number, text

_PATH: Final = "/api/metrics/health-summary"
_STATUSES: Final = {
    "ok": ReadingStatus.OK,
    "warn": ReadingStatus.WARN,
    "crit": ReadingStatus.CRIT,
}
_MAX_ISSUES: Final = 200
_MAX_KEYS: Final = 30


def stats_url(address: str) -> URL:
    """Return where to ask: an address with a path of its own is used as it is."""
    url = URL(address)
    return url if url.path not in ("", "/") else url.with_path(_PATH)


def stats_reading(answer: Any) -> Reading:
    """Return the reading of an answer.

    Raises:
        TransportError: The answer says that nothing is known, or is something else altogether.

    """
    if not isinstance(answer, dict):
        message = "the answer of proxmox-stats is not a JSON object"
        raise TransportError("invalid_response", message)
    word = text(answer.get("status"))
    if answer.get("error") or word == "unavailable":
        reason = text(answer.get("error")) or "it says no more"
        raise TransportError("unavailable", f"proxmox-stats has no data: {reason}")
    status = _STATUSES.get((word or "").lower(), ReadingStatus.UNKNOWN)
    issues = tuple(_issue(entry, status) for entry in mappings(answer.get("issues"))[:_MAX_ISSUES])
    return Reading(
        data={"source": "proxmox_stats"},
        values={"issues": len(issues)},
        status=status,
        issues=issues,
    )


def _issue(entry: Mapping[str, Any], overall: ReadingStatus) -> Issue:
    """Return an issue with everything that the service says of it."""
    own = _STATUSES.get((text(entry.get("severity")) or "").lower())
    is_crit = ReadingStatus.CRIT in (own, overall if own is None else own)
    kind = text(entry.get("kind")) or "issue"
    return Issue(
        kind=kind,
        status=ReadingStatus.CRIT if is_crit else ReadingStatus.WARN,
        message=text(entry.get("message")) or _sentence(kind, entry),
        data={
            name: value
            for key, found in list(entry.items())[:_MAX_KEYS]
            if (name := text(key)) is not None and (value := _plain(found)) is not None
        },
    )


def _sentence(kind: str, entry: Mapping[str, Any]) -> str:
    """Make a sentence of the documented keys."""
    who = [label(entry.get("vmid")), text(entry.get("name"))]
    used = number(entry.get("usage_percent"))
    words = [kind.replace("_", " "), *(word for word in who if word)]
    return " ".join(words) + ("" if used is None else f": {used:g} %")


def _plain(value: Any) -> str | float | bool | None:
    """Return a value that can be stored and sent anywhere."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bool):
        return value
    return value if number(value, at_least=-math.inf) is not None else None
