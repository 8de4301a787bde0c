"""Prometheus's blackbox_exporter, where it is installed: it probes, and keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass
import shutil
from typing import TYPE_CHECKING, Final

from benchmarks.fleet import free_port, wait_for_port

if TYPE_CHECKING:
    from benchmarks.fleet import Fleet

_CONFIG: Final = """
modules:
  http: {prober: http, timeout: 3s, http: {preferred_ip_protocol: ip4}}
  tcp: {prober: tcp, timeout: 3s, tcp: {preferred_ip_protocol: ip4}}
"""


@dataclass(frozen=True, slots=True)
class Blackbox:
    """A running exporter."""

    pid: int
    port: int

    def url(self, kind: str, target_port: int) -> str:
        """Return the address that makes it probe one target."""
        target = "http://{address}:" if kind == "http" else "{address}:"
        return f"http://127.0.0.1:{self.port}/probe?module={kind}&target={target}{target_port}"


def start_blackbox(fleet: Fleet, core: set[int]) -> Blackbox | None:
    """Start the exporter; None where it is not installed."""
    names = ("prometheus-blackbox-exporter", "blackbox_exporter")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        return None
    config = fleet.path / "blackbox.yml"
    config.write_text(_CONFIG, encoding="utf-8")
    port = free_port()
    process = fleet.start(
        [
            program,
            f"--config.file={config}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ],
        core,
        "blackbox",
    )
    wait_for_port(port)
    return Blackbox(process.pid, port)
