"""Which of the things that are polled a check's target is part of."""

from __future__ import annotations

import pytest

from opsmonitor.config.settings import Settings
from opsmonitor.engine.belonging import belonging

from .conftest import Folder

OWN = frozenset({"192.168.178.5", "fd00::5", "nas", "nas.local"})
SECTIONS = """\
commands: {allow: [/bin/true]}
host: {}
fritz: {boxes: {home: {host: 192.168.178.1}}}
proxmox:
  url: ["https://pve1.lan:8006", "https://192.168.178.9:8006"]
  token: monitor@pve!ops=1234-5678
homeassistant: {url: "http://192.168.178.7:8123", token: abc}
"""


def load(folder: Folder, check: str, sections: str = SECTIONS) -> Settings:
    """Load one check with these sections."""
    return folder.load(f"{sections}checks:\n  - {{id: a, {check}}}\n")


@pytest.mark.parametrize(
    ("check", "place"),
    [
        ("type: disk, path: /", "host"),
        ("type: process, process_name: sshd", "host"),
        ("type: systemd, unit: ssh.service", "host"),
        ("type: command, command: [/bin/true]", "host"),
        ("type: docker, container: db", "host"),
        ("type: docker, container: db, engine: 'tcp://192.168.178.9:2376'", "proxmox"),
        ("type: metric, metric: host.disk.root.used_percent, lt: 90", "host.disk.root"),
        ("type: metric, metric: fritz.home.wan_up, equals: true", "fritz.home"),
        ("type: http, url: 'http://127.0.0.1:9/'", "host"),
        ("type: http, url: 'http://[::1]:9/'", "host"),
        ("type: tcp, host: localhost, port: 1", "host"),
        ("type: tcp, host: 192.168.178.5, port: 1", "host"),
        ("type: tcp, host: 'fd00::5', port: 1", "host"),
        ("type: tcp, host: NAS.local., port: 1", "host"),
        ("type: tcp, host: nas.fritz.box, port: 1", "host"),
        ("type: tcp, host: nas.shop.de, port: 1", None),
        ("type: http, url: 'https://192.168.178.1/'", "fritz.home"),
        ("type: http, url: 'https://Fritz.Box/'", "fritz.home"),
        ("type: tcp, host: pve1.lan, port: 22", "proxmox.pve1"),
        ("type: tcp, host: 192.168.178.9, port: 22", "proxmox"),
        ("type: http, url: 'http://192.168.178.7:8123/'", "homeassistant"),
        ("type: tcp, host: 192.168.178.77, port: 22", None),
    ],
)
def test_by_type_and_by_host(folder: Folder, check: str, place: str | None) -> None:
    """What looks at this machine, or whose target is polled as well, belongs there."""
    settings = load(folder, check)

    assert belonging(settings.checks["a"], settings.probes.values(), OWN) == place


def test_what_is_not_polled_is_nobodys(folder: Folder) -> None:
    """Without a section there is nothing to belong to; this machine is always there."""
    elsewhere = load(folder, "type: tcp, host: fritz.box, port: 1", "")
    here = load(folder, "type: tcp, host: 127.0.0.1, port: 1", "")

    assert belonging(elsewhere.checks["a"], elsewhere.probes.values(), OWN) is None
    assert belonging(here.checks["a"], here.probes.values(), OWN) == "host"


def test_with_two_boxes_the_usual_name_says_nothing(folder: Folder) -> None:
    """Only a single box is meant by fritz.box unless it is configured so."""
    boxes = "fritz: {boxes: {home: {host: 192.168.178.1}, attic: {host: 192.168.178.2}}}\n"
    settings = load(folder, "type: tcp, host: fritz.box, port: 1", boxes)

    assert belonging(settings.checks["a"], settings.probes.values(), OWN) is None
