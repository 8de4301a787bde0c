"""Find the check that a request names, and tell all about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.api.keys import DEPS, STATES, UPTIME
from opsmonitor.api.routing import Answer
from opsmonitor.api.schemas.check import CheckDetail
from opsmonitor.api.schemas.past import PastBody
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.exceptions import UnknownCheckError

if TYPE_CHECKING:
    from aiohttp import web

    from opsmonitor.models.check import CheckState

UNKNOWN: Final = Answer(body=ErrorBody, description="No check has this id")


def known_id(request: web.Request) -> str:
    """Return the id in the path.

    Raises:
        UnknownCheckError: No check has it.

    """
    check_id = request.match_info["id"]
    if check_id not in request.app[DEPS].monitor.checks:
        raise UnknownCheckError(check_id)
    return check_id


async def detail(request: web.Request, state: CheckState) -> CheckDetail:
    """Tell all about a check in a state.

    Raises:
        UnknownCheckError: It was removed meanwhile.

    """
    known = await request.app[UPTIME].get()
    settings = request.app[DEPS].monitor.checks.get(state.id)
    if settings is None:
        raise UnknownCheckError(state.id)
    place = request.app[STATES].place(settings)
    return CheckDetail.detail_of(settings, state, PastBody.of(known.get(state.id)), place)
