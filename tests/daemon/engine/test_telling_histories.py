"""Whatever happens, in whatever order: nobody is told twice, or the end before the beginning."""

from __future__ import annotations

from datetime import time
from typing import Final

from hypothesis import given, settings, strategies as st

from opsmonitor.config.settings import QuietSettings
from opsmonitor.exceptions import DeliveryError
from opsmonitor.models.alert import NoticeKind
from opsmonitor.models.check import Status
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.daytime import DayWindow
from tests.daemon.engine.telling_bench import Bench
from tests.daemon.engine.virtual_time import run_in_virtual_time

CHECKS: Final = {"alarm": "P1", "nas": "P3", "tv": "P4"}
CHANNELS: Final = ("a", "b")
NIGHT: Final = QuietSettings(window=DayWindow(start=time(22), end=time(7)))
STEPS: Final = st.one_of(
    st.tuples(st.just("see"), st.sampled_from(tuple(CHECKS)), st.sampled_from(list(Status)[:4])),
    st.tuples(st.just("wait"), st.sampled_from([1, 60, 3600, 4 * 3600])),
    st.tuples(st.just("break"), st.sampled_from(CHANNELS)),
    st.tuples(st.just("mend"), st.sampled_from(CHANNELS)),
    st.tuples(st.just("mute"), st.sampled_from([None, 1800, 5 * 3600])),
    st.tuples(st.just("unmute")),
    st.tuples(st.just("restart")),
)


async def play(house: Bench, step: tuple[object, ...]) -> None:
    """Let one thing happen."""
    match step:
        case ("see", str(name), Status() as status):
            await house.see(name, status)
        case ("wait", int(seconds)):
            await house.wait(seconds)
        case ("break", str(channel)):
            house.broken[channel] = DeliveryError("answered 503")
        case ("mend", str(channel)):
            house.broken.pop(channel, None)
        case ("mute", (None | int()) as duration_s):
            await house.telling.mute(duration_s=duration_s, reason=None, by=None)
        case ("unmute",):
            await house.telling.unmute()
        case _:
            await house.restart()


@settings(max_examples=40)
@given(steps=st.lists(STEPS, max_size=25))
def test_everything_is_told_once_and_in_order(steps: list[tuple[object, ...]]) -> None:
    """Once all channels work and nobody wants it quiet, each knows of every alert how it ended."""

    async def scenario(clock: FakeClock) -> None:
        clock.wall_ms = 1_767_808_800_000  # a Wednesday, 18:00 UTC
        house = Bench(clock)
        house.name(*CHANNELS, quiet_hours=(NIGHT,))
        for name, severity in CHECKS.items():
            house.add(name, severity=severity)
        await house.start()
        for step in steps:
            await play(house, step)
        house.broken.clear()
        house.name(*CHANNELS, quiet_hours=())
        house.configure()
        await house.telling.unmute()
        await house.wait(1000)
        await house.telling.close()

        was_down = any(step[0] == "see" and step[2] is Status.DOWN for step in steps)
        assert bool(house.store.kept) >= was_down
        for channel in CHANNELS:
            judge(house, channel)

    run_in_virtual_time(scenario)


def judge(house: Bench, channel: str) -> None:
    """Hold what one channel was told to what is known of the alerts."""
    heard = [
        notice
        for (name, _), message in zip(house.told, house.messages, strict=True)
        if name == channel
        for notice in message.notices
    ]
    ids = [notice.id for notice in heard]
    assert len(ids) == len(set(ids))
    for alert in house.store.kept.values():
        kinds = [notice.kind for notice in heard if notice.alert_id == alert.id]
        if alert.resolved_ms is None:
            assert kinds == [NoticeKind.FIRST_FAIL]
        elif not kinds:
            # It began and ended while nobody was told, and the same happened again.
            assert any(
                later.subject == alert.subject and later.opened_ms >= alert.resolved_ms
                for later in house.store.kept.values()
                if later is not alert
            )
        elif kinds != [NoticeKind.RECOVERED]:
            assert kinds == [NoticeKind.FIRST_FAIL, NoticeKind.RECOVERED]
        else:
            # What began and ended in quiet hours is told as over.
            assert all(notice.is_held for notice in heard if notice.alert_id == alert.id)
