"""Alerts and tests of their channels over the API."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsmonitor.models.alert import Alert, AlertKind
from tests.daemon.api.house import House, open_house
from tests.daemon.api.listener import listen
from tests.daemon.api.samples import BAD, check

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
_HAND = {"service_name": "shop", "severity": "Critical", "message": "no stock"}


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


async def test_an_alert_by_hand_says_who_took_it(house: House) -> None:
    """Each channel for itself; words for the severity; those that had it a moment ago."""
    assert (await house.post("/api/alerts", json=_HAND)).error["code"] == "no_channel"
    for name in ("phone", "mail", "hook"):
        house.telling.add(name)
    house.telling.failures["phone"] = "answered 403 Forbidden"
    house.telling.lately.add("hook")

    answer = await house.post("/api/alerts", json=_HAND)

    assert answer.json == {
        "ok": False,
        "alert_id": "manual:1:1",
        "severity": "P1",
        "sent": ["mail"],
        "repeated": ["hook"],
        "failed": [{"channel": "phone", "error": "answered 403 Forbidden"}],
        "queued": [],
    }
    assert house.telling.announced == [("shop", "P1", "no stock")]


async def test_an_alert_that_is_tried_again_has_not_failed(house: House) -> None:
    """The daemon sees to it from now on, and says so."""
    house.telling.add("phone")
    house.telling.failures["phone"] = "no answer in time"
    house.telling.patient.add("phone")

    answer = await house.post("/api/alerts", json=_HAND)

    assert answer.status == 200
    assert (answer.json["ok"], answer.json["sent"], answer.json["queued"]) == (False, [], ["phone"])
    assert answer.json["failed"] == [{"channel": "phone", "error": "no answer in time"}]


async def test_an_alert_that_no_channel_took_has_failed(house: House) -> None:
    """502 with the reason of each."""
    house.telling.add("phone")
    house.telling.failures["phone"] = "no answer in time"

    answer = await house.post("/api/alerts", json={**_HAND, "channels": ["phone"]})

    assert (answer.status, answer.error["message"]) == (502, "phone: no answer in time")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"severity": "awful"}, "severity"),
        ({"message": ""}, "message"),
        ({"service_name": 7}, "service_name"),
        ({"channels": []}, "channels"),
        ({"channels": [7]}, "channels.0"),
        ({"servicename": "x"}, "servicename"),
    ],
)
async def test_what_is_wrong_with_an_alert_is_named(
    house: House, change: dict[str, object], field: str
) -> None:
    """422 and the field."""
    house.telling.add("phone")

    answer = await house.post("/api/alerts", json={**_HAND, **change})

    assert (answer.status, answer.error["details"][0]["field"]) == (422, field)
    assert house.telling.announced == []


async def test_alerts_of_one_server_can_be_asked_for(house: House) -> None:
    """`server_id` chooses; one by hand is about no check."""
    hand = replace(_OVER, id="manual:1:1", kind=AlertKind.MANUAL)
    house.store.told = [replace(_OPEN, server_id="srv"), hand]

    (found,) = (await house.get("/api/alerts?server_id=srv")).json
    every = (await house.get("/api/alerts")).json

    assert (found["server_id"], found["check_id"]) == ("srv", "nas")
    assert every[1]["check_id"] is None


async def test_a_link_shows_first_and_acknowledges_when_asked_to(house: House) -> None:
    """Following it changes nothing, as programs follow links; the button does, once and for all."""
    house.monitor.tick(nas=BAD)
    house.telling.opened[_OPEN.id] = replace(_OPEN, name="<b>NAS</b>")
    link = f"/acknowledge/{_OPEN.id}/good"

    shown = await house.get(link)
    before = (await house.get("/api/status/checks/nas")).json["acknowledged"]
    done = await house.post(link)
    again = await house.post(link)

    assert (shown.status, before) == (200, None)
    assert b"&lt;b&gt;NAS&lt;/b&gt;" in shown.body
    assert b"<button" in shown.body
    assert (done.status, again.status) == (200, 200)
    after = (await house.get("/api/status/checks/nas")).json["acknowledged"]
    assert after["note"] == "by the link in a message"


async def test_a_link_works_from_the_page_of_a_messenger(house: House) -> None:
    """The button of ntfy's own page posts from there; the link is all that it needs."""
    house.monitor.tick(nas=BAD)
    house.telling.opened[_OPEN.id] = _OPEN

    done = await house.post(
        f"/acknowledge/{_OPEN.id}/good",
        headers={"Origin": "https://ntfy.sh", "Sec-Fetch-Site": "cross-site"},
    )
    other = await house.post("/api/checks/nas/unacknowledge", headers={"Origin": "https://ntfy.sh"})

    assert (done.status, other.status) == (200, 403)


async def test_a_link_that_is_over_or_forged_does_nothing(house: House) -> None:
    """409 for what is over, 404 for what we never gave out."""
    house.monitor.tick(nas=BAD)
    house.telling.opened[_OPEN.id] = _OPEN

    over = await house.post("/acknowledge/other:down:1/good")
    forged = await house.post(f"/acknowledge/{_OPEN.id}/bad")

    assert (over.status, forged.status) == (409, 404)
    assert (await house.get("/acknowledge/other:down:1/good")).status == 200
    assert (await house.get(f"/acknowledge/{_OPEN.id}/bad")).status == 404
    assert (await house.get("/api/status/checks/nas")).json["acknowledged"] is None


async def test_the_public_address_is_a_name_of_ours() -> None:
    """What links begin with is accepted in the Host header without being listed twice."""
    async with open_house(check("nas"), public_url="https://ops.example.org/deep") as house:
        ours = await house.get("/api/info", headers={"Host": "ops.example.org"})
        other = await house.get("/api/info", headers={"Host": "evil.example.org"})

    assert (ours.status, other.status) == (200, 403)


async def test_alerts_are_muted_and_unmuted(house: House) -> None:
    """Who mutes says for how long and why; the answer, the stream and the health say so, too."""
    house.telling.put(open_alerts=2, last_opened_ms=1_700_000_000_000, channels=(("a", "ntfy"),))
    body = {"duration_s": 60, "reason": "party", "by": "me"}

    async with listen(house) as listener:
        before = (await listener.next()).data["alerts"]
        muted = await house.post("/api/alerts/mute", json=body)
        frame = await listener.next()
        health = (await house.get("/api/ops/health")).json["dependencies"]
        over = (await house.post("/api/alerts/unmute")).json

    assert before == over == (await house.get("/api/alerts/state")).json
    assert over == {
        "open": 2,
        "last_opened_at": "2023-11-14T22:13:20.000Z",
        "muted": None,
        "channels": [{"name": "a", "type": "ntfy"}],
    }
    assert (frame.kind, frame.data) == ("alerts", muted.json)
    assert muted.json["muted"] == {
        "since": "2023-11-14T22:13:20.000Z",
        "until": "2023-11-14T22:14:20.000Z",
        "reason": "party",
        "by": "me",
    }
    assert health["alerts"]["note"] == "muted until 2023-11-14T22:14:20.000Z: party"
    assert "alerts" not in (await house.get("/api/ops/health")).json["dependencies"]
    assert (await house.post("/api/alerts/mute", json={"duration_s": 0})).status == 422
