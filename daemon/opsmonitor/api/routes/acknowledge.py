"""The link in a message: it shows one alert, and takes note that somebody knows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from opsmonitor.api.keys import DEPS
from opsmonitor.api.pages import page, render
from opsmonitor.api.routing import Routes
from opsmonitor.api.scope import Kind, Scope
from opsmonitor.exceptions import CheckConflictError, UnknownAlertError, UnknownCheckError

if TYPE_CHECKING:
    from opsmonitor.models.alert import Alert

_PATH: Final = "/acknowledge/{id}/{signature}"
_OVER: Final = "This is over already."
_DONE: Final = "It is noted that somebody knows of it: no reminders until it is over."

routes = Routes("page")


@routes.get(_PATH, scope=Scope.PUBLIC, kind=Kind.LINK)
async def show(request: web.Request) -> web.Response:
    """Show the alert and a button: looking at it changes nothing, as programs follow links too."""
    try:
        alert = _alert(request)
    except UnknownAlertError:
        return _nowhere()
    if alert is None:
        return page(render("acknowledge.html", title="Over", text=_OVER, can_act=False))
    return page(render("acknowledge.html", title=alert.name, text=alert.message, can_act=True))


@routes.post(_PATH, scope=Scope.PUBLIC, kind=Kind.LINK)
async def acknowledge(request: web.Request) -> web.Response:
    """Acknowledge the alert; asking twice does no harm."""
    try:
        alert = _alert(request)
    except UnknownAlertError:
        return _nowhere()
    if alert is None:
        return page(render("acknowledge.html", title="Over", text=_OVER, can_act=False), 409)
    monitor = request.app[DEPS].monitor
    try:
        state = monitor.states.get(alert.subject)
        if state is None or state.acknowledged is None:
            monitor.interventions.acknowledge(
                alert.subject, by=None, note="by the link in a message"
            )
    except (CheckConflictError, UnknownCheckError):
        return page(render("acknowledge.html", title="Over", text=_OVER, can_act=False), 409)
    return page(render("acknowledge.html", title=alert.name, text=_DONE, can_act=False))


def _alert(request: web.Request) -> Alert | None:
    """Return the alert that is asked for, unless it is over.

    Raises:
        UnknownAlertError: The link is none of ours.

    """
    words = request.match_info
    return request.app[DEPS].telling.open_alert(words["id"], words["signature"])


def _nowhere() -> web.Response:
    """Say that there is nothing here."""
    text = "This link leads nowhere."
    return page(render("acknowledge.html", title="Not found", text=text, can_act=False), 404)
