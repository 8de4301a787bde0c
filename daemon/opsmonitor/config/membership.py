"""Find the checks that a group judges: those that it names, and those that have its tag."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
import hashlib

from opsmonitor.config.check_reader import Named, ReadCheck
from opsmonitor.config.kinds import CheckKind, Members
from opsmonitor.config.nodes import Node, Scalar, Sequence as SequenceNode
from opsmonitor.config.problems import Problems, did_you_mean

MEMBERS = "members"


def join_groups(
    checks: Sequence[ReadCheck],
    kinds: Mapping[str, CheckKind],
    known_ids: Collection[str],
    broken_tags: Collection[str],
    problems: Problems,
) -> list[ReadCheck]:
    """Return the checks with the members of each group, and note those that cannot be.

    The tags of checks that have mistakes are known, too: a group is not to blame for these.
    """
    return [_joined(check, checks, kinds, known_ids, broken_tags, problems) for check in checks]


def _joined(
    check: ReadCheck,
    checks: Sequence[ReadCheck],
    kinds: Mapping[str, CheckKind],
    known_ids: Collection[str],
    broken_tags: Collection[str],
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
        groups = {other.settings.id for other in checks if kinds[other.settings.type].members}
        tagged = [
            other.settings.id
            for other in checks
            if wanted.tag in other.settings.tags and other.settings.id not in groups
        ]
        if not tagged and wanted.tag not in broken_tags:
            node = check.node.entries["tag"]
            message = _nobody_has(wanted.tag, check, checks, groups)
            problems.add(node.mark, message, node.path)
        ids |= dict.fromkeys(tagged)
    members = tuple(ids)
    mark = hashlib.sha256("\n".join((settings.fingerprint, *members)).encode()).hexdigest()
    return ReadCheck(replace(settings, members=members, fingerprint=mark), check.node)


def _nobody_has(
    tag: str, group: ReadCheck, checks: Sequence[ReadCheck], groups: Collection[str]
) -> str:
    """Say that a tag makes nobody a member of a group, and what to do about it."""
    remedy = f"add `tags: [{tag}]` to the checks that belong to it"
    holders = [other.settings.id for other in checks if tag in other.settings.tags]
    if holders == [group.settings.id]:
        return f"only this group itself has the tag `{tag}`: {remedy}"
    if holders:
        return (
            f"only groups have the tag `{tag}`, and a tag makes no group a member: {remedy}, or "
            "name the groups under `members`"
        )
    known = {
        each for other in checks if other.settings.id not in groups for each in other.settings.tags
    }
    return f"no check has the tag `{tag}`{did_you_mean(tag, known) or f': {remedy}'}"


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
