"""A client of the Ops Monitor daemon; knows nothing of Home Assistant."""

from .alerts import Alerts, Mute
from .api import OpsMonitorClient
from .exceptions import (
    OpsMonitorAuthError,
    OpsMonitorBusyError,
    OpsMonitorConnectionError,
    OpsMonitorError,
    OpsMonitorForbiddenError,
    OpsMonitorHostError,
    OpsMonitorIdentityError,
    OpsMonitorProofError,
    OpsMonitorRefusalError,
    OpsMonitorResponseError,
    OpsMonitorSocketError,
    OpsMonitorTimeoutError,
    OpsMonitorTlsError,
    OpsMonitorVersionError,
)
from .exports import Export, Exported
from .models import Check, Info, Overall, Paired, Status, Summary, Transition
from .proof import ProofKey
from .readings import About, ActionFrame, Health, Reading, ReadingEventFrame, Value
from .snapshot import EventFrame, Frame, Snapshot
from .statistics import StreamStatistics
from .subscription import Subscription
from .wellbeing import Release, Storage, Wellbeing

__all__ = [
    "About",
    "ActionFrame",
    "Alerts",
    "Check",
    "EventFrame",
    "Export",
    "Exported",
    "Frame",
    "Health",
    "Info",
    "Mute",
    "OpsMonitorAuthError",
    "OpsMonitorBusyError",
    "OpsMonitorClient",
    "OpsMonitorConnectionError",
    "OpsMonitorError",
    "OpsMonitorForbiddenError",
    "OpsMonitorHostError",
    "OpsMonitorIdentityError",
    "OpsMonitorProofError",
    "OpsMonitorRefusalError",
    "OpsMonitorResponseError",
    "OpsMonitorSocketError",
    "OpsMonitorTimeoutError",
    "OpsMonitorTlsError",
    "OpsMonitorVersionError",
    "Overall",
    "Paired",
    "ProofKey",
    "Reading",
    "ReadingEventFrame",
    "Release",
    "Snapshot",
    "Status",
    "Storage",
    "StreamStatistics",
    "Subscription",
    "Summary",
    "Transition",
    "Value",
    "Wellbeing",
]
