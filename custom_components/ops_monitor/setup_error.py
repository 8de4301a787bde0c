"""Says what Home Assistant is to do about an error of the client."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    HomeAssistantError,
)
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.update_coordinator import UpdateFailed

from .client import (
    OpsMonitorAuthError,
    OpsMonitorError,
    OpsMonitorIdentityError,
    OpsMonitorVersionError,
)
from .const import DOMAIN


def as_setup_error(error: OpsMonitorError) -> HomeAssistantError:
    """Return the exception by which Home Assistant does the right thing about an error."""
    kind: type[HomeAssistantError] = UpdateFailed
    if isinstance(error, OpsMonitorAuthError):
        kind = ConfigEntryAuthFailed
    elif isinstance(error, OpsMonitorVersionError | OpsMonitorIdentityError):
        kind = ConfigEntryError
    return kind(
        str(error),
        translation_domain=DOMAIN,
        translation_key=error.key,
        translation_placeholders={"error": str(error)},
    )


@callback
def tell_version(
    hass: HomeAssistant, entry_id: str, title: str, error: OpsMonitorVersionError
) -> None:
    """Say that one of the two has to be updated; set-up is not tried again by itself."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _version_issue(entry_id),
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="unsupported_version",
        translation_placeholders={"name": title, "error": str(error)},
    )


@callback
def withdraw_version(hass: HomeAssistant, entry_id: str) -> None:
    """Say no more that one of the two has to be updated."""
    ir.async_delete_issue(hass, DOMAIN, _version_issue(entry_id))


def _version_issue(entry_id: str) -> str:
    """Return the id of the issue of a daemon that is too old or too new."""
    return f"unsupported_version_{entry_id}"
