"""Answers that are encoded once: tags, compression, and what they cost."""

from __future__ import annotations

import gzip
import json

import pytest

from opsmonitor.api.answers import StateCache
from opsmonitor.engine.batch import Batch
from opsmonitor.util.clock import FakeClock
from tests.daemon.api.doubles import HandMonitor
from tests.daemon.api.house import House, open_house
from tests.daemon.api.samples import BAD, GOOD, check

PATH = "/api/status/checks"
PLAIN = {"Accept-Encoding": "identity"}


async def tag_of(house: House, path: str = PATH, **headers: str) -> str:
    """Return the tag of an answer."""
    return (await house.get(path, headers={**PLAIN, **headers})).headers["ETag"]


@pytest.mark.parametrize("path", [PATH, "/api/status/summary", "/openapi.json"])
async def test_nothing_changed(house: House, path: str) -> None:
    """Who has the present answer is told so, without a body."""
    tag = await tag_of(house, path)

    reply = await house.get(path, headers={**PLAIN, "If-None-Match": tag})

    assert (reply.status, reply.body) == (304, b"")
    assert reply.headers["ETag"] == tag


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_every_form_of_the_question(house: House, form: str) -> None:
    """Weak tags, lists of tags and `*` are understood."""
    header = form.replace("{}", await tag_of(house))

    assert (await house.get(PATH, headers={**PLAIN, "If-None-Match": header})).status == 304


async def test_a_run_changes_the_tag(house: House) -> None:
    """After a run the old tag no longer holds."""
    tag = await tag_of(house)
    house.monitor.tick(nas=GOOD)

    reply = await house.get(PATH, headers={**PLAIN, "If-None-Match": tag})

    assert reply.status == 200
    assert reply.json["nas"]["ok"] is True


async def test_tags_of_another_process_do_not_hold(house: House) -> None:
    """A restarted daemon never takes a tag of the one before for its own."""
    async with open_house(check("nas"), check("web")) as other:
        assert await tag_of(house) != await tag_of(other)


async def test_different_answers_have_different_tags(house: House) -> None:
    """The tag names exact bytes: another path or encoding has another."""
    house.monitor.configure([check("nas", name="x" * 2000)])
    tags = {
        await tag_of(house),
        await tag_of(house, "/api/status/summary"),
        await tag_of(house, **{"Accept-Encoding": "gzip"}),
    }

    assert len(tags) == 3


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br, gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("identity", None),
        ("br", None),
    ],
)
async def test_compression(house: House, accepted: str, encoding: str | None) -> None:
    """A long answer is compressed for those who want it, and only for them."""
    house.monitor.configure([check("nas", name="x" * 2000)])

    reply = await house.get(PATH, headers={"Accept-Encoding": accepted})

    assert reply.headers.get("Content-Encoding") == encoding
    assert reply.headers["Vary"] == "Accept-Encoding"
    assert reply.json["nas"]["name"] == "x" * 2000


async def test_a_short_answer_is_not_compressed() -> None:
    """Compressing a few bytes would only cost."""
    async with open_house() as house:
        reply = await house.get(PATH, headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in reply.headers


def thousand() -> HandMonitor:
    """Return an engine with a thousand checks that have been run."""
    monitor = HandMonitor(FakeClock(), [check(f"check-{number}") for number in range(1000)])
    for check_id in monitor.checks:
        monitor.finish(check_id, GOOD)
    return monitor


def test_what_nothing_changed_costs() -> None:
    """A thousand states that did not change are answered from the same bytes, in no time."""
    states = StateCache(thousand())
    first = states.checks()

    same = [states.checks() for _ in range(100)]

    assert {id(body) for body in same} == {id(first)}


def test_one_run_encodes_one_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """After one run of a thousand checks only that check is encoded again."""
    monitor = thousand()
    states = StateCache(monitor)
    states.checks()
    monkeypatch.setattr(
        "opsmonitor.api.answers.check_values", lambda settings, *_more: {"now": settings.id}
    )

    states.invalidate(Batch(results=(monitor.finish("check-7", BAD),)))
    answer = json.loads(states.checks().raw)

    assert [key for key, state in answer.items() if "now" in state] == ["check-7"]
    assert answer["check-7"] == {"now": "check-7"}


async def test_a_thousand_states_are_not_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks again for a thousand unchanged states is told so, and nothing is encoded for it."""
    async with open_house(*[check(f"check-{number}") for number in range(1000)]) as house:
        headers = {**PLAIN, "If-None-Match": await tag_of(house)}
        monkeypatch.delattr("opsmonitor.api.answers.check_values")
        replies = [await house.get(PATH, headers=headers) for _ in range(3)]

    assert [(reply.status, reply.body) for reply in replies] == [(304, b"")] * 3


def test_gzip_is_made_once() -> None:
    """The compressed form is as valid as the plain one."""
    body = StateCache(thousand()).checks()

    assert gzip.decompress(body.compressed()) == body.raw
    assert body.compressed() is body.compressed()
