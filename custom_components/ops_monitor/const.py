"""Names that more than one module needs."""

from enum import StrEnum
from typing import Final

DOMAIN: Final = "ops_monitor"
EVENT: Final = "ops_monitor_event"
"""What is put on the event bus when something happens."""
MANUFACTURER: Final = "Ops Monitor"

CONF_CODE: Final = "code"
"""Six digits that a person is shown, in exchange for which there is a token."""
CONF_TOKEN_ID: Final = "token_id"  # noqa: S105 - the name of a key
"""By which the daemon knows our token, if we got it for a code: it is ours to give back."""
CONF_PROOF_ID: Final = "proof_id"
CONF_PROOF_KEY: Final = "proof_key"
"""By which we know the daemon again before our token is sent to another address."""
CONF_FINGERPRINT: Final = "fingerprint"
"""SHA-256 of the one certificate that is trusted, in hexadecimal digits."""

SECTION_ADVANCED: Final = "advanced"
DEFAULT_URL: Final = "http://127.0.0.1:8060"

CONF_FALLBACK_S: Final = "fallback_s"
"""So often the daemon is asked while it cannot tell by itself, in seconds."""
DEFAULT_FALLBACK_S: Final = 60
CONF_REPLAY: Final = "replay_events"
"""Whether events of the time without a connection are told when it is back."""
CONF_TAGS: Final = "tags"
"""Only checks with one of these tags are shown; none means all."""
CONF_EXCLUDED: Final = "excluded"
"""Ids of checks that are not shown."""
CONF_EXCLUDED_READINGS: Final = "excluded_readings"
"""Full names of what is polled and not shown, such as `fritz.home`."""
CONF_DETAILS: Final = "details"
"""Which checks get the entities that are off at first: a member of `Details`."""
CONF_GUESTS: Final = "guests"
"""Whether each guest of Proxmox has a device of its own."""
CONF_REPAIRS: Final = "repairs"
"""For which checks that are down a repair issue is made: a member of `RepairLevel`."""
CONF_CORE: Final = "core"
"""Ids of checks that count as core ones here, whatever the daemon's file says."""
CONF_HEARTBEAT: Final = "heartbeat"
"""Whether the daemon is told how Home Assistant is doing."""
CONF_HEARTBEAT_CHECK: Final = "heartbeat_check"
"""Id of the check that counts the heartbeat; without it, the daemon's own choice."""
CONF_RESTART_CHECKS: Final = "restart_checks"
"""Ids of checks that are in maintenance while Home Assistant restarts."""
CONF_ASSIST: Final = "assist"
"""Whether assistants may ask how the services are."""
CONF_ALLOW_ACTIONS: Final = "allow_actions"
"""Whether the daemon may have actions of Home Assistant performed."""


class RepairLevel(StrEnum):
    """Which checks that are down are worth a repair issue."""

    NONE = "none"
    CORE = "core"
    ALL = "all"


class Details(StrEnum):
    """Which checks get the entities that are off at first; those that are there already stay."""

    AUTOMATIC = "automatic"
    ALWAYS = "always"
    EXISTING = "existing"
