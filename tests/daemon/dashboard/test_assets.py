"""The page's files."""

from __future__ import annotations

import pytest

from opsmonitor.dashboard.assets import Assets, load_assets


def test_all_kinds_of_files_are_found() -> None:
    """Style, scripts and icons are there, with the types that browsers insist on."""
    files = load_assets().files

    assert files["app.css"].content_type == "text/css"
    assert files["js/main.js"].content_type == "text/javascript"
    assert files["favicon.svg"].content_type == "image/svg+xml"


def test_changed_file_changes_every_address() -> None:
    """A new release is fetched anew, including modules that import each other."""
    old = Assets({"a.js": b"1", "b.js": b"1"})
    new = Assets({"a.js": b"1", "b.js": b"2"})

    assert old.url("a.js") != new.url("a.js")
    assert old.files["a.js"].etag == new.files["a.js"].etag


def test_link_to_a_missing_file_is_refused() -> None:
    """A template cannot link to a file that is not there."""
    with pytest.raises(KeyError):
        load_assets().url("gone.css")


@pytest.mark.parametrize("name", sorted(load_assets().files))
def test_files_stay_small_and_self_contained(name: str) -> None:
    """No file is long, and none names another host, apart from the SVG namespace."""
    text = load_assets().files[name].body.decode().replace("http://www.w3.org/2000/svg", "")

    assert "http:" not in text
    assert "https:" not in text
    assert "innerHTML" not in text
    assert not name.endswith(".js") or text.count("\n") <= 200
