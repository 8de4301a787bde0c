"""Which checks a group judges."""

from __future__ import annotations

from .conftest import Folder

_NETWORK = """\
checks:
  - {id: router, type: tcp, host: 127.0.0.1, port: 1, tags: [network]}
  - {id: nas, type: tcp, host: 127.0.0.1, port: 2}
  - {id: switch, type: tcp, host: 127.0.0.1, port: 3, tags: [network]}
"""


def test_members_are_those_named_and_those_tagged(folder: Folder) -> None:
    """Each is a member once, in the order of the file; groups have no part in a tag."""
    settings = folder.load(
        _NETWORK
        + "  - {id: all, type: group, members: [nas, router], tag: network, tags: [network]}\n"
        + "  - {id: net, type: group, tag: network, tags: [network]}\n"
    )

    assert settings.checks["all"].members == ("nas", "router", "switch")
    assert settings.checks["net"].members == ("router", "switch")
    assert settings.checks["router"].members == ()


def test_a_group_can_have_groups(folder: Folder) -> None:
    """Whoever names a group means it."""
    settings = folder.load(
        _NETWORK
        + "  - {id: net, type: group, tag: network}\n"
        + "  - {id: home, type: group, members: [net, nas]}\n"
    )

    assert settings.checks["home"].members == ("net", "nas")


def test_a_new_member_changes_the_group(folder: Folder) -> None:
    """A group is compiled anew when a check gets its tag; otherwise it stays as it is."""
    group = "  - {id: net, type: group, tag: network}\n"
    more = "  - {id: printer, type: tcp, host: 127.0.0.1, port: 4, tags: [network]}\n"
    other = "  - {id: printer, type: tcp, host: 127.0.0.1, port: 4}\n"

    before = folder.load(_NETWORK + group).checks["net"].fingerprint
    same = folder.load(_NETWORK + group + other).checks["net"].fingerprint
    changed = folder.load(_NETWORK + group + more).checks["net"].fingerprint

    assert before == same
    assert before != changed
