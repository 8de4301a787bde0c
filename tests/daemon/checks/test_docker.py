"""Docker checks against an engine on a socket file that answers, and misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import copy
import json
from pathlib import Path
import socket
from typing import Any

from aiohttp import web
from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.checks.docker import CHECK, DockerJudge
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.parts.container import judge_container, read_container
from opsmonitor.parts.docker_engine import engine_address, usual_address
from opsmonitor.util.clock import FakeClock
from tests.daemon.checks.conftest import MakeProbe
from tests.ports import held_port

_ID = "e2173b9478a6ae55e237d4d74f8bbb753f0817192b5081334dc78476296b7dfb"
# The shape in which engines describe a container, as far as it matters.
_RUNNING: dict[str, Any] = {
    "Id": _ID,
    "Name": "/db",
    "RestartCount": 0,
    "Image": "sha256:5d2f",
    "Config": {"Image": "postgres:17", "Env": ["POSTGRES_PASSWORD=hunter2"]},
    "HostConfig": {"RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}},
    "State": {
        "Status": "running",
        "Running": True,
        "Paused": False,
        "Restarting": False,
        "OOMKilled": False,
        "Dead": False,
        "Pid": 1234,
        "ExitCode": 0,
        "Error": "",
        "StartedAt": "2026-06-14T05:48:53.266176036Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
    },
}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def described(*, restarts: int = 0, name: str = "/db", **state: Any) -> dict[str, Any]:
    """Return a container in another state."""
    container = copy.deepcopy(_RUNNING)
    container["Name"] = name
    container["RestartCount"] = restarts
    container["State"].update(state)
    return container


class Engine:
    """A container engine on a socket file."""

    def __init__(self, path: Path) -> None:
        """Know no container."""
        self.path = path
        self.containers: dict[str, dict[str, Any]] = {}
        self.listed: Any = []
        self.asked: list[str] = []
        self.misbehave: Answer | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.asked.append(request.raw_path)
        if self.misbehave is not None:
            return await self.misbehave(request)
        if request.path == "/containers/json":
            return web.json_response(self.listed)
        name = request.path.removeprefix("/containers/").removesuffix("/json")
        if name in self.containers:
            return web.json_response(self.containers[name])
        return web.json_response({"message": f"No such container: {name}"}, status=404)


@asynccontextmanager
async def serving(engine: Engine) -> AsyncIterator[int]:
    """Let an engine listen at its socket file, and on a port, which is returned."""
    app = web.Application()
    app.router.add_get("/{path:.*}", engine.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(engine.path)).start()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield next(address[1] for address in runner.addresses if isinstance(address, tuple))
    finally:
        await runner.cleanup()


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """Return an engine that listens at a socket file."""
    double = Engine(tmp_path / "docker.sock")
    async with serving(double):
        yield double


def keys(engine: Engine, **more: Any) -> dict[str, Any]:
    """Return the keys of a check of this engine."""
    return {"engine": f"unix://{engine.path}", "container": "db", **more}


def seen(outcome: Outcome) -> tuple[Verdict, str | None, str | None]:
    """Return what matters most of an outcome."""
    return outcome.verdict, outcome.error_code, outcome.error


@pytest.mark.parametrize(
    ("state", "verdict", "code", "error"),
    [
        ({}, Verdict.OK, None, None),
        ({"Health": {"Status": "healthy", "FailingStreak": 0}}, Verdict.OK, None, None),
        ({"Health": {"Status": "none"}}, Verdict.OK, None, None),
        ({"Healthcheck": {"Status": ""}}, Verdict.OK, None, None),
        (
            {"Health": {"Status": "starting"}},
            Verdict.DEGRADED,
            "container_starting",
            "the container db runs, but is not ready yet",
        ),
        (
            {"Health": {"Status": "Unhealthy", "FailingStreak": 3}},
            Verdict.FAIL,
            "container_unhealthy",
            "the container db runs, but its health check fails",
        ),
        (
            {"Healthcheck": {"Status": "unhealthy"}},
            Verdict.FAIL,
            "container_unhealthy",
            "the container db runs, but its health check fails",
        ),
        (
            {"Status": "paused", "Paused": True},
            Verdict.FAIL,
            "container_paused",
            "the container db is paused",
        ),
        (
            {"Status": "restarting", "Restarting": True, "ExitCode": 1},
            Verdict.DEGRADED,
            "container_restarting",
            "the container db is being restarted",
        ),
        (
            {"Status": "exited", "Running": False, "ExitCode": 3},
            Verdict.FAIL,
            "container_exited",
            "the container db ended with exit code 3",
        ),
        (
            {"Status": "exited", "Running": False, "ExitCode": 137, "OOMKilled": True},
            Verdict.FAIL,
            "container_exited",
            "the container db ended with exit code 137: it ran out of memory",
        ),
        (
            {"Status": "exited", "Running": False, "ExitCode": 137},
            Verdict.FAIL,
            "container_exited",
            "the container db ended with exit code 137: it was killed",
        ),
        (
            {"Status": "dead", "Running": False, "Dead": True},
            Verdict.FAIL,
            "container_dead",
            "the container db is dead: the engine could not remove it",
        ),
        (
            {"Status": "created", "Running": False},
            Verdict.FAIL,
            "container_not_running",
            "the container db is not running: it is created",
        ),
        ({"Status": ""}, Verdict.OK, None, None),
        (
            {"Status": "", "Paused": True},
            Verdict.FAIL,
            "container_paused",
            "the container db is paused",
        ),
    ],
)
async def test_states(
    make_probe: MakeProbe,
    engine: Engine,
    state: dict[str, Any],
    verdict: Verdict,
    code: str | None,
    error: str | None,
) -> None:
    """Running and healthy is up, on its way is degraded, everything else is down and says why."""
    engine.containers["db"] = described(**state)

    outcome = await make_probe(CHECK, **keys(engine))()

    assert seen(outcome) == (verdict, code, error)
    assert engine.asked == ["/containers/db/json"]


async def test_what_is_kept_of_a_container(make_probe: MakeProbe, engine: Engine) -> None:
    """The API gets what helps, and nothing of the environment, where passwords are."""
    engine.containers["db"] = described(restarts=4)

    outcome = await make_probe(CHECK, **keys(engine))()

    assert outcome.data == {
        "containers": [
            {
                "id": "e2173b9478a6",
                "name": "db",
                "state": "running",
                "health": None,
                "restarts": 4,
                "exit_code": 0,
                "started_at": "2026-06-14T05:48:53.266176036Z",
                "image": "postgres:17",
            }
        ]
    }
    assert outcome.latency_ms is not None
    assert "hunter2" not in repr(outcome)


async def test_a_job_that_has_finished(make_probe: MakeProbe, engine: Engine) -> None:
    """A container that may finish is fine after a success, and only then."""
    probe = make_probe(CHECK, **keys(engine, may_finish=True))

    engine.containers["db"] = described(Status="exited", Running=False, ExitCode=0)
    finished = await probe()
    engine.containers["db"] = described(Status="exited", Running=False, ExitCode=1)
    failed = await probe()

    assert finished.verdict is Verdict.OK
    assert failed.error_code == "container_exited"


async def test_a_container_that_is_missing(make_probe: MakeProbe, engine: Engine) -> None:
    """A container that was removed is down."""
    outcome = await make_probe(CHECK, **keys(engine))()

    assert seen(outcome) == (Verdict.FAIL, "container_missing", "there is no container db")


async def test_containers_by_label(make_probe: MakeProbe, engine: Engine) -> None:
    """All containers with the labels are judged, and the worst one speaks."""
    engine.listed = [{"Id": "a1"}, {"Id": "b2"}, {"Id": None}, "nonsense"]
    engine.containers = {
        "a1": described(name="/web-1"),
        "b2": described(name="/web-2", Status="exited", ExitCode=1),
    }
    labels = ["com.docker.compose.project=shop", "role"]
    probe = make_probe(CHECK, engine=f"unix://{engine.path}", label=labels)

    outcome = await probe()

    assert seen(outcome) == (
        Verdict.FAIL,
        "container_exited",
        "the container web-2 ended with exit code 1",
    )
    assert [assertion.actual for assertion in outcome.assertions] == ["running", "0", "exited", "0"]
    listing = engine.asked[0]
    assert "%22com.docker.compose.project%3Dshop%22" in listing
    assert engine.asked[1:] == ["/containers/a1/json", "/containers/b2/json"]


async def test_no_container_with_a_label(make_probe: MakeProbe, engine: Engine) -> None:
    """Nothing with the label is down, not up for lack of anything bad."""
    outcome = await make_probe(CHECK, engine=f"unix://{engine.path}", label="a=b")()

    assert seen(outcome) == (
        Verdict.FAIL,
        "container_missing",
        "no container has the label a=b",
    )


async def test_any_number_of_restarts(
    make_probe: MakeProbe, engine: Engine, clock: FakeClock
) -> None:
    """Without limits, restarts are shown and change nothing."""
    probe = make_probe(CHECK, **keys(engine, restarts=None))
    engine.containers["db"] = described()
    await probe()
    clock.advance(30)
    engine.containers["db"] = described(restarts=50)
    outcome = await probe()

    assert outcome.verdict is Verdict.OK
    assert outcome.assertions[1].actual == "50"


async def test_restarts(make_probe: MakeProbe, engine: Engine, clock: FakeClock) -> None:
    """Restarts are counted from the first look on, for a while; a counter set back begins anew."""
    probe = make_probe(CHECK, **keys(engine, restarts={"warn": 1, "crit": 3, "within_s": 600}))
    verdicts = []
    for total, pause_s in ((7, 30), (7, 30), (8, 30), (10, 30), (10, 600), (10, 30), (0, 30)):
        engine.containers["db"] = described(restarts=total)
        outcome = await probe()
        verdicts.append((outcome.verdict, outcome.error))
        clock.advance(pause_s)

    assert verdicts == [
        (Verdict.OK, None),
        (Verdict.OK, None),
        (Verdict.DEGRADED, "db was restarted once within 10 minutes"),
        (Verdict.FAIL, "db was restarted 3 times within 10 minutes"),
        (Verdict.FAIL, "db was restarted 3 times within 10 minutes"),
        (Verdict.OK, None),
        (Verdict.OK, None),
    ]


@given(steps=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 400)), min_size=1, max_size=30))
def test_restarts_are_those_of_the_last_while(steps: list[tuple[int, int]]) -> None:
    """What is counted is the growth since the last look before the while began."""
    clock = FakeClock()
    options = CHECK.options(**vol.Schema(dict(CHECK.schema))({"container": "db"}))
    probe_judge = _judge(options, clock)
    looks: list[tuple[float, int]] = []
    total = 0
    for grown, pause_s in steps:
        total += grown
        now_s = clock.monotonic()
        looks.append((now_s, total))
        before = [count for at_s, count in looks if at_s <= now_s - 600] or [looks[0][1]]

        assert probe_judge(total) == total - before[-1]
        clock.advance(pause_s)


def _judge(options: Any, clock: FakeClock) -> Callable[[int], int]:
    """Return what counts the restarts, as the judgement shows it."""
    judge = DockerJudge(options, clock)
    return lambda total: int(
        judge([read_container(described(restarts=total))], 1.0).assertions[1].actual
    )


async def _hang(_request: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    return web.Response()


async def _half(request: web.Request) -> web.StreamResponse:
    """Break off in mid-answer."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"Id"')
    assert request.transport is not None
    request.transport.abort()
    return response


async def _html(_request: web.Request) -> web.StreamResponse:
    """Answer as a proxy does that knows nothing."""
    return web.Response(text="<html>welcome</html>", content_type="text/html")


async def _error(_request: web.Request) -> web.StreamResponse:
    """Fail as an engine does."""
    return web.json_response({"message": "driver failed: disk full"}, status=500)


async def _deep(_request: web.Request) -> web.StreamResponse:
    """Answer what cannot be read."""
    return web.Response(text="[" * 100_000)


async def _huge(_request: web.Request) -> web.StreamResponse:
    """Answer more than anybody wants to read."""
    return web.Response(body=b" " * (9 << 20))


@pytest.mark.parametrize("by", [{"container": "db"}, {"label": "a"}], ids=["name", "label"])
@pytest.mark.parametrize(
    ("misbehave", "code"),
    [
        (_hang, "timeout"),
        (_half, "invalid_response"),
        (_html, "invalid_response"),
        (_error, "engine_error"),
        (_deep, "invalid_response"),
        (_huge, "body_too_large"),
    ],
)
async def test_an_engine_that_misbehaves(
    make_probe: MakeProbe, engine: Engine, by: dict[str, str], misbehave: Answer, code: str
) -> None:
    """An engine in trouble is told from a container in trouble."""
    engine.misbehave = misbehave
    timeout_s = 0.1 if misbehave is _hang else 5.0

    outcome = await make_probe(CHECK, engine=f"unix://{engine.path}", timeout_s=timeout_s, **by)()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, code)
    assert outcome.error


async def test_the_engine_says_why(make_probe: MakeProbe, engine: Engine) -> None:
    """The engine's own message is shown."""
    engine.misbehave = _error

    outcome = await make_probe(CHECK, **keys(engine))()

    assert outcome.error == 'the engine answered with status 500: "driver failed: disk full"'


async def test_no_engine(make_probe: MakeProbe, tmp_path: Path) -> None:
    """Without a socket file the failure says where it was looked for."""
    path = tmp_path / "docker.sock"

    outcome = await make_probe(CHECK, container="db", engine=f"unix://{path}")()

    assert seen(outcome) == (
        Verdict.FAIL,
        "socket_missing",
        f"no container engine was found: there is no {path}",
    )


async def test_an_engine_that_has_ended(make_probe: MakeProbe, tmp_path: Path) -> None:
    """A socket file that was left behind is told from one that is not there."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))

    outcome = await make_probe(CHECK, container="db", engine=f"unix://{path}")()

    assert outcome.error_code == "connection_refused"
    assert str(path) in str(outcome.error)


async def test_an_engine_on_a_port(make_probe: MakeProbe, tmp_path: Path) -> None:
    """An engine can be asked over the network, and be down there."""
    engine = Engine(tmp_path / "other.sock")
    engine.containers["db"] = described()
    async with serving(engine) as port:
        up = await make_probe(CHECK, container="db", engine=f"tcp://127.0.0.1:{port}")()
    down = await make_probe(CHECK, container="db", engine=f"tcp://127.0.0.1:{held_port()}")()

    assert up.verdict is Verdict.OK
    assert engine.asked == ["/containers/db/json"]
    assert down.error_code == "connection_refused"


async def test_docker_host_is_followed(
    make_probe: MakeProbe, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the key, the variable that `docker` itself uses tells where the engine is."""
    engine.containers["db"] = described()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{engine.path}")
    up = await make_probe(CHECK, container="db")()
    monkeypatch.setenv("DOCKER_HOST", "ssh://nas")
    unsupported = await make_probe(CHECK, container="db")()

    assert up.verdict is Verdict.OK
    assert unsupported.error_code == "unsupported"
    assert "DOCKER_HOST" in str(unsupported.error)


def test_the_usual_sockets() -> None:
    """Docker comes first, Podman next, a user's own engine last."""
    sockets = usual_address({"XDG_RUNTIME_DIR": "/run/user/1000"}).sockets

    assert sockets == (
        "/var/run/docker.sock",
        "/run/podman/podman.sock",
        "/run/user/1000/docker.sock",
        "/run/user/1000/podman/podman.sock",
    )


async def test_the_first_socket_that_is_there(
    make_probe: MakeProbe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without Docker has Podman asked, or the user's own engine."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("opsmonitor.parts.docker_engine._SOCKETS", (str(tmp_path / "none"),))
    engine = Engine(tmp_path / "docker.sock")
    engine.containers["db"] = described()
    async with serving(engine):
        outcome = await make_probe(CHECK, container="db")()

    assert outcome.verdict is Verdict.OK


@given(
    answer=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["State", "Status", "Health", "Config", "Image", "Name", "Id", "ExitCode"]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    )
)
def test_no_answer_is_a_defect(answer: Any) -> None:
    """Whatever an engine sends is judged or refused."""
    try:
        container = read_container(json.loads(json.dumps(answer)))
    except TransportError as err:
        assert err.code == "invalid_response"  # noqa: PT017  # both ends are fine
        return

    finding = judge_container(container, may_finish=False)
    assert (finding.trouble is None) is finding.assertion.ok


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "say which container"),
        ({"container": "a", "label": "b"}, "say which container"),
        ({"container": "../../images"}, "name or id"),
        ({"container": "a b"}, "name or id"),
        ({"container": "a", "engine": "/var/run/docker.sock"}, "expected unix://"),
        ({"container": "a", "engine": "tcp://nas"}, "expected unix://"),
        ({"container": "a", "engine": "tcp://me:pw@nas:2375"}, "expected unix://"),
        ({"container": "a", "engine": "tcp://nas:1/x"}, "expected unix://"),
        ({"container": "a", "engine": "ssh://nas"}, "expected unix://"),
        ({"container": "a", "restarts": {"warn": 3, "crit": 2}}, "must not be above"),
    ],
)
def test_keys_that_make_no_sense(more: dict[str, Any], message: str) -> None:
    """Mistakes are told when the configuration is loaded."""
    with pytest.raises(vol.Invalid) as caught:
        CHECK.options(**vol.Schema(dict(CHECK.schema))(more))

    assert message in str(caught.value)


def test_where_an_engine_can_be() -> None:
    """Addresses are written as in `DOCKER_HOST`; each host has its own limit of checks."""
    values = vol.Schema(dict(CHECK.schema))({"container": "/db", "engine": "https://nas:2376"})
    options = CHECK.options(**values)

    assert (CHECK.target(options), CHECK.host(options)) == ("db", "nas")
    assert str(engine_address("tcp://[::1]:2375/").url) == "http://[::1]:2375"
