"""What a machine says of itself in its files, beside figures: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import re
import shlex
from typing import Final

from opsmonitor.util.lenient import number, text as clean, whole

_UPDATES: Final = re.compile(r"^(\d{1,6}) updates? can be", re.MULTILINE)
_SECURITY: Final = re.compile(
    r"^(\d{1,6}) (?:of these updates (?:is|are) (?:a )?(?:standard )?security|"
    r"(?:additional )?security)",
    re.MULTILINE,
)
_LOADS: Final = 3


def os_name(texts: Mapping[str, str]) -> str | None:
    """Return the name of the system, as os-release(5) gives it to people."""
    release = texts.get("etc/os-release") or texts.get("usr/lib/os-release") or ""
    for line in release.splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            try:
                words = shlex.split(value)
            except ValueError:
                return clean(value)
            return clean(" ".join(words))
    return None


def loads(text: str) -> tuple[float, float, float] | None:
    """Return the load over 1, 5 and 15 minutes. Source: proc_loadavg(5)."""
    found = [number(word) for word in text.split()[:_LOADS]]
    if len(found) < _LOADS or None in found:
        return None
    one, five, fifteen = (load or 0.0 for load in found)
    return one, five, fifteen


def threads(text: str) -> int | None:
    """Return how many threads there are: the fourth word of loadavg is `running/all`."""
    words = text.split()
    return whole(words[3].rpartition("/")[2]) if len(words) > _LOADS else None


def uptime_s(text: str) -> float | None:
    """Return for how long the machine, or the container, runs. Source: proc_uptime(5)."""
    words = text.split()
    return number(words[0]) if words else None


def updates(texts: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Return how many updates wait, and how many of them for security.

    Source: what update-notifier writes on Ubuntu. Others keep no such file: then it is unknown.
    """
    text = texts.get("var/lib/update-notifier/updates-available")
    if text is None:
        return None, None
    found, security = _UPDATES.search(text), _SECURITY.search(text)
    return int(found[1]) if found else 0, int(security[1]) if security else 0


def users(sessions: Iterable[str] | None) -> list[str] | None:
    """Return who is logged in, once each; None where nobody keeps a list.

    Source: the files of systemd-logind, lines of KEY=VALUE; greeters and managers are no people.
    """
    if sessions is None:
        return None
    found: set[str] = set()
    for session in sessions:
        values = dict(line.split("=", 1) for line in session.splitlines() if "=" in line)
        name = clean(values.get("USER"))
        is_open = values.get("STATE") in ("active", "online")
        if name and is_open and values.get("CLASS", "user") == "user":
            found.add(name)
    return sorted(found)
