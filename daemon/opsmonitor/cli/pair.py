"""`opsmonitor pair` and `opsmonitor tokens`: let programs in, and see who is in."""

from __future__ import annotations

from http import HTTPMethod
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from opsmonitor.cli.asking import EXIT_UNREACHABLE, ask
from opsmonitor.cli.output import tell

if TYPE_CHECKING:
    import argparse

_DAY_S: Final = 86400


def pair(arguments: argparse.Namespace) -> int:
    """Print a code by which one program gets a token of its own."""
    wish: dict[str, Any] = {"scope": "read" if arguments.read else "admin"}
    if arguments.name:
        wish["name"] = arguments.name
    if arguments.days is not None:
        wish["lifetime_s"] = arguments.days * _DAY_S
    found = ask(arguments, "/api/pair/code", method=HTTPMethod.POST, body=wish)
    if found is None:
        return EXIT_UNREACHABLE
    if arguments.json:
        tell(json.dumps(found, indent=2))
        return 0
    may = "see everything" if arguments.read else "see and change everything"
    until = f"for {arguments.days} days" if arguments.days else "until it is revoked"
    code = found["code"]
    tell(
        f"{code[:3]} {code[3:]}\n\n"
        "Enter this code in the program, such as Home Assistant. It is good once, for ten "
        f"minutes.\nThe program may {may} then, {until}: see `opsmonitor tokens`."
    )
    return 0


def tokens(arguments: argparse.Namespace) -> int:
    """Print which programs have a token, or revoke one."""
    if arguments.revoke:
        path = f"/api/tokens/{quote(arguments.revoke, safe='')}"
        gone = ask(arguments, path, method=HTTPMethod.DELETE)
        if gone is None:
            return EXIT_UNREACHABLE
        tell(json.dumps(gone, indent=2) if arguments.json else f"{gone['name']} is shut out")
        return 0
    found = ask(arguments, "/api/tokens")
    if found is None:
        return EXIT_UNREACHABLE
    if arguments.json:
        tell(json.dumps(found, indent=2))
    else:
        tell("\n".join(map(_line, found)) or "No program has a token: `opsmonitor pair` adds one")
    return 0


def _line(token: dict[str, Any]) -> str:
    """Return one token for people."""
    used = f"last used {token['last_used_at']}" if token["last_used_at"] else "never used"
    until = f", until {token['expires_at']}" if token["expires_at"] else ""
    return f"{token['id']}  {token['scope']:<5}  {token['name']}  ({used}{until})"
