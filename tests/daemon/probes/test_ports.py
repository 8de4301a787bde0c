"""The ports probe: real sockets of this process, a real engine's answers, and hostile names."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import replace
import errno
import json
import os
from pathlib import Path
import shutil
import socket
import struct
import tempfile
import time
from typing import Any

from aiohttp import web
from hypothesis import given, strategies as st
import pytest

from opsmonitor.cli.ports import PortQuestion, run
from opsmonitor.models.reading import Reading
from opsmonitor.parts import docker_engine
from opsmonitor.parts.command_secrets import shown_command
from opsmonitor.parts.docker_engine import EngineAddress
from opsmonitor.parts.port_events import PortChanges
from opsmonitor.parts.port_page import POLICY, port_page
from opsmonitor.parts.port_rows import NAT, PortRow, join_rows, row_json, users_of
from opsmonitor.parts.published_ports import Containers, container_id, read_containers
from opsmonitor.probes.base import ProbeContext
from opsmonitor.probes.ports import PortsOptions, PortsWatch
from opsmonitor.util import sock_diag
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.listeners import ListenerLook, Listeners
from opsmonitor.util.resolver import Resolver
from opsmonitor.util.sock_diag import Bound, parse_answer, plain_ip, split
from opsmonitor.util.socket_files import parse_sockets
from opsmonitor.util.socket_owners import Owner, OwnerFinder, Owners

STAT = "7 (a) b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {}"
ID = "4bf1" * 16
CONTAINERS: list[dict[str, Any]] = [
    {
        "Id": ID,
        "Names": ["/web"],
        "Image": "nginx:1",
        "State": "running",
        "Status": "Up 2 hours",
        "Ports": [
            *(
                {"IP": ip, "PrivatePort": port, "PublicPort": port, "Type": "tcp"}
                for port in range(8000, 8006)
                for ip in ("0.0.0.0", "::")  # noqa: S104 - told, not bound
            ),
            {"PrivatePort": 5000, "Type": "tcp"},
            {"IP": "", "PrivatePort": 53, "PublicPort": 53, "Type": "udp"},
            {"IP": "127.0.0.1", "PrivatePort": 9000, "PublicPort": 9001, "Type": "tcp"},
        ],
    },
    {"Id": "77ab" * 16, "Names": ["/quiet"], "Image": "x", "Status": "Up 1 hour", "Ports": None},
]


def owner(pid: int, name: str = "nginx", *arguments: str, cgroup: str = "0::/") -> Owner:
    """Return a process."""
    return Owner(pid=pid, name=name, arguments=arguments or (name,), cgroup=cgroup, started="1")


def seen(*sockets: Bound, owners: dict[int, Owner] | None = None) -> Listeners:
    """Return what was seen at a look."""
    return Listeners(
        sockets=sockets, owners=owners or {}, users={0: "root"}, ephemeral=(32768, 60999)
    )


@pytest.fixture
async def http() -> AsyncIterator[HttpTransport]:
    """Return what speaks HTTP."""
    resolver = Resolver()
    transport = HttpTransport(resolver)
    yield transport
    await transport.close()
    await resolver.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a path short enough for a socket file."""
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


def context(http: HttpTransport, known: Reading | None = None) -> ProbeContext:
    """Return what the probe works with."""
    nobody: Any = None
    return ProbeContext(
        clock=FakeClock(), http=http, resolver=nobody, known={} if known is None else {"": known}
    )


def nowhere(folder: Path) -> PortsOptions:
    """Return options with an engine that is not there."""
    return PortsOptions(engine=EngineAddress(sockets=(str(folder / "docker.sock"),)))


def _refuse() -> list[Bound]:
    """Answer nothing, as kernels do in some sandboxes.

    Raises:
        PermissionError: Always.

    """
    raise PermissionError(1, "not here")


@pytest.mark.parametrize("way", ["kernel", "files"])
async def test_own_sockets_are_found(way: str, http: HttpTransport, folder: Path) -> None:
    """TCP and UDP, IPv4 and IPv6, with the process that holds them; both ways see the same."""
    look = ListenerLook(ask=_refuse if way == "files" else None)
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.socket(family, kind))
            for family in (socket.AF_INET, socket.AF_INET6)
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
        ]
        for each in sockets:
            each.bind(("127.0.0.1" if each.family is socket.AF_INET else "::1", 0))
            if each.type is socket.SOCK_STREAM:
                each.listen()
        wanted = {
            (each.getsockname()[1], each.getsockname()[0], "tcp" if at % 2 == 0 else "udp")
            for at, each in enumerate(sockets)
        }

        report = await PortsWatch(nowhere(folder), context(http), look).report()

    mine = {
        (row.port, ip, row.proto)
        for row in report.rows
        if row.pid == os.getpid()
        for ip in row.addresses
    }
    assert wanted <= mine
    assert report.containers.error is not None


async def test_connections_are_no_listeners(http: HttpTransport, folder: Path) -> None:
    """Neither the other end of a connection nor one that was opened is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            own = client.getsockname()[1]
            report = await PortsWatch(nowhere(folder), context(http)).report()

    assert port in {row.port for row in report.rows}
    assert own not in {row.port for row in report.rows if row.proto == "tcp"}


async def test_containers_are_asked_of_the_engine(http: HttpTransport, folder: Path) -> None:
    """A range is one row a port; what nobody listens at is known by network rules only."""

    async def answer(request: web.Request) -> web.Response:
        assert request.path == "/containers/json"
        return web.json_response(CONTAINERS)

    app = web.Application()
    app.router.add_get("/containers/json", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(folder / "docker.sock")).start()

    reading = await PortsWatch(nowhere(folder), context(http)).poll()
    await runner.cleanup()

    data: Any = reading.data
    rows = {row["port"]: row for row in data["ports"] if row["docker_container_name"] == "web"}
    assert data["docker"] == {
        "available": True,
        "error": None,
        "containers_total": 2,
        "containers_with_published_ports": 1,
    }
    assert set(rows) == {8000, 8001, 8002, 8003, 8004, 8005, 53, 9001}
    assert rows[8003]["status"] == NAT
    assert rows[8003]["addresses"] == ["0.0.0.0", "::"]  # noqa: S104 - told, not bound
    assert rows[9001]["docker_port_spec"] == "127.0.0.1:9001->9000/tcp"
    assert rows[53]["proto"] == "udp"
    assert reading.values["published_by_containers"] == 8


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, "no", "answered 500"),
        (200, "{", "not answer with JSON"),
        (200, "[" * 200_000, "not answer with JSON"),
        (200, "{}", None),
    ],
)
async def test_an_engine_in_trouble(
    status: int, body: str, words: str | None, http: HttpTransport, folder: Path
) -> None:
    """Its error is told beside the listeners."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_get("/containers/json", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(folder / "docker.sock")).start()

    report = await PortsWatch(nowhere(folder), context(http)).report()
    await runner.cleanup()

    assert (report.containers.error is None) == (words is None)
    assert words is None or words in str(report.containers.error)


def test_both_families_are_one_row() -> None:
    """One service at two addresses of one port is told once, the open address first."""
    rows = join_rows(
        seen(
            Bound("tcp", "::", 80, 0, 11),
            Bound("tcp", "127.0.0.1", 80, 0, 12),
            Bound("tcp", "127.0.0.1", 80, 0, 13),
            owners={11: owner(5), 12: owner(5), 13: owner(6, "other")},
        ),
        Containers(),
    )

    assert [(row.pid, row.addresses, row.is_loopback_only) for row in rows] == [
        (5, ("::", "127.0.0.1"), False),
        (6, ("127.0.0.1",), True),
    ]


def test_the_proxy_of_an_engine_is_the_container() -> None:
    """The engine's own process listens, but people look for the container."""
    rows = join_rows(
        seen(
            Bound("tcp", "0.0.0.0", 8000, 0, 1),  # noqa: S104 - told, not bound
            Bound("tcp", "::", 8000, 0, 3),
            Bound("tcp", "192.0.2.1", 9001, 0, 2),
            owners={
                1: owner(7, "docker-proxy"),
                2: owner(8, "other"),
                3: owner(9, "docker-proxy"),
            },
        ),
        read_containers(CONTAINERS),
    )
    by_port = {row.port: row for row in rows if row.status != NAT}
    nat = {row.port for row in rows if row.status == NAT}

    assert by_port[8000].holder is not None
    assert by_port[8000].holder.name == "web"
    assert by_port[8000].addresses == ("0.0.0.0", "::")  # noqa: S104 - told, not bound
    assert len([each for each in rows if each.port == 8000]) == 1
    assert by_port[9001].holder is None
    assert 9001 in nat
    assert 8000 not in nat


def test_containers_share_a_port_at_different_addresses() -> None:
    """Each has its row, whether something listens for it, for another one or for none."""
    containers = read_containers(
        [
            {
                "Id": number * 16,
                "Names": [f"/{name}"],
                "Image": "dns:1",
                "Status": "Up 2 hours",
                "Ports": [
                    {"IP": ip, "PrivatePort": 53, "PublicPort": 53, "Type": "udp"} for ip in ips
                ],
            }
            for number, name, ips in (
                ("4bf1", "a", ["192.0.2.1", "192.0.2.3"]),
                ("77ab", "b", ["192.0.2.2"]),
            )
        ]
    )

    def told(*sockets: Bound) -> set[tuple[str | None, str, tuple[str, ...]]]:
        return {
            (row.holder.name if row.holder else None, row.status, row.addresses)
            for row in join_rows(seen(*sockets), containers)
        }

    assert told() == {("a", NAT, ("192.0.2.1", "192.0.2.3")), ("b", NAT, ("192.0.2.2",))}
    assert told(Bound("udp", "192.0.2.1", 53, 0, 1)) == {
        ("a", "NONE", ("192.0.2.1",)),
        ("a", NAT, ("192.0.2.3",)),
        ("b", NAT, ("192.0.2.2",)),
    }


@pytest.mark.parametrize(
    "cgroup",
    [
        f"0::/system.slice/docker-{ID}.scope",
        f"12:pids:/docker/{ID}\n11:cpu:/docker/{ID}",
        f"0::/machine.slice/libpod-{ID}.scope/container",
        f"0::/kubepods/besteffort/pod1/{ID}",
    ],
)
def test_containers_on_the_network_of_the_machine(cgroup: str) -> None:
    """They publish nothing; the control group of the process tells which one it is."""
    rows = join_rows(
        seen(Bound("tcp", "::", 80, 0, 1), owners={1: owner(7, cgroup=cgroup)}),
        read_containers(CONTAINERS),
    )

    assert container_id(cgroup) == ID
    assert row_json(rows[0])["docker_container_name"] == "web"
    assert row_json(rows[0])["docker_image"] == "nginx:1"


def test_a_process_that_cannot_be_seen_keeps_its_row() -> None:
    """Without the right to look, the user is known and the process is not."""
    [row] = join_rows(seen(Bound("tcp", "::", 22, 0, 1)), Containers())

    assert (row.pid, row.process, row.user) == (None, None, "root")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["app", "--password", "hunter2", "-v"], "app --password ********** -v"),
        (["app", "--db-password=hunter2"], "app --db-password=**********"),
        (["mysqld", "-phunter2"], "mysqld -p**********"),
        (["curl", "-u", "me:hunter2", "x"], "curl -u me:********** x"),
        (["app", "postgres://me:hunter2@db/x"], "app postgres://**********@db/x"),
        (["env", "API_TOKEN=hunter2"], "env API_TOKEN=**********"),
        (["ssh", "-p", "22"], "ssh -p 22"),
        (["app", "--pass=hunter2"], "app --pass=**********"),
        (["rclone", "--rc-pass=hunter2", "x"], "rclone --rc-pass=********** x"),
        (["app", "--admin-pass=two words"], "app --admin-pass=**********"),
        (["env", "DB_PASS=hunter2", "app"], "env DB_PASS=********** app"),
        (["app", "--env=DB_PASS=hunter2"], "app --env=DB_PASS=**********"),
        (["mount", "-o", "user=me,pass=hunter2"], "mount -o user=me,pass=**********"),
        (["app", "--user=me:hunter2"], "app --user=me:**********"),
        (["curl", "-ume:hunter2"], "curl -ume:**********"),
        (["tailscale", "--authkey=hunter2"], "tailscale --authkey=**********"),
        (["tailscale", "--authkey", "hunter2"], "tailscale --authkey **********"),
        (["redis-server", "--requirepass", "hunter2"], "redis-server --requirepass **********"),
        (["app", "--psk", "hunter2"], "app --psk **********"),
        (["openssl", "-passout", "pass:hunter2"], "openssl -passout **********"),
        (["app", "--password", "-hunter2", "x"], "app --password ********** x"),
        (["app", "--ask-pass", "--token", "hunter2"], "app --ask-pass ********** **********"),
        (["sh", "-c", "run --token hunter2 -v"], "sh -c run --token ********** -v"),
        (["sh", "-c", "run --token 'hunter2 hunter2' -v"], "sh -c run --token ********** -v"),
        (["sh", "-c", 'sh -c "run --token \\"a b\\" -v"'], "sh -c sh -c run --token ********** -v"),
        (["sh", "-c", "(--token hunter2 -v)"], "sh -c (--token ********** -v)"),
        (["sh", "-c", "run --token 'a b"], "sh -c run --token **********"),
        (["sh", "-c", "run --token a --pin=b"], "sh -c run --token ********** --pin=**********"),
        (["sh", "-c", "cd / && mysql -phunter2"], "sh -c cd / && mysql -p**********"),
        (["cloudflared tunnel run --token hunter2"], "cloudflared tunnel run --token **********"),
        (["curl", "-H", "Authorization: Token a b"], "curl -H Authorization: **********"),
        (["sh", "-c", "echo 'a b' \"c\""], "sh -c echo 'a b' \"c\""),
        (["nginx: worker process"], "nginx: worker process"),
        (
            ["java", "-cp", "/x/mysql-connector.jar", "-port"],
            "java -cp /x/mysql-connector.jar -port",
        ),
        (["app", "--password-file", "/x", "--port=80"], "app --password-file /x --port=80"),
    ],
)
def test_secrets_on_command_lines(arguments: list[str], shown: str) -> None:
    """Whatever the way a secret is given, it is hidden, and nothing else is."""
    assert shown_command(arguments) == shown


def row(
    port: int, proto: str = "tcp", *, process: str | None = "x", is_ephemeral: bool = False
) -> PortRow:
    """Return a row."""
    return PortRow(
        proto=proto,
        port=port,
        addresses=("::",),
        status="LISTEN",
        process=process,
        is_ephemeral=is_ephemeral,
    )


def test_new_and_gone_listeners() -> None:
    """The first look brings no news; what is gone must be missing twice; chosen ports are none."""
    changes = PortChanges(ignored=[5353])
    looks = [
        [row(22)],
        [row(22), row(80), row(40000, is_ephemeral=True), row(5353, "udp")],
        [row(22)],
        [row(22), row(80)],
        [row(80)],
        [row(80)],
        [row(80)],
    ]

    told = [[event.kind for event in changes.compare(rows)] for rows in looks]

    assert told == [[], ["new_listener"], [], [], [], ["gone_listener"], []]


def test_what_is_new_is_told_with_its_process() -> None:
    """While the search for processes goes on it waits for that, but not for longer."""
    changes = PortChanges()
    found, lost = [row(22), row(80)], [row(22, process=None), row(80, process=None)]
    looks = [(found[:1], True), (lost, False), (found, False), ([], True), ([], True)]

    told = [changes.compare(rows, is_complete=is_complete) for rows, is_complete in looks]

    assert [[event.data["process"] for event in events] for events in told] == [
        [],
        [],
        ["x"],
        [],
        ["x", "x"],
    ]


def test_who_listened_is_remembered_while_the_search_goes_on() -> None:
    """After a restart nobody is known yet; what then ends is told with its name all the same."""
    changes = PortChanges({"ports": [row_json(row(22))]})
    changes.compare([row(22, process=None)], is_complete=False)
    changes.compare([])

    assert [event.data["process"] for event in changes.compare([])] == ["x"]


async def test_changes_are_seen_across_a_restart(http: HttpTransport, folder: Path) -> None:
    """What began to listen while the daemon was off is news as well."""
    before = Reading(data={"ports": [row_json(row(22)), {"odd": 1}, None]})
    changes = PortChanges(before.data)

    assert [event.data["port"] for event in changes.compare([row(22), row(80)])] == [80]


def test_who_uses_a_port() -> None:
    """At one address only those count that are open there."""
    rows = [
        PortRow(proto="tcp", port=80, addresses=("127.0.0.1",), status="LISTEN"),
        PortRow(proto="udp", port=80, addresses=("::",), status="NONE"),
    ]

    assert len(users_of(rows, 80)) == 2
    assert len(users_of(rows, 80, proto="tcp")) == 1
    assert users_of(rows, 80, ip="192.0.2.1", proto="tcp") == []
    assert users_of(rows, 81) == []


def test_a_free_port_of_which_containers_were_not_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An engine that refuses may publish it by network rules, which only the engine knows."""
    path = str(folder / "docker.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(path)
        code = run(
            argparse.Namespace(html=None, json=None, check_port=PortQuestion(1, None, "udp"))
        )

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "port 1 is free",
        f"but containers could not be asked: nothing listens at {path}",
    ]


@pytest.mark.parametrize("value", ["ssh://nas", "unix:///nowhere/docker.sock"])
def test_a_docker_host_of_no_use_is_told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    value: str,
) -> None:
    """Beside the answer, the table and on the page: a container may publish any port."""
    monkeypatch.setenv("DOCKER_HOST", value)
    page = tmp_path / "ports.html"
    nothing: dict[str, Any] = {"html": None, "json": None, "check_port": None}

    run(argparse.Namespace(**{**nothing, "check_port": PortQuestion(1, None, "udp")}))
    answer = capsys.readouterr().out
    run(argparse.Namespace(**nothing))
    beside = capsys.readouterr().err
    run(argparse.Namespace(**{**nothing, "html": str(page)}))

    assert "but containers could not be asked: " in answer
    assert beside.startswith("containers could not be asked: ")
    assert "Containers could not be asked: " in page.read_text()
    assert "DOCKER_HOST" in answer or "/nowhere/docker.sock" in answer


def test_no_engine_where_none_is_named_is_no_trouble(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Most machines have none."""
    monkeypatch.setenv("DOCKER_HOST", "")
    monkeypatch.setattr(docker_engine, "_SOCKETS", ("/nowhere/docker.sock",))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)

    run(argparse.Namespace(html=None, json=None, check_port=None))

    assert capsys.readouterr().err == ""


def test_the_page_holds_hostile_names_as_text() -> None:
    """Whatever a process calls itself, nothing of it becomes part of the page's code."""
    evil = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    report = {
        "host": evil,
        "generated_at": evil,
        "ip_local_port_range": {"low": 1, "high": 2},
        "docker": {
            "available": False,
            "error": evil,
            "containers_total": 0,
            "containers_with_published_ports": 0,
        },
        "ports": [
            {
                **row_json(row(80)),
                **dict.fromkeys(
                    ("process", "cmdline", "user", "docker_container_name", "docker_port_spec"),
                    evil,
                ),
                "pid": 7,
                "addresses": [evil],
            }
        ],
    }

    page = port_page(report)

    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("<script>") == 1
    assert "unsafe" not in POLICY


# What other systems, and nobody, may answer.


def test_files_of_the_kernel() -> None:
    """Addresses are in the machine's own order; connections and headings are passed over."""
    lines = [
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid",
        "   0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 1000 0 4242 1",
        "   1: 0100007F:1F91 0100007F:C350 01 0:0 00:0 0 1000 0 4243 1",
        "   2: 0000000000000000FFFF00000100007F:0050 0:0 0A 0:0 00:0 0 0 0 4244 1",
        "   3: zz:zz 0:0 0A 0:0 0:0 0 0 0 5",
    ]

    assert parse_sockets(lines, "tcp") == [
        Bound("tcp", "127.0.0.1", 8080, 1000, 4242),
        Bound("tcp", "127.0.0.1", 80, 0, 4244),
    ]


@given(st.binary(max_size=300))
def test_any_answer_of_the_kernel(data: bytes) -> None:
    """Messages that are cut off or make no sense are left out."""
    for kind, content in split(data):
        assert 0 <= kind <= 0xFFFF
        parse_answer(content, "tcp")


_FIELD = st.from_regex(r"([0-9A-F]{1,33}(:[0-9A-F]{1,6})?)|[0-9]{1,30}|[!-~]{1,9}", fullmatch=True)
_LINE = st.builds(
    lambda fields: " ".join([*fields[:3], "07", *fields[3:]]), st.lists(_FIELD, max_size=14)
)


@given(st.lists(_LINE | st.text(max_size=120), max_size=5))
def test_any_line_of_the_kernel(lines: list[str]) -> None:
    """Nothing is raised, and every port that is told is one."""
    assert all(0 < bound.port <= 0xFFFF for bound in parse_sockets(lines, "udp"))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Id", "Names", "Ports", "IP", "PublicPort", "PrivatePort", "Type"]),
            inner,
        )
    ),
    max_leaves=15,
)


@given(_JSON)
def test_any_answer_of_an_engine(data: Any) -> None:
    """Nothing is raised, and every port that is told is one."""
    found = read_containers(json.loads(json.dumps(data)))

    assert all(0 < each.port <= 65535 for each in found.published)


@given(st.lists(st.text(max_size=20), max_size=6))
def test_any_command_line(arguments: list[str]) -> None:
    """It becomes one line of text that can be shown."""
    assert shown_command(arguments).isprintable()


@pytest.mark.parametrize("unit", ["a", "a ", "' ", "\\", "--token ", "key ", "a=", "-u", '"\\" '])
def test_long_command_lines_take_no_long_time(unit: str) -> None:
    """Hostile text of 20 kB is shown in well under a second of this process's time."""
    started = time.process_time()
    shown_command([unit * (20_000 // len(unit)) + " x"])

    assert time.process_time() - started < 1


def test_addresses_in_their_usual_form() -> None:
    """One of IPv4 in the shape of IPv6 is the former; what is no address stays."""
    assert plain_ip("::ffff:192.0.2.7") == "192.0.2.7"
    assert plain_ip("0:0:0:0:0:0:0:1") == "::1"
    assert plain_ip("x") == "x"


def test_a_kernel_that_refuses() -> None:
    """The files are read instead, from then on."""
    asked: list[int] = []

    def refuse() -> list[Bound]:
        asked.append(1)
        raise PermissionError(1, "not here")

    look = ListenerLook(ask=refuse)
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = [{bound.port for bound in look.look().sockets} for _ in range(2)]

        port = server.getsockname()[1]

    assert len(asked) == 1
    assert all(port in found for found in ports)


@pytest.mark.parametrize("kind", [2, 3])
def test_an_error_of_the_kernel_is_raised(kind: int) -> None:
    """Whether it refuses at once or at the end; only a machine without IPv6 has no listeners."""

    class Link:
        """A socket that answers with an error."""

        def __init__(self, number: int) -> None:
            self._answer = struct.pack("=IHHIIi", 20, kind, 0, 1, 0, -number)

        def recv(self, _size: int) -> bytes:
            return self._answer

    def answers(number: int, family: int) -> list[Bound]:
        link: Any = Link(number)
        return list(sock_diag._answers(link, "udp", family))  # noqa: SLF001 - the border to the kernel

    assert answers(errno.ENOENT, socket.AF_INET6) == []
    assert answers(0, socket.AF_INET) == []
    with pytest.raises(FileNotFoundError):
        answers(errno.ENOENT, socket.AF_INET)
    with pytest.raises(PermissionError):
        answers(errno.EPERM, socket.AF_INET6)


def process(root: Path, pid: int, *inodes: int, started: int = 100) -> Path:
    """Let there be a process that holds sockets."""
    folder = root / str(pid)
    (folder / "fd").mkdir(parents=True)
    for number, inode in enumerate(inodes):
        (folder / "fd" / str(number)).symlink_to(f"socket:[{inode}]")
    (folder / "stat").write_text(STAT.format(started))
    (folder / "comm").write_text(f"name{pid}\n")
    (folder / "cmdline").write_bytes(b"old\0--x\0")
    return folder


def pids(found: Owners) -> dict[int, int]:
    """Return who holds each socket."""
    return {inode: owner.pid for inode, owner in found.by_inode.items()}


def test_owners_are_remembered(tmp_path: Path) -> None:
    """Only sockets that are new are looked for; a number that was given away again is noticed."""
    folder = process(tmp_path, 7, 42)
    finder = OwnerFinder(tmp_path)

    first = finder.find({42, 43}).by_inode
    (folder / "comm").write_text("renamed\n")
    remembered = finder.find({42, 43}).by_inode
    (folder / "stat").write_text(STAT.format(200))
    again = finder.find({42, 43}).by_inode

    assert (first[42].name, first[42].arguments) == ("name7", ("old", "--x"))
    assert remembered[42].name == "name7"
    assert again[42].name == "renamed"
    assert 43 not in first


def test_a_listener_behind_thousands_of_files(tmp_path: Path) -> None:
    """It is found wherever it is among the open files of a process."""
    process(tmp_path, 9, *range(1000, 1600))

    assert pids(OwnerFinder(tmp_path).find({1001, 1599})) == {1001: 9, 1599: 9}


def test_a_search_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """No look takes long, and the looks together find all that one look would have found."""
    process(tmp_path, 5, *range(5000, 5600))
    process(tmp_path, 9, *range(1000, 1600))
    finder = OwnerFinder(tmp_path)
    wanted = {1001, 1599, 5599, 77}

    looks = [finder.find(wanted, most=300) for _ in range(10)]

    assert [look.is_complete for look in looks] == [False] * 8 + [True] * 2
    assert pids(looks[0]) == {}
    assert pids(looks[-1]) == {1001: 9, 1599: 9, 5599: 5}
    assert pids(looks[-1]) == pids(OwnerFinder(tmp_path).find(wanted))


def test_a_socket_that_is_handed_to_a_child_while_a_search_goes_on(tmp_path: Path) -> None:
    """A service that goes to the background in the middle of a search is found by the next one."""
    process(tmp_path, 5, *range(5000, 5600))
    parent = process(tmp_path, 7, 77)
    finder = OwnerFinder(tmp_path)
    finder.find({77}, most=300)
    process(tmp_path, 8, 77)
    shutil.rmtree(parent)

    looks = [finder.find({77}, most=300) for _ in range(9)]

    assert not looks[0].is_complete
    assert (pids(looks[-1]), looks[-1].is_complete) == ({77: 8}, True)


def test_what_is_new_while_a_search_goes_on_is_found_after_it(tmp_path: Path) -> None:
    """Even if something new comes at every look, each search has its end."""
    process(tmp_path, 5, *range(5000, 5600))
    finder = OwnerFinder(tmp_path)
    finder.find({77}, most=300)
    process(tmp_path, 4, 88)

    looks = [finder.find({77, 88}, most=300) for _ in range(4)]

    assert pids(looks[0]) == {}
    assert pids(looks[-1]) == {88: 4}
    assert looks[-1].is_complete


def test_a_process_that_ends_while_it_is_looked_at(tmp_path: Path) -> None:
    """Its files are left out, and nobody is named for them."""
    folder = process(tmp_path, 5, *range(5000, 5600))
    finder = OwnerFinder(tmp_path)
    finder.find({5599, 5001}, most=300)
    shutil.rmtree(folder)

    found = finder.find({5599, 5001})

    assert found == Owners({}, is_complete=True)


async def test_a_poll_looks_at_some_files_only(http: HttpTransport, folder: Path) -> None:
    """It says that it is not done yet; the next one goes on, and the command looks at all."""

    class Look(ListenerLook):
        """Is done at the second look."""

        def __init__(self) -> None:
            self.asked: list[int | None] = []

        def look(self, most: int | None = None) -> Listeners:
            self.asked.append(most)
            bound = Bound(proto="tcp", ip="::", port=80, uid=0, inode=1)
            return replace(seen(bound), is_complete=len(self.asked) > 1)

    look = Look()
    watch = PortsWatch(nowhere(folder), context(http), look)

    notes = [(await watch.poll()).note for _ in range(2)]
    await watch.report()

    assert "not known yet who listens" in (notes[0] or "")
    assert "not known yet" not in (notes[1] or "")
    assert look.asked == [2000, 2000, None]
