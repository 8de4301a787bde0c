"""People are told once, whatever happens to the daemon or to the channel."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
import hashlib
import hmac
import json
from pathlib import Path
import signal
import sqlite3

import aiohttp

from tests.daemon.process.hook import Hook
from tests.daemon.process.running import GONE, Daemon, Target

_CANARY = "canary-77aa"


def write(
    daemon: Daemon,
    target: Target,
    channels: Mapping[str, Mapping[str, object]],
    *,
    group_wait_s: float = 0,
    checks: Sequence[Mapping[str, object]] = ({},),
) -> None:
    """Configure checks of the target, and channels."""
    plain = {
        "type": "http",
        "url": f"http://127.0.0.1:{target.port}/",
        "interval_s": 0.2,
        "timeout_s": 20,
        "retries": 0,
    }
    content = {
        "alerts": {"channels": channels, "group_wait_s": group_wait_s},
        "checks": [{"id": f"web-{at}", **plain, **keys} for at, keys in enumerate(checks)],
    }
    daemon.config.write_text(json.dumps(content))


def hook_channel(hook: Hook) -> dict[str, dict[str, object]]:
    """Return a channel that posts to a hook."""
    return {"hook": {"type": "webhook", "url": f"{hook.url}/here"}}


async def up(daemon: Daemon) -> None:
    """Wait until every check is up."""
    await daemon.until("/api/status/summary", lambda seen: seen["up"] == seen["total"])


async def test_a_failure_and_its_end_are_told_once(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """A server stops and starts: one message each, with names as written, reason and length."""
    name = "Web *_[<& \N{SNOWMAN}"
    write(daemon, target, hook_channel(hook), checks=({"name": name, "tags": ["a"]},))
    await daemon.start()
    await up(daemon)

    await target.stop()
    await hook.until(lambda: hook.events == ["first_fail"])
    opened = await daemon.get("/api/alerts?resolved=false")
    await target.start()
    await hook.until(lambda: len(hook.events) == 2)
    await daemon.stop()

    down, again = (body["notices"][0] for body in hook.taken)
    assert (down["title"], again["title"]) == (f"DOWN: {name}", f"UP again: {name}")
    assert GONE.search(down["text"])
    assert again["text"].startswith("It was down for ")
    assert again["event"] == "recovered"
    assert down["alert_id"] == again["alert_id"] == opened[0]["id"]
    assert (opened[0]["check_id"], opened[0]["channels"]) == ("web-0", ["hook"])
    assert len(hook.requests) == 2


async def test_a_signature_proves_the_sender(daemon: Daemon, target: Target, hook: Hook) -> None:
    """With a secret the body is signed by HMAC-SHA256."""
    write(daemon, target, {"hook": {"type": "webhook", "url": f"{hook.url}/here", "secret": "key"}})
    await daemon.start()
    await up(daemon)

    status, _ = await daemon.ask("POST", "/api/alerts/test?check_id=web-0")

    assert status == 200
    path, headers, body = hook.requests[0]
    digest = hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert headers["X-Ops-Monitor-Signature"] == f"sha256={digest}"
    assert path == "/here"


async def test_a_killed_daemon_loses_no_message_and_repeats_none(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """Kill -9 while the channel refuses: the next daemon delivers; the one after it is silent."""
    write(daemon, target, hook_channel(hook))
    await daemon.start()
    await up(daemon)
    await hook.stop()
    await target.stop()
    await daemon.until(
        "/api/ops/health", lambda seen: seen["dependencies"]["channel:hook"]["last_error"]
    )
    await daemon.stop(signal.SIGKILL)

    await hook.start()
    await daemon.start()
    await hook.until(lambda: hook.events == ["first_fail"])
    await daemon.until("/api/alerts", lambda seen: len(seen) == 1)
    await daemon.stop()
    await daemon.start()
    await daemon.until("/api/status/checks/web-0", lambda check: check["fail_streak"] > 3)
    await target.start()
    await hook.until(lambda: len(hook.events) > 1)

    assert hook.events == ["first_fail", "recovered"]


async def test_what_happened_while_nobody_looked_is_told_once(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """Stopped while down, started when it is up again: one recovery, told by the next daemon."""
    write(daemon, target, hook_channel(hook))
    await daemon.start()
    await up(daemon)
    await target.stop()
    await hook.until(lambda: hook.events == ["first_fail"])
    await daemon.stop()

    await target.start()
    await daemon.start()
    await hook.until(lambda: len(hook.events) == 2)

    assert hook.events == ["first_fail", "recovered"]
    assert len(await daemon.get("/api/alerts?resolved=true")) == 1
    assert await daemon.get("/api/alerts?resolved=false") == []


async def test_a_channel_that_asks_for_patience_gets_it(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """429 with Retry-After is tried again then, and the message arrives once."""
    hook.answers = [(429, {"Retry-After": "0"}), (503, {"Retry-After": "0"})]
    write(daemon, target, hook_channel(hook))
    await daemon.start()
    await up(daemon)
    await target.stop()

    await hook.until(lambda: hook.events == ["first_fail"])

    assert len(hook.requests) == 3
    assert len({body for _, _, body in hook.requests}) == 1


async def test_who_was_not_told_of_a_failure_is_not_told_of_its_end(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """A channel that refuses for good gets nothing more of this alert; the other one does."""
    channels: dict[str, dict[str, object]] = {
        **hook_channel(hook),
        "other": {"type": "webhook", "url": f"{hook.url}/other"},
    }
    hook.answers = [(403, {})]
    write(daemon, target, channels)
    await daemon.start()
    await up(daemon)
    await target.stop()
    await hook.until(lambda: len(hook.requests) == 2)
    told = await daemon.until("/api/alerts", lambda seen: len(seen[0]["channels"]) == 1)
    await target.start()
    await hook.until(lambda: "recovered" in hook.events)
    await daemon.stop()

    refused, taken = (path for path, _, _ in hook.requests[:2])
    assert [path for path, _, _ in hook.requests] == [refused, taken, taken]
    assert told[0]["channels"] == [taken.strip("/").replace("here", "hook")]
    dropped = rows(daemon.data, "SELECT channel, error FROM deliveries WHERE state = 'dropped'")
    assert dropped == [(refused.strip("/").replace("here", "hook"), "answered 403 Forbidden")]


async def test_a_dead_channel_delays_no_other(daemon: Daemon, target: Target, hook: Hook) -> None:
    """While one channel cannot be reached, the other one tells both the failure and its end."""
    dead = {"type": "webhook", "url": "http://127.0.0.1:1/"}
    write(daemon, target, {"dead": dead, **hook_channel(hook)})
    await daemon.start()
    await up(daemon)
    await target.stop()
    await hook.until(lambda: hook.events == ["first_fail"])
    await target.start()

    await hook.until(lambda: hook.events == ["first_fail", "recovered"])

    health = (await daemon.get("/api/ops/health"))["dependencies"]
    assert health["channel:dead"]["last_error"] == "no answer: connection_refused"
    assert health["channel:dead"]["note"] == "webhook channel, 2 waiting"
    assert health["channel:hook"]["status"] == "ok"


async def test_a_burst_is_one_message(daemon: Daemon, target: Target, hook: Hook) -> None:
    """What fails within the waiting time is told at once, the worst severity first."""
    checks = tuple({"severity": "P1" if at == 3 else "P3"} for at in range(5))
    write(daemon, target, hook_channel(hook), group_wait_s=5, checks=checks)
    await daemon.start()
    await up(daemon)

    await target.stop()
    await hook.until(lambda: len(hook.taken) == 1)

    (body,) = hook.taken
    assert (body["title"], body["severity"]) == ("5 down", "P1")
    assert sorted(notice["check_id"] for notice in body["notices"]) == [
        f"web-{at}" for at in range(5)
    ]


async def test_a_check_says_who_is_told_of_what(daemon: Daemon, target: Target, hook: Hook) -> None:
    """`notify` and `notify_on` choose: nobody, some channels, failures only."""
    checks: tuple[dict[str, object], ...] = (
        {"notify": False},
        {"notify_on": ["first_fail"]},
        {"notify": ["hook"], "notify_on": ["recovered"]},
    )
    write(daemon, target, hook_channel(hook), group_wait_s=0, checks=checks)
    await daemon.start()
    await up(daemon)
    await target.stop()
    await daemon.until("/api/alerts", lambda seen: len(seen) == 3)
    await target.start()
    await daemon.until("/api/alerts?resolved=true", lambda seen: len(seen) == 3)
    await hook.until(lambda: len(hook.events) == 2)

    notices = [notice for body in hook.taken for notice in body["notices"]]
    assert [(notice["check_id"], notice["event"]) for notice in notices] == [
        ("web-1", "first_fail"),
        ("web-2", "recovered"),
    ]


async def test_ntfy_by_variables_alone(daemon: Daemon, target: Target, hook: Hook) -> None:
    """NTFY_URL and NTFY_TOPIC make a channel: JSON to the base address, with priority and token."""
    daemon.variables = {
        "NTFY_URL": hook.url,
        "NTFY_TOPIC": "my-topic",
        "NTFY_TOKEN": "tk_1",
    }
    write(daemon, target, {}, checks=({"severity": "P1", "name": "B\u00fcro"},))
    await daemon.start()
    await up(daemon)
    await target.stop()

    await hook.until(lambda: len(hook.taken) == 1)

    path, headers, _ = hook.requests[0]
    (body,) = hook.taken
    assert (path, headers["Authorization"]) == ("/", "Bearer tk_1")
    assert (body["topic"], body["priority"]) == ("my-topic", 5)
    assert (body["title"], body["tags"]) == ("DOWN: B\u00fcro", ["rotating_light"])
    health = (await daemon.get("/api/ops/health"))["dependencies"]
    assert health["ntfy"]["status"] == "ok"


async def test_secrets_of_channels_stay_where_they_are(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """Address, topic and token are in no answer, no log line and not in the database."""
    hook.answers = [(500, {}), (500, {}), (401, {}), (401, {}), (400, {}), (400, {})]
    phone = {"type": "ntfy", "topic": f"t-{_CANARY}", "token": _CANARY}
    channels: dict[str, dict[str, object]] = {
        "hook": {"type": "webhook", "url": f"{hook.url}/{_CANARY}?a={_CANARY}", "secret": _CANARY},
        "phone": {**phone, "url": f"http://{_CANARY}:{_CANARY}@127.0.0.1:{hook.port}/"},
        "gone": {"type": "webhook", "url": f"http://{_CANARY}.invalid/"},
        "bot": {"type": "telegram", "token": _CANARY, "chat_id": _CANARY, "url": hook.url},
        "mail": {
            "type": "email",
            "to": f"{_CANARY}@example.org",
            "host": "127.0.0.1",
            "port": 1,
            "username": _CANARY,
            "password": _CANARY,
            "security": "none",
        },
        "any": {"type": "apprise", "url": f"json://{_CANARY}:{_CANARY}@127.0.0.1:1/{_CANARY}"},
        "made": {
            "type": "webhook",
            "url": "http://127.0.0.1:1/",
            "headers": {"X-A": _CANARY},
            "template": {"key": _CANARY},
        },
    }
    write(daemon, target, channels)
    await daemon.start()
    await up(daemon)
    await target.stop()
    await hook.until(lambda: len(hook.requests) >= 4)
    _, refused = await daemon.ask("POST", "/api/alerts/test?check_id=web-0")
    answers = [refused]
    paths = (await daemon.get("/openapi.json"))["paths"]
    plain = [path for path in paths if "{" not in path and path != "/api/stream"]
    answers += [(await daemon.ask("GET", path))[1] for path in plain]
    daemon.config.write_text(daemon.config.read_text().replace('"topic"', '"topix"'))
    problems = await daemon.until("/ready", lambda seen: "configuration" in json.dumps(seen))
    await daemon.stop()

    assert _CANARY not in "".join(answers) + json.dumps(problems) + daemon.log
    assert all(
        _CANARY.encode() not in path.read_bytes()
        for path in daemon.data.rglob("*")
        if path.is_file()
    )


async def test_a_test_says_what_is_wrong(daemon: Daemon, target: Target, hook: Hook) -> None:
    """400 without channels, 404 for unknown ids, 502 with the reason of each channel."""
    write(daemon, target, {})
    await daemon.start()
    assert (await daemon.ask("POST", "/api/alerts/test"))[0] == 400
    await daemon.stop()

    write(daemon, target, {**hook_channel(hook), "x": {"type": "webhook", "url": hook.url}})
    await daemon.start()
    assert (await daemon.ask("POST", "/api/alerts/test?check_id=nope"))[0] == 404
    assert (await daemon.ask("POST", "/api/alerts/test?channel=nope"))[0] == 404
    hook.answers = [(404, {})]
    status, text = await daemon.ask("POST", "/api/alerts/test?channel=hook")
    assert (status, json.loads(text)["error"]["message"]) == (502, "hook: answered 404 Not Found")
    status, text = await daemon.ask("POST", "/api/alerts/test?check_id=web-0&channel=hook")
    assert (status, json.loads(text)) == (
        200,
        {"ok": True, "check_id": "web-0", "channel": "hook"},
    )


def rows(data: Path, sql: str) -> list[tuple[object, ...]]:
    """Read from the database of a daemon that has stopped."""
    connection = sqlite3.connect(data / "ops-monitor.db")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def with_alerts(daemon: Daemon, **keys: object) -> None:
    """Add keys to the section `alerts`."""
    content = json.loads(daemon.config.read_text())
    content["alerts"] |= keys
    daemon.config.write_text(json.dumps(content))


async def written(daemon: Daemon, **states: int) -> None:
    """Wait until the database has deliveries in these states: then a kill can lose nothing."""
    counts = "SELECT state, count(*) FROM deliveries GROUP BY state"
    async with asyncio.timeout(90):
        while {str(state): count for state, count in rows(daemon.data, counts)} != states:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def test_a_killed_daemon_repeats_no_reminder(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """What was said again is not said again because of kill -9."""
    notify_on = ["first_fail", "recovered", "reminder"]
    write(daemon, target, hook_channel(hook), checks=({"notify_on": notify_on},))
    with_alerts(daemon, reminders={"first": "1s", "factor": 100})
    await daemon.start()
    await up(daemon)
    await target.stop()
    await written(daemon, sent=2)
    await daemon.stop(signal.SIGKILL)
    await daemon.start()
    await daemon.until("/api/status/checks/web-0", lambda check: check["fail_streak"] > 10)
    await target.start()
    await hook.until(lambda: hook.events[2:] == ["recovered"])

    assert hook.events == ["first_fail", "reminder", "recovered"]


async def test_what_is_held_back_survives_a_kill(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """Quiet hours all day long: nothing is told; once there are none, all of it in one message."""
    checks = ({"severity": "P3"}, {"severity": "P4"}, {"severity": "P1"})
    write(daemon, target, hook_channel(hook), checks=checks)
    with_alerts(daemon, quiet_hours={"between": "00:00-24:00"})
    await daemon.start()
    await up(daemon)
    await target.stop()
    await written(daemon, sent=1, held=2)
    health = await daemon.get("/api/ops/health")
    await daemon.stop(signal.SIGKILL)
    with_alerts(daemon, quiet_hours=[])
    await daemon.start()
    await hook.until(lambda: len(hook.taken) == 2)

    assert "2 held back" in health["dependencies"]["channel:hook"]["note"]
    assert [notice["check_id"] for notice in hook.taken[0]["notices"]] == ["web-2"]
    assert hook.taken[1]["title"] == "While it was quiet: 2 down"


async def test_routes_and_escalation_choose_who_is_told(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """One route to a channel, one to nobody; who is told because nobody acts hears of the end."""
    checks = ({"severity": "P1"}, {"tags": ["lab"]})
    other = {"type": "webhook", "url": f"{hook.url}/other"}
    write(daemon, target, {**hook_channel(hook), "other": other}, checks=checks)
    with_alerts(
        daemon,
        routes=[{"severity": "P1", "channels": "other"}, {"tag": "lab", "channels": []}],
        escalation=[{"after": "1s", "severity": "P1", "channels": "hook"}],
    )
    await daemon.start()
    await up(daemon)
    await target.stop()
    await hook.until(lambda: len(hook.taken) == 2)
    await daemon.until("/api/alerts", lambda seen: len(seen) == 2)
    await target.start()
    await hook.until(lambda: len(hook.taken) == 4)
    alerts = await daemon.get("/api/alerts")

    told = [
        (path, body["notices"][0]["check_id"], body["notices"][0]["event"])
        for (path, _, _), body in zip(hook.requests, hook.taken, strict=True)
    ]
    assert told[:2] == [("/other", "web-0", "first_fail"), ("/here", "web-0", "escalated")]
    assert set(told[2:]) == {("/other", "web-0", "recovered"), ("/here", "web-0", "recovered")}
    assert {alert["check_id"]: alert["channels"] for alert in alerts} == {
        "web-0": ["other", "hook"],
        "web-1": [],
    }


async def test_an_alert_by_hand_reaches_people_once(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """By the API, to one channel of two that fails and one that does not; the same again is not."""
    dead = {"type": "webhook", "url": "http://127.0.0.1:1/"}
    write(daemon, target, {**hook_channel(hook), "dead": dead})
    await daemon.start()
    wish = {"service_name": "backup", "severity": "error", "message": "tape is full"}
    async with aiohttp.ClientSession(daemon.url) as session:
        async with session.post("/api/alerts", json=wish) as response:
            first = await response.json()
        await daemon.until("/api/alerts", lambda seen: len(seen) == 1)
        await daemon.stop(signal.SIGKILL)
        await daemon.start()
    async with (
        aiohttp.ClientSession(daemon.url) as session,
        session.post("/api/alerts", json={**wish, "channels": ["hook"]}) as response,
    ):
        second = await response.json()

    assert (first["sent"], first["repeated"], first["ok"]) == (["hook"], [], False)
    assert first["failed"] == [{"channel": "dead", "error": "no answer: connection_refused"}]
    assert (second["sent"], second["repeated"], second["ok"]) == ([], ["hook"], True)
    (body,) = hook.taken
    assert (body["title"], body["severity"]) == ("ERROR: backup", "P2")
    (kept,) = await daemon.get("/api/alerts")
    assert (kept["kind"], kept["check_id"], kept["name"]) == ("manual", None, "backup")


async def test_a_button_in_the_message_acknowledges(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """The link of a message works as it is, over a restart, without a token, for its alert only."""
    write(daemon, target, {"phone": {"type": "ntfy", "topic": "t", "url": hook.url}})
    content = json.loads(daemon.config.read_text())
    content["server"] = {"public_url": "https://ops.example.org", "token": "secret-admin"}
    daemon.config.write_text(json.dumps(content))
    await daemon.start(token="secret-admin")  # noqa: S106 - made up
    await up(daemon)
    await target.stop()
    await hook.until(lambda: len(hook.taken) == 1)
    await daemon.stop()
    await daemon.start(token="secret-admin")  # noqa: S106 - made up

    (body,) = hook.taken
    (action,) = body["actions"]
    assert (body["click"], action["method"]) == ("https://ops.example.org/", "POST")
    path = action["url"].removeprefix("https://ops.example.org")
    forged = path[:-3] + "AAA"
    async with aiohttp.ClientSession(daemon.url, headers={"Host": "ops.example.org"}) as phone:
        async with phone.post(forged) as refused, phone.get("/api/alerts") as closed:
            assert (refused.status, closed.status) == (404, 401)
        async with phone.post(path) as taken:
            assert taken.status == 200
    known = await daemon.get("/api/status/checks/web-0")

    assert known["acknowledged"]["note"] == "by the link in a message"
    assert (daemon.data / "link-key").stat().st_mode & 0o777 == 0o600
    assert action["url"].rpartition("/")[2] not in daemon.log


async def test_without_a_channel_it_is_in_the_log(daemon: Daemon, target: Target) -> None:
    """A failure and its end are printed, unless the check says that nobody is to be told."""
    write(daemon, target, {}, checks=({}, {"notify": False}))
    await daemon.start()
    await up(daemon)
    await target.stop()
    await daemon.until("/api/alerts", lambda seen: len(seen) == 2)
    await target.start()
    await daemon.until("/api/alerts?resolved=true", lambda seen: len(seen) == 2)
    await daemon.stop()

    assert daemon.log.count("DOWN: web-0") == daemon.log.count("UP again: web-0") == 1
    assert "web-1" not in daemon.log
