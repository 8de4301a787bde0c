"""Mail about a failure and its end, by the real daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.message import EmailMessage
import json

from tests.daemon.process.post_office import PostOffice
from tests.daemon.process.running import GONE, Daemon, Target
from tests.daemon.process.test_telling import up, write
from tests.daemon.targets import AUTHORITY, serve


async def until(holds: Callable[[], bool]) -> None:
    """Wait for another process."""
    async with asyncio.timeout(90):
        while not holds():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)


def text_of(mail: EmailMessage, kind: str) -> str:
    """Return one form of a mail's text."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_a_failure_and_its_end_are_one_thread(daemon: Daemon, target: Target) -> None:
    """By variables alone: over STARTTLS, logged in, as text and HTML, one thread."""
    office = PostOffice()
    async with serve(office.serve) as port:
        daemon.variables = {
            "MAIL_TO": "me@example.org, you@example.org",
            "SMTP_HOST": "localhost",
            "SMTP_PORT": str(port),
            "SMTP_USER": "me",
            "SMTP_PASS": "canary-pass",
            "SSL_CERT_FILE": str(AUTHORITY),
        }
        write(daemon, target, {}, checks=({"name": "<b>\N{SNOWMAN}"},))
        await daemon.start()
        await up(daemon)
        await target.stop()
        await until(lambda: len(office.mails) == 1)
        await target.start()
        await until(lambda: len(office.mails) == 2)
        await daemon.stop()

    down, again = office.mails
    assert (down["Subject"], again["Subject"]) == (
        "DOWN: <b>\N{SNOWMAN}",
        "UP again: <b>\N{SNOWMAN}",
    )
    assert down["References"] == again["References"]
    assert down["Message-ID"] != again["Message-ID"]
    assert down["To"] == "me@example.org, you@example.org"
    assert GONE.search(text_of(down, "plain"))
    assert "&lt;b&gt;" in text_of(down, "html")
    plain = [line for line in office.commands if line.startswith("!")]
    assert {line.split()[0].lower() for line in plain} == {"!ehlo", "!starttls"}
    assert "canary-pass" not in daemon.log


async def test_a_server_without_starttls_gets_nothing(daemon: Daemon, target: Target) -> None:
    """Nothing is ever sent in plain unless that was asked for: neither password nor mail."""
    office = PostOffice(offers_tls=False)
    async with serve(office.serve) as port:
        mail = {"type": "email", "to": "me@example.org", "host": "127.0.0.1", "port": port}
        write(daemon, target, {"mail": mail, "open": {**mail, "security": "none"}})
        await daemon.start()
        status, text = await daemon.ask("POST", "/api/alerts/test?channel=mail")
        refused = len(office.mails)
        taken = await daemon.ask("POST", "/api/alerts/test?channel=open")
        await daemon.stop()

    assert status == 502
    assert "no STARTTLS" in json.loads(text)["error"]["message"]
    assert refused == 0
    assert (taken[0], office.mails[0]["Subject"]) == (200, "Test: Ops Monitor")


async def test_without_a_server_mail_is_printed(daemon: Daemon, target: Target) -> None:
    """Without SMTP settings the mail is in the log, without the addresses."""
    daemon.variables = {"MAIL_TO": "canary@example.org"}
    write(daemon, target, {})
    await daemon.start()
    await up(daemon)
    await target.stop()

    await until(lambda: "Subject: DOWN: web-0" in daemon.log)

    assert GONE.search(daemon.log)
    assert "canary" not in daemon.log
