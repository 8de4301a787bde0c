"""A proxy that speaks TLS for a daemon, with certificates that it signed itself."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
import ssl
from threading import Event, Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class TlsFront:
    """Passes on to a port what comes over TLS.

    It runs in a thread of its own: a client that hangs up over a certificate is an error that
    asyncio logs, and Home Assistant's tests take every error in their loop for one of ours.
    """

    def __init__(self, folder: Path) -> None:
        """Keep its certificates in a folder."""
        self._folder = folder
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _loop, _what: None)
        self._open: set[asyncio.StreamWriter] = set()
        self._serial = 0
        self.to_port = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Return the address at which it answers."""
        return f"https://127.0.0.1:{self.port}"

    def renew(self) -> str:
        """Show another certificate from now on; return its fingerprint."""
        self._serial += 1
        path = self._folder / f"certificate-{self._serial}.pem"
        fingerprint = _sign(path, f"daemon {self._serial}")
        self._context.load_cert_chain(path)
        # Connections that are open know the certificate before.
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(20)
        return fingerprint

    @contextmanager
    def running(self) -> Iterator[TlsFront]:
        """Answer while the context lasts."""
        ready = Event()
        thread = Thread(target=self._run, args=(ready,), name="tls-front")
        thread.start()
        try:
            assert ready.wait(20)
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(20)
            assert not thread.is_alive()

    def _run(self, ready: Event) -> None:
        """Answer until the loop is stopped."""
        loop = self._loop
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(
            asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self._context)
        )
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        loop.run_forever()
        server.close()
        loop.run_until_complete(self._hang_up())
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()

    async def _hang_up(self) -> None:
        """End every connection."""
        for writer in self._open:
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a client and the daemon."""
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, to_writer}
        self._open |= ends
        try:
            await asyncio.gather(_copy(reader, to_writer), _copy(to_reader, writer))
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, until the end."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.transport.abort()


def _sign(path: Path, name: str) -> str:
    """Write a key and a certificate that it signed; return the fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
