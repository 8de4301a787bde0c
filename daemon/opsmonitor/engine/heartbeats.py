"""Take in what jobs report, keep it, and let the check be judged at once."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
import hmac
import logging
import secrets
from typing import TYPE_CHECKING, Final, Protocol

from opsmonitor.exceptions import StoreError
from opsmonitor.models.heartbeat import Ping, Pulse
from opsmonitor.parts.pulse import beat, go_blind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from opsmonitor.config.settings import CheckSettings, Push, Settings
    from opsmonitor.engine.batch import Batch
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.secret import Secret

_LOGGER = logging.getLogger(__name__)
_PREFIX: Final = "opm_p_"
_SAVE_AGAIN_S: Final = 10.0


class PulseStore(Protocol):
    """Where it is kept what jobs reported."""

    async def pulses(self) -> list[Pulse]:
        """Return all that is known."""
        ...

    async def save_pulses(
        self, pulses: Iterable[Pulse], pings: Iterable[Ping], gone: Collection[str]
    ) -> None:
        """Keep what is known now, single pings, and forget the jobs that are gone."""
        ...


class Heartbeats:
    """Knows every job that reports, and by which token.

    A ping is answered once it is written, or cannot be written now; it counts in any case.
    """

    def __init__(
        self,
        *,
        store: PulseStore,
        clock: Clock,
        key: Secret,
        settings: Callable[[], Settings],
    ) -> None:
        """Take the parts; `key` makes the tokens of jobs that have none configured."""
        self._store = store
        self._clock = clock
        self._key = key.reveal().encode()
        self._settings = settings
        self._run_soon: Callable[[str], None] | None = None
        self._pulses: dict[str, Pulse] = {}
        self._pushes: dict[str, Push] = {}
        self._outside: list[str] = []
        """The jobs that reach this machine through a network that may be away."""
        self._by_digest: dict[bytes, str] = {}
        self._salt = secrets.token_bytes(32)
        self._changed: dict[str, Pulse] = {}
        self._pings: list[Ping] = []
        self._gone: set[str] = set()
        self._saving: set[asyncio.Task[None]] = set()
        self._again: asyncio.TimerHandle | None = None

    def attach(self, run_soon: Callable[[str], None]) -> None:
        """Take who runs a check without waiting for its time."""
        self._run_soon = run_soon

    async def open(self, alive_ms: int | None) -> None:
        """Read what is known; nobody listened since `alive_ms`, None: nobody ever did."""
        now_ms = self._clock.now_ms()
        self._pulses = {pulse.check_id: pulse for pulse in await self._store.pulses()}
        if alive_ms is not None and alive_ms < now_ms:
            self._note_blind(alive_ms, now_ms, self._pulses)

    async def close(self) -> None:
        """Write what is left to write."""
        if self._again is not None:
            self._again.cancel()
        await asyncio.gather(*self._saving)
        await self._save()

    def take(self, batch: Batch) -> None:
        """Follow the configuration, and note when nobody listened."""
        if batch.standstill is not None:
            self._note_blind(*batch.standstill, self._pulses)
        if batch.outage is not None:
            self._note_blind(*batch.outage, self._outside)
        if batch.config_changed:
            self._apply(self._settings().checks)
        if (self._changed or self._gone) and self._again is None:
            self._save_soon()

    def pulse(self, check_id: str) -> Pulse | None:
        """Return what is known of a job."""
        return self._pulses.get(check_id)

    def find(self, token: str) -> str | None:
        """Return the id of the check that a token belongs to.

        What is looked up is a keyed hash, so that the time it takes tells nothing of the token.
        """
        return self._by_digest.get(self._digest(token))

    def push(self, check_id: str) -> Push | None:
        """Return how others report to a check; None: nobody does."""
        return self._pushes.get(check_id)

    def token(self, check_id: str) -> str:
        """Return the token of a check: the configured one, or one that only this daemon makes.

        Raises:
            KeyError: Nobody reports to this check.

        """
        token = self._pushes[check_id].token
        if token is not None:
            return token.reveal()
        made = hmac.digest(self._key, f"heartbeat:{check_id}".encode(), "sha256")
        return _PREFIX + urlsafe_b64encode(made).rstrip(b"=").decode()

    async def receive(self, ping: Ping) -> None:
        """Take in what a job reports."""
        pulse = self._pulses.get(ping.check_id)
        if pulse is None:
            return
        after, ping = beat(pulse, ping)
        self._pings.append(ping)
        if after is not pulse:
            self._pulses[ping.check_id] = self._changed[ping.check_id] = after
            if self._run_soon is not None:
                self._run_soon(ping.check_id)
        await self._save()

    def _digest(self, token: str) -> bytes:
        """Return a keyed hash of a token."""
        return hmac.digest(self._salt, token.encode("utf-8", "surrogatepass"), "sha256")

    def _apply(self, checks: Mapping[str, CheckSettings]) -> None:
        """Take over who reports, and by which token."""
        self._pushes = {check.id: check.push for check in checks.values() if check.push is not None}
        self._outside = [name for name in self._pushes if checks[name].is_outside]
        self._by_digest = {self._digest(self.token(name)): name for name in self._pushes}
        now_ms = self._clock.now_ms()
        for name in self._pushes.keys() - self._pulses.keys():
            self._pulses[name] = self._changed[name] = Pulse(check_id=name, since_ms=now_ms)
            self._gone.discard(name)
        for name in self._pulses.keys() - self._pushes.keys():
            del self._pulses[name]
            self._changed.pop(name, None)
            self._gone.add(name)

    def _note_blind(self, from_ms: int, to_ms: int, names: Collection[str]) -> None:
        """Note that no ping of these jobs could be heard for a while."""
        for name in names:
            after = go_blind(self._pulses[name], from_ms, to_ms)
            self._pulses[name] = self._changed[name] = after

    def _save_soon(self) -> None:
        """Write what changed, without anybody waiting for it."""
        self._again = None
        task = asyncio.create_task(self._save(), name="heartbeats")
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    async def _save(self) -> None:
        """Write what changed; what cannot be written now is tried again later."""
        changed, self._changed = self._changed, {}
        pings, self._pings = self._pings, []
        gone, self._gone = self._gone, set()
        if not (changed or pings or gone):
            return
        try:
            await self._store.save_pulses(changed.values(), pings, gone)
        except BaseException as err:
            if isinstance(err, Exception) and not isinstance(err, StoreError):
                # It would keep back everything that is reported later.
                _LOGGER.exception("What jobs report cannot be kept: %r", [*changed, *gone])
                return
            self._changed = {**changed, **self._changed}
            self._pings = [*pings, *self._pings]
            self._gone |= gone - self._pulses.keys()
            if not isinstance(err, StoreError):
                raise
            _LOGGER.warning("%s. What jobs report counts all the same", err)
            if self._again is None:
                loop = asyncio.get_running_loop()
                self._again = loop.call_later(_SAVE_AGAIN_S, self._save_soon)
