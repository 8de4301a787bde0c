"""Search with a user's regular expression, but never for long.

Some patterns take exponential time, and Python's `re` keeps the interpreter to itself meanwhile.
But it lets signal handlers run every few thousand steps, so that a budget of CPU time ends it.
"""

from __future__ import annotations

import re
from typing import Final

from opsmonitor.util.cpu_budget import within_budget

MAX_TEXT: Final = 64 * 1024
"""Characters searched: `re` may scan them thousands of times before it looks at the signal."""
BUDGET_S: Final = 0.02


def search(pattern: re.Pattern[str], text: str) -> bool | None:
    """Tell whether the pattern is in the first 64 Ki characters; None when that took too long.

    Only the main thread may call this: it is the one in which signal handlers run.
    """
    return within_budget(lambda: pattern.search(text, 0, MAX_TEXT) is not None, BUDGET_S)
