"""Ask an NVMe drive for its health log by the kernel's own interface."""

from __future__ import annotations

from collections.abc import Callable
import ctypes
import fcntl
import os
import struct
from typing import Final, TypeAlias

from opsmonitor.models.drive import Drive, DriveKind, DriveState
from opsmonitor.util.lenient import scaled, whole

Ioctl: TypeAlias = Callable[[int, int, bytearray], int]

_ADMIN_COMMAND: Final = 0xC0484E41
"""NVME_IOCTL_ADMIN_CMD with struct nvme_passthru_cmd. Source: linux/nvme_ioctl.h."""
_COMMAND: Final = struct.Struct("=BBHIIIQQIIIIIIIIII")
_GET_LOG_PAGE: Final = 0x02
_ALL_NAMESPACES: Final = 0xFFFFFFFF
_LOG_BYTES: Final = 512
_SMART_LOG: Final = ((_LOG_BYTES // 4 - 1) << 16) | 0x02
"""Number of double words less one, and the log's identifier. Source: NVM Express Base
Specification 2.0, figure of Get Log Page, command dword 10."""
_TIMEOUT_MS: Final = 5000
_UNIT_BYTES: Final = 512_000
_KELVIN: Final = 273
_MAX_KELVIN: Final = 473
_SENSORS: Final = struct.Struct("<8H")
_SENSORS_AT: Final = 200


def kernel_ioctl(descriptor: int, request: int, argument: bytearray) -> int:
    """Ask the kernel."""
    return int(fcntl.ioctl(descriptor, request, argument, True))  # noqa: FBT003  # positional only


def read_smart_log(device: str, ioctl: Ioctl = kernel_ioctl) -> bytes:
    """Return the 512 bytes of a drive's health log; blocks while the drive does not answer.

    Raises:
        OSError: The drive cannot be opened or asked, or refuses; PermissionError without the right.

    """
    descriptor = os.open(device, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        buffer = ctypes.create_string_buffer(_LOG_BYTES)
        status = ioctl(descriptor, _ADMIN_COMMAND, _command(ctypes.addressof(buffer)))
        if status:
            raise OSError(f"the drive refused to show its health log (status {status:#x})")
        return buffer.raw
    finally:
        os.close(descriptor)


def _command(address: int) -> bytearray:
    """Return the command that fills a buffer with the log."""
    dwords = (_SMART_LOG, 0, 0, 0, 0, 0)
    head = (_GET_LOG_PAGE, 0, 0, _ALL_NAMESPACES, 0, 0, 0, address, 0, _LOG_BYTES)
    return bytearray(_COMMAND.pack(*head, *dwords, _TIMEOUT_MS, 0))


def parse_smart_log(log: bytes, *, name: str, device: str) -> Drive:
    """Return what a health log says.

    Source: NVM Express Base Specification 2.0, SMART / Health Information log (LID 02h).

    Raises:
        OSError: It is too short, or blank.

    """
    if len(log) < _LOG_BYTES or not any(log):
        raise OSError("the drive's health log is empty")
    sensors = (_celsius(each) for each in _SENSORS.unpack_from(log, _SENSORS_AT))
    return Drive(
        name=name,
        device=device,
        kind=DriveKind.NVME,
        source="ioctl",
        state=DriveState.READ,
        critical_warning=log[0],
        temperature_c=_celsius(int.from_bytes(log[1:3], "little")),
        sensors_c=tuple(each for each in sensors if each is not None),
        # Beyond 100 the byte has no meaning.
        spare_percent=float(log[3]) if log[3] <= 100 else None,  # noqa: PLR2004  # per cent
        spare_threshold_percent=float(log[4]) if log[4] <= 100 else None,  # noqa: PLR2004
        wear_percent=float(log[5]),
        read_bytes=scaled(_counter(log, 32), _UNIT_BYTES),
        written_bytes=scaled(_counter(log, 48), _UNIT_BYTES),
        power_cycles=_counter(log, 112),
        power_on_h=_counter(log, 128),
        unsafe_shutdowns=_counter(log, 144),
        media_errors=_counter(log, 160),
        error_log_entries=_counter(log, 176),
    )


def _counter(log: bytes, offset: int) -> int | None:
    """Return a counter of 128 bits; None if it is too large to be true."""
    return whole(int.from_bytes(log[offset : offset + 16], "little"))


def _celsius(kelvin: int) -> float | None:
    """Return degrees Celsius; 0 Kelvin is a sensor that is not there."""
    return float(kelvin - _KELVIN) if 0 < kelvin <= _MAX_KELVIN else None
