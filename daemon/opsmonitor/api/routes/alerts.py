"""What people were told, and whether telling them works."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from opsmonitor.api.body import read_json, read_query
from opsmonitor.api.encode import json_answer
from opsmonitor.api.errors import ApiError
from opsmonitor.api.keys import DEPS
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.alert_requests import ALERT_TEST_QUERY, ALERTS_QUERY, ANNOUNCE, MUTE
from opsmonitor.api.schemas.alerts import AlertBody, AlertsFrame, AlertTestBody, AnnouncementBody
from opsmonitor.api.schemas.requests import NO_BODY
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.scope import Scope
from opsmonitor.exceptions import DeliveryError, UnknownChannelError, UnknownCheckError

if TYPE_CHECKING:
    from aiohttp import web

    from opsmonitor.api.deps import TellingView
    from opsmonitor.config.settings import CheckSettings

routes = Routes("alerts")


@routes.get(
    "/api/alerts",
    scope=Scope.READ,
    query=ALERTS_QUERY,
    answers={200: Answer(body=tuple[AlertBody, ...])},
)
async def alerts(request: web.Request) -> web.Response:
    """Return open and past alerts, newest first."""
    query = read_query(request, ALERTS_QUERY)
    store = request.app[DEPS].store
    found = await store.alerts(
        is_resolved=query.resolved, server_id=query.server_id, limit=query.limit
    )
    return json_answer([AlertBody.of(alert) for alert in found])


@routes.post(
    "/api/alerts",
    scope=Scope.ADMIN,
    body=ANNOUNCE,
    answers={
        200: Answer(
            body=AnnouncementBody, description="Some channel took it, is tried again, or had it"
        ),
        400: Answer(body=ErrorBody, description="No channel is configured"),
        502: Answer(body=ErrorBody, description="No channel took it; the details say why"),
    },
)
async def announce(request: web.Request) -> web.Response:
    """Send an alert of one's own; a channel that fails stops no other.

    One that does not answer, or asks to wait, is tried again later; one that refuses is not.
    """
    wish = await read_json(request, ANNOUNCE)
    telling = request.app[DEPS].telling
    if not telling.health():
        raise _no_channel()
    told = await telling.announce(wish.service_name, wish.severity, wish.message, wish.channels)
    body = AnnouncementBody.of(told)
    if not body.sent and not body.repeated and not body.queued:
        raise _refused([(refusal.channel, refusal.error) for refusal in body.failed])
    return json_answer(body)


@routes.post(
    "/api/alerts/test",
    scope=Scope.ADMIN,
    query=ALERT_TEST_QUERY,
    body=NO_BODY,
    answers={
        200: Answer(body=AlertTestBody),
        400: Answer(body=ErrorBody, description="No channel is configured"),
        404: Answer(body=ErrorBody, description="There is no such check or channel"),
        502: Answer(
            body=ErrorBody, description="A channel did not take it; the message says which, and why"
        ),
    },
)
async def test_alert(request: web.Request) -> web.Response:
    """Send a test through one channel or all of them, and say whether it was taken."""
    deps = request.app[DEPS]
    query = read_query(request, ALERT_TEST_QUERY)
    await read_json(request, NO_BODY)
    check = None
    if query.check_id is not None:
        check = deps.monitor.checks.get(query.check_id)
        if check is None:
            raise UnknownCheckError(query.check_id)
    names = [channel.name for channel in deps.telling.health()]
    if not names:
        raise _no_channel()
    if query.channel is not None:
        if query.channel not in names:
            raise UnknownChannelError(query.channel)
        names = [query.channel]
    await _test_all(deps.telling, names, check)
    return json_answer(AlertTestBody(ok=True, check_id=query.check_id, channel=",".join(names)))


@routes.get("/api/alerts/state", scope=Scope.READ, answers={200: Answer(body=AlertsFrame)})
async def state(request: web.Request) -> web.Response:
    """Return how many alerts are open, and whether anybody is told of them."""
    return json_answer(AlertsFrame.of(request.app[DEPS].telling.state))


@routes.post(
    "/api/alerts/mute",
    scope=Scope.ADMIN,
    body=MUTE,
    answers={200: Answer(body=AlertsFrame)},
)
async def mute(request: web.Request) -> web.Response:
    """Tell nobody anything, for a while or until unmuted; it outlives a restart.

    What happens meanwhile is held back. Tests, and what is sent by hand, go out all the same.
    """
    wish = await read_json(request, MUTE)
    telling = request.app[DEPS].telling
    await telling.mute(duration_s=wish.duration_s, reason=wish.reason, by=wish.by)
    return json_answer(AlertsFrame.of(telling.state))


@routes.post(
    "/api/alerts/unmute",
    scope=Scope.ADMIN,
    body=NO_BODY,
    answers={200: Answer(body=AlertsFrame)},
)
async def unmute(request: web.Request) -> web.Response:
    """Tell people again, beginning with what was held back."""
    await read_json(request, NO_BODY)
    telling = request.app[DEPS].telling
    await telling.unmute()
    return json_answer(AlertsFrame.of(telling.state))


async def _test_all(telling: TellingView, names: list[str], check: CheckSettings | None) -> None:
    """Test channels side by side.

    Raises:
        ApiError: 502, naming every channel that did not take it.

    """
    errors = await asyncio.gather(*(_test(telling, name, check) for name in names))
    failed = [(name, error) for name, error in zip(names, errors, strict=True) if error]
    if failed:
        raise _refused(failed)


def _no_channel() -> ApiError:
    """Return the error that there is nobody to tell."""
    return ApiError(400, "no_channel", "no channel is configured under `alerts: channels`")


def _refused(failed: list[tuple[str, str]]) -> ApiError:
    """Return the error that channels did not take a message."""
    return ApiError(
        502,
        "channel_failed",
        "; ".join(f"{name}: {error}" for name, error in failed),
        details=[{"field": name, "message": error} for name, error in failed],
    )


async def _test(telling: TellingView, name: str, check: CheckSettings | None) -> str | None:
    """Test one channel; return what went wrong."""
    try:
        await telling.test(name, check)
    except DeliveryError as err:
        return str(err)
    return None
