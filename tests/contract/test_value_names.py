"""Every value that the daemon polls has its name in every language."""

from collections.abc import Iterator
import inspect
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.ops_monitor.parts import kind_of_value
from custom_components.ops_monitor.value_names import name_of
from opsmonitor.parts import (
    container_reading,
    drive_shape,
    fritz_shape,
    home_assistant,
    host_shape,
    proxmox_shown,
)
from opsmonitor.probes import nvme, ports

FOLDER = Path(__file__).parents[2] / "custom_components" / "ops_monitor"
FLAGS = {
    *("healthy", "logged_in", "online", "passing", "quorate", "reachable", "reboot_required"),
    *("backup_ok", "recording", "reporting", "responsive", "update_available", "wan_up"),
}
TOTALS = ("total", "running", "paused", "restarting", "exited", "unhealthy")


def keys_of(function: Any, start: str = "") -> set[str]:
    """Return the names of values that stand in the source of a function."""
    source = inspect.getsource(function)
    names = re.findall(r'f?"([^"\s]+)"\]?(?=: | = )', source)
    plain = {re.sub(r"\{[\w.]+\}", "X", name) for name in names}
    return {name.removeprefix(start) for name in plain if name.startswith(start)} - {"X.X"}


def sampled() -> Iterator[tuple[str, set[str]]]:
    """Yield the names of the values of each probe, without what a part's begin with."""
    host = keys_of(host_shape.machine_values)
    pressure = {f"pressure.{it}_percent" for it in ("cpu", "memory", "io")}
    yield "host", host - {"pressure.X_percent"} | pressure
    yield "nvme", {*drive_shape._FIGURES} | keys_of(drive_shape.drive_values)  # noqa: SLF001
    yield "nvme", keys_of(nvme) & {"drive_count"}
    more = (*fritz_shape._DSL_VALUES, *fritz_shape._TRAFFIC)  # noqa: SLF001
    yield "fritz", keys_of(fritz_shape.box_values) | {*more}
    yield "proxmox", {"nodes", "nodes_online", "guests", "guests_running", "quorate", "issues"}
    yield "proxmox", keys_of(proxmox_shown._node_values, "X.")  # noqa: SLF001
    guest = {"cpu_percent", "memory_percent", "disk_percent", "uptime_s", "backup_ended"}
    yield "proxmox", {*guest, "backup_ok"}
    yield "docker", keys_of(container_reading.containers_reading) & {"updates_available"}
    yield "docker", {*TOTALS, "environments_unreachable"}
    yield "homeassistant", keys_of(home_assistant._values)  # noqa: SLF001
    yield "ports", keys_of(ports) & {"tcp", "udp", "open_to_others", "published_by_containers"}


SAMPLES = [(probe, name) for probe, names in sampled() for name in sorted(names)]


def is_flag(probe: str, name: str) -> bool:
    """Tell whether a value is so or not, rather than a number."""
    return name.rpartition(".")[2] in FLAGS or (probe, name) == ("homeassistant", "running")


def test_there_are_values() -> None:
    """The source was understood."""
    assert len(SAMPLES) > 100


def has_name(texts: Any, probe: str, name: str) -> bool:
    """Tell whether a value has a name, with a place for what is told apart by it."""
    flag = is_flag(probe, name)
    called = name_of(name, is_flag=flag)
    text = texts["binary_sensor" if flag else "sensor"].get(called.translation_key, {}).get("name")
    is_spelt_out = called.translation_key == "value"
    return bool(text) and not is_spelt_out and ("{name}" in text) is bool(called.placeholder)


@pytest.mark.parametrize("language", ["en", "de"])
def test_values_have_names(language: str) -> None:
    """No value goes by the name that it has in the daemon."""
    texts = json.loads((FOLDER / "translations" / f"{language}.json").read_text())["entity"]

    assert [(probe, name) for probe, name in SAMPLES if not has_name(texts, probe, name)] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_words_have_names(language: str) -> None:
    """What a value of a few words may be is translated, too."""
    texts = json.loads((FOLDER / "translations" / f"{language}.json").read_text())["entity"]
    kind = kind_of_value("verdict", "ok")

    assert kind.options
    assert set(kind.options) == set(texts["sensor"]["read_verdict"]["state"])


def test_no_name_is_idle() -> None:
    """No text is left of a value that is polled no more."""
    texts = json.loads((FOLDER / "translations" / "en.json").read_text())["entity"]
    used = {
        (is_flag(probe, name), name_of(name, is_flag=is_flag(probe, name)).translation_key)
        for probe, name in SAMPLES
    }
    there = {
        (platform == "binary_sensor", key)
        for platform in ("sensor", "binary_sensor")
        for key in texts[platform]
        if key.startswith("read_")
    }

    assert there == used
