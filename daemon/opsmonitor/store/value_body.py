"""How the values of one moment or one bucket are kept: compressed JSON by name."""

from __future__ import annotations

from collections.abc import Mapping
import json
from typing import Any, Final
import zlib

_FASTEST: Final = 1


def pack(values: Mapping[str, Any]) -> bytes:
    """Return values as they are kept."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "replace"), _FASTEST)


def unpack(body: bytes) -> dict[str, Any]:
    """Return kept values; nothing of a body that is damaged."""
    try:
        values = json.loads(zlib.decompress(body))
    except (zlib.error, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
