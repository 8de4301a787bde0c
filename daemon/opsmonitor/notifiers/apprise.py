"""Whatever Apprise knows: Slack, Discord, Teams, Pushover, Matrix, Signal and a hundred more.

Source: https://github.com/caronc/apprise, whose addresses say by their beginning what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
import inspect
import logging
from typing import Any, Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.exceptions import DeliveryError
from opsmonitor.models.alert import NoticeKind
from opsmonitor.notifiers.base import Message, NotifierType, SendContext
from opsmonitor.util.secret import Secret

_TALKATIVE: Final = ("apprise", "urllib3", "requests_oauthlib", "oauthlib")
"""They write whole addresses and answers to their logs."""
_KINDS: Final = {NoticeKind.RECOVERED: "success", NoticeKind.TEST: "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseOptions:
    """One service: each has a channel of its own, so that none delays or repeats another."""

    url: Secret


def _address(value: Any) -> Secret:
    """Accept an address that Apprise understands; no message repeats it."""
    address = cv.secret(value)
    try:
        service = _load(address)
    except ImportError as err:
        raise vol.Invalid(
            "needs a part that is not installed: pip install 'ops-monitor[apprise]'"
        ) from err
    if not len(service):
        raise vol.Invalid("Apprise knows no such address, or something is missing in it")
    return address


async def _send(options: AppriseOptions, message: Message, context: SendContext) -> None:
    """Send in a thread, which Apprise itself ends in time."""
    # The same message under way is joined; another one, with more news in it, is not that message.
    lane = ("apprise", options, *(notice.id for notice in message.notices))
    try:
        is_taken = await context.lanes.call(
            lane, lambda: _notify(options, message, context.patience_s)
        )
    except OSError as err:
        raise DeliveryError(f"Apprise failed: {err}") from err
    if not is_taken:
        raise DeliveryError("the service did not take it")


def _notify(options: AppriseOptions, message: Message, patience_s: float) -> bool:
    """Tell whether the service took a message; blocks.

    Raises:
        OSError: Something is wrong beyond what Apprise expects.

    """
    try:
        service = _load(options.url)
        limit = {"timeout": patience_s} if _knows_timeout(service) else {}
        kind = _KINDS.get(message.notices[-1].kind, "warning")
        text = message.text
        if message.acknowledge_url is not None:
            text = f"{text}\nAcknowledge: {message.acknowledge_url.reveal()}"
        return bool(
            service.notify(
                title=message.title, body=text, notify_type=kind, body_format="text", **limit
            )
        )
    except Exception as err:  # noqa: BLE001 - any of a hundred services' own code
        # Its words could hold the address.
        raise OSError(type(err).__name__) from None


def _load(address: Secret) -> Any:
    """Return a sender for one address; the first call takes a second or two.

    Raises:
        ImportError: Apprise is not installed.

    """
    apprise = import_module("apprise")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    sender = apprise.Apprise(asset=apprise.AppriseAsset(secure_logging=True))
    sender.add(address.reveal())
    return sender


def _knows_timeout(service: Any) -> bool:
    """Tell whether this version of Apprise can end a call by itself; 2.0 and later can."""
    return "timeout" in inspect.signature(service.notify).parameters


NOTIFIER: Final = NotifierType(
    name="apprise",
    options=AppriseOptions,
    schema={vol.Required("url"): _address},
    send=_send,
    example={"url": "json://localhost/path"},
    environment={},
)
