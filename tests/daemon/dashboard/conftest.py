"""What the page's tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from opsmonitor.dashboard.renderer import Renderer
from opsmonitor.dashboard.view import PageData, PageView


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    """Return the page's templates."""
    return Renderer.load()


@pytest.fixture
def draw(renderer: Renderer) -> Callable[[PageData], str]:
    """Return a function that draws a page."""

    def drawn(data: PageData) -> str:
        """Return the page as text."""
        return b"".join(renderer.page(PageView(data))).decode()

    return drawn
