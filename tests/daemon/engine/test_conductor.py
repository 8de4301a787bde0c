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

    def catch_up(self) -> bool:
        """Fail."""
        raise RuntimeError("fell behind")

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


class Rival:
    """A player who has whoever else is due forgotten."""

    def __init__(self, clock: FakeClock, *names: str) -> None:
        """Take who is due at once."""
        self.played: list[str] = []
        self._names = names
        self.conductor = Conductor(self, clock)
        self.conductor.add_all([(name, 10.0) for name in names])
        clock.advance(1.0)

    def play(self, due: Due) -> None:
        """Play alone."""
        self.played.append(due.check_id)
        for name in self._names:
            self.conductor.remove(name)

    def catch_up(self) -> bool:
        """Let others have their turn."""
        return False

    def look_around(self, now: Moment) -> None:
        """Look at nothing."""

    def note_standstill(self, from_ms: int, to_ms: int) -> None:
        """Note nothing."""


def test_who_is_forgotten_is_not_played_although_it_was_due() -> None:
    """A check that is paused in the moment in which it is due is not run."""

    async def scenario(clock: FakeClock) -> tuple[list[str], list[object]]:
        defects: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, one: defects.append(one))
        player = Rival(clock, "first", "second", "third")
        player.conductor.start()
        await asyncio.sleep(30)
        player.conductor.stop()
        return player.played, defects

    assert run_in_virtual_time(scenario) == (["first"], [])


class Steady:
    """A player that counts what it plays between two looks, and in how many turns of the loop."""

    def __init__(self, *, is_alone: bool) -> None:
        """Take whether nobody else needs the loop."""
        self._is_alone = is_alone
        self._played = 0
        self.measures: list[int] = []
        """How much was played before each look."""
        self.turns: list[int] = []
        """How many looks there were in each turn of the event loop in which there was any."""
        self._is_turn_counted = False

    def play(self, due: Due) -> None:
        """Count."""
        del due
        self._played += 1

    def catch_up(self) -> bool:
        """Count."""
        self.measures.append(self._played)
        self._played = 0
        if not self._is_turn_counted:
            self._is_turn_counted = True
            self.turns.append(0)
            asyncio.get_running_loop().call_soon(self._begin_turn)
        self.turns[-1] += 1
        return self._is_alone

    def _begin_turn(self) -> None:
        """Count the next look to another turn."""
        self._is_turn_counted = False

    def look_around(self, now: Moment) -> None:
        """Look at nothing."""

    def note_standstill(self, from_ms: int, to_ms: int) -> None:
        """Note nothing."""


def play_at_once(player: Steady, count: int) -> None:
    """Let so many checks be due in one tick, once."""

    async def scenario(clock: FakeClock) -> None:
        conductor = Conductor(player, clock)
        for number in range(count):
            conductor.add_all([(f"check-{number}", 1000.0)])
        conductor.start()
        await asyncio.sleep(1)
        conductor.stop()

    run_in_virtual_time(scenario)


def test_sockets_are_read_after_every_four_starts() -> None:
    """The others wait for a turn of the event loop where what was started needs one."""
    player = Steady(is_alone=False)

    play_at_once(player, 10)

    assert (player.measures, player.turns) == ([4, 4, 2], [1, 1, 1])


def test_what_needs_no_turn_takes_but_a_few() -> None:
    """However much is due, others have their turn after twenty starts."""
    player = Steady(is_alone=True)

    play_at_once(player, 30)

    assert (player.measures, player.turns) == ([4, 4, 4, 4, 4, 4, 4, 2], [5, 3])
