"""The page's files: read once, named by their content so that browsers may keep them."""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

PREFIX: Final = "/static"
_TYPES: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file."""

    body: bytes
    content_type: str
    etag: str


class Assets:
    """All files under static/, by their path in there."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Hash each, and all of them together."""
        self.files: Mapping[str, Asset] = MappingProxyType(
            {name: _asset(name, body) for name, body in files.items()}
        )
        all_etags = "".join(asset.etag for asset in self.files.values())
        self.version = _digest(all_etags.encode())
        """In every path, so that modules importing each other get files of the same release."""

    def url(self, name: str) -> str:
        """Return the path under which a file is served.

        Raises:
            KeyError: There is no such file.

        """
        self.files[name]
        return f"{PREFIX}/{self.version}/{name}"


def load_assets() -> Assets:
    """Read all files; blocking."""
    root = resources.files("opsmonitor.dashboard") / "static"
    return Assets(dict(sorted(_walk(root, ""))))


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every file of a type that browsers are given."""
    for entry in folder.iterdir():
        path = prefix + entry.name
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        elif entry.name.rpartition(".")[2] in _TYPES:
            yield path, entry.read_bytes()


def _asset(name: str, body: bytes) -> Asset:
    """Describe one file."""
    return Asset(body=body, content_type=_TYPES[name.rpartition(".")[2]], etag=_digest(body))


def _digest(data: bytes) -> str:
    """Return a short hash."""
    return hashlib.sha256(data).hexdigest()[:16]
