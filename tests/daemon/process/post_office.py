"""A mail server on loopback, with or without STARTTLS."""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage

from tests.daemon.targets import server_tls


class PostOffice:
    """Takes mail over SMTP, and keeps it with how it came. Its farewell is a wrong one."""

    def __init__(self, *, offers_tls: bool = True) -> None:
        """Choose whether STARTTLS is offered."""
        self._offers_tls = offers_tls
        self.mails: list[EmailMessage] = []
        self.commands: list[str] = []
        """What clients said, `!` in front of what came in plain."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client."""
        is_safe = False
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode().strip():
            self.commands.append(line if is_safe else f"!{line}")
            word = line.split()[0].upper()
            if word == "STARTTLS":
                writer.write(b"220 go\r\n")
                await writer.start_tls(server_tls("localhost"))
                is_safe = True
            elif word == "EHLO":
                extra = b"250-AUTH PLAIN\r\n"
                if self._offers_tls and not is_safe:
                    extra += b"250-STARTTLS\r\n"
                writer.write(b"250-here\r\n" + extra + b"250 8BITMIME\r\n")
            elif word == "DATA":
                writer.write(b"354 go\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                mail = message_from_bytes(content[:-3], policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self.mails.append(mail)
                writer.write(b"250 taken\r\n")
            else:
                writer.write(b"235 ok\r\n" if word == "AUTH" else b"250 ok\r\n")
