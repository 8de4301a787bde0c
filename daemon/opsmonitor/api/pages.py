"""The pages for people that belong to the API: signing in, and its description."""

from __future__ import annotations

from importlib import resources
from typing import Any, Final

from aiohttp import web
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from opsmonitor.api.routes.dashboard import RENDERER

_FILES: Final = ("frame.html", "login.html", "docs.html", "acknowledge.html", "pair.html")


def _with_code(text: str) -> Markup:
    """Return text in which what stands between backticks is shown as code."""
    forms = (escape, Markup("<code>{}</code>").format)
    pieces = enumerate(text.split("`"))
    return Markup("").join(forms[number % 2](piece) for number, piece in pieces)


def _load() -> Environment:
    """Read the templates; blocking, done when the module is imported."""
    folder = resources.files("opsmonitor.api") / "templates"
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in _FILES}
    environment = Environment(
        loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals["asset"] = RENDERER.assets.url
    environment.filters["with_code"] = _with_code
    return environment


_ENVIRONMENT: Final = _load()


def render(name: str, **values: Any) -> str:
    """Return a page as text.

    A template is compiled when it is first asked for, which takes a few milliseconds: most daemons
    show few of these pages or none, and all are started.
    """
    return _ENVIRONMENT.get_template(name).render(values)


def page(text: str, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return a page as an answer."""
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)
