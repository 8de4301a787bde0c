"""Ask the clients of the stream to do something, and wait until one says how it went."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from opsmonitor.engine.batch import Batch
from opsmonitor.exceptions import ActionError, UnknownAttemptError

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.models.remediation import ActionRequest
    from opsmonitor.util.clock import Clock

_GRACE_S: Final = 5.0
"""One client may not do it, or cannot: another one may be at it."""


class _Question:
    """A request under way."""

    def __init__(self) -> None:
        """Begin without an answer."""
        self.done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """The words of the client that did it."""
        self.answered = asyncio.Event()
        self.refusal: str | None = None
        """The words of the first that did not."""

    async def settle(self, left_s: float, grace_s: float) -> str:
        """Return the words of the one who did it.

        Raises:
            TimeoutError: Nobody did.

        """
        async with asyncio.timeout(left_s):
            await self.answered.wait()
            async with asyncio.timeout(grace_s):
                return await self.done


class Requests:
    """What clients were asked for and have not done yet."""

    def __init__(
        self, publish: Callable[[Batch], None], clock: Clock, *, grace_s: float = _GRACE_S
    ) -> None:
        """Take who tells the clients."""
        self._publish = publish
        self._clock = clock
        self._grace_s = grace_s
        self._questions: dict[str, _Question] = {}

    async def ask(self, request: ActionRequest) -> str:
        """Ask, and return what was answered.

        Raises:
            ActionError: Nobody answered in time, or it was not done.

        """
        question = self._questions[request.id] = _Question()
        self._publish(Batch(requests=(request,)))
        left_s = max(0.0, (request.expires_ms - self._clock.now_ms()) / 1000)
        try:
            return await question.settle(left_s, self._grace_s)
        except TimeoutError as err:
            nobody = "nobody said that it was done: is Home Assistant connected?"
            raise ActionError(question.refusal or nobody) from err
        finally:
            del self._questions[request.id]

    def answer(self, request_id: str, *, is_done: bool, message: str | None) -> None:
        """Take an answer; the first one that says that it was done counts.

        Raises:
            UnknownAttemptError: Nobody waits for it, any more or at all.

        """
        question = self._questions.get(request_id)
        if question is None or question.done.done():
            raise UnknownAttemptError(request_id)
        if is_done:
            question.done.set_result(message or "Home Assistant did it")
        elif question.refusal is None:
            question.refusal = message or "Home Assistant could not do it"
        question.answered.set()
