"""Searching JSON holds up nobody else."""

from __future__ import annotations

import json

import pytest

from opsmonitor.exceptions import TransportError
from opsmonitor.parts.json_search import JsonSearch
from opsmonitor.util.json_path import JsonPath
from opsmonitor.util.lanes import Lanes

_LARGE = json.dumps([[0]] * 120_000)
_SLOW_PATH = JsonPath("$..gone")
_QUICK_S = 0.02


@pytest.mark.parametrize("text", ['{"a": 1}', json.dumps({"fill": "x" * 300_000, "a": 1})])
async def test_small_and_large_documents_give_the_same(text: str) -> None:
    """Where the search is made does not change what it finds."""
    search = JsonSearch([JsonPath("$.a")], Lanes())

    assert await search.find(text, 60) == (1,)


@pytest.mark.parametrize("text", ["oops", "oops" * 100_000])
async def test_small_and_large_documents_fail_the_same(text: str) -> None:
    """An error comes out of a thread as well."""
    search = JsonSearch([JsonPath("$.a")], Lanes())

    with pytest.raises(TransportError) as caught:
        await search.find(text, 60)

    assert caught.value.code == "invalid_json"


async def test_a_search_that_goes_on_keeps_the_next_one_away() -> None:
    """After a time-out the thread works on, and no second one is started beside it."""
    lanes = Lanes()
    search = JsonSearch([_SLOW_PATH], lanes)

    with pytest.raises(TransportError) as first:
        await search.find(_LARGE, _QUICK_S)
    was_busy = lanes.busy_s(search) > 0
    with pytest.raises(TransportError) as second:
        await search.find(_LARGE, 60)
    await lanes.call(search, tuple)

    assert was_busy
    assert (first.value.code, second.value.code) == ("jsonpath_too_slow", "jsonpath_too_slow")
    assert lanes.busy_s(search) == 0
