"""Job checks against a server that knows jobs, and servers that do not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
import json
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.checks.job import CHECK
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.models.export import EXPORTED
from opsmonitor.parts.job_id import JobId, fill_in, job_id_in
from opsmonitor.parts.job_state import parse_json, read_answer
from opsmonitor.util.clock import FakeClock
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.targets import hangs, serve
from tests.ports import held_port

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    """Return epoch milliseconds of a moment in Berlin."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


class Jobs:
    """A server that tells about jobs."""

    def __init__(self) -> None:
        """Know no job."""
        self.answers: dict[str, Any] = {}
        self.last: web.Response = web.Response(status=404)
        self.asked: list[str] = []
        self.keys: list[str | None] = []
        self.address = ""

    async def status(self, request: web.Request) -> web.Response:
        """Answer about one job."""
        self.asked.append(request.raw_path)
        self.keys.append(request.headers.get("X-Api-Key"))
        answer = self.answers.get(request.match_info["job_id"])
        if answer is None:
            return web.Response(status=404)
        return answer if isinstance(answer, web.Response) else web.json_response(answer)

    async def last_id(self, _request: web.Request) -> web.Response:
        """Tell the id of the last job."""
        return self.last


@asynccontextmanager
async def running_jobs() -> AsyncIterator[Jobs]:
    """Serve on loopback."""
    jobs = Jobs()
    app = web.Application()
    app.router.add_get("/jobs/{job_id}", jobs.status)
    app.router.add_get("/last", jobs.last_id)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    jobs.address = f"http://{host}:{port}"
    try:
        yield jobs
    finally:
        await runner.cleanup()


@pytest.fixture
async def jobs() -> AsyncIterator[Jobs]:
    """Return a server that knows no job yet."""
    async with running_jobs() as server:
        yield server


def keys(jobs: Jobs, **more: Any) -> dict[str, Any]:
    """Return the keys of a check of these jobs."""
    return {"status_url": f"{jobs.address}/jobs/{{job_id}}", **more}


def seen(outcome: Outcome) -> tuple[Verdict, str | None]:
    """Return what matters most of an outcome."""
    return outcome.verdict, outcome.error_code


async def test_a_job_from_start_to_end(make_probe: MakeProbe, jobs: Jobs, tmp_path: Path) -> None:
    """The id is read anew each time, so that the next job is followed without a reload."""
    probe = make_probe(CHECK, **keys(jobs, headers={"X-Api-Key": "k"}))
    file = tmp_path / ".last_job_id"
    jobs.answers = {"a-1": {"state": "running"}, "a-2": {"status": "FAILED"}}

    missing = await probe()
    file.write_text("a-1\n")
    running = await probe()
    jobs.answers["a-1"] = {"state": "succeeded"}
    succeeded = await probe()
    file.write_text("a-2")
    failed = await probe()

    assert seen(missing) == (Verdict.FAIL, "job_id_missing")
    assert "does not exist: no job has been started yet" in str(missing.error)
    assert seen(running) == (Verdict.OK, None)
    assert running.data == {
        "job_id": "a-1",
        "state": "running",
        "started_at": None,
        "finished_at": None,
    }
    assert running.status_code == 200
    assert running.latency_ms
    assert seen(succeeded) == (Verdict.OK, None)
    assert seen(failed) == (Verdict.FAIL, "job_failed")
    assert jobs.asked == ["/jobs/a-1", "/jobs/a-1", "/jobs/a-2"]
    assert set(jobs.keys) == {"k"}


async def test_values_of_a_job_are_shown(make_probe: MakeProbe, jobs: Jobs, tmp_path: Path) -> None:
    """What the job tells of itself is shown while it runs and when it has failed."""
    wanted = [{"name": "Progress", "path": "$.progress", "unit": "%"}]
    probe = make_probe(CHECK, **keys(jobs, export=wanted))
    (tmp_path / ".last_job_id").write_text("a")
    jobs.answers = {"a": {"state": "running", "progress": 40}}

    running = await probe()
    jobs.answers["a"] = {"state": "failed"}
    failed = await probe()

    assert running.data[EXPORTED] == {"progress": 40}
    assert (failed.verdict, failed.data[EXPORTED]) == (Verdict.FAIL, {"progress": None})


async def test_a_deadline_that_is_missed_and_then_made_good(
    make_probe: MakeProbe, jobs: Jobs, tmp_path: Path, clock: FakeClock
) -> None:
    """A running job is fine until its time, late afterwards, and fine again when it succeeds."""
    file = tmp_path / ".last_job_id"
    file.write_text("nightly")
    started_s = at("2026-03-28T23:00") / 1000
    os.utime(file, (started_s, started_s))
    jobs.answers = {"nightly": {"state": "running"}}
    probe = make_probe(CHECK, **keys(jobs, success_by="02:30"))

    clock.wall_ms = at("2026-03-29T03:29")
    in_time = await probe()
    clock.wall_ms = at("2026-03-29T03:30")
    late = await probe()
    jobs.answers["nightly"] = {"state": "succeeded", "finished_at": "2026-03-29T03:31:00+02:00"}
    clock.wall_ms = at("2026-03-29T03:32")
    recovered = await probe()
    clock.wall_ms = at("2026-03-30T02:30")
    next_day = await probe()

    assert seen(in_time) == (Verdict.OK, None)
    assert seen(late) == (Verdict.FAIL, "deadline_missed")
    assert late.error == "deadline missed: success by 02:30 was expected, the job is still running"
    assert seen(recovered) == (Verdict.OK, None)
    assert recovered.data["finished_at"] == "2026-03-29T01:31:00.000Z"
    assert seen(next_day) == (Verdict.OK, None)
    clock.wall_ms = at("2026-03-31T02:30")
    assert seen(await probe()) == (Verdict.FAIL, "deadline_missed")


@pytest.mark.parametrize(
    "started", ["2026-05-04T10:00:00+02:00", "2026-05-04T10:00", at("2026-05-04T10:00") / 1000]
)
async def test_minutes_after_the_start(
    make_probe: MakeProbe, jobs: Jobs, tmp_path: Path, clock: FakeClock, started: str | float
) -> None:
    """The job's own start counts, in any way of writing it."""
    (tmp_path / "id").write_text("7")
    jobs.answers = {"7": {"state": "running", "started_at": started}}
    probe = make_probe(CHECK, **keys(jobs, job_id_file="id", minutes_after_start=15))

    clock.wall_ms = at("2026-05-04T10:14")
    assert seen(await probe()) == (Verdict.OK, None)
    clock.wall_ms = at("2026-05-04T10:15")
    late = await probe()

    assert seen(late) == (Verdict.FAIL, "deadline_missed")
    assert "success within 15 minutes" in str(late.error)


@pytest.mark.parametrize("answer", ['{"job_id": "j7"}', '{"id": "j7"}', '"j7"', " j7\n"])
async def test_the_id_from_a_server(make_probe: MakeProbe, jobs: Jobs, answer: str) -> None:
    """A server can tell the id as text or as JSON."""
    jobs.last = web.Response(text=answer)
    jobs.answers = {"j7": {"state": "running"}}
    probe = make_probe(CHECK, **keys(jobs, job_id_url=f"{jobs.address}/last"))

    outcome = await probe()

    assert seen(outcome) == (Verdict.OK, None)


async def test_first_seen_counts_as_the_start(
    make_probe: MakeProbe, jobs: Jobs, clock: FakeClock
) -> None:
    """Where nobody knows the start, the minutes count from when the daemon first saw the job."""
    jobs.answers = {"1": {"state": "running"}, "2": {"state": "running"}}
    probe = make_probe(
        CHECK, **keys(jobs, job_id_url=f"{jobs.address}/last", minutes_after_start=1)
    )
    codes = []
    for job_id, pause_s in (("1", 59), ("1", 1), ("1", 0), ("2", 0)):
        jobs.last = web.Response(text=job_id)
        codes.append((await probe()).error_code)
        clock.advance(pause_s)

    assert codes == [None, None, "deadline_missed", None]


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (web.Response(status=404), "job_unknown", "there is no job j there"),
        (web.Response(status=410), "job_unknown", "there is no job j there"),
        (web.Response(status=503), "status_unexpected", "503"),
        (web.Response(text="<html>"), "invalid_response", "not a JSON object"),
        (web.Response(text="[" * 100_000), "invalid_response", "not a JSON object"),
        (web.json_response(["running"]), "invalid_response", "not a JSON object"),
        (web.json_response({}), "job_state_unknown", "no state"),
        (web.json_response({"state": True}), "job_state_unknown", '"True"'),
        (web.json_response({"state": "confused"}), "job_state_unknown", '"confused"'),
    ],
)
async def test_answers_that_say_nothing(
    make_probe: MakeProbe, jobs: Jobs, tmp_path: Path, answer: web.Response, code: str, words: str
) -> None:
    """A job that is not known, a server in trouble and nonsense are told apart."""
    (tmp_path / ".last_job_id").write_text("j")
    jobs.answers = {"j": answer}

    outcome = await make_probe(CHECK, **keys(jobs))()

    assert seen(outcome) == (Verdict.FAIL, code)
    assert words in str(outcome.error)


@pytest.mark.parametrize(
    ("path", "answer", "verdict", "code"),
    [
        ("$.job.phase", {"job": {"phase": "Done"}, "state": "failed"}, Verdict.OK, None),
        ("$[0].s", [{"s": "failed"}], Verdict.FAIL, "job_failed"),
        ("$", "running", Verdict.OK, None),
        ("$.job.phase", {"state": "succeeded"}, Verdict.FAIL, "job_state_unknown"),
        ("$.job", {"job": {"phase": "done"}}, Verdict.FAIL, "job_state_unknown"),
        ("$.jobs[?@.id == 7].state", {"jobs": [{"id": 7, "state": "ok"}]}, Verdict.FAIL, None),
    ],
)
async def test_the_state_may_stand_anywhere(
    make_probe: MakeProbe, jobs: Jobs, path: str, answer: Any, verdict: Verdict, code: str | None
) -> None:
    """With `state_path` servers of any shape can be asked; a state that is missing never passes."""
    jobs.answers = {"last": web.json_response(answer)}
    url = f"{jobs.address}/jobs/last"

    outcome = await make_probe(CHECK, status_url=url, state_path=path)()

    assert outcome.verdict is verdict
    assert outcome.error_code == code or code is None


async def test_the_times_stand_where_they_stood(make_probe: MakeProbe, jobs: Jobs) -> None:
    """Whatever the path, start and end are read at the top of the answer."""
    answer = {"job": {"phase": "running"}, "started_at": "2026-03-29T01:00:00Z"}
    jobs.answers = {"last": answer}
    url = f"{jobs.address}/jobs/last"

    outcome = await make_probe(CHECK, status_url=url, state_path="$.job.phase")()

    assert outcome.data["started_at"] == "2026-03-29T01:00:00.000Z"


async def test_a_server_that_is_down(make_probe: MakeProbe, tmp_path: Path) -> None:
    """A dead server is not a failed job."""
    (tmp_path / ".last_job_id").write_text("j")
    url = f"http://127.0.0.1:{held_port()}/"

    asked_for_status = await make_probe(CHECK, status_url=f"{url}{{job_id}}")()
    asked_for_id = await make_probe(CHECK, status_url=f"{url}{{job_id}}", job_id_url=url)()

    assert asked_for_status.error_code == asked_for_id.error_code == "connection_refused"


async def test_a_slow_answer(make_probe: MakeProbe, jobs: Jobs) -> None:
    """How long the server takes to answer can be limited as for a web page."""
    jobs.answers = {"last": {"state": "succeeded"}}
    probe = make_probe(CHECK, status_url=f"{jobs.address}/jobs/last", thresholds={"warn_ms": 0.001})

    assert seen(await probe()) == (Verdict.DEGRADED, "slow")


async def test_a_server_that_hangs(make_probe: MakeProbe, tmp_path: Path) -> None:
    """Finding the id and asking for the state share one time-out."""
    (tmp_path / ".last_job_id").write_text("j")
    async with serve(hangs()) as port:
        probe = make_probe(CHECK, status_url=f"http://127.0.0.1:{port}/{{job_id}}", timeout_s=0.1)
        outcome = await probe()

    assert seen(outcome) == (Verdict.FAIL, "timeout")


async def test_an_id_that_nobody_tells(make_probe: MakeProbe, jobs: Jobs) -> None:
    """A server that refuses to tell the id is told from one that knows no job."""
    outcome = await make_probe(CHECK, **keys(jobs, job_id_url=f"{jobs.address}/last"))()

    assert seen(outcome) == (Verdict.FAIL, "job_id_missing")
    assert "404" in str(outcome.error)


async def test_without_a_place_for_the_id_none_is_needed(make_probe: MakeProbe, jobs: Jobs) -> None:
    """A URL that always tells of the last job needs no id."""
    jobs.answers = {"last": {"state": "succeeded"}}

    outcome = await make_probe(CHECK, status_url=f"{jobs.address}/jobs/last")()

    assert seen(outcome) == (Verdict.OK, None)
    assert outcome.data["job_id"] is None


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "job_id_missing"), (b"\n \n", "job_id_missing"), (b"a b", "job_id_invalid")],
)
async def test_a_file_without_an_id(
    make_probe: MakeProbe, jobs: Jobs, tmp_path: Path, content: bytes, code: str
) -> None:
    """An empty file has no id, and nothing is asked for."""
    (tmp_path / ".last_job_id").write_bytes(content)

    outcome = await make_probe(CHECK, **keys(jobs))()

    assert seen(outcome) == (Verdict.FAIL, code)
    assert jobs.asked == []


async def test_an_id_with_half_a_character(make_probe: MakeProbe, jobs: Jobs) -> None:
    """An escape in JSON can bring in a lone surrogate, which no URL can hold."""
    jobs.last = web.Response(text='{"id": "j\\ud800"}')

    outcome = await make_probe(CHECK, **keys(jobs, job_id_url=f"{jobs.address}/last"))()

    assert seen(outcome) == (Verdict.FAIL, "job_id_invalid")
    assert "is no job id" in str(outcome.error)


async def test_a_file_that_cannot_be_read(
    make_probe: MakeProbe, jobs: Jobs, tmp_path: Path
) -> None:
    """Something else than a file is told as the system tells it."""
    (tmp_path / ".last_job_id").mkdir()

    outcome = await make_probe(CHECK, **keys(jobs))()

    assert seen(outcome) == (Verdict.FAIL, "job_id_missing")
    assert "is a directory" in str(outcome.error)


async def test_an_id_cannot_lead_elsewhere(
    make_probe: MakeProbe, jobs: Jobs, tmp_path: Path
) -> None:
    """Whatever the file holds, it stays one part of the path."""
    (tmp_path / ".last_job_id").write_text("../admin/reset?all#y")

    await make_probe(CHECK, **keys(jobs))()

    assert jobs.asked == ["/jobs/..%2Fadmin%2Freset%3Fall%23y"]


@given(text=st.text(max_size=300))
def test_any_id_is_refused_or_stays_one_part(text: str) -> None:
    """No text gets a character of its own into the URL that would change its meaning."""
    try:
        url = fill_in("http://h/{job_id}/state", JobId(value=text), "the file")
    except TransportError as err:
        assert err.code in {"job_id_missing", "job_id_invalid"}  # noqa: PT017  # both ends are fine
        return
    part = url.removeprefix("http://h/").removesuffix("/state")
    assert part not in {"", ".", ".."}
    assert not set(part) & set("/?#&= \\\n")


@given(body=st.binary(max_size=200) | st.from_type(object).map(repr).map(str.encode))
def test_no_answer_is_a_defect(body: bytes) -> None:
    """Whatever a server sends is an answer or a reason."""
    job_id_in(body)
    with pytest.raises(TransportError):
        read_answer(parse_json(b"x" + body), BERLIN)


@given(
    value=st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.lists(st.none())
)
def test_no_time_is_a_defect(value: Any) -> None:
    """A start that cannot be one is as good as none."""
    body = json.dumps({"state": "running", "started_at": value}).encode()

    started = read_answer(parse_json(body), BERLIN).started

    assert started is None or started.utcoffset() is not None


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"status_url": "ftp://h/{job_id}"}, "http://"),
        ({"status_url": "http://{job_id}.lan/"}, "must not be a part of the host"),
        ({"success_by": "24:00"}, "expected a time of day"),
        ({"success_by": 450}, "expected a time of day"),
        ({"minutes_after_start": 0}, "expected a number"),
        ({"job_id_file": "a", "job_id_url": "http://h/"}, "only one of"),
    ],
)
def test_keys_that_make_no_sense(more: dict[str, Any], message: str) -> None:
    """Mistakes are told when the configuration is loaded."""
    with pytest.raises(vol.Invalid) as caught:
        vol.Schema(dict(CHECK.schema))({"status_url": "http://h/{job_id}", **more})

    assert message in str(caught.value)


def test_the_target_shows_no_secret() -> None:
    """A password in the URL is hidden, the place of the id is shown."""
    values = vol.Schema(dict(CHECK.schema))({"status_url": "http://me:pw@h/jobs/{job_id}?token=t"})
    options = CHECK.options(**values)

    assert CHECK.target(options) == "http://**********@h/jobs/{job_id}?token=**********"
    assert CHECK.host(options) == "h"
