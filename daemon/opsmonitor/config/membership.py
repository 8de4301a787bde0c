"""Find the checks that a group judges: those that it names, and those that have its tag."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
import hashlib

from opsmonitor.config.check_reader import Named, ReadCheck
from opsmonitor.config.nodes import Node, Scalar, Sequence as SequenceNode
from opsmonitor.config.problems import Problems, did_you_mean
from opsmonitor.config.schema import CheckKind, Members

MEMBERS = "members"


def join_groups(
    checks: Sequence[ReadCheck],
    kinds: Mapping[str, CheckKind],
    known_ids: Collection[str],
    problems: Problems,
) -> list[ReadCheck]:
    """Return the checks with the members of each group, and note those that cannot be."""
    return [_joined(check, checks, kinds, known_ids, problems) for check in checks]


def _joined(
    check: ReadCheck,
    checks: Sequence[ReadCheck],
    kinds: Mapping[str, CheckKind],
    known_ids: Collection[str],
    problems: Problems,
) -> ReadCheck:
    """Return a check with its members, if it is a group."""
    settings = check.settings
    members_of = kinds[settings.type].members
    if members_of is None:
        return check
    wanted: Members = members_of(settings.options)
    _judge_names(Named.of(check), wanted.ids, known_ids, problems)
    ids = dict.fromkeys(wanted.ids)
    if wanted.tag is not None:
        tagged = [
            other.settings.id
            for other in checks
            if wanted.tag in other.settings.tags and kinds[other.settings.type].members is None
        ]
        if not tagged:
            node = check.node.entries["tag"]
            known = {tag for other in checks for tag in other.settings.tags}
            hint = did_you_mean(wanted.tag, known)
            problems.add(node.mark, f"no check has the tag `{wanted.tag}`{hint}", node.path)
        ids |= dict.fromkeys(tagged)
    members = tuple(ids)
    mark = hashlib.sha256("\n".join((settings.fingerprint, *members)).encode()).hexdigest()
    return ReadCheck(replace(settings, members=members, fingerprint=mark), check.node)


def judge_members(broken: Iterable[Named], known_ids: Collection[str], problems: Problems) -> None:
    """Note members that cannot be of groups that have other mistakes as well."""
    for check in broken:
        _judge_names(check, check.members, known_ids, problems)


def _judge_names(
    check: Named, ids: Iterable[str], known_ids: Collection[str], problems: Problems
) -> None:
    """Note members that do not exist, and a group that names itself."""
    for member_id in ids:
        node = _written(check, member_id)
        if member_id == check.id:
            problems.add(node.mark, "a group cannot be a member of itself: remove it", node.path)
        elif member_id not in known_ids:
            hint = did_you_mean(member_id, known_ids)
            problems.add(node.mark, f"no check has the id `{member_id}`{hint}", node.path)


def _written(check: Named, member_id: str) -> Node:
    """Return where a group names a member."""
    listed = check.node.entries[MEMBERS]
    items = listed.items if isinstance(listed, SequenceNode) else []
    found = (item for item in items if isinstance(item, Scalar) and item.value == member_id)
    return next(found, listed)
