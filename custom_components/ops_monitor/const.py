"""Names that more than one module needs."""

from typing import Final

DOMAIN: Final = "ops_monitor"
EVENT: Final = "ops_monitor_event"
"""What is put on the event bus when something happens."""
MANUFACTURER: Final = "Ops Monitor"

SECTION_ADVANCED: Final = "advanced"
DEFAULT_URL: Final = "http://127.0.0.1:8060"

CONF_FALLBACK_S: Final = "fallback_s"
"""So often the daemon is asked while it cannot tell by itself, in seconds."""
DEFAULT_FALLBACK_S: Final = 60
CONF_REPLAY: Final = "replay_events"
"""Whether events of the time without a connection are told when it is back."""
