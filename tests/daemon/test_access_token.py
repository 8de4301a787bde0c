"""The token that protects an API which other machines can reach."""

from __future__ import annotations

from pathlib import Path
import stat

from opsmonitor.access_token import TOKEN_FILE, read_or_create_token, read_token


def test_a_token_is_made_once(tmp_path: Path) -> None:
    """The second start uses the token of the first."""
    first = read_or_create_token(tmp_path)

    assert read_or_create_token(tmp_path).reveal() == first.reveal()
    assert len(first.reveal()) >= 43


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """The file's mode is 0600."""
    read_or_create_token(tmp_path)

    assert stat.S_IMODE((tmp_path / TOKEN_FILE).stat().st_mode) == 0o600


def test_it_cannot_be_printed(tmp_path: Path) -> None:
    """No way of turning the token into text shows it."""
    token = read_or_create_token(tmp_path)

    assert token.reveal() not in f"{token} {token!r} {token:>80} {[token]} {token!s}"


def test_no_token_is_none(tmp_path: Path) -> None:
    """A missing or empty file means that there is no token."""
    assert read_token(tmp_path) is None

    (tmp_path / TOKEN_FILE).write_text("\n")

    assert read_token(tmp_path) is None
