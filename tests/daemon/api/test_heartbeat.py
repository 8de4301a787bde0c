"""Pings over HTTP: who may report, what is kept of it, and what nobody gets to see."""

from __future__ import annotations

from collections.abc import AsyncIterator
import io
import logging
from typing import Any

import pytest

from opsmonitor.api.ping_body import KEPT_BYTES
from opsmonitor.config.settings import CheckSettings, Push
from opsmonitor.engine.batch import Batch
from opsmonitor.models.heartbeat import PingKind
from opsmonitor.util.secret import Secret
from tests.daemon.api.house import House, open_house
from tests.daemon.api.raw import send_raw
from tests.daemon.api.samples import check

_TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of no use anywhere
_PATH = f"/api/heartbeat/{_TOKEN}"
_ADMIN = {"Authorization": "Bearer opm_w_admin"}
_READ = {"Authorization": "Bearer opm_r_read"}


def job(check_id: str = "backup", **changes: Any) -> CheckSettings:
    """Return a check that a job reports to."""
    push = Push(token=Secret(_TOKEN), is_post_only=changes.pop("is_post_only", False))
    return check(check_id, push=push, **changes)


@pytest.fixture
async def jobs() -> AsyncIterator[House]:
    """Return an API that asks everybody else for a token."""
    async with open_house(
        job(secrets=frozenset({"hunter22"})),
        check("nas"),
        check("made", push=Push()),
        token=Secret("opm_w_admin"),
        read_token=Secret("opm_r_read"),
    ) as house:
        yield house


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_a_ping_needs_nothing_but_its_address(jobs: House, method: str) -> None:
    """The token in the path is the credential; every usual method will do."""
    reply = await jobs.ask(method, _PATH)

    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert reply.body in (b"OK", b"")
    assert [ping.kind for ping in jobs.store.heard] == [PingKind.SUCCESS]
    assert jobs.store.heard[0].source == "127.0.0.1"


@pytest.mark.parametrize(
    ("signal", "kind", "exit_code"),
    [
        ("start", PingKind.START, None),
        ("fail", PingKind.FAIL, None),
        ("log", PingKind.LOG, None),
        ("0", PingKind.SUCCESS, 0),
        ("1", PingKind.FAIL, 1),
        ("255", PingKind.FAIL, 255),
    ],
)
async def test_signals(jobs: House, signal: str, kind: PingKind, exit_code: int | None) -> None:
    """What comes behind the token says what happened; 0 is a success, all else a failure."""
    await jobs.post(f"{_PATH}/{signal}?rid=run-1&whatever=x")

    (ping,) = jobs.store.heard
    assert (ping.kind, ping.exit_code, ping.run_id) == (kind, exit_code, "run-1")


@pytest.mark.parametrize("signal", ["256", "-1", "1.5", "stop", "٣", "START"])
async def test_unknown_signals_are_refused(jobs: House, signal: str) -> None:
    """A typing error in a job is told to the job, and counts for nothing."""
    reply = await jobs.post(f"{_PATH}/{signal}")

    assert (reply.status, reply.error["code"]) == (404, "unknown_signal")
    assert jobs.store.heard == []


async def test_a_bad_run_id_is_refused(jobs: House) -> None:
    """It says what an id may be."""
    reply = await jobs.post(f"{_PATH}?rid=a%20b")

    assert reply.status == 422
    assert reply.error["details"][0]["field"] == "rid"


@pytest.mark.parametrize(
    "token", ["wrong", _TOKEN[:-1], f"{_TOKEN}x", _TOKEN.upper(), "%00", "%FF"]
)
async def test_a_wrong_token_is_not_found(jobs: House, token: str) -> None:
    """Nothing tells a token that is almost right from any other."""
    reply = await jobs.get(f"/api/heartbeat/{token}")

    assert (reply.status, reply.error["code"]) == (404, "unknown_token")


async def test_guessing_is_slowed_down_and_reporting_is_not(jobs: House) -> None:
    """After twenty wrong tokens an address has to wait, but the right one still counts."""
    statuses = [(await jobs.get(f"/api/heartbeat/{number}")).status for number in range(25)]
    right = await jobs.get(_PATH)

    assert statuses == [404] * 20 + [429] * 5
    assert right.status == 200


async def test_many_jobs_of_one_machine_all_get_through() -> None:
    """The limit of an address does not count pings; a job that reports without end is stopped."""
    async with open_house(
        job(), trusted_proxies=("127.0.0.1",), token=Secret("t"), rate_limit_per_minute=1
    ) as house:
        headers = {"X-Forwarded-For": "192.0.2.7"}
        statuses = [(await house.get(_PATH, headers=headers)).status for _ in range(125)]
        other = [(await house.get("/health", headers=headers)).status for _ in range(2)]

    assert statuses == [200] * 120 + [429] * 5
    assert other == [200, 429]


async def test_the_body_is_kept_without_secrets(jobs: House) -> None:
    """The output of a job is kept as text; what is known to be secret is not."""
    body = b"\x1b[31mfailed\x1b[0m\r\nlogin with hunter22\nhttp://me:pw@nas/\n\xff\x00"
    await jobs.post(f"{_PATH}/fail", data=body)

    (ping,) = jobs.store.heard
    assert ping.body == "failed\nlogin with **********\nhttp://**********@nas/\n\ufffd"
    assert not ping.is_cut


async def test_of_a_long_body_beginning_and_end_are_kept(jobs: House) -> None:
    """However long a log is, its ping counts."""
    lines = b"".join(b"line %06d\n" % number for number in range(300_000))
    reply = await jobs.post(_PATH, data=io.BytesIO(lines))

    (ping,) = jobs.store.heard
    assert reply.status == 200
    assert ping.is_cut
    assert ping.body.startswith("line 000000\n")
    assert ping.body.endswith("line 299999\n")
    assert f"[... {len(lines) - KEPT_BYTES} bytes left out ...]" in ping.body
    assert len(ping.body) < KEPT_BYTES + 100


@pytest.mark.parametrize("size", [0, 1, KEPT_BYTES // 2, KEPT_BYTES // 2 + 1, KEPT_BYTES])
async def test_a_body_that_fits_is_kept_as_it_is(jobs: House, size: int) -> None:
    """Nothing is lost, doubled or marked at the borders."""
    await jobs.post(_PATH, data=b"x" * size)

    assert jobs.store.heard[0].body == "x" * size
    assert not jobs.store.heard[0].is_cut


async def test_one_byte_too_many_is_cut(jobs: House) -> None:
    """The bound is exact."""
    await jobs.post(_PATH, data=b"x" * (KEPT_BYTES + 1))

    assert "[... 1 bytes left out ...]" in jobs.store.heard[0].body


async def test_a_compressed_body_is_not_unpacked(jobs: House) -> None:
    """A ping counts, but nobody can fill the memory with it."""
    reply = await jobs.post(_PATH, data=b"no gzip", headers={"Content-Encoding": "gzip"})

    assert reply.status == 200
    assert (jobs.store.heard[0].body, jobs.store.heard[0].is_cut) == ("", True)


async def test_a_body_that_never_ends_counts_all_the_same(
    jobs: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came until the patience is over is kept, and the connection is closed."""
    monkeypatch.setattr("opsmonitor.api.ping_body._PATIENCE_S", 0.05)
    raw = f"POST {_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nhalf"

    answer = await send_raw(jobs.port, raw.encode())

    assert answer.startswith(b"HTTP/1.1 200")
    assert (jobs.store.heard[0].body, jobs.store.heard[0].is_cut) == ("half", True)


async def test_only_post_counts_if_so_configured() -> None:
    """Programs that preview links end no job."""
    async with open_house(job(is_post_only=True)) as house:
        got = await house.get(_PATH)
        posted = await house.post(_PATH)

    assert (got.status, got.error["code"], got.headers["Allow"]) == (405, "post_only", "POST")
    assert posted.status == 200
    assert len(house.store.heard) == 1


async def test_a_page_of_another_site_reports_nothing(jobs: House) -> None:
    """A POST that a browser sends for another page is refused, as everywhere."""
    reply = await jobs.post(_PATH, headers={"Origin": "http://evil.example"})

    assert reply.status == 403
    assert jobs.store.heard == []


async def test_the_address_is_told_to_admins_only(jobs: House) -> None:
    """Whoever may only read sees what a job reported, but not where it reports."""
    await jobs.post(f"{_PATH}/start")
    jobs.clock.advance(90)
    await jobs.post(f"{_PATH}/3", data=b"no space left")

    seen = (await jobs.get("/api/checks/backup/heartbeat?limit=1", headers=_READ)).json
    full = (await jobs.get("/api/checks/backup/heartbeat", headers=_ADMIN)).json

    assert seen["url"] is None
    assert full["url"] == f"http://127.0.0.1:{jobs.port}{_PATH}"
    assert (seen["last_kind"], seen["duration_ms"], seen["running"]) == ("fail", 90_000, 0)
    assert [ping["exit_code"] for ping in seen["pings"]] == [3]
    assert [ping["body"] for ping in full["pings"]] == ["no space left", ""]


async def test_a_token_that_the_daemon_made_works(jobs: House) -> None:
    """The address that an admin reads is the one that counts."""
    told = (await jobs.get("/api/checks/made/heartbeat", headers=_ADMIN)).json["url"]
    path = told.removeprefix(f"http://127.0.0.1:{jobs.port}")

    reply = await jobs.get(path)

    assert reply.status == 200
    assert jobs.store.heard[0].check_id == "made"


@pytest.mark.parametrize(
    ("check_id", "code"), [("nas", "not_a_heartbeat"), ("nobody", "unknown_check")]
)
async def test_other_checks_have_no_pings(jobs: House, check_id: str, code: str) -> None:
    """The error says whether the check or its reports do not exist."""
    reply = await jobs.get(f"/api/checks/{check_id}/heartbeat", headers=_READ)

    assert (reply.status, reply.error["code"]) == (404, code)


async def test_a_new_configuration_shuts_out_the_old_token(jobs: House) -> None:
    """A token that was replaced is worth nothing any more."""
    settings = jobs.settings.settings
    other = check("backup", push=Push(token=Secret("another-token-of-the-same-job")))
    jobs.settings.settings = type(settings)(checks={"backup": other})
    jobs.heartbeats.take(Batch(config_changed=True))

    assert (await jobs.get(_PATH)).status == 404


async def test_the_token_is_never_logged(
    jobs: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even when something goes wrong inside."""

    async def fail(_ping: object) -> None:
        """Be broken."""
        raise RuntimeError("broken")

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(jobs.heartbeats, "receive", fail)

    reply = await jobs.get(f"{_PATH}/fail")

    assert reply.status == 500
    assert "'/api/heartbeat/**********/fail' failed" in caplog.text
    assert _TOKEN not in caplog.text
