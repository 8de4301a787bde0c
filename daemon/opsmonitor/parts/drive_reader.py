"""Read one drive by the best way that is open: the kernel's files, its interface, or a program."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
import errno
from functools import partial
import os
from pathlib import Path
import re
import shutil
from typing import TYPE_CHECKING, Final

from opsmonitor.clients.nvme_cli import nvme_commands, parse_nvme
from opsmonitor.clients.nvme_log import Ioctl, kernel_ioctl, parse_smart_log, read_smart_log
from opsmonitor.clients.smartctl import parse_smartctl, smartctl_arguments
from opsmonitor.clients.sysfs_drives import Places, drive_name, read_sysfs
from opsmonitor.models.drive import Drive, DriveKind, DriveState, joined
from opsmonitor.util.process import environment, run_program

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.lanes import Lanes

_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM})
_ADMIN_FOLDERS: Final = "/usr/local/sbin:/usr/sbin:/sbin"
_REST_S: Final = 300.0
_LONGEST_REST_S: Final = 3600.0
_MAX_DOUBLINGS: Final = 8
NO_PERMISSION: Final = (
    "this user may not read its health: docs/probes.md, section nvme, shows how to allow it"
)
_NO_DEVICE: Final = (
    "its device file is not here: docs/probes.md, section nvme, shows how a service or a container"
    " gets it"
)
_NO_SUDO: Final = (
    "sudo does not allow this user to read its health: docs/probes.md, section nvme, shows how to"
)
_NO_PROGRAM: Final = "its health is read by smartctl: install smartmontools"
_GONE: Final = "the drive is not there any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """By which ways drives may be read."""

    places: Places = field(default_factory=Places)
    timeout_s: float = 12.0
    """For one drive."""
    sudo: bool = False
    """Whether to ask sudo, which must not want a password."""
    ioctl: Ioctl = kernel_ioctl
    path: str | None = None
    """Where programs are looked for; None: where the daemon finds them, and the administrator's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveAddress:
    """One drive that is to be watched."""

    device: str
    type: str | None = None
    """What smartctl calls `--device`."""

    @property
    def is_behind_adapter(self) -> bool:
        """Tell whether the device is that of an adapter: the type has the number of the drive."""
        return self.type is not None and "," in self.type

    @property
    def name(self) -> str | None:
        """Return what the drive is called, such as sda or sda_megaraid_0; None if it is none."""
        base = drive_name(self.device)
        if self.type is None or not self.is_behind_adapter:
            return base
        place = base or self.device.removeprefix("/dev/")
        return re.sub(r"[^A-Za-z0-9]+", "_", f"{place}_{self.type}").strip("_")


class DriveReader:
    """Reads one drive, again and again."""

    def __init__(
        self, name: str, address: DriveAddress | None, *, ways: Ways, lanes: Lanes, clock: Clock
    ) -> None:
        """Take what it is called and, if it was configured, its address."""
        self._name = name
        self._address = address
        self._ways = ways
        self._lanes = lanes
        self._clock = clock
        self._known: Drive | None = None
        self._last: Drive | None = None
        self._last_ms = 0
        self._hung = 0
        self._rest_until_s = 0.0

    async def read(self) -> Drive:
        """Return what can be learnt of the drive; whatever goes wrong is in its state."""
        if self._clock.monotonic() < self._rest_until_s:
            return self._unread(DriveState.HUNG, "the drive has not answered: it is given a rest")
        try:
            async with asyncio.timeout(self._ways.timeout_s):
                drive = await self._read()
        except TimeoutError:
            return self._no_answer()
        except OSError as err:
            return self._unread(DriveState.ERROR, (err.strerror or str(err)).lower())
        self._hung = 0
        if drive.state is DriveState.ERROR:
            drive = self._with_last(drive)
            self._known = drive.with_last
            return drive
        if drive.state is not DriveState.GONE:
            self._known = drive
        if drive.state is DriveState.READ:
            self._last, self._last_ms = drive, self._clock.now_ms()
        return drive

    async def _read(self) -> Drive:
        """Ask the kernel, and programs where it says too little."""
        address = self._address
        if address is not None and address.is_behind_adapter:
            basic: Drive | None = Drive(
                name=self._name, device=address.device, state=DriveState.PARTLY
            )
        else:
            lane = ("drive", self._name)
            basic = await self._lanes.call(lane, partial(_ask_kernel, self._name, self._ways))
        if basic is None:
            return self._unread(DriveState.GONE, _GONE)
        if basic.state in (DriveState.READ, DriveState.ASLEEP) or basic.note == _NO_DEVICE:
            return basic
        try:
            found = await self._ask_programs(basic)
        except PermissionError as err:
            return _blind(basic, DriveState.NO_PERMISSION, str(err))
        if found is None:
            return basic
        if found.state is DriveState.READ:
            return joined(found, basic)
        return joined(replace(basic, state=found.state, note=found.note), found)

    async def _ask_programs(self, basic: Drive) -> Drive | None:
        """Return what the first program says that can read the drive; None if none says more."""
        said = await self._smartctl(basic)
        if said is not None and said.state in (DriveState.READ, DriveState.ASLEEP):
            return said
        if basic.kind is DriveKind.NVME and (by_nvme := await self._nvme(basic)) is not None:
            return by_nvme
        if basic.note == NO_PERMISSION or said is None:
            return None
        if said.state is DriveState.NO_PERMISSION:
            return replace(said, note=NO_PERMISSION)
        return said

    async def _smartctl(self, basic: Drive) -> Drive | None:
        """Ask smartctl; None if it is not there and nobody needs it."""
        program = await self._program("smartctl")
        if program is None:
            if basic.kind is DriveKind.NVME:
                return None
            return _blind(basic, DriveState.UNSUPPORTED, _NO_PROGRAM)
        kind = None if self._address is None else self._address.type
        output = await self._run(smartctl_arguments(program, basic.device, kind))
        return parse_smartctl(output, name=self._name, device=basic.device)

    async def _nvme(self, basic: Drive) -> Drive | None:
        """Ask nvme-cli."""
        program = await self._program("nvme")
        if program is None:
            return None
        for command in nvme_commands(program, basic.device):
            found = parse_nvme(await self._run(command), name=self._name, device=basic.device)
            if found is not None:
                return found
        return None

    async def _run(self, command: list[str]) -> str:
        """Return what a program says; what it means is in its JSON, not in its exit code.

        Raises:
            PermissionError: sudo does not let it run.

        """
        sudo = await self._program("sudo") if self._ways.sudo else None
        full = [sudo, "-n", *command] if sudo else command
        done = await run_program(full, timeout_s=self._ways.timeout_s)
        if sudo and not done.output and "sudo" in done.errors:
            raise PermissionError(_NO_SUDO)
        return done.output

    async def _program(self, name: str) -> str | None:
        """Return where a program lies; a folder may lie on a drive that is away."""
        usual = f"{environment()['PATH']}{os.pathsep}{_ADMIN_FOLDERS}"
        look = partial(shutil.which, name, path=self._ways.path or usual)
        return await self._lanes.call(("program", name, self._ways.path), look)

    def _no_answer(self) -> Drive:
        """Note that the drive hangs: each program started for it might hang for ever, too."""
        self._hung += 1
        rest_s = _REST_S * 2 ** min(self._hung - 1, _MAX_DOUBLINGS)
        self._rest_until_s = self._clock.monotonic() + min(rest_s, _LONGEST_REST_S)
        limit = self._ways.timeout_s
        return self._unread(DriveState.HUNG, f"the drive has not answered within {limit:g} s")

    def _unread(self, state: DriveState, note: str) -> Drive:
        """Return a drive of which nothing is known now but who it is, and what it told last."""
        device = str(self._ways.places.dev / self._name)
        known = self._known or Drive(name=self._name, device=device)
        unread = Drive(
            name=self._name,
            device=device,
            state=state,
            note=note,
            kind=known.kind,
            model=known.model,
            serial=known.serial,
            firmware=known.firmware,
            capacity_bytes=known.capacity_bytes,
            is_rotating=known.is_rotating,
            is_external=known.is_external,
            namespaces=known.namespaces,
        )
        return unread if state is DriveState.GONE else self._with_last(unread)

    def _with_last(self, drive: Drive) -> Drive:
        """Return a drive that could not be read with what it told when it could."""
        last = self._last
        if last is None or (drive.serial and drive.serial != last.serial):
            return drive
        return replace(drive, last=last, last_ms=self._last_ms)


def _ask_kernel(name: str, ways: Ways) -> Drive | None:
    """Return what the kernel tells, its health log included if that is allowed; blocks."""
    basic = read_sysfs(name, ways.places)
    if basic is None or basic.state is DriveState.ASLEEP:
        return basic
    if not Path(basic.device).exists():
        # Containers, and services with a /dev of their own, see drives but not their devices.
        return _blind(basic, DriveState.UNSUPPORTED, _NO_DEVICE)
    if basic.kind is not DriveKind.NVME:
        return basic
    try:
        raw = read_smart_log(basic.device, ways.ioctl)
        log = parse_smart_log(raw, name=name, device=basic.device)
    except OSError as err:
        if err.errno in _FORBIDDEN:
            return _blind(basic, DriveState.NO_PERMISSION, NO_PERMISSION)
        return replace(basic, note=f"no health log: {(err.strerror or str(err)).lower()}")
    return joined(log, basic)


def _blind(basic: Drive, otherwise: DriveState, note: str) -> Drive:
    """Return a drive whose health cannot be seen; its temperature may be known all the same."""
    is_partly = basic.temperature_c is not None
    return replace(basic, state=DriveState.PARTLY if is_partly else otherwise, note=note)
