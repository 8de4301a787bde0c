"""The states of the checks, as they are answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsmonitor.models.check import CheckState, EventKind, Status, Transition
from opsmonitor.models.export import EXPORTED, Export
from opsmonitor.models.history import Uptime
from tests.daemon.api.house import House
from tests.daemon.api.samples import BAD, FULL, GOOD, SLOW, check


async def test_unknown_is_null(house: House) -> None:
    """A check that was never judged answers null, not a guess."""
    state = (await house.get("/api/status/checks")).json["nas"]

    assert state["status"] == "pending"
    known = ("ok", "last_run", "last_ok", "last_change", "latency_ms", "error", "attempts")
    assert [state[key] for key in known] == [None] * 7


async def test_checks_come_in_the_order_of_the_file(house: House) -> None:
    """States are keyed by id and keep the order of checks.yml."""
    house.monitor.configure([check("web"), check("nas"), check("abc")])

    assert list((await house.get("/api/status/checks")).json) == ["web", "nas", "abc"]


async def test_a_run_shows_at_once(house: House) -> None:
    """After a run the answer holds what was seen, with times in UTC that end in Z."""
    house.monitor.tick(nas=GOOD)

    state = (await house.get("/api/status/checks")).json["nas"]
    assert (state["status"], state["ok"], state["latency_ms"]) == ("up", True, 12.5)
    assert state["last_run"] == state["last_ok"] == "2023-11-14T22:13:20.000Z"


async def test_a_state_is_never_stale(house: House) -> None:
    """What was cached for one answer is not given after the next run."""
    house.monitor.tick(nas=GOOD)
    await house.get("/api/status/checks")

    house.monitor.tick(nas=BAD)

    state = (await house.get("/api/status/checks")).json["nas"]
    assert (state["ok"], state["error_code"], state["attempts"]) == (
        False,
        "connection_refused",
        2,
    )


async def test_detail_tells_everything(house: House) -> None:
    """One check answers timings, assertions, certificate, uptime and data as well."""
    house.store.uptimes["nas"] = Uptime(up_s=75 * 86_400, down_s=25 * 86_400)
    house.monitor.tick(nas=FULL)

    detail = (await house.get("/api/status/checks/nas")).json

    assert detail["timings"]["tls_ms"] == 3.0
    assert detail["assertions"] == [{"name": "status", "ok": True, "actual": "200"}]
    assert detail["tls"]["not_after"] == "2027-01-15T08:00:00.000Z"
    windows = ("24h", "7d", "30d", "90d")
    assert [detail["uptime"][window] for window in windows] == [75.0] * 4
    assert detail["data"] == {"bytes": 3}


async def test_detail_without_a_run(house: House) -> None:
    """A check that was never run has null timings, no assertions and unknown uptime."""
    detail = (await house.get("/api/status/checks/nas")).json

    assert detail["timings"] is detail["tls"] is None
    assert detail["assertions"] == []
    assert set(detail["uptime"].values()) == {None}


async def test_what_each_type_measured(house: House) -> None:
    """A state holds the one number of its type, a job's state, and when a certificate expires."""
    house.monitor.configure(
        [
            check("heat", type="metric"),
            check("is-on", type="metric"),
            check("data", type="disk"),
            check("backup", type="job"),
            check("web", type="http"),
        ]
    )
    house.monitor.tick(
        heat=replace(GOOD, data={"value": 41.5}),
        data=replace(GOOD, data={"used_percent": 71.0}),
        backup=replace(GOOD, data={"state": "succeeded"}),
        web=FULL,
        **{"is-on": replace(GOOD, data={"value": True})},
    )

    states = (await house.get("/api/status/checks")).json

    assert {key: state["value"] for key, state in states.items()} == {
        "heat": 41.5,
        "is-on": None,
        "data": 71.0,
        "backup": None,
        "web": None,
    }
    assert states["backup"]["job_state"] == "succeeded"
    assert states["web"]["certificate_expires"] == "2027-01-15T08:00:00.000Z"
    assert states["heat"]["certificate_expires"] is None


async def test_what_a_check_belongs_to(house: House) -> None:
    """State and detail tell it, and follow a changed configuration."""
    house.monitor.configure([check("nas", host="127.0.0.1", area="Attic"), check("web")])
    states = (await house.get("/api/status/checks")).json
    detail = (await house.get("/api/status/checks/nas")).json

    assert [states[key]["belongs_to"] for key in ("nas", "web")] == ["host", None]
    assert (states["nas"]["area"], states["web"]["area"]) == ("Attic", None)
    assert (detail["belongs_to"], detail["area"]) == ("host", "Attic")

    house.monitor.configure([check("nas", host="192.0.2.1")])
    assert (await house.get("/api/status/checks")).json["nas"]["belongs_to"] is None


async def test_exported_values(house: House) -> None:
    """A state tells all values that its check reads, those too that are not known."""
    flow = Export(key="flow", name="Flow", unit="°C", device_class="temperature", precision=1)
    house.monitor.configure([check("nas", exports=(flow, Export(key="mode", name="Mode")))])
    house.monitor.tick(nas=replace(GOOD, data={EXPORTED: {"flow": 41.5, "gone": 1}}))

    told = (await house.get("/api/status/checks")).json["nas"]["exports"]

    assert [(each["key"], each["name"], each["value"]) for each in told] == [
        ("flow", "Flow", 41.5),
        ("mode", "Mode", None),
    ]
    assert (told[0]["unit"], told[0]["device_class"]) == ("°C", "temperature")
    assert (told[0]["state_class"], told[0]["precision"]) == (None, 1)


@pytest.mark.parametrize(
    "path", ["/api/status/checks/none", "/api/history/none", "/api/status/checks/..%2F..%2Fetc"]
)
async def test_unknown_check(house: House, path: str) -> None:
    """An id that no check has is 404 in the one error shape."""
    reply = await house.get(path)

    assert (reply.status, reply.error["code"]) == (404, "unknown_check")


async def test_summary_counts(house: House) -> None:
    """The summary counts states and names what is down; a core check makes it critical."""
    house.monitor.configure([check("a"), check("b"), check("c"), check("web", core=True)])
    house.monitor.tick(a=GOOD, b=SLOW, web=BAD)

    summary = (await house.get("/api/status/summary")).json

    counts = {key: summary[key] for key in ("total", "up", "down", "unknown", "degraded")}
    assert counts == {"total": 4, "up": 2, "down": 1, "unknown": 1, "degraded": 1}
    assert [state["id"] for state in summary["down_checks"]] == ["web"]
    assert summary["overall"] == "crit"


async def test_a_check_that_becomes_core_counts_as_core(house: House) -> None:
    """The summary follows the configuration."""
    house.monitor.tick(nas=BAD, web=GOOD)
    assert (await house.get("/api/status/summary")).json["overall"] == "warn"

    house.monitor.configure([check("nas", core=True), check("web")])

    assert (await house.get("/api/status/summary")).json["overall"] == "crit"


async def test_run_now_answers_the_state_after_the_run(house: House) -> None:
    """POST .../run runs the check and answers its detail, a failing run as well."""
    house.monitor.fail_next()

    reply = await house.post("/api/checks/nas/run")

    assert reply.status == 200
    assert (reply.json["status"], reply.json["error"]) == ("down", "connection refused")


async def test_run_of_an_unknown_check(house: House) -> None:
    """An id that no check has cannot be run."""
    assert (await house.post("/api/checks/none/run")).status == 404


def transition(check_id: str, at_ms: int, event: EventKind) -> Transition:
    """Return a change of status."""
    return Transition(
        check_id=check_id,
        at_ms=at_ms,
        event=event,
        status=Status(event.value.lower()),
        previous=Status.PENDING,
        ok=event is EventKind.UP,
    )


@pytest.fixture
def with_events(house: House) -> House:
    """Return the house after three changes of status, a second apart."""
    house.store.transitions = [
        transition("nas", 1_700_000_000_000, EventKind.UP),
        transition("nas", 1_700_000_001_000, EventKind.DOWN),
        transition("gone", 1_700_000_002_000, EventKind.DOWN),
    ]
    return house


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({}, ["gone", "nas", "nas"]),
        ({"limit": "1"}, ["gone"]),
        ({"limit": "500"}, ["gone", "nas", "nas"]),
        ({"check_id": "nas"}, ["nas", "nas"]),
        ({"since": "1700000001"}, ["gone", "nas"]),
        ({"since": "1700000001.5"}, ["gone"]),
        ({"since": "2023-11-14T22:13:21Z"}, ["gone", "nas"]),
        ({"since": "2023-11-14T23:13:21+01:00", "check_id": "nas"}, ["nas"]),
    ],
)
async def test_events(with_events: House, query: dict[str, str], ids: list[str]) -> None:
    """Events come newest first; limit, since and check_id choose among them."""
    reply = await with_events.get("/api/status/events", params=query)

    assert [event["id"] for event in reply.json] == ids


async def test_an_event_of_a_check_that_is_gone(with_events: House) -> None:
    """An event of a check that is no longer configured keeps the id as its name."""
    newest, *_, oldest = (await with_events.get("/api/status/events")).json

    assert (newest["name"], oldest["name"]) == ("gone", "The nas")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/status/events?limit=0", "limit"),
        ("/api/status/events?limit=501", "limit"),
        ("/api/status/events?limit=-1", "limit"),
        ("/api/status/events?limit=ten", "limit"),
        ("/api/status/events?limit=1e2", "limit"),
        ("/api/status/events?limit=", "limit"),
        (f"/api/status/events?limit={'9' * 5000}", "limit"),
        ("/api/status/events?limit=٣", "limit"),
        ("/api/status/events?since=yesterday", "since"),
        ("/api/status/events?since=-5", "since"),
        ("/api/status/events?since=99999999999999", "since"),
        (f"/api/status/events?since={'9' * 400}", "since"),
        ("/api/status/events?sincee=5", "sincee"),
        ("/api/status/events?limit=1&limit=2", "limit"),
        ("/api/history/nas?range_minutes=0", "range_minutes"),
        ("/api/history/nas?range_minutes=99999999", "range_minutes"),
        ("/api/history/nas?resolution=1s", "resolution"),
    ],
)
async def test_a_bad_parameter_is_named(house: House, path: str, field: str) -> None:
    """A parameter that is not valid is 422, and the answer names it."""
    reply = await house.get(path)

    assert (reply.status, reply.error["code"]) == (422, "validation_failed")
    assert [detail["field"] for detail in reply.error["details"]] == [field]


async def test_every_bad_parameter_is_named(house: House) -> None:
    """Two mistakes are told at once."""
    reply = await house.get("/api/status/events?limit=0&since=never")

    assert {detail["field"] for detail in reply.error["details"]} == {"limit", "since"}


@pytest.mark.parametrize(
    ("query", "first", "resolution"),
    [
        ({}, "2023-11-13T22:13:20.000Z", "raw"),
        ({"range_minutes": "60", "resolution": "5m"}, "2023-11-14T21:13:20.000Z", "5m"),
        ({"resolution": "auto"}, "2023-11-13T22:13:20.000Z", "raw"),
    ],
)
async def test_history(house: House, query: dict[str, str], first: str, resolution: str) -> None:
    """History covers the range up to now and says which resolution was used."""
    found = (await house.get("/api/history/nas", params=query)).json

    assert (found["from"], found["to"]) == (first, "2023-11-14T22:13:20.000Z")
    assert found["points"][0]["ts"] == found["intervals"][0]["from"] == first
    assert found["resolution"] == resolution
    assert found["uptime"]["percent"] == 90.0


async def test_a_target_with_strange_text(house: House) -> None:
    """Text that is no valid Unicode is answered as valid JSON."""
    house.monitor.states["nas"] = CheckState(id="nas", type="tcp")
    house.monitor.configure([check("nas", name="a\ud800b", target='"\n\\')])

    state = (await house.get("/api/status/checks")).json["nas"]

    assert (state["name"], state["target"]) == ("a?b", '"\n\\')


async def test_uptime_of_all(house: House) -> None:
    """The uptime of every check is told at once, and is that of its details."""
    house.store.means = {"nas": 12.34567}
    agreed = {"nas": replace(house.monitor.checks["nas"], sla=99.9)}
    house.monitor.checks = {**house.monitor.checks, **agreed}

    reply = await house.get("/api/status/uptime")

    assert (reply.json["nas"]["latency_avg_ms"], reply.json["web"]["latency_avg_ms"]) == (
        12.346,
        None,
    )
    assert reply.json["nas"]["sla"] == {
        "agreed_percent": 99.9,
        "allowed_s": 2592.0,
        "used_s": 0.0,
        "remaining_s": 2592.0,
    }
    assert reply.json["web"]["sla"] is None
    assert set(reply.json) == {"nas", "web"}
    detail = (await house.get("/api/status/checks/nas")).json
    assert reply.json["nas"] == detail["uptime"]
