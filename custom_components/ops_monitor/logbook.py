"""Says in the logbook, in a sentence, what happened."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN, EVENT
from .errands import Errand
from .occurrence import Kind

# As the logbook names them; importing it would make it a dependency.
_NAME: Final = "name"
_MESSAGE: Final = "message"
_SENTENCES: Final = {
    Kind.DOWN: "is down",
    Kind.UNREACHABLE: "cannot be reached because of what it depends on",
    Kind.DEGRADED: "is degraded",
    Kind.RECOVERED: "is up again",
    Kind.FLAPPING: "goes up and down",
    Kind.DEADLINE_MISSED: "missed its deadline",
    Kind.CERTIFICATE_EXPIRING: "has a certificate that expires soon",
    Kind.MAINTENANCE: "is in maintenance",
    Kind.PAUSED: "is paused",
    Kind.RESUMED: "is watched again",
    Kind.ACKNOWLEDGED: "has trouble that somebody knows of",
    Kind.REMEDIATION_STARTED: "is being repaired",
    Kind.REMEDIATION_SUCCEEDED: "was repaired",
    Kind.REMEDIATION_FAILED: "could not be repaired",
    Kind.REMEDIATION_GIVEN_UP: "could not be repaired, and is left alone now",
    Kind.BECAME_CRITICAL: "is critical",
    Kind.HOST_OFFLINE: "cannot be reached",
    Kind.HOST_ONLINE: "can be reached again",
    Kind.DRIVE_WARNING: "is not well",
    Kind.DRIVE_RECOVERED: "is well again",
    Kind.INTERNET_DOWN: "has lost the Internet",
    Kind.INTERNET_UP: "is connected to the Internet again",
    Kind.TEST: "sent a test alert",
    Errand.BEGUN: "has Home Assistant do",
    Errand.FAILED: "had Home Assistant try in vain",
    Errand.REFUSED: "was refused by Home Assistant",
}


@callback
def async_describe_events(
    _hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event[Any]], dict[str, str]]], None],
) -> None:
    """Describe our events."""
    async_describe_event(DOMAIN, EVENT, _sentence)


@callback
def _sentence(event: Event[Mapping[str, Any]]) -> dict[str, str]:
    """Return who it happened to, and what."""
    data = event.data
    what = _SENTENCES.get(data.get("type", "")) or str(data.get("message") or "changed")
    if action := data.get("action"):
        what = f"{what} {action}"
    error = data.get("error")
    return {
        _NAME: str(data.get("name")),
        _MESSAGE: f"{what}: {error}" if error else what,
    }
