"""The mergeable histogram of latencies."""

from __future__ import annotations

from collections import Counter
import math

from hypothesis import given, strategies as st
import pytest

from opsmonitor.store.histogram import (
    Histogram,
    add_blob,
    bucket_of,
    count_of,
    encode,
    percentile_us,
)

latencies = st.lists(st.integers(100, 600_000_000), min_size=1, max_size=200)


def histogram(values: list[int]) -> Histogram:
    """Return the histogram of latencies in microseconds."""
    return Counter(bucket_of(value) for value in values)


def decoded(blob: bytes | None) -> Histogram:
    """Return the histogram in a blob."""
    found: Histogram = Counter()
    add_blob(found, blob)
    return found


@given(values=latencies, share=st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_percentile_is_off_by_less_than_ten_percent(values: list[int], share: float) -> None:
    """A percentile is within 9.1 % of the exact one (nearest rank)."""
    exact = sorted(values)[max(1, math.ceil(share * len(values))) - 1]

    found = percentile_us(histogram(values), share, min(values), max(values))

    assert found == pytest.approx(exact, rel=0.091)


@given(first=latencies, second=latencies, third=latencies)
def test_merging_is_associative_and_loses_nothing(
    first: list[int], second: list[int], third: list[int]
) -> None:
    """However blobs are merged, the result is the histogram of all latencies together."""
    left = decoded(encode(histogram(first)))
    add_blob(left, encode(histogram(second)))
    left = decoded(encode(left))
    add_blob(left, encode(histogram(third)))
    right = decoded(encode(histogram(second)))
    add_blob(right, encode(histogram(third)))
    right = decoded(encode(right))
    add_blob(right, encode(histogram(first)))

    assert left == right == histogram([*first, *second, *third])


@given(counts=st.dictionaries(st.integers(0, 255), st.integers(1, 2**40)))
def test_blob_keeps_every_count(counts: dict[int, int]) -> None:
    """Any histogram survives being stored, and can be counted as it is stored."""
    assert decoded(encode(counts)) == counts
    assert count_of(encode(counts)) == sum(counts.values())


def test_empty_histogram_takes_no_room() -> None:
    """Nothing is stored where no latency was measured."""
    assert encode({}) is None
    assert decoded(None) == {}


@pytest.mark.parametrize(
    ("latency_us", "bucket"), [(0, 0), (100, 0), (101, 1), (200, 4), (201, 5), (2**62, 222)]
)
def test_four_buckets_span_each_doubling(latency_us: int, bucket: int) -> None:
    """Bucket 0 ends at 0.1 ms, and from there every fourth one at twice as much."""
    assert bucket_of(latency_us) == bucket


def test_typical_hour_takes_few_bytes() -> None:
    """An hour of a service with ordinary latencies is some dozen bytes."""
    values = [15_000 + 97 * number for number in range(120)]

    blob = encode(histogram(values))

    assert blob is not None
    assert len(blob) <= 24
