"""`opsmonitor run`: the daemon itself."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from opsmonitor.app import run_daemon
from opsmonitor.cli.arguments import config_path, data_path
from opsmonitor.cli.output import forget_output
from opsmonitor.config_source import ConfigSource
from opsmonitor.log import set_up_logging
from opsmonitor.util.net import free_port

if TYPE_CHECKING:
    import argparse

_LOGGER = logging.getLogger(__name__)


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is stopped."""
    set_up_logging(arguments.log_level)
    source = ConfigSource(
        path=config_path(arguments.config),
        data=data_path(arguments.data),
        host=arguments.host,
        port=free_port(arguments.host or "127.0.0.1") if arguments.port == 0 else arguments.port,
    )
    asyncio.run(run_daemon(source, _announce))
    return 0


def _announce(url: str) -> None:
    """Print where the dashboard is; flushed, since whoever started us may wait for it.

    That nobody takes it is no reason to stop watching.
    """
    try:
        print(f"Dashboard: {url}", flush=True)
    except OSError as err:
        forget_output()
        _LOGGER.warning("The dashboard is at %s; it could not be printed: %s", url, err.strerror)
