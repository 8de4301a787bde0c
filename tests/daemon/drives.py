"""Drives for tests: the kernel's folders, a health log, and programs that print an answer."""

from __future__ import annotations

import ctypes
from pathlib import Path
import struct

SAMPLES = Path(__file__).parents[1] / "fixtures" / "devices"
_COMMAND = struct.Struct("=BBHIIIQQIIIIIIIIII")


def sample(name: str) -> str:
    """Return a recorded answer of a program."""
    return (SAMPLES / name).read_text("utf-8")


def put(folder: Path, **files: str) -> Path:
    """Write files as the kernel shows them, a line each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(f"{content}\n", "utf-8")
    return folder


def plug_in_nvme(root: Path, name: str = "nvme0", *, celsius: int = 41) -> Path:
    """Let the kernel show an NVMe drive; return its folder."""
    folder = put(
        root / "sys/class/nvme" / name,
        model="Example NVMe 1TB   ",
        serial=f"SN-{name}",
        firmware_rev="1.0.2",
        state="live",
        transport="pcie",
    )
    put(folder / "device", power_state="D0")
    put(
        folder / "hwmon3",
        name="nvme",
        temp1_input=str(celsius * 1000),
        temp1_label="Composite",
        temp1_max="81850",
        temp1_crit="84850",
        temp2_input="55000",
        temp2_label="Sensor 1",
        temp2_max="65261850",
    )
    put(folder / f"{name}n1")
    put(root / "sys/block" / f"{name}n1", size="1953525168")
    put(root / "dev", **{name: ""})
    return folder


def plug_in_disk(root: Path, name: str = "sda", *, rotational: str = "1") -> Path:
    """Let the kernel show a SATA drive; return its folder."""
    folder = put(root / "sys/block" / name, size="7814037168", removable="0")
    put(folder / "queue", rotational=rotational)
    put(folder / "device", model="Example Disk 4TB", vendor="ATA     ")
    put(root / "dev", **{name: ""})
    return folder


def health_log(
    *, warning: int = 0, kelvin: int = 314, spare: int = 100, wear: int = 7, media_errors: int = 0
) -> bytes:
    """Return the 512 bytes that a drive answers."""
    log = bytearray(512)
    log[0] = warning
    log[1:3] = kelvin.to_bytes(2, "little")
    log[3], log[4], log[5] = spare, 10, wear
    for offset, count in (
        *((32, 20_000_000), (48, 40_000_000), (112, 120), (128, 8760), (144, 12)),
        *((160, media_errors), (176, 3)),
    ):
        log[offset : offset + 16] = count.to_bytes(16, "little")
    struct.pack_into("<2H", log, 200, 314, 328)
    return bytes(log)


class Kernel:
    """Answers as the kernel does for a drive, or refuses."""

    def __init__(self, log: bytes = b"", *, error: int | None = None, status: int = 0) -> None:
        """Take the answer: a log, an error number, or the status of the drive."""
        self.log = log
        self.error = error
        self.status = status
        self.commands: list[tuple[int, ...]] = []
        self.requests: list[int] = []

    def __call__(self, _descriptor: int, request: int, argument: bytearray) -> int:
        """Answer one command."""
        self.requests.append(request)
        command = _COMMAND.unpack(argument)
        self.commands.append(command)
        if self.error is not None:
            raise OSError(self.error, "refused by the test")
        ctypes.memmove(command[7], self.log, len(self.log))
        return self.status


def install(folder: Path, name: str, output: str, *, exit_code: int = 0) -> Path:
    """Install a program that notes how it was called, and prints something."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.out").write_text(output, "utf-8")
    program = folder / name
    says = f'echo "$@" >> {folder}/{name}.calls\ncat {folder}/{name}.out\nexit {exit_code}\n'
    program.write_text(f"#!/bin/sh\n{says}", "utf-8")
    program.chmod(0o755)
    return program
