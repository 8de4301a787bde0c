"""Read long JSON in a thread without keeping the interpreter from the event loop.

The standard library reads a document in one go, and does not let go of the interpreter meanwhile:
another thread alone does not help. Between the items of a list, it does.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

LONG: Final = 256 * 1024
"""Bytes from which on handing a document to a thread is worth its while."""
_DECODER: Final = json.JSONDecoder()
_SPACE: Final = re.compile(r"[ \t\n\r]*")


def parse_in_parts(body: bytes) -> Any:
    """Return what `json.loads` does; a list is read item by item.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply.

    """
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    try:
        return _items(text)
    except ValueError:
        # Something else than a list of items, or broken: that is told as always.
        return json.loads(text)


def _items(text: str) -> list[Any]:
    """Return the items of a list that has some.

    Raises:
        ValueError: It is none.

    """
    items: list[Any] = []
    at = _after_space(text, 0)
    mark = "["
    while text.startswith(mark, at):
        item, at = _DECODER.raw_decode(text, _after_space(text, at + 1))
        items.append(item)
        at = _after_space(text, at)
        mark = ","
    if not items or text[at:].rstrip(" \t\n\r") != "]":
        raise ValueError("no list of items")
    return items


def _after_space(text: str, at: int) -> int:
    """Return where the next word begins."""
    found = _SPACE.match(text, at)
    return at if found is None else found.end()
