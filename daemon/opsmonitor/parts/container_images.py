"""Find out whether registries have newer images, by asking the engine, one image at a time.

Sources: `GET /images/{id}/json` and `GET /distribution/{name}/json` of the Docker Engine API. The
second one makes the engine ask the registry, which counts such requests: rarely, and on demand.
"""

from __future__ import annotations

from collections.abc import Iterable
import re
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from opsmonitor.exceptions import TransportError
from opsmonitor.util.lenient import items, mapping, text

if TYPE_CHECKING:
    from opsmonitor.parts.container_list import Listed
    from opsmonitor.util.clock import Clock

_EVERY_S: Final = 12 * 3600.0
_REQUEST_S: Final = 10.0
_NAME: Final = re.compile(r"[a-z0-9]+(?:[._:/-]+[A-Za-z0-9_]+)*", re.ASCII)


class Asker(Protocol):
    """Asks an engine."""

    async def ask(self, path: str, timeout_s: float) -> Any:
        """Return the JSON of an answer.

        Raises:
            TransportError: There is none.

        """
        ...


class ImageWatch:
    """Remembers which images have newer ones."""

    def __init__(self, clock: Clock) -> None:
        """Begin without memory."""
        self._clock = clock
        self._asked_s: dict[tuple[str, str], float] = {}
        self._is_newer: dict[tuple[str, str], bool | None] = {}

    def has_update(self, listed: Listed) -> bool | None:
        """Tell whether there is a newer image; None if that is not known."""
        return self._is_newer.get(_key(listed))

    async def look(self, asker: Asker, containers: Iterable[Listed]) -> None:
        """Look at the one image that was not looked at for longest, if it is time."""
        keys = {_key(each) for each in containers if _is_followed(each)}
        self._asked_s = {key: at for key, at in self._asked_s.items() if key in keys}
        self._is_newer = {key: found for key, found in self._is_newer.items() if key in keys}
        if not keys:
            return
        now_s = self._clock.monotonic()
        key = min(sorted(keys), key=lambda each: self._asked_s.get(each, float("-inf")))
        if now_s - self._asked_s.get(key, float("-inf")) < _EVERY_S:
            return
        self._asked_s[key] = now_s
        try:
            self._is_newer[key] = await _compare(asker, *key)
        except TransportError:
            # Private registries and images that were built at home do not tell: not known.
            self._is_newer[key] = None


async def _compare(asker: Asker, name: str, image_id: str) -> bool | None:
    """Return whether the registry has another image than this one under the name."""
    own = mapping(await asker.ask(f"/images/{quote(image_id, safe=':')}/json", _REQUEST_S))
    known = {
        digest.rpartition("@")[2]
        for each in items(own.get("RepoDigests"))
        if (digest := text(each)) is not None
    }
    if not known:
        return None
    remote = mapping(await asker.ask(f"/distribution/{name}/json", _REQUEST_S))
    digest = text(mapping(remote.get("Descriptor")).get("digest"))
    return None if digest is None else digest not in known


def _is_followed(listed: Listed) -> bool:
    """Tell whether the container follows a name that can point to something newer."""
    image = listed.image or ""
    is_pinned = "@" in image or image.startswith("sha256:")
    return bool(listed.image_id) and not is_pinned and _NAME.fullmatch(image) is not None


def _key(listed: Listed) -> tuple[str, str]:
    """Return which image it is about."""
    return listed.image or "", listed.image_id or ""
