"""The connectivity check against servers and name servers on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.checks.connectivity import CHECK, OUTSIDE, ConnectivityOptions
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.models.reading import Measured
from opsmonitor.parts.quorum import Vote, conclude_votes, majority
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.gateway import default_gateway
from opsmonitor.util.reach import is_outside
from tests.daemon.checks.conftest import MakeProbe
from tests.ports import held_port

_NOW_MS = FakeClock().now_ms()


class Values:
    """Measured values that a test sets."""

    def __init__(self, known: dict[str, Measured]) -> None:
        """Take them."""
        self._known = known

    def latest(self, name: str) -> Measured | None:
        """Return one."""
        return self._known.get(name)

    def is_awaited(self, _name: str) -> bool:
        """Nothing is."""
        return False

    def names(self) -> list[str]:
        """Return all names."""
        return list(self._known)


async def _serve() -> tuple[asyncio.Server, str]:
    server = await asyncio.start_server(lambda _r, writer: writer.close(), "127.0.0.1", 0)
    return server, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_enough_that_answer_are_a_network(make_probe: MakeProbe) -> None:
    """Two of three servers take a connection: more than half, so all is well."""
    server, place = await _serve()
    dead = f"127.0.0.1:{held_port()}"

    outcome = await make_probe(CHECK, gateway=False, resolver=False, outside=[place, place, dead])()
    server.close()

    assert outcome.verdict is Verdict.OK
    assert outcome.data == {"witnesses": 3, "answering": 2, "needed": 2}
    assert [item.ok for item in outcome.assertions] == [True, True, False]


async def test_too_few_are_none(make_probe: MakeProbe) -> None:
    """The failure says how many are silent, and which."""
    server, place = await _serve()
    dead = f"127.0.0.1:{held_port()}"

    outcome = await make_probe(CHECK, gateway=False, resolver=False, outside=[place, dead, dead])()
    server.close()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "no_network")
    assert outcome.error == (
        "no network: 1 of 3 witnesses answer, 2 are needed; silent: " + f"{dead}, {dead}"
    )


async def test_a_server_that_hangs_is_silent(make_probe: MakeProbe) -> None:
    """Nobody waits longer than the time-out, whatever a name server does."""

    async def ask() -> Outcome:
        # TEST-NET-1: it is routed nowhere. A machine without any route refuses at once.
        probe = make_probe(
            CHECK, timeout_s=0.5, gateway=False, resolver=False, outside=["192.0.2.1:443"]
        )
        return await probe()

    outcome = await asyncio.wait_for(ask(), 60)

    assert outcome.verdict is Verdict.FAIL


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (Measured(value=True, at_ms=_NOW_MS), Verdict.OK),
        (Measured(value=True, at_ms=_NOW_MS - 60_000), Verdict.UNKNOWN),
        (Measured(value=False, at_ms=_NOW_MS - 60_000), Verdict.FAIL),
        (Measured(value=True, at_ms=_NOW_MS, is_stale=True), Verdict.UNKNOWN),
        (Measured(value=1.0, at_ms=_NOW_MS), Verdict.UNKNOWN),
    ],
)
async def test_a_router_knows_whether_it_is_connected(
    make_probe: MakeProbe,
    measured: Measured,
    verdict: Verdict,
    is_named: bool,  # noqa: FBT001
) -> None:
    """What a probe measures is a witness; what it does not know does not count."""
    probe = make_probe(
        CHECK,
        given={"values": Values({"fritz.home.wan_up": measured})},
        gateway=False,
        resolver=False,
        outside=[],
        **({"values": ["fritz.home.wan_up"]} if is_named else {}),
    )

    assert (await probe()).verdict is verdict


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, OUTSIDE), (False, ()), ([], ()), (["192.0.2.1:22"], ("192.0.2.1:22",))],
)
async def test_nobody_outside_need_be_asked(value: object, expected: tuple[str, ...]) -> None:
    """Whoever does not want to show a stranger that the house is awake says so."""
    keys = vol.Schema(dict(CHECK.schema))({"outside": value, "resolver": False})

    options = ConnectivityOptions(**keys)

    assert options.outside == expected
    assert CHECK.target(options) == ", ".join(["gateway", *expected])


@pytest.mark.parametrize(
    "keys", [{"outside": ["1.1.1.1"]}, {"gateway": 3}, {"needed": 0}, {"outside": ["x:99999"]}]
)
def test_mistakes_are_refused(keys: dict[str, object]) -> None:
    """Places need a port, and numbers make sense."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(CHECK.schema))(keys)


@given(
    answers=st.lists(st.sampled_from([True, False, None]), max_size=8),
    needed=st.none() | st.integers(1, 9),
)
def test_so_many_must_answer(answers: list[bool | None], needed: int | None) -> None:
    """More than half of those that can be asked, or as many as is said; all, if that is more."""
    votes = [Vote(name="w", answers=answer, seen="") for answer in answers]

    outcome = conclude_votes(votes, needed)

    counted = [answer for answer in answers if answer is not None]
    enough = min(needed or majority(len(counted)), len(counted))
    expected = Verdict.OK if sum(counted) >= enough else Verdict.FAIL
    assert outcome.verdict is (expected if counted else Verdict.UNKNOWN)


def test_a_house_that_answers_itself_is_no_network() -> None:
    """Router and name server answer, and nobody outside: that is no line to the Internet."""
    near = [Vote(name=name, answers=True, seen="") for name in ("gateway", "resolver")]
    far = Vote(name="1.1.1.1:443", answers=False, seen="", is_far=True)

    outcome = conclude_votes([*near, far], None)

    assert outcome.verdict is Verdict.FAIL
    assert outcome.error == "no network: nobody outside answers; silent: 1.1.1.1:443"
    assert conclude_votes(near, None).verdict is Verdict.OK


def test_the_gateway_is_that_of_the_best_default_route(tmp_path: Path) -> None:
    """The kernel writes addresses backwards; of two default routes the lower metric wins."""
    routes = tmp_path / "route"
    routes.write_text(
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n"
        "wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
        "eth0\t00000000\t01B2A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
        "eth0\t00B2A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
    )

    assert default_gateway(routes) == "192.168.178.1"
    assert default_gateway(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.168.1.1", False),
        ("fd00::1", False),
        ("1.1.1.1", True),
        ("[2606:4700:4700::1111]", True),
        ("nas", False),
        ("nas.fritz.box", False),
        ("nas.lan", False),
        ("host.home.arpa", False),
        ("shop.example.org", False),
        ("github.com", True),
        ("GitHub.com.", True),
        ("local", False),
        ("/mnt/disk.1", False),
    ],
)
def test_a_name_tells_where_its_host_is(host: str, expected: bool) -> None:  # noqa: FBT001
    """Private addresses and the names of home networks are local, everything else is outside."""
    assert is_outside(host) is expected
