"""Ask the clients of the stream to do something, and wait until one says how it went."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from opsmonitor.engine.batch import Batch
from opsmonitor.exceptions import ActionError, UnknownAttemptError

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.models.remediation import ActionRequest
    from opsmonitor.util.clock import Clock


class Requests:
    """What clients were asked for and have not answered yet."""

    def __init__(self, publish: Callable[[Batch], None], clock: Clock) -> None:
        """Take who tells the clients."""
        self._publish = publish
        self._clock = clock
        self._answers: dict[str, asyncio.Future[tuple[bool, str | None]]] = {}

    async def ask(self, request: ActionRequest) -> str:
        """Ask, and return what was answered.

        Raises:
            ActionError: Nobody answered in time, or it was not done.

        """
        answer: asyncio.Future[tuple[bool, str | None]]
        answer = asyncio.get_running_loop().create_future()
        self._answers[request.id] = answer
        self._publish(Batch(requests=(request,)))
        left_s = max(0.0, (request.expires_ms - self._clock.now_ms()) / 1000)
        try:
            async with asyncio.timeout(left_s):
                is_done, message = await answer
        except TimeoutError as err:
            text = "nobody said that it was done: is Home Assistant connected?"
            raise ActionError(text) from err
        finally:
            del self._answers[request.id]
        if not is_done:
            raise ActionError(message or "Home Assistant could not do it")
        return message or "Home Assistant did it"

    def answer(self, request_id: str, *, is_done: bool, message: str | None) -> None:
        """Take an answer; the first one counts.

        Raises:
            UnknownAttemptError: Nobody waits for it, any more or at all.

        """
        answer = self._answers.get(request_id)
        if answer is None or answer.done():
            raise UnknownAttemptError(request_id)
        answer.set_result((is_done, message))
