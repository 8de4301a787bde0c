"""Heartbeat checks: what they are configured with, and what they ask of the engine."""

from __future__ import annotations

from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.checks.heartbeat import CHECK, HeartbeatOptions
from opsmonitor.models.check import Verdict
from opsmonitor.models.heartbeat import PingKind, Pulse
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.checks.conftest import MakeProbe

_TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of no use anywhere


def options(**keys: Any) -> HeartbeatOptions:
    """Return the options that these keys become."""
    return HeartbeatOptions(**vol.Schema(dict(CHECK.schema))(keys))


async def test_it_asks_to_be_woken_when_the_ping_is_late(
    make_probe: MakeProbe, clock: FakeClock
) -> None:
    """A missing ping is noticed at its moment, not at the next interval."""
    wakes: list[int] = []
    pulse = Pulse(
        check_id="backup",
        since_ms=0,
        last_ms=clock.now_ms(),
        last_kind=PingKind.SUCCESS,
        ended_ms=clock.now_ms(),
    )
    given = {"pulse": lambda: pulse, "wake_at": wakes.append}
    probe = make_probe(CHECK, period="10m", grace="2m", given=given)

    first = await probe()
    clock.advance(12 * 60)
    late = await probe()

    assert (first.verdict, late.verdict) == (Verdict.OK, Verdict.FAIL)
    assert wakes == [pulse.ended_ms + 720_000 if pulse.ended_ms else 0]


async def test_without_the_daemon_nothing_is_known(make_probe: MakeProbe) -> None:
    """`opsmonitor check` cannot know of pings, and says so."""
    outcome = await make_probe(CHECK, period="10m")()

    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.error == "only the running daemon knows of pings"


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"period": "1d", "cron": "0 3 * * *"}, "only one of period and cron"),
        ({"cron": "0 3 * *"}, "expected five fields"),
        ({"period": "1d", "token": "short"}, "openssl rand -hex 16"),
        ({"period": "1d", "token": "with a blank in it, and long"}, "letters and digits"),
        ({"period": 0}, "expected a duration"),
    ],
)
def test_bad_keys_are_refused(keys: dict[str, Any], complaint: str) -> None:
    """The message has the remedy."""
    with pytest.raises(vol.Invalid, match=complaint):
        options(**keys)


def test_a_schedule_is_needed() -> None:
    """Nobody could say when a ping is late."""
    with pytest.raises(ValueError, match="`period`"):
        options(grace="1h")


def test_the_token_is_kept_secret() -> None:
    """It is the credential of the job."""
    made = options(period="1d", token=_TOKEN)

    assert made.token == Secret(_TOKEN)
    assert _TOKEN not in repr(made)
    assert _TOKEN not in CHECK.target(made)


@pytest.mark.parametrize(
    ("keys", "target"),
    [
        ({"period": "1d", "grace": "1h"}, "every 1 d, within 1 h"),
        ({"cron": "30 3 * * *"}, "cron 30 3 * * *, within 5 min"),
    ],
)
def test_the_target_says_when(keys: dict[str, Any], target: str) -> None:
    """On its card a check shows what it waits for."""
    assert CHECK.target(options(**keys)) == target
