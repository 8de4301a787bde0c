"""Find out for which check a ping is, and whether there are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import hdrs

from opsmonitor.api.errors import ApiError
from opsmonitor.api.ratelimit import RateLimiter

if TYPE_CHECKING:
    from opsmonitor.api.client import Client
    from opsmonitor.api.deps import HeartbeatsView
    from opsmonitor.util.clock import Clock

_WRONG_PER_MINUTE: Final = 20
"""So many tokens that do not exist may an address try."""
_PINGS_PER_MINUTE: Final = 120
"""So often may one job report."""


class PushDesk:
    """Lets pings pass.

    They do not count towards the limit of their address: a machine with many jobs must not lose
    one. What counts is how often each job reports, and how often an address guesses.
    """

    def __init__(self, heartbeats: HeartbeatsView, clock: Clock) -> None:
        """Take who knows the tokens."""
        self._heartbeats = heartbeats
        self._wrong = RateLimiter(clock)
        self._pings = RateLimiter(clock)

    def admit(self, token: str, client: Client) -> str:
        """Return the id of the check that a token belongs to.

        Raises:
            ApiError: 404, there is no such token; 429, too many pings or guesses.

        """
        check_id = self._heartbeats.find(token)
        if check_id is not None:
            _refuse(self._pings.take(check_id, _PINGS_PER_MINUTE))
            return check_id
        _refuse(self._wrong.take(client.key, _WRONG_PER_MINUTE))
        raise ApiError(404, "unknown_token", "no check is reported to at this address")


def _refuse(wait_s: int) -> None:
    """Refuse what comes too often.

    Raises:
        ApiError: 429, saying how long to wait.

    """
    if wait_s:
        raise ApiError(
            429,
            "too_many_requests",
            f"too many pings; try again in {wait_s} s",
            headers={hdrs.RETRY_AFTER: str(wait_s)},
        )
