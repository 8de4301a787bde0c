"""Look at everything that listens on this machine, and who it is; blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from opsmonitor.util.sock_diag import STATES, Bound, ask_kernel
from opsmonitor.util.socket_files import parse_sockets
from opsmonitor.util.socket_owners import Owner, OwnerFinder

_RANGE: Final = "sys/net/ipv4/ip_local_port_range"
_USUAL_RANGE: Final = (32768, 60999)
_PASSWD_FIELDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """What was seen at one look."""

    sockets: tuple[Bound, ...]
    owners: Mapping[int, Owner]
    """By inode; those that this user may not see are missing."""
    users: Mapping[int, str]
    """Names by number, of this machine's own users."""
    ephemeral: tuple[int, int]
    """First and last port that the kernel gives to whoever asks for any."""
    is_complete: bool = True
    """If not, the next look may find more owners."""


class ListenerLook:
    """Looks, and remembers who was seen."""

    def __init__(
        self, root: Path = Path("/"), ask: Callable[[], list[Bound]] | None = None
    ) -> None:
        """Look at the machine whose root is mounted at a place; `ask` is the kernel's own answer.

        The kernel answers for its own machine only: with another root, files are read.
        """
        self._proc = root / "proc"
        self._etc = root / "etc"
        self._ask = ask_kernel if ask is None and root == Path("/") else ask
        self._owners = OwnerFinder(self._proc)

    def look(self, most: int | None = None) -> Listeners:
        """Return what listens now; for owners at most so many open files are looked at.

        Raises:
            OSError: The system tells nothing of its sockets.

        """
        sockets = tuple(bound for bound in self._sockets() if bound.port)
        owners = self._owners.find({bound.inode for bound in sockets}, most)
        return Listeners(
            sockets=sockets,
            owners=owners.by_inode,
            users=self._users(),
            ephemeral=self._ephemeral(),
            is_complete=owners.is_complete,
        )

    def _sockets(self) -> list[Bound]:
        """Return all listeners, in whichever way they can be had."""
        if self._ask is not None:
            try:
                return self._ask()
            except OSError:
                # Some sandboxes and old kernels do not answer: /proc/net is slower, but there.
                self._ask = None
        found: list[Bound] = []
        for proto in STATES:
            for suffix in ("", "6"):
                try:
                    with (self._proc / "net" / f"{proto}{suffix}").open("rb") as file:
                        lines = (line.decode("ascii", "replace") for line in file)
                        found += parse_sockets(lines, proto)
                except FileNotFoundError:
                    if suffix == "":
                        raise
        return found

    def _users(self) -> dict[int, str]:
        """Return the names of users; a directory on the network is not asked, as it may hang."""
        try:
            text = (self._etc / "passwd").read_text("utf-8", "replace")
        except OSError:
            return {}
        rows = (line.split(":") for line in text.splitlines())
        return {
            int(row[2]): row[0]
            for row in rows
            if len(row) > _PASSWD_FIELDS and row[2].isascii() and row[2][:10].isdecimal()
        }

    def _ephemeral(self) -> tuple[int, int]:
        """Return the range of ports that the kernel chooses from."""
        try:
            words = (self._proc / _RANGE).read_text("ascii", "replace").split()
            low, high = (int(word) for word in words[:2])
        except (OSError, ValueError):
            return _USUAL_RANGE
        return low, high
