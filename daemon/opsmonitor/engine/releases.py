"""Find the newest release in what a releases API tells: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opsmonitor.models.release import Release
from opsmonitor.util.lenient import mappings
from opsmonitor.util.version import Version, is_final, parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_NOTES: Final = 16_000
_LONGEST_URL: Final = 500
_LONGEST_TIME: Final = 40


def newest(data: Any) -> Release | None:
    """Return the newest release that is meant for everybody; None if there is none.

    Source: https://docs.github.com/en/rest/releases/releases, a list of releases or a single one.
    Whatever does not look like a release is passed over.
    """
    found: list[tuple[Version, Release]] = []
    for item in mappings(data if isinstance(data, list) else [data]):
        tag = _text(item, "tag_name")
        version = parse_version(tag)
        if version is None or not is_final(version):
            continue
        if item.get("draft") is True or item.get("prerelease") is True:
            continue
        found.append((version, _release(tag, item)))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def is_newer(latest: Release, installed: str) -> bool:
    """Tell whether a release is newer than a version; of one that is odd nobody can tell."""
    running, released = parse_version(installed), parse_version(latest.version)
    return running is not None and released is not None and released > running


def _release(tag: str, item: Mapping[str, Any]) -> Release:
    """Return a release; its address is shown as a link, so it may be nothing but one."""
    url = _text(item, "html_url")
    is_link = url.startswith(("https://", "http://")) and len(url) <= _LONGEST_URL
    return Release(
        version=tag.strip().lstrip("vV"),
        url=url if is_link and url.isprintable() else None,
        notes=_text(item, "body")[:_MOST_NOTES],
        published_at=_text(item, "published_at")[:_LONGEST_TIME] or None,
    )


def _text(item: Mapping[str, Any], key: str) -> str:
    """Return a text as long as it is; nothing if it is none."""
    value = item.get(key)
    return value if isinstance(value, str) else ""
