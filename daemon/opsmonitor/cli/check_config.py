"""`opsmonitor check-config`: what is wrong with a configuration, or what is in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from opsmonitor.cli.arguments import config_path
from opsmonitor.config.loader import load_settings
from opsmonitor.config.report import describe_problems, describe_settings
from opsmonitor.config_source import action_types, channel_types, check_types, probe_types
from opsmonitor.models.history import Resolution
from opsmonitor.store.size import estimate_size

if TYPE_CHECKING:
    import argparse

    from opsmonitor.config.settings import Settings
    from opsmonitor.exceptions import ConfigError

_TIERS: Final = {
    Resolution.RAW: "single runs",
    Resolution.FIVE_MINUTES: "5 minutes",
    Resolution.HOUR: "hours",
    Resolution.DAY: "days",
}


def run(arguments: argparse.Namespace) -> int:
    """Print a summary of a valid configuration.

    Raises:
        ConfigError: The configuration is not valid.

    """
    settings = load_settings(
        config_path(arguments.file),
        check_types=check_types(),
        channel_types=channel_types(),
        action_types=action_types(),
        probe_types=probe_types(),
    )
    print(describe_settings(settings))
    print(_describe_size(settings))
    return 0


def explain(err: ConfigError) -> str:
    """Return every problem with its line, for people."""
    return describe_problems(err.problems)


def _describe_size(settings: Settings) -> str:
    """Say how large the database will be once every tier has reached its full length."""
    sizes: Counter[Resolution] = Counter()
    for interval_s, count in Counter(
        check.interval_s for check in settings.checks.values()
    ).items():
        sizes.update(estimate_size(count, interval_s, settings.store.retention))
    parts = ", ".join(f"{_TIERS[tier]} {_megabytes(size)}" for tier, size in sizes.items())
    return f"The database will grow to about {_megabytes(sizes.total())} in the end: {parts}"


def _megabytes(size_bytes: int) -> str:
    """Return a size for people."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes < 10e6 else f"{size_bytes / 1e6:.0f} MB"  # noqa: PLR2004 - from here on a decimal says nothing
