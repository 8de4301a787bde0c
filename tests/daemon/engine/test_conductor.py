"""The beat goes on."""

from __future__ import annotations

import asyncio

from opsmonitor.engine.conductor import Conductor
from opsmonitor.engine.schedule import Due
from opsmonitor.engine.standstill import Moment
from opsmonitor.util.clock import FakeClock
from tests.daemon.engine.virtual_time import run_in_virtual_time


class Clumsy:
    """A player that drops every note."""

    def __init__(self) -> None:
        """Start with nothing played."""
        self.played: list[str] = []

    def play(self, due: Due) -> None:
        """Fail after taking note."""
        self.played.append(due.check_id)
        raise RuntimeError("dropped")

    def look_around(self, now: Moment) -> None:
        """Fail."""
        raise RuntimeError("looked away")

    def note_standstill(self, from_ms: int, to_ms: int) -> None:
        """Fail."""
        raise RuntimeError("stood still")


def test_a_defect_elsewhere_does_not_stop_the_beat() -> None:
    """Whatever goes wrong in starting one check, all checks go on being due."""

    async def scenario(clock: FakeClock) -> Clumsy:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        player = Clumsy()
        conductor = Conductor(player, clock)
        conductor.add_all([(f"check-{number}", 10.0) for number in range(12)])
        conductor.start()
        await asyncio.sleep(65)
        conductor.stop()
        return player

    player = run_in_virtual_time(scenario)

    assert {player.played.count(f"check-{number}") for number in range(12)} <= {6, 7, 8}
