"""What the frames of the stream hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from opsmonitor.api.schemas.alerts import AlertsFrame
from opsmonitor.api.schemas.check import CheckBody
from opsmonitor.api.schemas.daemon import DaemonFrame
from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.api.schemas.readings import ReadingFrame
from opsmonitor.api.schemas.status import EventBody, SummaryBody


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFrame:
    """Event `snapshot`: everything, at the beginning and when a gap cannot be closed."""

    id: Annotated[str, Doc("From which the stream goes on: `Last-Event-ID`, or `since`")]
    seq: int
    instance_id: str
    version: str
    api_version: int
    checks: Mapping[str, CheckBody]
    summary: SummaryBody
    config_error: Annotated[
        tuple[str, ...], Doc("What is wrong with the configuration file; the old one stays")
    ]
    readings: Annotated[tuple[ReadingFrame, ...], Doc("Everything that is polled, in short")]
    alerts: AlertsFrame
    daemon: DaemonFrame
    started_at: Annotated[Timestamp, Doc("When this process began")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFrame(EventBody):
    """Event `event`: a check's status changed."""

    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryFrame:
    """Event `inventory`: checks came, changed or went."""

    added: Annotated[tuple[CheckBody, ...], Doc("New or changed")]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFrame:
    """Event `config`: the configuration file turned bad or good; no problems means good."""

    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByeFrame:
    """Event `bye`: the daemon is stopping, or the credential no longer holds."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFrame:
    """One frame in a message of the WebSocket; the message is an array of them."""

    id: Annotated[str, Doc("To be given as `since` by whoever comes back")]
    event: str
    data: Annotated[Any, Doc("As in `/api/stream`")]
