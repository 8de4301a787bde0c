"""Ask once a day for the newest release of the daemon, if somebody wants that."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
import json
import logging
import re
import secrets
from typing import TYPE_CHECKING, Final

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from opsmonitor import __version__
from opsmonitor.engine.releases import is_newer, newest
from opsmonitor.exceptions import TransportError
from opsmonitor.models.release import UpdateState
from opsmonitor.util.http_message import HttpRequest, Redirects
from opsmonitor.util.tls import TlsPolicy, tls_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsmonitor.config.settings import Settings, UpdateSettings
    from opsmonitor.engine.wellbeing import Wellbeing
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.http import HttpTransport
    from opsmonitor.util.http_message import HttpResponse

_LOGGER = logging.getLogger(__name__)

DAY_S: Final = 86_400.0
AGAIN_S: Final = 4 * 3600.0
"""After a failure; a server that wants to be left alone for longer says so."""
_SPREAD_S: Final = 3600
"""So that not all daemons of the world ask at once."""
_TIMEOUT_S: Final = 20.0
_MOST_BYTES: Final = 2 << 20
_NUMBER: Final = re.compile(r"\d{1,12}", re.ASCII)
_LIMITED: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})


class UpdateWatch:
    """Knows the newest release; asks for it only while that is configured."""

    def __init__(
        self,
        settings: UpdateSettings,
        *,
        http: HttpTransport,
        clock: Clock,
        wellbeing: Wellbeing,
        installed: str = __version__,
    ) -> None:
        """Take the configuration to begin with, what asks, and who is told."""
        self._settings = settings
        self._http = http
        self._clock = clock
        self._wellbeing = wellbeing
        self._installed = installed
        self._etag: str | None = None
        self._is_other = asyncio.Event()

    def apply(self, settings: Settings) -> None:
        """Put a configuration in force: another one is followed at once."""
        if settings.updates != self._settings:
            self._settings = settings.updates
            # Another server may have released something else.
            self._etag = None
            self._take(None)
            self._is_other.set()

    async def run(self) -> None:
        """Ask from time to time until cancelled."""
        while True:
            self._is_other.clear()
            try:
                wait_s = await self.look()
            except Exception:  # a defect, or no thread left, must not be the end of it
                _LOGGER.exception("The newest release was not asked for")
                wait_s = AGAIN_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._is_other.wait()

    async def look(self) -> float | None:
        """Ask once; return the seconds until the next time, None: not before it is wanted."""
        settings = self._settings
        if not settings.enabled:
            self._take(None)
            return None
        known = self._wellbeing.update or UpdateState()
        try:
            answer = await self._ask(settings.url)
            if answer.status in _LIMITED:
                self._fail(known, f"the server answered {answer.status}: asked too often")
                return max(AGAIN_S, min(DAY_S, _wished_s(answer.headers, self._clock.now_ms())))
            state = await self._read(answer, known)
        except TransportError as err:
            self._fail(known, err.message)
            return AGAIN_S
        self._take(state)
        return DAY_S + secrets.randbelow(_SPREAD_S)

    async def _ask(self, url: str) -> HttpResponse:
        """Return the answer of the releases API; it is told nothing but the daemon's version."""
        headers = CIMultiDict(
            {
                "Accept": "application/vnd.github+json, application/json",
                "Accept-Encoding": "identity",
                "User-Agent": f"OpsMonitor/{self._installed}",
            }
        )
        if self._etag is not None:
            headers["If-None-Match"] = self._etag
        target = URL(url)
        answer = await self._http.fetch(
            HttpRequest(
                url=target,
                headers=CIMultiDictProxy(headers),
                timeout_s=_TIMEOUT_S,
                tls=tls_context(TlsPolicy()),
                redirects=Redirects.SAME_HOST,
                max_redirects=3,
                max_body_bytes=_MOST_BYTES,
            )
        )
        if answer.url.scheme != target.scheme:
            raise TransportError("redirected", "the server leads to another scheme")
        return answer

    async def _read(self, answer: HttpResponse, known: UpdateState) -> UpdateState:
        """Return what an answer says.

        Raises:
            TransportError: It says nothing that makes sense.

        """
        now_ms = self._clock.now_ms()
        if answer.status == HTTPStatus.NOT_MODIFIED:
            return replace(known, checked_ms=now_ms, error=None)
        if answer.status != HTTPStatus.OK:
            raise TransportError("http_status", f"the server answered {answer.status}")
        if answer.truncated:
            raise TransportError("body_too_large", "the answer is too long")
        try:
            latest = newest(await asyncio.to_thread(json.loads, answer.body))
        except (ValueError, RecursionError) as err:
            raise TransportError("invalid_response", "the answer is no JSON") from err
        self._etag = answer.headers.get("ETag")
        return UpdateState(
            latest=latest,
            is_newer=latest is not None and is_newer(latest, self._installed),
            checked_ms=now_ms,
        )

    def _fail(self, known: UpdateState, reason: str) -> None:
        """Keep what was known, and say once why there is nothing newer to say."""
        if known.error is None:
            _LOGGER.warning(
                "The newest release cannot be asked for: %s (updates: %s)",
                reason,
                URL(self._settings.url).host,
            )
        self._take(replace(known, error=reason))

    def _take(self, state: UpdateState | None) -> None:
        """Tell what is news; when it was asked is none."""
        before = self._wellbeing.update
        if state is None or before is None:
            is_news = state is not before
        else:
            is_news = replace(state, checked_ms=None) != replace(before, checked_ms=None)
        self._wellbeing.put_update(state, is_news=is_news)


def _wished_s(headers: Mapping[str, str], now_ms: int) -> float:
    """Return how long a server wants to be left alone; 0 if it does not say.

    Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api,
    `retry-after` in seconds, `x-ratelimit-reset` in epoch seconds.
    """
    if (after := _whole(headers.get("Retry-After"))) is not None:
        return after
    reset = _whole(headers.get("X-RateLimit-Reset"))
    return 0.0 if reset is None else max(0.0, reset - now_ms / 1000)


def _whole(value: str | None) -> int | None:
    """Return a whole number that a header holds."""
    return int(value) if value is not None and _NUMBER.fullmatch(value) else None
