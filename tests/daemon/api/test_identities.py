"""Who the things are that are polled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from opsmonitor.api.identities import identities
from opsmonitor.api.schemas.readings import AboutBody
from opsmonitor.models.reading import Reading, ReadingState


def about(
    *, model: str | None = None, serial: str | None = None, version: str | None = None
) -> AboutBody:
    """Return who somebody is."""
    return AboutBody(model=model, serial=serial, version=version)


DRIVES = [
    {"name": "nvme0", "model": "Example 1TB", "serial": "NV-1", "firmware": "1.0"},
    {"name": "sda", "model": None, "serial": None, "firmware": None},
    "nonsense",
]
GUESTS = [
    {"vmid": 101, "name": "web", "type": "lxc", "node": "pve1", "template": False},
    {"vmid": 900, "name": "base", "type": "qemu", "node": "pve1", "template": True},
    {"vmid": 102, "name": None, "type": "new", "node": None},
    "nonsense",
]
WEB = AboutBody(model="Container", serial=None, version=None, name="web", via="pve1")
BOX = {"model": "FRITZ!Box 7590", "serial": "123", "os_version": "8.02"}


@pytest.mark.parametrize(
    ("probe", "data", "expected"),
    [
        ("host", {"os": "Debian 12"}, {"": about(version="Debian 12")}),
        ("fritz", BOX, {"": about(model="FRITZ!Box 7590", serial="123", version="8.02")}),
        ("homeassistant", {"version": "2026.11.0"}, {"": about(version="2026.11.0")}),
        (
            "nvme",
            {"drives": DRIVES},
            {"nvme0": about(model="Example 1TB", serial="NV-1", version="1.0")},
        ),
        (
            "proxmox",
            {"nodes": {"pve1": {"version": "9.0"}, "pve2": {"version": None}}},
            {"pve1": about(version="9.0")},
        ),
        ("proxmox", {"nodes": None}, {}),
        ("proxmox", {"guests": GUESTS}, {"guests.101": WEB}),
        ("docker", {"version": "1"}, {}),
        ("host", {"os": 3}, {}),
    ],
)
def test_identities(probe: str, data: Mapping[str, Any], expected: Mapping[str, AboutBody]) -> None:
    """Each tells what it knows of itself; who tells nothing is left out."""
    state = ReadingState(probe=probe, interval_s=30.0, reading=Reading(data=data))

    assert identities(state) == expected


def test_nothing_was_read() -> None:
    """Before the first reading nobody is known."""
    assert identities(ReadingState(probe="fritz", thing="home", interval_s=30.0)) == {}
