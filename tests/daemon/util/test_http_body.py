"""Bodies are decoded, and never become larger than allowed."""

from __future__ import annotations

from contextlib import suppress
import gzip
import tracemalloc
import zlib

from hypothesis import given, strategies as st
import pytest

from opsmonitor.exceptions import TransportError
from opsmonitor.util.http_body import decode_body


@given(body=st.binary(max_size=500), limit=st.integers(1, 600))
@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZIP "])
def test_what_was_packed_is_unpacked(encoding: str, body: bytes, limit: int) -> None:
    """The body comes back, cut off at the limit."""
    decoded, truncated = decode_body(gzip.compress(body), encoding, limit)

    assert decoded == body[:limit]
    assert truncated is (len(body) > limit)


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_what_was_not_packed_stays(encoding: str) -> None:
    """Without an encoding there is nothing to do."""
    assert decode_body(b"text", encoding, 10) == (b"text", False)


def test_deflate_is_zlib() -> None:
    """The encoding deflate means zlib's format."""
    assert decode_body(zlib.compress(b"text"), "deflate", 10) == (b"text", False)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "\x00"])
def test_other_encodings_are_refused(encoding: str) -> None:
    """What was not asked for and is not understood is told."""
    with pytest.raises(TransportError) as caught:
        decode_body(b"text", encoding, 10)

    assert caught.value.code == "invalid_response"


@given(body=st.binary(min_size=1, max_size=100))
def test_damage_is_told(body: bytes) -> None:
    """Bytes that are no gzip give the one kind of error, or what they mean by accident."""
    with suppress(TransportError):
        decoded, _ = decode_body(body, "gzip", 50)

        assert len(decoded) <= 50


def test_a_bomb_takes_no_more_memory_than_allowed() -> None:
    """Unpacking stops at the limit, instead of cutting off afterwards."""
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()

    decoded, truncated = decode_body(bomb, "gzip", 100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (len(decoded), truncated) == (100_000, True)
    assert peak < 2_000_000
