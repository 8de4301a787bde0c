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
    OpsMonitorTlsError,
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
def tell_trouble(hass: HomeAssistant, entry_id: str, title: str, error: OpsMonitorError) -> None:
    """Say of an error that does not go by itself what a person can do about it."""
    if isinstance(error, OpsMonitorVersionError):
        _tell_version(hass, entry_id, title, error)
    elif isinstance(error, OpsMonitorTlsError):
        _tell_certificate(hass, entry_id, title, error)


@callback
def withdraw_trouble(hass: HomeAssistant, entry_id: str) -> None:
    """Say nothing of that any more: the daemon can be heard."""
    for kind in ("unsupported_version", "tls_certificate"):
        ir.async_delete_issue(hass, DOMAIN, f"{kind}_{entry_id}")


@callback
def _tell_certificate(
    hass: HomeAssistant, entry_id: str, title: str, error: OpsMonitorTlsError
) -> None:
    """Say that the certificate is not trusted, or is another one than the trusted."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"tls_certificate_{entry_id}",
        data={"entry_id": entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="tls_certificate",
        translation_placeholders={"name": title, "error": str(error)},
    )


@callback
def _tell_version(
    hass: HomeAssistant, entry_id: str, title: str, error: OpsMonitorVersionError
) -> None:
    """Say that one of the two has to be updated; set-up is not tried again by itself."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"unsupported_version_{entry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="unsupported_version",
        translation_placeholders={"name": title, "error": str(error)},
    )
