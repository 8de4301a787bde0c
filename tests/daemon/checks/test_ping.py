"""Ping checks, over the real loopback and with echoes that are played."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.checks.base import CheckContext
from opsmonitor.checks.ping import CHECK, PingJudge, jitter_ms
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.pinger import Echoes, Pinger, PingMethod
from opsmonitor.util.resolver import Resolver
from tests.daemon.checks.conftest import MakeProbe


class PlayedPinger(Pinger):
    """Gives the echoes it was told to, and remembers what it was asked."""

    def __init__(self, *times_ms: float, sent: int = 1, error: int = 0) -> None:
        """Take what comes back."""
        super().__init__()
        trouble = OSError(error, os.strerror(error)) if error else None
        self.echoes = Echoes(
            method=PingMethod.DATAGRAM, sent=sent, times_ms=times_ms, error=trouble
        )
        self.asked: dict[str, Any] = {}

    async def ping(
        self,
        family: socket.AddressFamily,
        address: str,
        *,
        count: int,
        size: int,
        timeout_s: float,
    ) -> Echoes:
        """Return the echoes."""
        self.asked = {"family": family, "address": address, "count": count, "size": size}
        assert timeout_s > 0
        return self.echoes


class _ForbiddenPinger(Pinger):
    """A machine that allows no ping at all."""

    async def ping(self, *_args: Any, **_keys: Any) -> Echoes:
        """Refuse."""
        raise TransportError("unsupported", "this machine does not let the daemon ping")


async def run(resolver: Resolver, pinger: Pinger, **keys: Any) -> Outcome:
    """Return the outcome of a check with this pinger."""
    transport = HttpTransport(resolver)
    options = CHECK.options(**vol.Schema(dict(CHECK.schema))({"host": "192.0.2.1", **keys}))
    context = CheckContext(
        timeout_s=30, clock=FakeClock(), http=transport, resolver=resolver, pinger=pinger
    )
    outcome = await CHECK.compile(options, context)()
    await transport.close()
    return outcome


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_loopback_answers(make_probe: MakeProbe, host: str) -> None:
    """This machine answers its own pings; the method that it allows is shown."""
    outcome = await make_probe(CHECK, host=host, count=3)()

    if outcome.error_code == "unsupported":
        pytest.skip("this machine lets nobody ping")
    assert outcome.verdict is Verdict.OK
    assert outcome.data["received"] == 3
    assert outcome.data["method"] in set(PingMethod)
    assert outcome.latency_ms == outcome.data["rtt_avg_ms"]


async def test_the_name_is_looked_up_before_the_time_is_taken(
    resolver: Resolver, names: dict[str, list[str]]
) -> None:
    """The latency is that of the echoes alone; the look-up is a phase of its own."""
    names["nas.test"] = ["192.0.2.7"]
    pinger = PlayedPinger(1.5)

    outcome = await run(resolver, pinger, host="nas.test", count=1, size=100)

    assert outcome.latency_ms == 1.5
    assert outcome.timings is not None
    assert outcome.timings.dns_ms is not None
    assert pinger.asked == {
        "family": socket.AF_INET,
        "address": "192.0.2.7",
        "count": 1,
        "size": 100,
    }


async def test_the_family_can_be_chosen(resolver: Resolver, names: dict[str, list[str]]) -> None:
    """A host with addresses of both kinds is pinged by the one that is asked for."""
    names["both.test"] = ["127.0.0.1", "::1"]
    pinger = PlayedPinger(1.0)

    await run(resolver, pinger, host="both.test", family="ipv6")

    assert (pinger.asked["family"], pinger.asked["address"]) == (socket.AF_INET6, "::1")


async def test_an_unknown_name_is_told(make_probe: MakeProbe) -> None:
    """A name without address fails as that, not as lost packets."""
    outcome = await make_probe(CHECK, host="nobody.invalid")()

    assert outcome.error_code == "dns_failed"


@pytest.mark.parametrize(
    ("received", "limits", "verdict", "code"),
    [
        (10, {"warn": 10}, Verdict.OK, None),
        (9, {"warn": 10}, Verdict.DEGRADED, "packet_loss"),
        (9, {"warn": 11}, Verdict.OK, None),
        (9, {}, Verdict.OK, None),
        (5, {"warn": 10, "crit": 50}, Verdict.FAIL, "packet_loss"),
        (1, {}, Verdict.OK, None),
        (0, {}, Verdict.FAIL, "timeout"),
        (0, {"crit": 50}, Verdict.FAIL, "timeout"),
    ],
)
async def test_lost_echoes_count_by_their_share(
    resolver: Resolver,
    received: int,
    limits: dict[str, float],
    verdict: Verdict,
    code: str | None,
) -> None:
    """From `warn` percent on a check is degraded, from `crit` or without any reply it failed."""
    pinger = PlayedPinger(*[2.0] * received, sent=10)

    outcome = await run(resolver, pinger, loss_percent=limits)

    assert (outcome.verdict, outcome.error_code) == (verdict, code)
    assert outcome.data["loss_percent"] == (10 - received) * 10


async def test_the_times_are_summed_up(resolver: Resolver) -> None:
    """Least, mean and most, and the jitter as the mean change from one echo to the next."""
    outcome = await run(resolver, PlayedPinger(10.0, 14.0, 12.0, sent=3), count=3)

    data = outcome.data
    assert (data["rtt_min_ms"], data["rtt_avg_ms"], data["rtt_max_ms"]) == (10.0, 12.0, 14.0)
    assert data["jitter_ms"] == 3.0
    assert outcome.latency_ms == 12.0


@pytest.mark.parametrize(
    ("average", "verdict"), [(50, Verdict.OK), (150, Verdict.DEGRADED), (500, Verdict.FAIL)]
)
async def test_slow_echoes_are_told(resolver: Resolver, average: float, verdict: Verdict) -> None:
    """The thresholds hold for the mean time."""
    thresholds = {"warn_ms": 100, "crit_ms": 400}

    outcome = await run(resolver, PlayedPinger(average), thresholds=thresholds)

    assert outcome.verdict is verdict


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (0, "timeout", "192.0.2.1 did not answer 4 pings within 30 s"),
        (errno.EHOSTUNREACH, "host_unreachable", "192.0.2.1 is unreachable"),
        (errno.ENETUNREACH, "network_unreachable", "no route to the network of 192.0.2.1"),
        (errno.ECONNREFUSED, "host_unreachable", "a router does not let pings to 192.0.2.1 by"),
    ],
)
async def test_silence_has_a_reason(resolver: Resolver, number: int, code: str, words: str) -> None:
    """What routers and this machine say is told; without that, how long was waited."""
    outcome = await run(resolver, PlayedPinger(sent=4, error=number), count=4)

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, code)
    assert words in (outcome.error or "")


async def test_an_error_beside_a_reply_is_no_failure(resolver: Resolver) -> None:
    """One echo that came back counts more than what was said of another."""
    outcome = await run(resolver, PlayedPinger(1.0, sent=2, error=errno.EHOSTUNREACH), count=2)

    assert outcome.verdict is Verdict.OK


async def test_a_machine_that_allows_no_ping_says_so(resolver: Resolver) -> None:
    """Without a way to ping, the check fails honestly instead of calling the host down."""
    outcome = await run(resolver, _ForbiddenPinger())

    assert outcome.error_code == "unsupported"


@pytest.mark.parametrize(
    "keys",
    [
        {"host": "-f"},
        {"host": "--help"},
        {"host": "a b"},
        {"host": "127.1"},
        {"host": "http://nas.lan/"},
        {"host": "x", "count": 0},
        {"host": "x", "count": 1000},
        {"host": "x", "size": 0},
        {"host": "x", "size": 70_000},
        {"host": "x", "loss_percent": {"warn": 50, "crit": 10}},
        {"host": "x", "loss_percent": {"warn": 101}},
    ],
)
def test_wrong_keys_are_refused(keys: dict[str, Any]) -> None:
    """What cannot work, or could be taken for an option, is refused at loading."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(CHECK.schema))(keys)


@given(times_ms=st.lists(st.floats(0, 1e5), max_size=20), lost=st.integers(0, 20))
def test_judging_never_raises(times_ms: list[float], lost: int) -> None:
    """Whatever comes back gets a verdict, and a reason unless it is good."""
    echoes = Echoes(
        method=PingMethod.RAW, sent=max(1, len(times_ms) + lost), times_ms=tuple(times_ms)
    )
    options = CHECK.options(host="192.0.2.1")

    outcome = PingJudge(options, 3.0)(echoes, "192.0.2.1", None)

    assert (outcome.error is None) is (outcome.verdict is Verdict.OK)
    assert outcome.is_good is bool(times_ms)


@given(times_ms=st.lists(st.floats(0, 1e6), min_size=2, max_size=20))
def test_jitter_lies_within_the_spread(times_ms: list[float]) -> None:
    """No change from one echo to the next is larger than from the least to the most."""
    jitter = jitter_ms(tuple(times_ms))

    assert jitter is not None
    assert 0 <= jitter <= (max(times_ms) - min(times_ms)) * 1.000001
