"""The command line: arguments in, exit code out."""

from __future__ import annotations

import argparse
from importlib import import_module
import logging
import sys
from typing import TYPE_CHECKING

from opsmonitor import __version__
from opsmonitor.cli.arguments import (
    add_config_argument,
    add_daemon_arguments,
    add_data_argument,
    day_count,
    port_number,
)
from opsmonitor.cli.output import forget_output
from opsmonitor.exceptions import ConfigError, OpsMonitorError
from opsmonitor.util.garbage import resting_collector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_LOGGER = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
"""Wrong arguments or a wrong configuration."""

_EPILOG = """\
The configuration is ./checks.yml, or what --config or OPSMONITOR_CONFIG names.
State and history are kept in ./data, or where --data or OPSMONITOR_DATA points.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    arguments = _build_parser().parse_args(argv)
    try:
        code: int = arguments.command(arguments)
        # Now, while a failure can still be told; at the interpreter's end it could not.
        print(end="", flush=True)
    except ConfigError as err:
        print(_in("check_config", "explain")(err), file=sys.stderr)
        return EXIT_USAGE
    except OpsMonitorError as err:
        print(f"opsmonitor: {err}", file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has seen enough.
        forget_output()
        return EXIT_OK
    except OSError as err:
        _LOGGER.debug("The command failed", exc_info=True)
        place = "" if err.filename is None else f"{err.filename}: "
        print(f"opsmonitor: {place}{err.strerror or err}", file=sys.stderr)
        forget_output()
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 130
    return code


def _in(module: str, name: str) -> Callable[[Any], Any]:
    """Return a function of a command's module, which is loaded only when the function is called.

    All of them together take half a second to load on a small machine.
    """

    def call(argument: Any) -> Any:
        """Load the module and call its function."""
        return getattr(import_module(f"{__name__}.{module}"), name)(argument)

    return call


def _build_parser() -> argparse.ArgumentParser:
    """Describe every command."""
    parser = argparse.ArgumentParser(
        prog="opsmonitor",
        description="Watch services, keep their history, and say what is up and what is down.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_run(commands)
    _add_check_config(commands)
    _add_check(commands)
    _add_queries(commands)
    _add_pairing(commands)
    _add_ports(commands)
    _add_backup(commands)
    version = commands.add_parser("version", help="print the version")
    version.set_defaults(command=_print_version)
    return parser


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


def _add_run(commands: _Commands[argparse.ArgumentParser]) -> None:
    """Describe `run`."""
    parser = commands.add_parser(
        "run",
        help="run the daemon: checks, history, API and dashboard",
        description="Run the checks of the configuration until stopped by Ctrl+C or SIGTERM. "
        "A changed configuration is put in force by itself; a wrong one changes nothing.",
    )
    add_config_argument(parser)
    add_data_argument(parser)
    parser.add_argument(
        "--host", metavar="H", help="address to listen on (default: 127.0.0.1, this machine only)"
    )
    parser.add_argument(
        "--port",
        type=port_number,
        metavar="P",
        help="port to listen on (default: 8060; 0: a free one)",
    )
    parser.add_argument(
        "--log-level",
        default="info",
        choices=["debug", "info", "warning", "error"],
        help="how much to log (default: info)",
    )
    parser.set_defaults(command=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Load the daemon and run it."""
    with resting_collector():
        code: int = _in("run", "run")(arguments)
    return code


def _add_check_config(commands: _Commands[argparse.ArgumentParser]) -> None:
    """Describe `check-config`."""
    parser = commands.add_parser(
        "check-config",
        help="say what is wrong with a configuration, or sum it up",
        description="Validate a configuration and print every mistake with its line and remedy. "
        "Exit code 0: valid; 2: not.",
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="(default: ./checks.yml)")
    parser.set_defaults(command=_in("check_config", "run"))


def _add_check(commands: _Commands[argparse.ArgumentParser]) -> None:
    """Describe `check`."""
    parser = commands.add_parser(
        "check",
        help="run one check now and print the result",
        description="Run one check of the configuration in this process, without the daemon; "
        "nothing is recorded. Exit code 0: it is fine; 1: it is not.",
    )
    parser.add_argument("id", metavar="ID", help="the check's id in the configuration")
    add_config_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_in("check", "run"))


def _add_queries(commands: _Commands[argparse.ArgumentParser]) -> None:
    """Describe `status` and `events`."""
    status = commands.add_parser(
        "status",
        help="show the state of every check, asked of the running daemon",
        description="Exit code 0: all is well; 1: something is down; 3: no answer.",
    )
    add_daemon_arguments(status)
    status.set_defaults(command=_in("query", "status"))
    events = commands.add_parser(
        "events", help="show the latest changes, asked of the running daemon"
    )
    events.add_argument(
        "--limit", type=int, default=20, metavar="N", help="how many, 1 to 500 (default: 20)"
    )
    events.add_argument("--check", metavar="ID", help="only those of one check")
    add_daemon_arguments(events)
    events.set_defaults(command=_in("query", "events"))


def _add_pairing(commands: _Commands[argparse.ArgumentParser]) -> None:
    """Describe `pair` and `tokens`."""
    pair = commands.add_parser(
        "pair",
        help="show a code by which a program gets a token of its own",
        description="Ask the running daemon for a code of six digits. Whoever enters it within ten "
        "minutes, such as Home Assistant, gets a token of its own; the code is good once.",
    )
    pair.add_argument("--name", metavar="N", help="what to call the program in the list of tokens")
    pair.add_argument("--read", action="store_true", help="it may see everything, change nothing")
    pair.add_argument(
        "--days", type=day_count, metavar="N", help="how long the token holds (default: for ever)"
    )
    add_daemon_arguments(pair)
    pair.set_defaults(command=_in("pair", "pair"))
    tokens = commands.add_parser("tokens", help="show which programs have a token, and revoke one")
    tokens.add_argument("--revoke", metavar="ID", help="take the token of this id back")
    add_daemon_arguments(tokens)
    tokens.set_defaults(command=_in("pair", "tokens"))


def _add_ports(commands: _Commands[argparse.ArgumentParser]) -> None:
    """Describe `ports`."""
    parser = commands.add_parser(
        "ports",
        help="show what listens on this machine, and whether a port is free",
        description="Look at the listening ports of this machine, with processes and containers; "
        "the daemon is not needed. With --check-port, exit code 0: free; 1: in use.",
    )
    parser.add_argument("--html", metavar="FILE", help="write a page to search in; - prints it")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON; - prints it")
    parser.add_argument(
        "--check-port",
        type=_in("ports", "port_question"),
        metavar="N",
        help="say whether a port is free: 8080, 127.0.0.1:8080 or 53/udp",
    )
    parser.set_defaults(command=_in("ports", "run"))


def _add_backup(commands: _Commands[argparse.ArgumentParser]) -> None:
    """Describe `backup`."""
    parser = commands.add_parser(
        "backup",
        help="copy the database to a file, also while the daemon runs",
        description="Make a consistent, verified copy of the database.",
    )
    parser.add_argument("file", metavar="FILE", help="where to; must not exist yet")
    add_config_argument(parser)
    add_data_argument(parser)
    parser.set_defaults(command=_in("backup", "run"))


def _print_version(_arguments: argparse.Namespace) -> int:
    """Print the version."""
    print(f"opsmonitor {__version__}")
    return EXIT_OK
