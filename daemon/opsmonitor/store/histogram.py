"""Latencies as a mergeable histogram, small enough to keep one per check and bucket of time.

Bucket 0 holds latencies up to 0.1 ms. From there on four buckets span each doubling, so bucket i
ends at 0.1 ms * 2^(i/4). A percentile is told as the geometric middle of its bucket: off by at most
2^(1/8) - 1 = 9.1 %. The blob holds the used buckets only: the index in one byte, then the count as
a little-endian base-128 number.
"""

from __future__ import annotations

from collections import Counter
import math
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Histogram: TypeAlias = Counter[int]
"""How many latencies fell into each bucket."""

_FIRST_END_US: Final = 100
_PER_DOUBLING: Final = 4
_LAST: Final = 255
"""Its index still fits a byte; it ends after many years."""
_MORE: Final = 0x80


def bucket_of(latency_us: int) -> int:
    """Return the bucket of a latency."""
    if latency_us <= _FIRST_END_US:
        return 0
    return min(_LAST, math.ceil(_PER_DOUBLING * math.log2(latency_us / _FIRST_END_US)))


def encode(histogram: Mapping[int, int]) -> bytes | None:
    """Return a histogram as a blob; None when it is empty."""
    blob = bytearray()
    for index in sorted(histogram):
        count = histogram[index]
        blob.append(index)
        while count >= _MORE:
            blob.append(count & (_MORE - 1) | _MORE)
            count >>= 7
        blob.append(count)
    return bytes(blob) or None


def add_blob(histogram: Histogram, blob: bytes | None) -> None:
    """Add the counts of a blob to a histogram."""
    position = 0
    blob = blob or b""
    while position < len(blob):
        index = blob[position]
        count = shift = 0
        while True:
            position += 1
            byte = blob[position]
            count |= (byte & (_MORE - 1)) << shift
            shift += 7
            if byte < _MORE:
                break
        position += 1
        histogram[index] += count


def count_of(blob: bytes | None) -> int:
    """Return how many latencies a blob holds."""
    if not blob:
        return 0
    counts = blob[1::2]
    if max(counts) < _MORE:
        # As a rule each count is a single byte, so that every other one is a count.
        return sum(counts)
    histogram: Histogram = Counter()
    add_blob(histogram, blob)
    return histogram.total()


def percentile_us(histogram: Mapping[int, int], share: float, low_us: int, high_us: int) -> float:
    """Return the latency that this share of all did not exceed (nearest rank).

    `low_us` and `high_us` are the least and greatest latency counted; they bound the answer.
    """
    rank = max(1, math.ceil(share * sum(histogram.values())))
    seen = 0
    index = 0
    for index in sorted(histogram):
        seen += histogram[index]
        if seen >= rank:
            break
    middle_us = _FIRST_END_US * 2 ** ((index - 0.5) / _PER_DOUBLING)
    return min(max(middle_us, low_us), high_us)
