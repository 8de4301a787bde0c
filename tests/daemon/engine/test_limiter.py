"""How many runs may be under way."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, strategies as st

from opsmonitor.engine.limiter import Limiter


def submit(limiter: Limiter, host: str, start: Callable[[], None]) -> None:
    """Start as soon as there is room."""
    if limiter.take(host, start):
        start()


def test_starts_at_once_while_there_is_room() -> None:
    """Nothing waits without need."""
    started: list[str] = []
    limiter = Limiter(limit=2, limit_per_host=2)

    submit(limiter, "a", lambda: started.append("a1"))
    submit(limiter, "b", lambda: started.append("b1"))

    assert started == ["a1", "b1"]
    assert (limiter.running, limiter.waiting) == (2, 0)


def test_a_busy_host_does_not_hold_back_others() -> None:
    """Runs for a full host wait; a later one for another host starts."""
    started: list[str] = []
    limiter = Limiter(limit=10, limit_per_host=1)

    for name in ("a1", "a2", "a3", "b1"):
        submit(limiter, name[0], lambda name=name: started.append(name))  # type: ignore[misc]  # the default is typed by the loop

    assert started == ["a1", "b1"]
    assert limiter.waiting == 2


def test_waiting_runs_start_in_order() -> None:
    """Whoever waited longest starts first."""
    started: list[int] = []
    limiter = Limiter(limit=1, limit_per_host=9)
    for number in range(4):
        submit(limiter, "a", lambda number=number: started.append(number))  # type: ignore[misc]  # the default is typed by the loop

    for _ in range(3):
        limiter.release("a")

    assert started == [0, 1, 2, 3]


def test_a_start_that_gives_up_at_once_frees_its_place() -> None:
    """Thousands of waiting runs that were cancelled meanwhile do not exhaust the stack."""
    limiter = Limiter(limit=1, limit_per_host=10_000)
    submit(limiter, "a", lambda: None)
    for _ in range(5000):
        submit(limiter, "a", lambda: limiter.release("a"))

    limiter.release("a")

    assert (limiter.running, limiter.waiting) == (0, 0)


def test_raised_limits_start_what_waits() -> None:
    """A reload with higher limits takes effect at once."""
    started: list[int] = []
    limiter = Limiter(limit=1, limit_per_host=5)
    for number in range(3):
        submit(limiter, "a", lambda number=number: started.append(number))  # type: ignore[misc]  # the default is typed by the loop

    limiter.set_limits(3, 5)

    assert started == [0, 1, 2]


@given(
    hosts=st.lists(st.sampled_from("abc"), max_size=60),
    limit=st.integers(1, 6),
    per_host=st.integers(1, 4),
)
def test_limits_hold_and_everything_runs(hosts: list[str], limit: int, per_host: int) -> None:
    """Whatever is submitted: no limit is exceeded and every run starts once."""
    limiter = Limiter(limit=limit, limit_per_host=per_host)
    under_way: list[str] = []
    started = 0

    def start(host: str) -> None:
        nonlocal started
        started += 1
        under_way.append(host)
        assert len(under_way) <= limit
        assert under_way.count(host) <= per_host

    for host in hosts:
        submit(limiter, host, lambda host=host: start(host))  # type: ignore[misc]  # the default is typed by the loop
    while under_way:
        limiter.release(under_way.pop(0))

    assert started == len(hosts)
    assert (limiter.running, limiter.waiting) == (0, 0)
