"""`opsmonitor backup`: a consistent copy of the database."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from opsmonitor.app import database_path
from opsmonitor.cli.arguments import config_path, data_path
from opsmonitor.config.loader import load_settings
from opsmonitor.config_source import action_types, channel_types, check_types, probe_types
from opsmonitor.store.backup import backup_database

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Copy the database and say where it is.

    Raises:
        ConfigError: The configuration, which names the database, is not valid.
        StoreError: There is no database, the copy is not sound, or the file exists already.

    """
    settings = load_settings(
        config_path(arguments.config),
        check_types=check_types(),
        channel_types=channel_types(),
        action_types=action_types(),
        probe_types=probe_types(),
    )
    target = Path(arguments.file)
    source = database_path(settings, data_path(arguments.data))
    asyncio.run(backup_database(source, target))
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, verified")
    return 0
