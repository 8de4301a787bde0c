"""The channel `email`, against a real SMTP server (aiosmtpd) in every mood."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
import ssl
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
import pytest
import voluptuous as vol

from opsmonitor.config_source import channel_types
from opsmonitor.exceptions import DeliveryError
from opsmonitor.models.alert import NoticeKind
from opsmonitor.notifiers.base import SendContext
from opsmonitor.util.secret import Secret
from tests.daemon.notifiers.messages import message, notice
from tests.daemon.targets import AUTHORITY, serve, server_tls

Send = Callable[..., Awaitable[None]]
LOGIN = {"username": "me", "password": "canary-pass"}


class Office:
    """What the server does with mail."""

    def __init__(self) -> None:
        """Take everything."""
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.senders: list[str | None] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.password = b"canary-pass"
        self.refused: dict[str, str] = {}
        self.answer = "250 taken"
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.has_mail = asyncio.Event()

    async def handle_RCPT(  # noqa: N802 - the server's name for it
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Refuse whom the test names."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(  # noqa: N802 - the server's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        self.has_mail.set()
        await self.is_open.wait()
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        if self.answer.startswith("250"):
            self.mails.append(mail)
            self.recipients.append(envelope.rcpt_tos)
            self.senders.append(envelope.mail_from)
        return self.answer

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any
    ) -> AuthResult:
        """Let in who has the right password."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == self.password, handled=False)


@asynccontextmanager
async def open_office(
    office: Office, *, tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[dict[str, Any]]:
    """Run the server; yield the keys of a channel that reaches it."""
    under_way: list[SMTP] = []

    def begin() -> SMTP:
        """Speak with one client."""
        under_way.append(
            SMTP(office, authenticator=office.authenticate, hostname="here", **options)
        )
        return under_way[-1]

    loop = asyncio.get_running_loop()
    server = await loop.create_server(begin, "127.0.0.1", 0, ssl=tls)
    try:
        port = server.sockets[0].getsockname()[1]
        yield {"to": "me@example.org", "host": "localhost", "port": port}
    finally:
        server.close()
        for dialogue in under_way:
            if isinstance(dialogue.transport, asyncio.WriteTransport):
                dialogue.transport.abort()
        # What is aborted is closed in the loop's next turn.
        await asyncio.sleep(0)
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client trust our own authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))


async def test_starttls_and_login(send: Send) -> None:
    """The mail arrives whole, over TLS, from whom and to whom it should."""
    office = Office()
    tls = server_tls("localhost")
    async with open_office(office, tls_context=tls, require_starttls=True) as keys:
        told = message(acknowledge_url=Secret("https://ops.example.org/a?b=1&c=2"))
        await send("email", told, **keys, **LOGIN, sender="ops@example.org")

    (mail,) = office.mails
    assert office.logins == [(b"me", b"canary-pass")]
    assert (office.senders, office.recipients) == (["ops@example.org"], [["me@example.org"]])
    assert mail["Subject"] == told.title
    assert mail["Auto-Submitted"] == "auto-generated"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    lines = plain.get_content().splitlines()
    assert lines == ["refused", "Acknowledge: https://ops.example.org/a?b=1&c=2"]
    assert 'href="https://ops.example.org/a?b=1&amp;c=2"' in html.get_content()
    assert "B\u00fcro *_[&lt;&amp;&gt;]`" in html.get_content()


async def test_tls_from_the_beginning(send: Send) -> None:
    """`security: tls` speaks TLS before anything else."""
    office = Office()
    async with open_office(office, tls=server_tls("localhost")) as keys:
        await send("email", message(), **keys, security="tls")

    assert len(office.mails) == 1


@pytest.mark.parametrize("name", ["elsewhere", "expired", "self-signed"])
async def test_a_wrong_certificate_gets_no_mail(send: Send, name: str) -> None:
    """Not of this host, or run out: nothing is sent, and it is tried again."""
    office = Office()
    async with open_office(office, tls_context=server_tls(name), require_starttls=True) as keys:
        with pytest.raises(DeliveryError, match="certificate") as caught:
            await send("email", message(), **keys, **LOGIN)

    assert not caught.value.is_permanent
    assert (office.mails, office.logins) == ([], [])


async def test_a_wrong_password_is_not_tried_for_ever(send: Send) -> None:
    """535 stays 535; the error has neither name nor password."""
    office = Office()
    tls = server_tls("localhost")
    async with open_office(
        office, tls_context=tls, require_starttls=True, auth_required=True
    ) as keys:
        with pytest.raises(DeliveryError, match="535") as caught:
            await send("email", message(), **keys, username="me", password="wrong-canary")  # noqa: S106

    assert caught.value.is_permanent
    assert "canary" not in str(caught.value)
    assert office.mails == []


async def test_a_password_may_have_any_character(send: Send) -> None:
    """It is sent as UTF-8."""
    office = Office()
    office.password = "schlüssel-✓".encode()
    tls = server_tls("localhost")
    async with open_office(
        office, tls_context=tls, require_starttls=True, auth_required=True
    ) as keys:
        await send("email", message(), **keys, username="me", password="schlüssel-✓")  # noqa: S106

    assert office.logins == [(b"me", office.password)]
    assert len(office.mails) == 1


@pytest.mark.parametrize(
    ("missing", "words"), [([], "answered 535"), (["PLAIN", "LOGIN"], "no way to log in")]
)
async def test_a_password_that_does_not_help_is_given_up(
    send: Send, missing: list[str], words: str
) -> None:
    """It is wrong, or there is no way to tell it to this server."""
    office = Office()
    tls = server_tls("localhost")
    async with open_office(
        office, tls_context=tls, require_starttls=True, auth_exclude_mechanism=missing
    ) as keys:
        with pytest.raises(DeliveryError, match=words) as caught:
            await send("email", message(), **keys, username="me", password="geheim-ä")  # noqa: S106

    assert caught.value.is_permanent
    assert office.mails == []


@pytest.mark.parametrize(
    ("answer", "is_permanent"),
    [("451 come back later", False), ("554 no", True), ("421 closing", False)],
)
async def test_a_server_may_refuse_for_now_or_for_good(
    send: Send, answer: str, *, is_permanent: bool
) -> None:
    """4xx passes, 5xx does not."""
    office = Office()
    office.answer = answer
    async with open_office(office) as keys:
        with pytest.raises(DeliveryError, match=answer[:3]) as caught:
            await send("email", message(), **keys, security="none")

    assert caught.value.is_permanent is is_permanent


async def test_one_bad_address_does_not_keep_the_others_from_their_mail(send: Send) -> None:
    """Who is taken gets it; only if nobody is, it has failed."""
    office = Office()
    office.refused = {"b@example.org": "550 unknown"}
    async with open_office(office) as keys:
        keys |= {"to": ["a@example.org", "b@example.org"], "security": "none"}
        await send("email", message(), **keys)
        office.refused["a@example.org"] = "450 busy"
        with pytest.raises(DeliveryError, match="every recipient was refused: 450, 550"):
            await send("email", message(), **keys)

    assert office.recipients == [["a@example.org"]]


async def test_the_mails_about_one_incident_are_one_thread(send: Send) -> None:
    """The same incident, the same reference; a repetition has the same id."""
    office = Office()
    async with open_office(office) as keys:
        for told in (notice(), notice(NoticeKind.RECOVERED), notice(), notice(alert_id="tv:1")):
            await send("email", message(told), **keys, security="none")

    down, over, again, other = office.mails
    assert down["References"] == over["References"] != other["References"]
    assert down["Message-ID"] == again["Message-ID"] != over["Message-ID"]


async def test_a_mail_that_hangs_takes_no_later_news_with_it(context: SendContext) -> None:
    """It was given up on, and is tried again with more in it: the new mail is sent, too."""
    office = Office()
    office.is_open.clear()
    later = notice(alert_id="tv:down:2", id="tv:down:2:first_fail")
    async with open_office(office) as keys:
        kind = channel_types()["email"]
        options = kind.options(**vol.Schema(dict(kind.schema))({**keys, "security": "none"}))
        hanging = asyncio.ensure_future(kind.send(options, message(), context))
        await office.has_mail.wait()
        hanging.cancel()
        both = message(notice(), later, title="2 down")
        again = asyncio.ensure_future(kind.send(options, both, context))
        await asyncio.sleep(0)
        office.is_open.set()
        await again

    assert "2 down" in [mail["Subject"] for mail in office.mails]


async def test_no_name_can_smuggle_a_header(send: Send) -> None:
    """Line breaks in a title become spaces."""
    office = Office()
    async with open_office(office) as keys:
        told = message(notice(title="DOWN: x\r\nBcc: evil@example.org"))
        await send("email", told, **keys, security="none")

    (mail,) = office.mails
    assert mail["Subject"] == "DOWN: x Bcc: evil@example.org"
    assert mail["Bcc"] is None


async def test_a_server_that_says_nothing_is_left(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step has an end."""
    monkeypatch.setattr("opsmonitor.notifiers.email._STEP_S", 0.2)

    async with serve(_say_nothing) as port:
        with pytest.raises(DeliveryError, match="no connection") as caught:
            await send("email", message(), to="me@example.org", host="127.0.0.1", port=port)

    assert not caught.value.is_permanent


async def _say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Listen until the client leaves."""
    while await reader.read(1024):
        pass
