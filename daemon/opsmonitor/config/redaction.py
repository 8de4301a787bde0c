"""Show a configuration without its secrets: as it was written, and as it takes effect."""

from __future__ import annotations

import re
from typing import Any, Final

from opsmonitor.config.nodes import Mapping, Node, Scalar, Sequence
from opsmonitor.config.variables import hide_default, strip_variables
from opsmonitor.util.redact import is_secret_name, redact_text
from opsmonitor.util.secret import REDACTED

_HARMLESS_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-type",
        "host",
        "origin",
        "pragma",
        "referer",
        "user-agent",
    }
)
SENT_KEYS: Final = frozenset(
    {"auth", "headers", "body", "json", "form", "payload", "send", "command"}
)
"""What goes to a target or a program: variables in it are as good as secrets, by whatever name."""
_CHANNELS: Final = "alerts.channels."
_OPEN_CHANNEL_KEYS: Final = frozenset({"type", "port", "security"})
_NO_LITERAL: Final = re.compile(r"(?i)(?:bearer|basic|token)?\s*")
_SHORTEST_KNOWN: Final = 4
"""Replacing shorter values everywhere would make texts unreadable and hide nothing."""


def as_written(node: Node, *, is_secret: bool = False) -> Any:
    """Return the values as the file has them, variables and tags by their names."""
    match node:
        case Mapping():
            return {
                key: as_written(child, is_secret=is_secret or _hides(key, child, node))
                for key, child in node.entries.items()
            }
        case Sequence():
            return [as_written(child, is_secret=is_secret) for child in node.items]
        case Scalar():
            return _written(node, is_secret=is_secret)


def as_effective(node: Node, *, is_secret: bool = False, is_sent: bool = False) -> Any:
    """Return the values that take effect, secrets hidden."""
    match node:
        case Mapping():
            return {
                key: as_effective(
                    child,
                    is_secret=is_secret or _hides(key, child, node),
                    is_sent=is_sent or key in SENT_KEYS,
                )
                for key, child in node.entries.items()
            }
        case Sequence():
            return [
                as_effective(child, is_secret=is_secret, is_sent=is_sent) for child in node.items
            ]
        case Scalar():
            is_hidden = is_secret or (is_sent and node.written is not None)
            return _literal(node, is_secret=is_hidden)


def known_secrets(node: Node, *, is_secret: bool = False) -> set[str]:
    """Return every secret value of a configuration, to keep it out of messages."""
    match node:
        case Mapping():
            return set().union(
                *(
                    known_secrets(child, is_secret=is_secret or _hides(key, child, node))
                    for key, child in node.entries.items()
                )
            )
        case Sequence():
            return set().union(*(known_secrets(child, is_secret=is_secret) for child in node.items))
        case Scalar():
            is_hidden = is_secret or (node.shown is not None and REDACTED in node.shown)
            value = str(node.value)
            return {value} if is_hidden and len(value) >= _SHORTEST_KNOWN else set()


def hides_channel(path: str) -> bool:
    """Tell whether what is at a place tells how people are reached, which is nobody's business."""
    place = path.removeprefix(_CHANNELS)
    return place != path and "." in place and place.rpartition(".")[2] not in _OPEN_CHANNEL_KEYS


def _hides(key: str, child: Node, parent: Mapping) -> bool:
    """Tell whether what a key holds is a secret."""
    if hides_channel(f"{parent.path}.{key}"):
        return True
    is_header = parent.path.endswith(".headers")
    if is_header and isinstance(child, Scalar) and key.lower() not in _HARMLESS_HEADERS:
        return True
    return is_secret_name(key)


def _written(node: Scalar, *, is_secret: bool) -> Any:
    """Return one value as written."""
    if node.written is None:
        return _literal(node, is_secret=is_secret)
    if node.written.startswith("!"):
        return _without_default(node.written) if is_secret else node.written
    if not is_secret:
        return redact_text(node.written)
    if _NO_LITERAL.fullmatch(strip_variables(node.written)):
        return hide_default(node.written)
    return REDACTED


def _without_default(written: str) -> str:
    """Return `!env_var NAME default` with the default hidden."""
    words = written.split(maxsplit=2)
    # A tag may stand alone: that is reported elsewhere.
    return " ".join((*words[:2], REDACTED)) if words[2:] else written


def _literal(node: Scalar, *, is_secret: bool) -> Any:
    """Return one value, hidden if it is secret or looks like one."""
    if node.shown is not None and REDACTED in node.shown:
        return REDACTED if is_secret else redact_text(node.shown)
    if node.value is None or isinstance(node.value, bool):
        return node.value
    if is_secret and node.value != "":
        return REDACTED
    if not isinstance(node.value, str):
        return node.value
    return redact_text(node.value if node.shown is None else node.shown)
