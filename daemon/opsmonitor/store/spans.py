"""The SQL that adds up how long checks were in each status."""

from __future__ import annotations

from typing import Final

# The interval that holds the beginning of the range is found by one seek a check; without it, every
# interval since the beginning of time would be read.
TIME_BY_STATUS: Final = """
SELECT c.key, i.status,
  sum(min(coalesce(i."end", :to_ms), :to_ms) - max(i.start, :from_ms))
FROM checks c CROSS JOIN intervals i ON i.check_key = c.key
  AND i.start < :to_ms
  AND i.start >= coalesce((
    SELECT max(start) FROM intervals WHERE check_key = c.key AND start <= :from_ms
  ), :from_ms)
WHERE c.key BETWEEN :first AND :last AND (i."end" IS NULL OR i."end" > :from_ms)
GROUP BY c.key, i.status
"""
