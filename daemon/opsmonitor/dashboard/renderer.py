"""Draws the page from its templates."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from jinja2 import DictLoader, Environment, StrictUndefined

from opsmonitor.dashboard.assets import Assets, load_assets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opsmonitor.dashboard.view import PageView

CHUNK: Final = 32_768
"""Characters of one piece of the page: small enough that making one does not hold up the checks."""


class Renderer:
    """The page's templates, compiled, and the files it links to."""

    def __init__(self, templates: dict[str, str], assets: Assets) -> None:
        """Compile the templates; every value in them is escaped unless it says that it is safe."""
        self.assets = assets
        environment = Environment(
            loader=DictLoader(templates),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.update(asset=assets.url)
        self._page = environment.get_template("page.html")

    @classmethod
    def load(cls) -> Renderer:
        """Read the templates and files; blocking."""
        folder = resources.files("opsmonitor.dashboard") / "templates"
        templates = {entry.name: entry.read_text("utf-8") for entry in folder.iterdir()}
        return cls(templates, load_assets())

    def page(self, view: PageView) -> Iterator[bytes]:
        """Yield the page in pieces."""
        pieces: list[str] = []
        size = 0
        for piece in self._page.generate(page=view, data=view.data):
            pieces.append(piece)
            size += len(piece)
            if size >= CHUNK:
                yield _encode(pieces)
                pieces, size = [], 0
        yield _encode(pieces)


def _encode(pieces: list[str]) -> bytes:
    """Join pieces; what a target answered may hold characters that UTF-8 has no place for."""
    return "".join(pieces).encode("utf-8", "replace")
