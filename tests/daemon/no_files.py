"""A process that may open nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
import resource
from typing import Final

_FIRST_REFUSED: Final = 1
"""Numbers from here on are not given out; what is open already stays so."""


@contextmanager
def no_file_left(pid: int | None = None) -> Iterator[None]:
    """Let a process open nothing more for a while: this one, unless another is named."""
    pid = os.getpid() if pid is None else pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (_FIRST_REFUSED, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
