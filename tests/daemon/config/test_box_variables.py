"""FRITZ!Boxes and drives that variables describe."""

from __future__ import annotations

from collections.abc import Mapping
import json

import pytest

from opsmonitor.config.loader import load_settings
from opsmonitor.config.settings import Settings
from opsmonitor.exceptions import ConfigError
import opsmonitor.probes
from opsmonitor.probes.base import ProbeType
from opsmonitor.probes.fritz import BoxOptions
from opsmonitor.registry import load_plugins
from tests.daemon.config.conftest import CHECK_TYPES, Folder

_PROBES = load_plugins(opsmonitor.probes, "PROBE", ProbeType)
_LOGIN = {"FRITZBOX_USERNAME": "me", "FRITZBOX_PASSWORD": "canary"}


def load(folder: Folder, text: str, env: Mapping[str, str]) -> Settings:
    """Load a configuration with these variables."""
    folder.write("checks.yml", text + "\nchecks: []\n")
    return load_settings(folder.file, check_types=CHECK_TYPES, probe_types=_PROBES, env=env)


def boxes(settings: Settings) -> dict[str, tuple[str, str | None, str | None]]:
    """Return host, user and password of each box."""
    found: Mapping[str, BoxOptions] = settings.probes["fritz"].options.boxes
    return {
        name: (box.host, box.username, box.password.reveal() if box.password else None)
        for name, box in found.items()
    }


def test_several_hosts_share_a_login(folder: Folder) -> None:
    """Their addresses become names without dots."""
    env = {"FRITZBOX_HOSTS": "fritz.box, 192.168.178.2 ,", **_LOGIN}

    settings = load(folder, "", env)

    assert boxes(settings) == {
        "fritz_box": ("fritz.box", "me", "canary"),
        "192_168_178_2": ("192.168.178.2", "me", "canary"),
    }
    assert "canary" not in json.dumps(dict(settings.public), default=str)


def test_numbered_boxes_have_logins_of_their_own(folder: Folder) -> None:
    """Numbers may be missing; what one box has no variable for it takes from those for all."""
    env = {
        **_LOGIN,
        "FRITZBOX_1_HOST": "192.168.178.1",
        "FRITZBOX_1_NAME": "Zu Hause",
        "FRITZBOX_1_PASSWORD": "first",
        "FRITZBOX_7_HOST": "192.168.178.7",
        "FRITZBOX_11_HOST": "192.168.178.11",
    }

    assert boxes(load(folder, "", env)) == {
        "zu_hause": ("192.168.178.1", "me", "first"),
        "192_168_178_7": ("192.168.178.7", "me", "canary"),
    }


def test_what_the_file_says_wins(folder: Folder) -> None:
    """A box that the file has under another name is not there twice."""
    text = "fritz: {boxes: {home: {host: fritz.box, username: file}}}"
    env = {"FRITZBOX_HOSTS": "fritz.box,attic.lan", **_LOGIN}

    assert boxes(load(folder, text, env)) == {
        "home": ("fritz.box", "file", None),
        "attic_lan": ("attic.lan", "me", "canary"),
    }


def test_a_password_in_the_file_is_not_shown(folder: Folder) -> None:
    """In no view of the configuration."""
    text = "fritz: {boxes: {home: {host: fritz.box, username: me, password: canary}}}"

    settings = load(folder, text, {})

    shown = f"{dict(settings.raw)} {dict(settings.public)} {settings!r}"
    assert "canary" not in shown
    assert "fritz.box" in shown


def test_without_variables_there_is_no_section(folder: Folder) -> None:
    """A login alone names no box."""
    assert "fritz" not in load(folder, "", _LOGIN).probes


def test_a_mistake_in_a_variable_names_it(folder: Folder) -> None:
    """Neither the file nor a line is to blame."""
    with pytest.raises(ConfigError, match="environment variable FRITZBOX_HOSTS") as caught:
        load(folder, "", {"FRITZBOX_HOSTS": "http://fritz.box"})
    assert "expected a host name or an address alone" in str(caught.value)

    with pytest.raises(ConfigError, match="environment variable NVME_DEVICES"):
        load(folder, "", {"NVME_DEVICES": "/dev/mapper/root"})


def test_drives_of_the_variable(folder: Folder) -> None:
    """They stand for the key of the section, unless the file has it."""
    env = {"NVME_DEVICES": "/dev/nvme0,/dev/nvme1n1"}

    listed = load(folder, "", env).probes["nvme"].options.devices
    own = load(folder, "nvme: {devices: [/dev/sda]}", env).probes["nvme"].options.devices

    assert [each.device for each in listed] == ["/dev/nvme0", "/dev/nvme1n1"]
    assert [each.device for each in own] == ["/dev/sda"]
