"""The Docker probe against engines and a Portainer that answer, and misbehave."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
import json
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.exceptions import ProbeError
from opsmonitor.models.reading import Reading, ReadingStatus
from opsmonitor.parts.container_environment import EnvironmentState
from opsmonitor.parts.container_list import Container, read_inspected, read_list
from opsmonitor.parts.container_reading import containers_reading
from opsmonitor.parts.portainer import read_environments, read_stacks
from opsmonitor.probes.base import Poll, ProbeContext
from opsmonitor.probes.docker import PROBE
from opsmonitor.util.clock import FakeClock
from tests.daemon.odd import ODD, odd_documents
from tests.daemon.probes.box_double import fingerprint, hang, raw, reset, status
from tests.daemon.probes.conftest import MakePolls
from tests.daemon.probes.container_engine import INSPECTED, LISTED, Engine, listed
from tests.ports import held_port

_API_KEY = "ptr_hunter2"
_DIGEST = "sha256:" + "1" * 64


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    """Return an engine that listens on a port."""
    double = Engine()
    async with double.serving():
        yield double


@pytest.fixture
def poll(make_polls: MakePolls, engine: Engine) -> Poll:
    """Return the poll of the engine."""
    return make_polls(PROBE, engine=f"tcp://127.0.0.1:{engine.port}")[""]


def told(reading: Reading) -> list[tuple[str, str]]:
    """Return what is wrong, and how bad."""
    return [(issue.kind, issue.status.value) for issue in reading.issues]


def environments(reading: Reading) -> dict[str, Any]:
    """Return the engines as they are shown."""
    return cast("dict[str, Any]", reading.data["environments"])


async def test_containers_are_shown_by_name(poll: Poll, engine: Engine) -> None:
    """Nothing of the environment is kept, where passwords are."""
    engine.show([LISTED], restarts=2, policy="always")

    reading = await poll()

    assert (reading.status, reading.issues) == (ReadingStatus.OK, ())
    assert environments(reading)["local"]["containers"] == [
        {
            "name": "db",
            "id": "e2173b9478a6",
            "image": "postgres:17",
            "state": "running",
            "status": "Up 2 hours",
            "health": None,
            "exit_code": None,
            "restarts": 2,
            "restart_policy": "always",
            "started_at": "2026-06-14T05:48:53.26Z",
            "project": "shop",
            "service": "db",
            "update_available": None,
        }
    ]
    assert reading.values["running"] == 1
    assert reading.values["local.running"] == 1
    assert reading.values["local.db.running"] is True
    assert reading.values["local.db.restarts"] == 2
    assert "hunter2" not in json.dumps(reading.data)


@pytest.mark.parametrize(
    ("state", "words", "inspected", "expected"),
    [
        ("running", "Up 2 hours (healthy)", {}, []),
        ("running", "Up 2 seconds (health: starting)", {}, []),
        ("running", "Up 2 hours (unhealthy)", {}, [("container_unhealthy", "warn")]),
        ("paused", "Up 2 hours (Paused)", {}, [("container_paused", "warn")]),
        ("restarting", "Restarting (1) 3 s ago", {}, [("container_restarting", "warn")]),
        ("dead", "Dead", {}, [("container_dead", "crit")]),
        ("created", "Created", {}, []),
        ("exited", "Exited (0) 3 hours ago", {}, []),
        ("exited", "Exited (143) 3 hours ago", {}, []),
        ("exited", "Exited (1) 3 hours ago", {}, [("container_exited", "warn")]),
        ("exited", "Exited (137) 3 hours ago", {"oom": True}, [("container_exited", "warn")]),
        # What the engine would start again was stopped by somebody.
        ("exited", "Exited (1) 3 hours ago", {"policy": "unless-stopped"}, []),
        (
            "exited",
            "Exited (1) 3 hours ago",
            {"policy": "on-failure"},
            [("container_exited", "warn")],
        ),
    ],
)
async def test_what_is_wrong_is_told(
    poll: Poll,
    engine: Engine,
    state: str,
    words: str,
    inspected: dict[str, Any],
    expected: list[tuple[str, str]],
) -> None:
    """A finished job and a stopped container are no trouble."""
    engine.show([listed("db", state, words)], **inspected)

    assert told(await poll()) == expected


async def test_only_what_changed_is_looked_at_again(poll: Poll, engine: Engine) -> None:
    """A quiet house costs one request a poll."""
    engine.show([listed("a", "running", "Up 2 hours"), listed("b", "running", "Up 2 hours")])
    await poll()
    assert len(engine.asked) == 3
    engine.asked.clear()

    await poll()
    assert engine.asked == ["GET /containers/json?all=1"]

    engine.show([listed("a", "running", "Up 2 seconds"), listed("b", "running", "Up 2 hours")])
    await poll()
    assert engine.asked[2:] == ["GET /containers/a0123456789abcdef/json"]


async def test_what_happened_between_two_looks(poll: Poll, engine: Engine) -> None:
    """Containers keep their name when they are made anew; the first look tells nothing."""
    engine.show([listed(name, "running", "Up 2 hours") for name in ("a", "b", "c", "d")])
    assert (await poll()).events == ()

    renewed = listed("b", "running", "Up 1 second", Id="another0123456789")
    engine.show(
        [
            listed("a", "exited", "Exited (1) 1 second ago"),
            renewed,
            listed("c", "running", "Up 1 second (unhealthy)"),
            listed("e", "running", "Up 1 second"),
        ],
        restarts=1,
    )
    events = (await poll()).events

    assert [(event.kind, event.data["container"]) for event in events] == [
        ("container_state", "a"),
        ("container_restarted", "a"),
        ("container_recreated", "b"),
        ("container_health", "c"),
        ("container_restarted", "c"),
        ("container_removed", "d"),
        ("container_added", "e"),
    ]


async def test_a_container_that_is_restarted_again_and_again(
    poll: Poll, engine: Engine, clock: FakeClock
) -> None:
    """It is up whenever one looks, and told for as long as it goes on."""
    found: list[list[tuple[str, str]]] = []
    for number in range(5):
        engine.show([listed("db", "running", f"Up {number} seconds")], restarts=number)
        found.append(told(await poll()))
        clock.advance(60)
    clock.advance(900)
    engine.show([listed("db", "running", "Up 20 minutes")], restarts=4)
    found.append(told(await poll()))

    loop = [("container_restarts", "warn")]
    assert found == [[], [], [], loop, loop, []]


async def test_an_image_with_a_newer_one(
    make_polls: MakePolls, engine: Engine, clock: FakeClock
) -> None:
    """One image a poll is compared with its registry, and each of them twice a day."""
    engine.show([LISTED, listed("built", "running", "Up", Image="mine", ImageID="sha256:77")])
    engine.answers |= {
        "/images/sha256:5d2f/json": {"RepoDigests": [f"postgres@{_DIGEST}"]},
        "/images/sha256:77/json": {"RepoDigests": []},
        "/distribution/postgres:17/json": {"Descriptor": {"digest": "sha256:" + "2" * 64}},
    }
    address = f"tcp://127.0.0.1:{engine.port}"
    poll = make_polls(PROBE, engine=address, image_updates=True)[""]

    await poll()
    await poll()
    reading = await poll()

    assert reading.values["updates_available"] == 1
    shown = environments(reading)["local"]["containers"]
    assert [(each["name"], each["update_available"]) for each in shown] == [
        ("built", None),
        ("db", True),
    ]
    assert len([path for path in engine.asked if "distribution" in path]) == 1
    clock.advance(12 * 3600)
    engine.answers["/distribution/postgres:17/json"] = {"Descriptor": {"digest": _DIGEST}}
    await poll()
    assert (await poll()).values["updates_available"] == 0


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (reset, "connection_closed"),
        (status(500, body={"message": "out of order"}), "http_status"),
        (status(403), "forbidden"),
        (raw(b"<html>"), "invalid_response"),
        (raw(b"[{"), "invalid_response"),
    ],
)
async def test_an_engine_that_cannot_be_asked(
    poll: Poll, engine: Engine, trouble: Any, code: str
) -> None:
    """Each way to fail has its code."""
    engine.misbehave["/containers/json"] = trouble

    with pytest.raises(ProbeError) as caught:
        await poll()

    assert caught.value.code == code


async def test_an_engine_that_hangs_is_named(
    poll: Poll, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its host and port."""
    monkeypatch.setattr("opsmonitor.parts.container_environment.REQUEST_S", 0.3)
    engine.misbehave["/containers/json"] = hang

    with pytest.raises(
        ProbeError, match=rf"at 127\.0\.0\.1:{engine.port}: no answer within 0\.3 s"
    ):
        await poll()


async def test_engines_that_are_all_dead_are_all_told(make_polls: MakePolls) -> None:
    """Each by its name, with its own error."""
    ports = {"nas": held_port(), "attic": held_port()}
    engines = {name: f"tcp://127.0.0.1:{port}" for name, port in ports.items()}

    with pytest.raises(ProbeError) as caught:
        await make_polls(PROBE, engines=engines)[""]()

    nas, attic = str(caught.value).split("; ")
    assert (nas.startswith("nas: "), attic.startswith("attic: ")) == (True, True)
    assert (str(ports["nas"]) in nas, str(ports["attic"]) in attic) == (True, True)


async def test_a_closer_look_that_fails_hides_nothing(poll: Poll, engine: Engine) -> None:
    """The list is still good; what only the closer look shows is unknown."""
    engine.show([listed("a", "running", "Up 2 hours")])
    engine.misbehave["/containers/a"] = reset

    reading = await poll()

    assert reading.values["local.a.running"] is True
    assert reading.values["local.a.restarts"] is None


async def test_one_engine_hides_no_other(make_polls: MakePolls, engine: Engine) -> None:
    """What is dead is unreachable, and its containers are unknown, not stopped."""
    engine.show([listed("a", "running", "Up 2 hours")])
    poll = make_polls(
        PROBE,
        engines={
            "nas": f"tcp://127.0.0.1:{engine.port}",
            "attic": f"tcp://127.0.0.1:{held_port()}",
        },
    )[""]

    reading = await poll()

    assert told(reading) == [("environment_unreachable", "crit")]
    assert reading.values["nas.a.running"] is True
    assert reading.values["attic.reachable"] is False
    assert (reading.values["running"], reading.values["environments_unreachable"]) == (1, 1)


async def test_an_engine_that_went_away_keeps_what_was_known(
    make_polls: MakePolls, engine: Engine
) -> None:
    """Its containers are shown as they were last known; as values they are unknown."""
    other = Engine()
    async with other.serving():
        engine.show([listed("a", "running", "Up 2 hours")])
        poll = make_polls(
            PROBE,
            engine=f"tcp://127.0.0.1:{other.port}",
            engines={"nas": f"tcp://127.0.0.1:{engine.port}"},
        )[""]
        await poll()
        engine.misbehave["/"] = reset
        reading = await poll()

    assert environments(reading)["nas"]["containers"][0]["name"] == "a"
    assert environments(reading)["nas"]["error"]
    assert reading.values["nas.a.running"] is None


async def test_the_same_engine_by_two_ways_counts_once(
    make_polls: MakePolls, engine: Engine
) -> None:
    """Containers have an id that no other has."""
    engine.show([listed("a", "running", "Up 2 hours")])
    address = f"tcp://127.0.0.1:{engine.port}"
    poll = make_polls(PROBE, engine=address, engines={"again": address})[""]

    assert (await poll()).values["running"] == 1


async def test_a_machine_without_an_engine(
    make_polls: MakePolls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is broken where there is nothing; the note says what could be."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")

    reading = await make_polls(PROBE)[""]()

    assert reading.status is ReadingStatus.UNSUPPORTED
    assert reading.note is not None
    assert "docker.sock" in reading.note


async def test_an_engine_on_a_socket_file(
    make_polls: MakePolls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without any key, the engine is found as `docker` itself finds it."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    double = Engine()
    double.show([listed("a", "running", "Up 2 hours")])
    app = web.Application()
    app.router.add_get("/{path:.*}", double.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "docker.sock")).start()

    reading = await make_polls(PROBE)[""]()
    await runner.cleanup()

    assert reading.values["local.a.running"] is True


async def test_a_variable_that_is_of_no_use(
    make_polls: MakePolls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named."""
    monkeypatch.setenv("DOCKER_HOST", "nonsense")

    with pytest.raises(ProbeError, match="DOCKER_HOST"):
        await make_polls(PROBE)[""]()


async def test_known_trouble_can_be_ignored(make_polls: MakePolls, engine: Engine) -> None:
    """By its kind and the container's name."""
    engine.show([listed(name, "exited", "Exited (1) 1 hour ago") for name in ("a", "b")])
    address = f"tcp://127.0.0.1:{engine.port}"
    poll = make_polls(PROBE, engine=address, ignore=["container_exited:a"])[""]

    assert [issue.data["container"] for issue in (await poll()).issues] == ["b"]


# Portainer


def environment(number: int, name: str, **more: Any) -> dict[str, Any]:
    """Return an environment as Portainer describes it, secrets included."""
    return {
        "Id": number,
        "Name": name,
        "Type": 1,
        "Status": 1,
        "URL": "unix:///var/run/docker.sock",
        "AzureCredentials": {"AuthenticationKey": "hunter2"},
        **more,
    }


class PortainerDouble(Engine):
    """A Portainer with one engine behind it, which has the number 1."""

    def __init__(self) -> None:
        """Know one environment."""
        super().__init__("/api/endpoints/1/docker", {"X-API-Key": _API_KEY})
        self.answers |= {"/api/endpoints": [environment(1, "home")], "/api/stacks": []}


@pytest.fixture
async def portainer() -> AsyncIterator[PortainerDouble]:
    """Return a Portainer that listens with a self-signed certificate, as it does."""
    double = PortainerDouble()
    async with double.serving(certificate="self-signed"):
        yield double


def section(portainer: PortainerDouble, key: str = _API_KEY) -> dict[str, Any]:
    """Return the section for this Portainer."""
    url = f"https://127.0.0.1:{portainer.port}"
    tls = {"fingerprint": fingerprint()}
    return {"portainer": {"url": url, "api_key": key, "tls": tls}}


@pytest.fixture
def portainer_poll(make_polls: MakePolls, portainer: PortainerDouble) -> Poll:
    """Return the poll of everything behind Portainer."""
    return make_polls(PROBE, **section(portainer))[""]


async def test_all_environments_are_read(portainer_poll: Poll, portainer: PortainerDouble) -> None:
    """Those without containers say so; the local engine is not asked unless it is named."""
    portainer.show([listed("a", "running", "Up 2 hours")], restarts=1)
    portainer.answers["/api/endpoints"] = [
        environment(1, "home"),
        environment(2, "cluster", Type=5),
        environment(3, "cottage", Status=2),
    ]

    reading = await portainer_poll()

    assert told(reading) == [("environment_unreachable", "crit")]
    shown = environments(reading)
    assert list(shown) == ["home", "cluster", "cottage"]
    assert shown["cottage"]["error"] == "Portainer says that it is down"
    assert shown["cluster"]["note"] is not None
    assert reading.values["home.a.restarts"] == 1
    assert reading.data["portainer"] == {"reachable": True, "error": None}
    assert "hunter2" not in json.dumps(reading.data)
    assert not [path for path in portainer.asked if "/endpoints/3" in path]


async def test_stacks_are_compared_with_what_runs(
    portainer_poll: Poll, portainer: PortainerDouble
) -> None:
    """An active stack of which nothing runs is down; one that was stopped is not."""
    portainer.show([LISTED])
    portainer.answers["/api/stacks"] = [
        {"Id": 1, "Name": "shop", "Type": 2, "EndpointId": 1, "Status": 1},
        {"Id": 2, "Name": "wiki", "Type": 2, "EndpointId": 1, "Status": 1, "Env": []},
        {"Id": 3, "Name": "old", "Type": 2, "EndpointId": 1, "Status": 2},
        {"Id": 4, "Name": "swarm", "Type": 1, "EndpointId": 1, "Status": 1},
    ]

    reading = await portainer_poll()

    assert [issue.data.get("stack") for issue in reading.issues] == ["wiki"]
    assert [each["name"] for each in environments(reading)["home"]["stacks"]] == [
        "shop",
        "wiki",
        "old",
    ]


async def test_no_stacks_is_no_trouble(portainer_poll: Poll, portainer: PortainerDouble) -> None:
    """Some versions answer with nothing at all."""
    portainer.misbehave["/api/stacks"] = status(204)

    assert (await portainer_poll()).status is ReadingStatus.OK


async def test_a_wrong_key_is_told_apart(make_polls: MakePolls, portainer: PortainerDouble) -> None:
    """It is not tried again at once, and not repeated."""
    with pytest.raises(ProbeError) as caught:
        await make_polls(PROBE, **section(portainer, "ptr_wrong"))[""]()

    assert caught.value.code == "unauthorized"
    assert caught.value.wait_s > 0
    assert str(caught.value).endswith("does not accept the key: check `portainer: api_key`")
    assert "ptr_wrong" not in str(caught.value)


async def test_a_wrong_key_rests_while_engines_are_polled(
    make_polls: MakePolls, portainer: PortainerDouble, engine: Engine, clock: FakeClock
) -> None:
    """It is told in each poll and tried after five minutes; once it is good, nothing waits."""
    engine.show([listed("a", "running", "Up 2 hours")])
    address = f"tcp://127.0.0.1:{engine.port}"
    poll = make_polls(PROBE, engine=address, **section(portainer))[""]
    portainer.misbehave["/api"] = status(401)

    first = [await poll() for _ in range(3)]
    tries = portainer.asked.count("GET /api/endpoints")
    clock.advance(301)
    later = await poll()
    portainer.misbehave.clear()
    clock.advance(301)
    mended = [await poll() for _ in range(2)]

    for reading in (*first, later):
        assert told(reading) == [("portainer_unreachable", "crit")]
        assert "does not accept the key" in reading.issues[0].message
        assert reading.values["local.a.running"] is True
    assert tries == 1
    assert [told(reading) for reading in mended] == [[], []]
    assert portainer.asked.count("GET /api/endpoints") == 4


@pytest.mark.parametrize("trouble", [reset, status(502), status(500), raw(b"<html>")])
async def test_an_environment_that_is_away_hides_no_other(
    portainer_poll: Poll, portainer: PortainerDouble, trouble: Any
) -> None:
    """Portainer cannot reach it: that is told of it alone."""
    portainer.show([listed("a", "running", "Up 2 hours")])
    portainer.answers["/api/endpoints"] = [environment(1, "home"), environment(4, "away", Type=4)]
    portainer.misbehave["/api/endpoints/4"] = trouble

    reading = await portainer_poll()

    assert told(reading) == [("environment_unreachable", "crit")]
    assert reading.values["home.a.running"] is True
    assert reading.values["away.reachable"] is False


async def test_an_environment_that_hangs_hides_no_other(
    portainer_poll: Poll, portainer: PortainerDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It costs its own time limit."""
    monkeypatch.setattr("opsmonitor.parts.container_environment.REQUEST_S", 0.5)
    portainer.answers["/api/endpoints"] = [environment(1, "home"), environment(4, "away", Type=2)]
    portainer.misbehave["/api/endpoints/4"] = hang

    reading = await portainer_poll()

    assert reading.values["home.reachable"] is True
    assert reading.values["away.reachable"] is False


async def test_a_poll_makes_do_with_what_it_has(
    context: ProbeContext, portainer: PortainerDouble, engine: Engine
) -> None:
    """Whoever hangs costs a part of the poll's time, and is told; the others are told, too."""
    engine.show([listed("a", "running", "Up 2 hours")])
    engine.misbehave["/containers/a"] = hang
    portainer.answers["/api/endpoints"] = [
        environment(number, f"away-{number}", Type=4) for number in range(2, 9)
    ]
    portainer.misbehave["/api/endpoints/"] = hang
    keys = {"engine": f"tcp://127.0.0.1:{engine.port}", **section(portainer)}
    options = PROBE.options(**vol.Schema(dict(PROBE.schema))(keys))

    reading = await PROBE.compile(options, replace(context, timeout_s=2.5))[""]()

    assert reading.values["local.a.running"] is True
    assert reading.values["local.a.restarts"] is None
    assert [reading.values[f"away-{number}.reachable"] for number in range(2, 9)] == [False] * 7


async def test_engines_are_told_without_portainer(
    make_polls: MakePolls, portainer: PortainerDouble, engine: Engine
) -> None:
    """A Portainer that fails does not hide what is asked directly."""
    portainer.show([listed("b", "running", "Up 2 hours")])
    engine.show([listed("a", "running", "Up 2 hours")])
    address = f"tcp://127.0.0.1:{engine.port}"
    poll = make_polls(PROBE, engine=address, **section(portainer))[""]
    await poll()
    portainer.misbehave["/api"] = status(500)

    reading = await poll()

    assert [kind for kind, _ in told(reading)] == [
        "portainer_unreachable",
        "environment_unreachable",
    ]
    assert reading.values["local.a.running"] is True
    assert environments(reading)["home"]["containers"][0]["name"] == "b"
    assert cast("dict[str, Any]", reading.data["portainer"])["reachable"] is False


@pytest.mark.parametrize(
    "keys",
    [
        {"engine": "nas"},
        {"engines": ["tcp://nas:2375"]},
        {"engines": {"nas": "ftp://nas"}},
        {"portainer": {"url": "https://nas:9443"}},
        {"portainer": {"api_key": "x"}},
    ],
)
def test_wrong_sections_are_refused(make_polls: MakePolls, keys: dict[str, Any]) -> None:
    """A section must say where engines are, and how to log in."""
    with pytest.raises(vol.Invalid):
        make_polls(PROBE, **keys)


# Parsers


@given(
    st.lists(odd_documents(LISTED), max_size=3) | ODD,
    odd_documents(INSPECTED),
    st.lists(odd_documents(environment(1, "home")), max_size=3) | ODD,
)
def test_parsers_take_whatever_comes(containers: Any, inspected: Any, endpoints: Any) -> None:
    """Whatever engines say, there is a reading, and it can be stored and sent anywhere."""
    seen = read_inspected(inspected)
    found = {each.name: Container(listed=each, inspected=seen) for each in read_list(containers)}
    states = [
        EnvironmentState(name=each.name, kind=each.kind, containers=found)
        for each in read_environments(endpoints)
    ]
    read_stacks(endpoints)

    reading = containers_reading(states, [], frozenset())

    kept = [reading.data, dict(reading.values), [dict(issue.data) for issue in reading.issues]]
    json.dumps(kept, allow_nan=False, ensure_ascii=False).encode()
