"""The target that costs next to nothing: nginx with one worker and a constant answer."""

from __future__ import annotations

from dataclasses import dataclass
import http.client
import re
import shutil
from typing import TYPE_CHECKING, Final

from benchmarks.addresses import ADDRESSES
from benchmarks.fleet import BenchmarkError, free_port, wait_for_port

if TYPE_CHECKING:
    from benchmarks.fleet import Fleet

_BODY: Final = '{"status":"ok","version":"1.4.2","database":"connected","uptime_s":86400,"queue":0}'
_CONFIG: Final = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    {listen}
    default_type application/json;
    location / {{ return 200 '{body}'; }}
    location = /connections {{ stub_status; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx."""

    port: int

    def connections(self) -> int:
        """Return how many connections it has taken, this question not counted.

        So the number of checks is counted by the target and not by who is measured.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", "/connections", headers={"Connection": "close"})
        text = connection.getresponse().read().decode()
        connection.close()
        found = re.search(r"\n (\d+) ", text)
        if found is None:
            raise BenchmarkError(f"nginx does not count its connections: {text!r}")
        return int(found[1]) - 1


def start_nginx(fleet: Fleet, core: set[int]) -> Nginx:
    """Start nginx on all target addresses."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin")
    if program is None:
        raise BenchmarkError("nginx is not installed: it is the target of the checks")
    port = free_port()
    folder = fleet.path / "nginx"
    folder.mkdir()
    listen = " ".join(f"listen {address}:{port};" for address in ADDRESSES)
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, listen=listen, body=_BODY), encoding="utf-8")
    fleet.start([program, "-c", str(config), "-p", str(folder), "-e", "stderr"], core, "nginx")
    wait_for_port(port)
    return Nginx(port)
