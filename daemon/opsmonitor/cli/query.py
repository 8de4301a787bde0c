"""`opsmonitor status` and `opsmonitor events`: ask the running daemon."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.cli.asking import EXIT_UNREACHABLE, ask
from opsmonitor.cli.output import tell

if TYPE_CHECKING:
    import argparse

_MARKS: Final = {"up": "✔", "down": "✘", "degraded": "!", "pending": "…"}


def status(arguments: argparse.Namespace) -> int:
    """Print the state of every check."""
    checks = ask(arguments, "/api/status/checks")
    if checks is None:
        return EXIT_UNREACHABLE
    if arguments.json:
        tell(json.dumps(checks, indent=2))
    elif checks:
        tell("\n".join(map(_status_line, checks.values())))
    return 1 if any(check["ok"] is False for check in checks.values()) else 0


def events(arguments: argparse.Namespace) -> int:
    """Print the latest transitions, newest first."""
    query = {"limit": str(arguments.limit)}
    if arguments.check:
        query["check_id"] = arguments.check
    found = ask(arguments, "/api/status/events", query)
    if found is None:
        return EXIT_UNREACHABLE
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        for event in found:
            error = f"  {event['error']}" if event["error"] else ""
            print(f"{event['ts']}  {event['event']:<8}  {event['id']}{error}")
    return 0


def _status_line(check: dict[str, Any]) -> str:
    """Return one check for people."""
    latency = "" if check["latency_ms"] is None else f"{check['latency_ms']:.0f} ms"
    mark = _MARKS.get(check["status"], "?")
    line = f"{mark} {check['status']:<9} {check['id']:<28} {latency:>9}"
    return f"{line}  {check['error']}" if check["error"] else line
