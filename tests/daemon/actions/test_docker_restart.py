"""Restarting containers of an engine on a socket file that refuses, hangs and is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.actions.docker_restart import ACTION
from opsmonitor.exceptions import ActionError
from tests.daemon.actions.conftest import Do
from tests.daemon.actions.service import Service, serving


def engine(status: int = 204, body: str = "") -> Service:
    """Return an engine that gives one answer."""
    service = Service()
    service.status, service.body = status, body
    return service


async def test_a_container_is_restarted(do: Do, tmp_path: Path) -> None:
    """The engine is asked once, on its socket file."""
    socket = tmp_path / "docker.sock"
    async with serving(engine(), socket) as service:
        said = await do(ACTION, {"container": "db", "engine": f"unix://{socket}"})

    assert said == "restarted"
    assert [asked[:2] for asked in service.asked] == [("POST", "/containers/db/restart?t=5")]


async def test_an_engine_on_a_port(do: Do) -> None:
    """`tcp://` works, too; and a container may take ten seconds to stop, if there is time."""
    async with serving(engine()) as service:
        keys = {"container": "/db", "engine": f"tcp://127.0.0.1:{service.port}"}
        await do(ACTION, keys, timeout_s=60)

    assert service.asked[0][1] == "/containers/db/restart?t=10"


async def test_docker_host_tells_where_the_engine_is(
    do: Do, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for `docker` itself; nonsense in it is told."""
    socket = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    async with serving(engine(), socket):
        assert await do(ACTION, {"container": "db"}) == "restarted"

    monkeypatch.setenv("DOCKER_HOST", "nonsense")
    with pytest.raises(ActionError, match="DOCKER_HOST is of no use"):
        await do(ACTION, {"container": "db"})


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (404, '{"message": "No such container: db"}', "there is no container db"),
        (500, '{"message": "driver failed"}', 'status 500: "driver failed"'),
        (500, "[[", "status 500$"),
        (200, "[]", "status 200$"),
    ],
)
async def test_refusals_are_told(
    do: Do, tmp_path: Path, status: int, body: str, message: str
) -> None:
    """Whatever is not 204 was not done."""
    socket = tmp_path / "docker.sock"
    async with serving(engine(status, body), socket):
        with pytest.raises(ActionError, match=message):
            await do(ACTION, {"container": "db", "engine": f"unix://{socket}"})


async def test_an_engine_that_hangs_or_is_not_there(do: Do, tmp_path: Path) -> None:
    """The time is limited, and the reason told."""
    socket = tmp_path / "docker.sock"
    keys = {"container": "db", "engine": f"unix://{socket}"}
    with pytest.raises(ActionError, match="no container engine was found"):
        await do(ACTION, keys)
    service = engine()
    service.hangs = True
    async with serving(service, socket):
        with pytest.raises(ActionError, match=r"within 0\.3 s"):
            await do(ACTION, keys, timeout_s=0.3)


@pytest.mark.parametrize("name", ["", "../etc", "a/b", "-x", 7])
def test_what_is_no_name(name: Any) -> None:
    """Nothing that could become another path of the engine."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(ACTION.schema))({"container": name})


def test_the_target_names_another_machine() -> None:
    """A container of the same name elsewhere is another thing."""
    schema = vol.Schema(dict(ACTION.schema))
    here = ACTION.options(**schema({"container": "db"}))
    there = ACTION.options(**schema({"container": "db", "engine": "tcp://nas.lan:2375"}))

    assert (ACTION.target(here), ACTION.target(there)) == ("db", "db on nas.lan")
