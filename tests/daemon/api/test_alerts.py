"""Alerts and tests of their channels over the API."""

from __future__ import annotations

from dataclasses import replace

from opsmonitor.models.alert import Alert, AlertKind
from tests.daemon.api.house import House

_OPEN = Alert(
    id="nas:down:1700000000000",
    subject="nas",
    name="NAS",
    kind=AlertKind.DOWN,
    severity="P2",
    message="connection refused",
    opened_ms=1_700_000_000_000,
    channels=("phone",),
)
_OVER = replace(_OPEN, id="nas:down:1600000000000", resolved_ms=1_700_000_000_500)


async def test_alerts_are_told_open_or_over(house: House) -> None:
    """`resolved` chooses; without it both are told."""
    house.store.told = [_OPEN, _OVER]

    both = (await house.get("/api/alerts")).json
    opened = (await house.get("/api/alerts?resolved=false")).json
    over = (await house.get("/api/alerts?resolved=true")).json

    assert both == [*opened, *over]
    assert opened[0]["resolved_at"] is None
    assert over[0]["resolved_at"] == "2023-11-14T22:13:20.500Z"
    assert (await house.get("/api/alerts?resolved=perhaps")).status == 422


async def test_a_test_goes_to_every_channel_or_to_one(house: House) -> None:
    """Every channel is tried even if one fails, and the answer names the one that did."""
    assert (await house.post("/api/alerts/test")).error["code"] == "no_channel"
    house.telling.add("phone")
    house.telling.add("mail")
    check_id = next(iter(house.monitor.checks))

    every = await house.post(f"/api/alerts/test?check_id={check_id}")
    house.telling.failures["phone"] = "answered 403 Forbidden"
    failed = await house.post("/api/alerts/test")
    one = await house.post("/api/alerts/test?channel=mail")

    assert every.json == {"ok": True, "check_id": check_id, "channel": "phone,mail"}
    assert (failed.status, failed.error["message"]) == (502, "phone: answered 403 Forbidden")
    assert failed.error["details"] == [{"field": "phone", "message": "answered 403 Forbidden"}]
    assert one.json["channel"] == "mail"
    assert house.telling.tests[-3:] == [("phone", None), ("mail", None), ("mail", None)]
    assert (await house.post("/api/alerts/test?check_id=nope")).error["code"] == "unknown_check"
    assert (await house.post("/api/alerts/test?channel=nope")).error["code"] == "unknown_channel"


async def test_the_operator_sees_how_each_channel_does(house: House) -> None:
    """Success, error and queue of every channel; `ntfy` stays where older clients look."""
    house.telling.add("hook", last_error="answered 500", last_error_ms=1, queued=2)
    house.telling.add("phone", type="ntfy", last_success_ms=1_700_000_000_000)

    seen = (await house.get("/api/ops/health")).json["dependencies"]

    assert seen["channel:hook"]["status"] == "crit"
    assert seen["channel:hook"]["note"] == "webhook channel, 2 waiting"
    assert seen["ntfy"] == seen["channel:phone"]
    assert seen["ntfy"]["last_fetch_ts"] == "2023-11-14T22:13:20.000Z"
