"""The shipped configuration, its commented examples, and files made for predecessors."""

from datetime import time
from pathlib import Path
import re

import pytest

from opsmonitor.config.loader import load_settings
from opsmonitor.config.settings import Settings

from .conftest import ACTION_TYPES, CHANNEL_TYPES, CHECK_TYPES, FIXTURES, PROBE_TYPES, Folder

SHIPPED = Path(__file__).parents[3] / "checks.yml"
ENV = {"WEBUI_BASE": "http://127.0.0.1:3000", "HA_TOKEN": "t"}
SECRETS = """
webui_key: k
nas_password: p
opsmonitor_token: t
ntfy_topic: t
bot_token: t
team_url: json://localhost/
fritz_password: p
proxmox_token: monitor@pve!ops=secret
portainer_key: k
ha_token: t
"""


def _load(path: Path, env: dict[str, str]) -> Settings:
    """Load a file of the repository."""
    return load_settings(
        path,
        check_types=CHECK_TYPES,
        action_types=ACTION_TYPES,
        probe_types=PROBE_TYPES,
        env=env,
    )


def test_the_shipped_file_is_valid_and_needs_nothing() -> None:
    """A newcomer's first start has checks to see, no variable to set and no warning."""
    settings = _load(SHIPPED, {})

    assert {check.type for check in settings.checks.values()} == {"http", "tcp"}
    assert settings.warnings == ()


def test_the_shipped_checks_look_only_at_the_daemon() -> None:
    """No check leaves the machine, and all follow the port that is configured."""
    checks = _load(SHIPPED, {"OPSMONITOR_PORT": "9123"}).checks.values()

    assert {check.host for check in checks} == {"127.0.0.1"}
    assert all("127.0.0.1:9123" in check.target for check in checks)


def test_every_commented_example_is_valid(folder: Folder) -> None:
    """Removing all `#` gives a file that has every check type and loads without a warning."""
    folder.write("secrets.yml", SECRETS)
    lines = SHIPPED.read_text().splitlines()
    examples = [re.sub(r"^( *)# (?=  [a-z]|- |[a-z_]+:)", r"\1", line) for line in lines]

    settings = folder.load("\n".join(examples), ENV)

    assert {"router", "open-webui", "nas-api", "home-automation", "ssh", "mail"} <= set(
        settings.checks
    )
    assert {check.type for check in settings.checks.values()} == set(CHECK_TYPES)
    assert settings.warnings == ()
    assert {channel.type for channel in settings.alerts.channels.values()} == set(CHANNEL_TYPES)
    assert settings.time_zone == "Europe/Berlin"


def test_a_file_of_the_control_plane_loads() -> None:
    """Its keys mean what they meant; the shorter time to connect has its new name."""
    settings = _load(FIXTURES / "valid" / "control_plane.yml", {})

    gateway, database = settings.checks["gateway"], settings.checks["database"]
    assert (gateway.interval_s, gateway.retries, gateway.down_threshold) == (15.0, 1, 2)
    assert (database.timeout_s, database.retries) == (2.0, 0)
    assert gateway.options.connect_timeout_s == 1.5
    assert database.options.connect_timeout_s == 0.5
    assert gateway.tags == ("core", "api")
    assert settings.warnings == ()


def test_a_file_of_the_morning_checks_loads() -> None:
    """Names, variables and `global` work; what has no effect yet is told once for each key."""
    settings = _load(FIXTURES / "valid" / "morning_checks.yml", {"MOCKAPP_BASE": "http://mock:1"})

    assert [
        (check.id, check.target, check.severity, check.retries, check.options.thresholds.warn_ms)
        for check in settings.checks.values()
    ] == [
        ("mock-app-health", "http://mock:1/health", "P1", 2, 500.0),
        ("mock-app-jobs", "http://mock:1/jobs/%7Bjob_id%7D", "P3", 2, 500.0),
        ("mock-app-report", "http://mock:1/jobs/{job_id}", "P2", 2, 500.0),
    ]
    assert settings.checks["mock-app-report"].options.success_by == time(23, 59)
    health = settings.checks["mock-app-health"]
    assert health.notify is True
    assert [(action.type, action.target) for action in health.actions] == [
        ("http_post", "POST http://mock:1/admin/reset")
    ]
    assert settings.warnings == ()


def test_words_of_older_yaml_stay_words() -> None:
    """Times, dates and yes or no arrive as they were written."""
    settings = _load(FIXTURES / "valid" / "words.yml", {})

    assert list(settings.raw["checks"][0]["headers"].values()) == [
        *("yes", "23:59", "on", "2026-01-01", "0123", "no", "1_000", "12:34:56")
    ]


@pytest.mark.parametrize("path", sorted((FIXTURES / "valid").glob("*.yml")), ids=lambda p: p.stem)
def test_every_valid_file_loads(path: Path) -> None:
    """No file of the valid ones has a problem."""
    assert _load(path, {"MOCKAPP_BASE": "http://mock:1"}).checks


@pytest.mark.parametrize("name", ["morning_checks", "control_plane"])
def test_files_of_predecessors_load_unchanged(name: str) -> None:
    """With the variables that they had; what has no effect is told, and nothing else."""
    env = {"MOCKAPP_BASE": "http://mock:1", "WEBUI_BASE": "http://mock:2", "MAIL_TO": "a@b.example"}
    settings = load_settings(
        FIXTURES / "predecessors" / f"{name}.yml",
        check_types=CHECK_TYPES,
        channel_types=CHANNEL_TYPES,
        action_types=ACTION_TYPES,
        env=env,
    )

    assert settings.checks
    assert all("connect_timeout_override" in item.message for item in settings.warnings)
