"""Arguments that several commands share, and what they stand for."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_MOST_PORTS: Final = 65_535
_MOST_DAYS: Final = 3650


def add_config_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--config`."""
    parser.add_argument(
        "--config", metavar="FILE", help="the configuration (default: ./checks.yml)"
    )


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--data`."""
    parser.add_argument(
        "--data", metavar="DIR", help="the folder for state and history (default: ./data)"
    )


def add_daemon_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes to find and ask the running daemon."""
    add_config_argument(parser)
    add_data_argument(parser)
    parser.add_argument(
        "--url", type=base_url, help="the daemon's address (default: from the configuration)"
    )
    parser.add_argument("--json", action="store_true", help="print the API's answer as it is")


def config_path(given: str | None) -> Path:
    """Return the configuration file."""
    return Path(given or os.environ.get("OPSMONITOR_CONFIG") or "checks.yml")


def data_path(given: str | None) -> Path:
    """Return the data folder; systemd names one for its services in STATE_DIRECTORY."""
    return Path(
        given or os.environ.get("OPSMONITOR_DATA") or os.environ.get("STATE_DIRECTORY") or "data"
    )


def port_number(text: str) -> int:
    """Return a port; argparse shows the message of what is raised.

    Raises:
        ArgumentTypeError: It is none.

    """
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST_PORTS):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return int(text)


def day_count(text: str) -> int:
    """Return a number of days; argparse shows the message of what is raised.

    Raises:
        ArgumentTypeError: It is none.

    """
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= _MOST_DAYS):
        raise argparse.ArgumentTypeError(f"{text!r}: give a number from 1 to {_MOST_DAYS}")
    return int(text)


def base_url(text: str) -> str:
    """Return the address of a daemon, without a slash at its end.

    Raises:
        ArgumentTypeError: It is no address of a web server.

    """
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_usable = False
    if not is_usable:
        raise argparse.ArgumentTypeError(f"{text!r} does not begin like http://127.0.0.1:8060")
    return text.rstrip("/")
