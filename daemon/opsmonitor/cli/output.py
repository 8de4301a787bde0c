"""Standard output that cannot be written."""

from __future__ import annotations

import os
import sys

from opsmonitor.util.printable import shown


def forget_output() -> None:
    """Let what is still to be printed go nowhere, so that the end does not fail over it."""
    if sys.stdout is None:  # closed by whoever started us
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def tell(text: str) -> None:
    """Print, whether or not anybody reads it: the exit code counts all the same.

    What others wrote, such as the names of programs, cannot steer the terminal.
    """
    try:
        print(shown(text), flush=True)
    except BrokenPipeError:
        forget_output()
