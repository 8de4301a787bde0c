"""Mail by SMTP; without a server it is printed to the log."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
import hashlib
from html import escape
import logging
import re
import smtplib
import ssl
from typing import Any, Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.exceptions import DeliveryError
from opsmonitor.notifiers.base import Message, NotifierType, SendContext, moment_of
from opsmonitor.util.secret import Secret

_LOGGER = logging.getLogger(__name__)

_STEP_S: Final = 10.0
"""For each step of the dialogue with the server."""
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_ADDRESS: Final = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+", re.ASCII)
_PERMANENT: Final = 500
"""Answers from here on stay the same however often one tries."""


def _address(value: Any) -> str:
    """Accept one address, such as me@example.org."""
    text = cv.secret(value).reveal().strip()
    if not _ADDRESS.fullmatch(text):
        raise vol.Invalid("expected an address such as me@example.org")
    return text


def _addresses(value: Any) -> tuple[str, ...]:
    """Accept addresses, as a list or separated by commas."""
    if isinstance(value, str | Secret):
        value = cv.secret(value).reveal().split(",")
    found = cv.list_of(_address)(value)
    if not found:
        raise vol.Invalid("expected at least one address")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailOptions:
    """Who gets mail, and how it is sent."""

    to: tuple[str, ...] = field(repr=False)
    sender: str | None = field(default=None, repr=False)
    """None: the first of those who get it."""
    host: str | None = field(default=None, repr=False)
    """None: the mail is printed to the log."""
    port: int | None = None
    security: str = "starttls"
    username: Secret | None = None
    password: Secret | None = None


async def _send(options: EmailOptions, message: Message, context: SendContext) -> None:
    """Send in a thread, or print."""
    mail = _compose(options, message)
    if options.host is None:
        _LOGGER.warning(
            "This mail is not sent, as no `host` is set:\nSubject: %s\n\n%s",
            mail["Subject"],
            message.text,
        )
        return
    # The same mail under way is joined; another one, with more news in it, is not that mail.
    lane = ("mail", options, *(notice.id for notice in message.notices))
    try:
        await context.lanes.call(lane, lambda: _deliver(options, mail))
    except smtplib.SMTPResponseException as err:
        raise DeliveryError(
            f"{type(err).__name__}: the server answered {err.smtp_code}",
            is_permanent=err.smtp_code >= _PERMANENT,
        ) from err
    except smtplib.SMTPRecipientsRefused as err:
        codes = sorted({code for code, _ in err.recipients.values()})
        raise DeliveryError(
            f"every recipient was refused: {', '.join(map(str, codes))}",
            is_permanent=codes[0] >= _PERMANENT,
        ) from err
    except smtplib.SMTPNotSupportedError as err:
        raise DeliveryError(
            "the server offers no STARTTLS, or no way to log in", is_permanent=True
        ) from err
    except ssl.SSLError as err:
        raise DeliveryError("the server's certificate or its TLS is not accepted") from err
    except OSError as err:
        raise DeliveryError(f"no connection: {type(err).__name__}") from err


def _deliver(options: EmailOptions, mail: EmailMessage) -> None:
    """Hand a mail to the server; blocks. Never falls back to a connection that others can read.

    Raises:
        OSError: Whatever goes wrong.

    """
    host, port = options.host or "", options.port or _PORTS[options.security]
    trust = ssl.create_default_context()
    server: smtplib.SMTP
    if options.security == "tls":
        server = smtplib.SMTP_SSL(host, port, timeout=_STEP_S, context=trust)
    else:
        server = smtplib.SMTP(host, port, timeout=_STEP_S)
    try:
        if options.security == "starttls":
            server.starttls(context=trust)
        if options.username and options.password:
            _log_in(server, options.username.reveal(), options.password.reveal())
        refused = server.send_message(mail)
    finally:
        # Whatever a server says to a farewell, it does not take back what it took.
        with suppress(OSError):
            server.quit()
    if refused:
        _LOGGER.warning("A mail was refused for %d of %d recipients", len(refused), len(options.to))


def _log_in(server: smtplib.SMTP, username: str, password: str) -> None:
    """Log in; smtplib itself knows only names and passwords in ASCII.

    Source: RFC 4616, section 2: both are sent as UTF-8.

    Raises:
        OSError: The server does not let us in.

    """
    if (username + password).isascii():
        server.login(username, password)
        return
    server.ehlo_or_helo_if_needed()
    if "PLAIN" not in server.esmtp_features.get("auth", "").upper().split():
        raise smtplib.SMTPNotSupportedError
    words = _Utf8(f"\0{username}\0{password}")
    server.auth("PLAIN", lambda _challenge=None: words)


class _Utf8(str):
    """A text that is sent as UTF-8, whatever encoding is asked for."""

    __slots__ = ()

    def encode(self, _encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return it in UTF-8."""
        return super().encode("utf-8", errors)


def _compose(options: EmailOptions, message: Message) -> EmailMessage:
    """Return the mail; those about one incident form a thread."""
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.title.split())
    mail["From"] = options.sender or options.to[0]
    mail["To"] = ", ".join(options.to)
    mail["Date"] = format_datetime(moment_of(message))
    mail["Message-ID"] = _message_id(*(notice.id for notice in message.notices))
    incidents = dict.fromkeys(_message_id(notice.alert_id) for notice in message.notices)
    mail["References"] = " ".join(incidents)
    mail["Auto-Submitted"] = "auto-generated"
    links = _links(message)
    mail.set_content("\n".join([message.text, *(f"{word}: {link}" for word, link in links)]))
    lines = "<br>\n".join(escape(line) for line in message.text.splitlines())
    parts = [f"<h3>{escape(message.title)}</h3>", f"<p>{lines}</p>"]
    parts += [f'<p><a href="{escape(link)}">{word}</a></p>' for word, link in links]
    mail.add_alternative("\n".join(parts), subtype="html")
    return mail


def _links(message: Message) -> list[tuple[str, str]]:
    """Return where people can go from a mail, with a word for each."""
    found = []
    if message.acknowledge_url is not None:
        found.append(("Acknowledge", message.acknowledge_url.reveal()))
    if message.page_url is not None:
        found.append(("Ops Monitor", message.page_url))
    return found


def _message_id(*ids: str) -> str:
    """Return an id that is the same for the same notices, so that a repetition is recognised."""
    return f"<{hashlib.sha256('|'.join(ids).encode()).hexdigest()[:32]}@ops-monitor.invalid>"


NOTIFIER: Final = NotifierType(
    name="email",
    options=EmailOptions,
    schema={
        vol.Required("to"): _addresses,
        vol.Optional("sender"): _address,
        vol.Optional("host"): cv.host,
        vol.Optional("port"): cv.port,
        vol.Optional("security"): cv.one_of("starttls", "tls", "none"),
        vol.Optional("username"): cv.secret,
        vol.Optional("password"): cv.secret,
    },
    send=_send,
    example={"to": ["me@example.org"], "host": "smtp.example.org"},
    environment={
        "to": ("MAIL_TO",),
        "sender": ("MAIL_FROM",),
        "host": ("SMTP_HOST",),
        "port": ("SMTP_PORT",),
        "username": ("SMTP_USERNAME", "SMTP_USER"),
        "password": ("SMTP_PASSWORD", "SMTP_PASS"),
    },
)
