"""What checks say while this process has no file left: nothing of their targets."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from opsmonitor.checks import command, connectivity, dns, docker, http, job, ping, process, tcp, tls
from opsmonitor.checks.base import CheckType
from opsmonitor.models.check import Verdict
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.no_files import no_file_left
from tests.ports import held_port

_HOST = "127.0.0.1"
_NAME = "web.test"


@pytest.mark.parametrize(
    ("check", "keys"),
    [
        (tcp.CHECK, {"host": _HOST, "port": ...}),
        (tcp.CHECK, {"host": _HOST, "port": ..., "send": "hello"}),
        (tcp.CHECK, {"host": _NAME, "port": ...}),
        (tcp.CHECK, {"host": "localhost", "port": ...}),
        (http.CHECK, {"url": f"http://{_HOST}:%d/"}),
        (http.CHECK, {"url": f"http://{_NAME}:%d/"}),
        (http.CHECK, {"url": f"https://{_HOST}:%d/"}),
        (http.CHECK, {"url": f"https://{_NAME}:%d/"}),
        (http.CHECK, {"url": "http://web.invalid/", "proxy": f"http://{_HOST}:%d"}),
        (tls.CHECK, {"host": _HOST, "port": ...}),
        (dns.CHECK, {"query": "nas.test", "resolver": f"{_HOST}:%d"}),
        (
            job.CHECK,
            {"status_url": f"http://{_HOST}:%d/{{job_id}}", "job_id_url": f"http://{_HOST}:%d/"},
        ),
        (job.CHECK, {"status_url": f"http://{_HOST}:%d/{{job_id}}", "job_id_file": "/dev/null"}),
        (docker.CHECK, {"container": "db", "engine": "unix:///nowhere/docker.sock"}),
        (docker.CHECK, {"container": "db", "engine": f"tcp://{_HOST}:%d"}),
        (command.CHECK, {"command": [sys.executable, "-c", ""]}),
        (ping.CHECK, {"host": _HOST}),
        (
            connectivity.CHECK,
            {"gateway": False, "resolver": False, "outside": [f"{_HOST}:%d"], "values": []},
        ),
    ],
    ids=lambda value: getattr(value, "name", None),
)
async def test_a_shortage_is_not_the_targets(
    make_probe: MakeProbe,
    names: dict[str, list[str]],
    check: CheckType[Any],
    keys: dict[str, Any],
) -> None:
    """The outcome has the code of a run that is not judged, as long as there is nothing left."""
    names[_NAME] = ["::1", _HOST]
    port = held_port()
    probe = make_probe(check, **{name: _with_port(value, port) for name, value in keys.items()})
    before = await probe()

    with no_file_left():
        outcome = await probe()
    after = await probe()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "no_resources"), outcome
    assert "this machine has no file left to" in (outcome.error or "")
    assert (after.verdict, after.error_code) == (before.verdict, before.error_code)
    assert after.error_code != "no_resources"


async def test_processes_that_cannot_be_listed_are_not_missing(make_probe: MakeProbe) -> None:
    """Without a file nobody sees what runs."""
    with no_file_left():
        outcome = await make_probe(process.CHECK, process_name="opsmonitor-test")()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "no_resources"), outcome


def _with_port(value: Any, port: int) -> Any:
    """Fill in the port where there is to be one."""
    if value is ...:
        return port
    if isinstance(value, list):
        return [_with_port(each, port) for each in value]
    return value % port if isinstance(value, str) and "%d" in value else value
