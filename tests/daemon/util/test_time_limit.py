"""What takes too long is ended, whatever else is under way; what does not is left alone."""

from __future__ import annotations

import asyncio

import pytest

from opsmonitor.util.time_limit import TimeLimits

_LONG_S = 60.0


async def test_what_is_over_is_ended() -> None:
    """Whoever waits too long gets a `TimeoutError`, and may go on."""
    limits = TimeLimits()

    with pytest.raises(TimeoutError), limits.within(0.01):
        await asyncio.Event().wait()

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_limits_of_any_length_end_by_themselves() -> None:
    """Each is kept, equal or not, and none of them is kept in mind afterwards."""
    limits = TimeLimits()

    async def wait(seconds: float) -> None:
        """Wait for nothing."""
        with limits.within(seconds):
            await asyncio.Event().wait()

    async with asyncio.timeout(_LONG_S):
        ended = await asyncio.gather(
            *(wait(seconds) for seconds in (0.01, 0.02, 0.03, 0.01, 0.02)), return_exceptions=True
        )

    assert [type(each) for each in ended] == [TimeoutError] * 5


async def test_a_later_one_has_its_full_time() -> None:
    """A limit that begins while an equal one is under way ends after it."""
    limits = TimeLimits()
    order: list[str] = []

    async def wait(name: str) -> None:
        """Wait for nothing."""
        try:
            with limits.within(0.05):
                await asyncio.Event().wait()
        except TimeoutError:
            order.append(name)

    first = asyncio.ensure_future(wait("first"))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(wait("second"))
    await asyncio.gather(first, second)

    assert order == ["first", "second"]


async def test_what_is_in_time_goes_on() -> None:
    """Nothing comes of a limit that was kept."""
    limits = TimeLimits()
    task = asyncio.current_task()
    assert task is not None

    with limits.within(_LONG_S) as limit:
        await asyncio.sleep(0)

    assert not limit.is_over
    assert task.cancelling() == 0


async def test_another_reason_to_cancel_is_not_hidden() -> None:
    """A task that somebody else cancels is cancelled, in time or not."""
    limits = TimeLimits()
    is_ready = asyncio.Event()

    async def wait() -> None:
        """Wait for nothing."""
        with limits.within(_LONG_S):
            is_ready.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(wait())
    await is_ready.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_both_at_once_is_a_cancellation() -> None:
    """When the time is over while the task is cancelled anyway, it stays cancelled."""
    limits = TimeLimits()

    async def wait() -> None:
        """Be cancelled by somebody else at the same time."""
        with limits.within(_LONG_S) as limit:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            limit.end()
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.ensure_future(wait())


async def test_stopping_ends_nobody() -> None:
    """Whoever is at work when no limits are kept any more goes on."""
    limits = TimeLimits()

    with limits.within(0.01) as limit:
        limits.stop()
        with pytest.raises(TimeoutError), TimeLimits().within(0.03):
            await asyncio.Event().wait()

    assert not limit.is_over


def test_only_a_task_has_a_limit() -> None:
    """Elsewhere there is nothing to cancel."""

    async def main() -> None:
        """Enter a limit in a callback."""
        found: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        limits = TimeLimits()

        def enter() -> None:
            """Try."""
            try:
                with limits.within(_LONG_S):
                    pass
            except RuntimeError as err:
                found.set_result(err)

        asyncio.get_running_loop().call_soon(enter)
        assert "needs a task" in str(await found)
        limits.stop()

    asyncio.run(main())
