"""What the daemon makes itself: the token of an open API, and the key of links in messages."""

from __future__ import annotations

from pathlib import Path
import stat

import pytest

from opsmonitor.access_token import (
    LINK_FILE,
    TOKEN_FILE,
    link_key,
    read_or_create_token,
    read_token,
)


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


def test_the_key_of_links_outlasts_a_restart(tmp_path: Path) -> None:
    """Links in messages stay good; only the daemon's own user can read the key."""
    first = link_key(tmp_path)

    assert link_key(tmp_path) == first
    assert stat.S_IMODE((tmp_path / LINK_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["no such folder/deep", "file"])
def test_a_key_that_cannot_be_kept_holds_for_now(tmp_path: Path, name: str) -> None:
    """A folder that cannot be written is no reason not to start."""
    (tmp_path / "file").write_text("")
    folder = tmp_path / name

    first, second = link_key(folder), link_key(folder)

    assert len(first.reveal()) >= 43
    assert first != second


def test_an_empty_key_is_made_anew(tmp_path: Path) -> None:
    """Nothing is ever signed with nothing."""
    (tmp_path / LINK_FILE).write_text("\n")

    assert len(link_key(tmp_path).reveal()) >= 43
    assert link_key(tmp_path) == link_key(tmp_path)
