"""A client of the Ops Monitor daemon; knows nothing of Home Assistant."""

from .api import OpsMonitorClient
from .exceptions import (
    OpsMonitorAuthError,
    OpsMonitorConnectionError,
    OpsMonitorError,
    OpsMonitorForbiddenError,
    OpsMonitorHostError,
    OpsMonitorIdentityError,
    OpsMonitorRefusalError,
    OpsMonitorResponseError,
    OpsMonitorSocketError,
    OpsMonitorTimeoutError,
    OpsMonitorTlsError,
    OpsMonitorVersionError,
)
from .models import Check, Info, Overall, Status, Summary, Transition
from .snapshot import EventFrame, Frame, Snapshot
from .subscription import StreamStatistics, Subscription

__all__ = [
    "Check",
    "EventFrame",
    "Frame",
    "Info",
    "OpsMonitorAuthError",
    "OpsMonitorClient",
    "OpsMonitorConnectionError",
    "OpsMonitorError",
    "OpsMonitorForbiddenError",
    "OpsMonitorHostError",
    "OpsMonitorIdentityError",
    "OpsMonitorRefusalError",
    "OpsMonitorResponseError",
    "OpsMonitorSocketError",
    "OpsMonitorTimeoutError",
    "OpsMonitorTlsError",
    "OpsMonitorVersionError",
    "Overall",
    "Snapshot",
    "Status",
    "StreamStatistics",
    "Subscription",
    "Summary",
    "Transition",
]
