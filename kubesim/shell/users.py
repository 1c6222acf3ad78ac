"""Users and groups of a machine, and their rights to files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple


class User(NamedTuple):
    """The user and groups of a process."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = (0,)
    """All groups in ascending order, `gid` included."""


ROOT = User()

READ = 4
WRITE = 2
SEARCH = 1
"""The rights to a file or folder, as bits of a mode."""


class Owner(NamedTuple):
    """The owner, group and mode of a file or folder."""

    mode: int
    uid: int = 0
    gid: int = 0

    def lets(self, user: User, right: int) -> bool:
        """Whether `user` has a right. As in Linux, only one of owner, group and others applies."""
        if user.uid == 0:
            return True
        shift = 0
        if user.uid == self.uid:
            shift = 6
        elif self.gid in user.groups:
            shift = 3
        return bool(self.mode >> shift & right)


FILE = Owner(0o644)
FOLDER = Owner(0o755)


class _Account(NamedTuple):
    """A line of /etc/passwd."""

    name: str
    uid: str
    gid: str
    home: str


class _Group(NamedTuple):
    """A line of /etc/group."""

    name: str
    gid: str
    members: str


_PASSWD = r"^([^:\n]+):[^:\n]*:(\d{1,10}):(\d{1,10}):[^:\n]*:([^:\n]*):"
_GROUP = r"^([^:\n]+):[^:\n]*:(\d{1,10}):(.*)$"


class Accounts:
    """The users and groups in the texts of /etc/passwd and /etc/group. Malformed lines are skipped."""

    def __init__(self, passwd: str, group: str) -> None:
        self._accounts = [_Account(*fields) for fields in re.findall(_PASSWD, passwd, re.MULTILINE)]
        self._groups = [_Group(*fields) for fields in re.findall(_GROUP, group, re.MULTILINE)]
        self._by_uid = {account.uid: account for account in reversed(self._accounts)}  # of two lines, the first counts
        self._group_names = {group.gid: group.name for group in reversed(self._groups)}

    def user_name(self, uid: int) -> str:
        """The user's name, or the number if it has none."""
        account = self._by_uid.get(str(uid))
        return account.name if account else str(uid)

    def group_name(self, gid: int) -> str:
        return self._group_names.get(str(gid), str(gid))

    def home(self, uid: int) -> str:
        """The user's home. An unlisted user gets runc's default."""
        if account := self._by_uid.get(str(uid)):
            return account.home
        return "/" if uid else "/root"

    def user(self, word: str, gid: int | None, more_groups: Iterable[int]) -> User:
        """The user `word`, a number or a name, with the groups that list it and `more_groups`.

        Without `gid`, the group is that of /etc/passwd, or root's for an unlisted user. Mirrors containerd's WithUser,
        WithAdditionalGIDs and WithSupplementalGroups (pkg/oci/spec_opts.go and internal/cri/opts/spec_opts.go, v2.4).
        """
        unlisted = _Account("", word if word.isdecimal() else "0", "0", "")
        account = next((row for row in self._accounts if word in (row.name, row.uid)), unlisted)
        if gid is None:
            gid = int(account.gid)
        groups = {gid, *more_groups}
        for group in self._groups:
            if account.name and account.name in group.members.split(","):
                groups.add(int(group.gid))
        return User(int(account.uid), gid, tuple(sorted(groups)))

    def id_of(self, user: User) -> str:
        """The output of `id`."""
        uid = _labelled(user.uid, self.user_name(user.uid))
        gid, *groups = [_labelled(number, self.group_name(number)) for number in (user.gid, *user.groups)]
        return f"uid={uid} gid={gid} groups={','.join(groups)}"


def _labelled(number: int, name: str) -> str:
    return name if name == str(number) else f"{number}({name})"


@lru_cache(maxsize=256)
def accounts_of(passwd: str, group: str) -> Accounts:
    """The accounts of two texts, cached because processes ask for the same ones."""
    return Accounts(passwd, group)
