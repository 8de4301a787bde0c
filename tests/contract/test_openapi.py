"""The client needs no more than the daemon's API document promises.

From each schema that the client reads, the smallest legal value (null and empty wherever allowed)
and the fullest one are made and read: a key that is renamed, or changes its type, fails here.
"""

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.ops_monitor.client import Check, Info, Overall, Status, Summary, Transition
from custom_components.ops_monitor.client.api import API_VERSION, API_VERSION_MIN
from custom_components.ops_monitor.client.message import Message
from custom_components.ops_monitor.client.snapshot import Frame, Snapshot, read_frame

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "api" / "openapi.json").read_text())
MOMENT = "2026-11-20T10:00:00.123Z"
type Schema = dict[str, Any]


def answer_of(path: str, content_type: str = "application/json") -> Schema:
    """Return the schema of what a path answers when all is well."""
    content = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]
    schema: Schema = content[content_type]["schema"]
    return schema


def resolve(schema: Schema) -> Schema:
    """Return what a reference points to, and the other one of a nullable pair."""
    if "$ref" in schema:
        found: Schema = DOCUMENT
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return found
    return resolve(schema["anyOf"][0]) if "anyOf" in schema else schema


def is_nullable(schema: Schema) -> bool:
    """Tell whether a value may be unknown."""
    return {"type": "null"} in schema.get("anyOf", []) or "null" in schema.get("type", "")


def smallest(schema: Schema) -> Any:
    """Return the least that a schema allows."""
    if is_nullable(schema):
        return None
    schema = resolve(schema)
    match schema["type"]:
        case "object":
            properties = schema.get("properties", {})
            return {key: smallest(properties[key]) for key in schema.get("required", [])}
        case "array":
            return []
        case _:
            return scalar(schema)


def fullest(schema: Schema) -> Any:
    """Return as much as a schema allows."""
    schema = resolve(schema)
    match schema.get("type", "string"):
        case "object" | ["object", _]:
            properties = schema.get("properties", {})
            value = {key: fullest(inner) for key, inner in properties.items()}
            more = schema.get("additionalProperties")
            return value | ({"some-key": fullest(more)} if isinstance(more, dict) else {})
        case "array" | ["array", _]:
            return [fullest(schema["items"])] * 2
        case _:
            return scalar(schema)


def scalar(schema: Schema) -> Any:
    """Return a value that is neither an object nor an array."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date-time":
        return MOMENT
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    return {"string": "text", "integer": 3, "number": 2.5, "boolean": True}[kind]


STREAM = answer_of("/api/stream", "text/event-stream")["x-events"]
READERS: list[tuple[Callable[[object], object], Schema]] = [
    (Info.from_api, answer_of("/api/info")),
    (Check.from_api, answer_of("/api/status/checks/{id}")),
    (Summary.from_api, answer_of("/api/status/summary")),
    (
        Transition.from_api,
        resolve(answer_of("/api/status/events"))["items"],
    ),
]


@pytest.mark.parametrize("make", [smallest, fullest])
@pytest.mark.parametrize(("reader", "schema"), READERS)
def test_answers_can_be_read(
    reader: Callable[[object], object], schema: Schema, make: Callable[[Schema], Any]
) -> None:
    """Whatever the document allows, the client reads."""
    assert reader(make(schema))


@pytest.mark.parametrize("make", [smallest, fullest])
@pytest.mark.parametrize("event", STREAM)
def test_frames_can_be_read(event: str, make: Callable[[Schema], Any]) -> None:
    """The client knows every kind of frame, and reads all of it."""
    frame = read(event, make(STREAM[event]))

    assert frame is not None
    assert getattr(frame, "unreadable", {}) == {}


def read(event: str, value: object) -> Frame | None:
    """Read a frame as it comes from the stream."""
    return read_frame(Message(id="a-1", event=event, data=json.dumps(value)))


def test_nothing_that_is_promised_is_lost() -> None:
    """What the fullest check says arrives in the client under the same meaning."""
    check = Check.from_api(fullest(answer_of("/api/status/checks/{id}")))

    assert (check.name, check.type, check.target, check.severity) == ("text",) * 4
    assert (check.ok, check.is_core, check.is_reachability) == (True, True, True)
    assert (check.latency_ms, check.status_code, check.fail_streak) == (2.5, 3, 3)
    assert (check.error, check.error_code, check.tags) == ("text", "text", ("text", "text"))
    assert None not in (check.last_run, check.last_ok, check.last_change)
    assert None not in (check.certificate_expires, check.deadline)
    assert (check.value, check.job_state) == (2.5, "running")


def test_nothing_of_the_whole_is_lost() -> None:
    """What the fullest snapshot says arrives in the client under the same meaning."""
    snapshot = Snapshot.from_api(fullest(STREAM["snapshot"]))
    summary = snapshot.summary

    assert (snapshot.instance_id, snapshot.version, snapshot.api_version) == ("text", "text", 3)
    assert snapshot.problems == ("text", "text")
    assert list(snapshot.checks) == ["some-key"]
    assert {summary.total, summary.up, summary.down, summary.unknown, summary.degraded} == {3}
    assert snapshot.alerts is not None
    assert (snapshot.alerts.open, snapshot.alerts.channels) == (3, ("text", "text"))
    assert snapshot.alerts.muted is not None
    assert (snapshot.alerts.muted.reason, snapshot.started_at is None) == ("text", False)
    assert (summary.paused, summary.down_ids) == (3, ("text", "text"))


def test_every_state_has_its_name() -> None:
    """Each status and each judgement that the daemon may tell is known by name here."""
    check = resolve(answer_of("/api/status/checks/{id}"))["properties"]
    summary = resolve(answer_of("/api/status/summary"))["properties"]
    # A state is never `unmonitored`: that is what an interval is called in which nobody looked.
    statuses = set(check["status"]["enum"]) - {"unmonitored"}

    assert statuses == {status.value for status in Status} - {"unknown"}
    assert set(summary["overall"]["enum"]) == {value.value for value in Overall} - {"unknown"}


def test_levels_fit() -> None:
    """The client that is shipped with this daemon speaks its level of the API."""
    assert API_VERSION_MIN <= int(DOCUMENT["info"]["version"]) == API_VERSION
