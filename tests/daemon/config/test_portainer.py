"""The section `portainer`, and the variables of boxes that are polled."""

from __future__ import annotations

from typing import Any

import pytest

from opsmonitor.config.loader import load_settings
from opsmonitor.config.settings import Settings
from opsmonitor.exceptions import ConfigError
import opsmonitor.probes
from opsmonitor.probes.base import ProbeType
from opsmonitor.registry import load_plugins
from tests.daemon.config.conftest import CHECK_TYPES, Folder

_PROBES: dict[str, ProbeType[Any]] = load_plugins(opsmonitor.probes, "PROBE", ProbeType)
_BASE = {"PORTAINER_BASE_URL": "http://192.168.50.209:9000"}
_BOTH = {**_BASE, "PORTAINER_API_KEY": "ptr_hunter2"}


def load(folder: Folder, text: str, **env: str) -> Settings:
    """Load a configuration with all probes there are."""
    folder.write("checks.yml", f"{text}\nchecks: []\n")
    return load_settings(folder.file, check_types=CHECK_TYPES, probe_types=_PROBES, env=env)


def problems(folder: Folder, text: str, **env: str) -> list[str]:
    """Return what is wrong with a configuration."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, **env)
    return [str(problem) for problem in caught.value.problems]


def test_the_section_is_polled_with_the_engines(folder: Folder) -> None:
    """A section of its own is enough; the engine of this machine is not asked then."""
    settings = load(folder, "portainer: {url: 'https://nas:9443', api_key: ptr_hunter2}")

    options = settings.probes["docker"].options
    assert options.portainer.url.reveal() == "https://nas:9443"
    assert options.engine is None
    assert settings.public["portainer_base_url"] == "https://nas:9443"
    assert "hunter2" not in str(settings.public)
    assert "hunter2" not in str(settings.raw)


def test_it_joins_the_section_of_the_engines(folder: Folder) -> None:
    """Both are asked."""
    text = "docker: {engine: 'tcp://nas:2375'}\nportainer: {url: 'http://nas', api_key: k}"

    options = load(folder, text).probes["docker"].options

    assert options.engine is not None
    assert options.portainer is not None


def test_variables_make_the_section(folder: Folder) -> None:
    """The documented ones, together."""
    settings = load(folder, "", **_BOTH)

    assert settings.probes["docker"].options.portainer.api_key.reveal() == "ptr_hunter2"
    assert settings.public["portainer_base_url"] == _BASE["PORTAINER_BASE_URL"]


def test_an_address_alone_is_only_warned_of(folder: Folder) -> None:
    """Files of predecessors have it, and must load."""
    settings = load(folder, "", **_BASE)

    assert "docker" not in settings.probes
    assert any("PORTAINER_API_KEY" in str(warning) for warning in settings.warnings)


def test_variables_fill_the_section(folder: Folder) -> None:
    """The key can stay out of the file."""
    settings = load(folder, "portainer: {url: 'https://nas:9443'}", **_BOTH)

    portainer = settings.probes["docker"].options.portainer
    assert portainer.url.reveal() == "https://nas:9443"
    assert portainer.api_key.reveal() == "ptr_hunter2"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("portainer: {url: nonsense, api_key: x}", "checks.yml:1:18: "),
        ("portainer: {url: 'http://nas', api_key: x, kye: y}", "checks.yml:1:49: "),
        ("docker: {portainer: {url: 'http://a', api_key: x}}\nportainer: {}", "checks.yml:2:12: "),
        ("portainer: {url: 'http://nas'}", "checks.yml:1:12: "),
    ],
)
def test_mistakes_are_told_where_they_stand(folder: Folder, text: str, place: str) -> None:
    """In the section that the user wrote."""
    found = problems(folder, text)

    assert [place in problem for problem in found] == [True], found


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({"PROXMOX_STATS_URL": "http://a:5020"}, "http://a:5020"),
        ({"PROXMOX_STATS_BASE_URL": "http://b"}, "http://b"),
        ({"PROXMOX_STATS_URL": "http://a", "PROXMOX_STATS_BASE_URL": "http://b"}, "http://b"),
    ],
)
def test_variables_of_proxmox_stats(folder: Folder, env: dict[str, str], url: str) -> None:
    """The base address is preferred; the time limit has a variable, too."""
    settings = load(folder, "", **env, PROXMOX_STATS_TIMEOUT_SECONDS="4.5")

    options = settings.probes["proxmox"].options
    assert options.stats_url.reveal() == url
    assert options.stats_timeout_s == 4.5
    assert settings.public["proxmox_stats_url"] == url


def test_a_time_limit_alone_makes_no_probe(folder: Folder) -> None:
    """There is nobody to ask."""
    assert "proxmox" not in load(folder, "", PROXMOX_STATS_TIMEOUT_SECONDS="4.5").probes


def test_variables_of_home_assistant(folder: Folder) -> None:
    """The address alone is enough; the token tells more."""
    alone = load(folder, "", HA_BASE_URL="http://ha:8123").probes["homeassistant"].options
    both = load(folder, "", HA_BASE_URL="http://ha:8123", HA_TOKEN="abc.hunter2")  # noqa: S106 - none

    assert alone.token is None
    assert both.probes["homeassistant"].options.token.reveal() == "abc.hunter2"
    assert "hunter2" not in str(both.public)


def test_a_token_that_is_none_is_refused(folder: Folder) -> None:
    """The message says what it should be like, and does not repeat it."""
    found = problems(folder, "proxmox: {url: 'https://pve:8006', token: hunter2}")

    assert len(found) == 1
    assert "USER@REALM!NAME=SECRET" in found[0]
    assert "hunter2" not in found[0]
