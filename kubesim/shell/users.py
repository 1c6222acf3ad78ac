"""The users and groups of a machine: whom a process runs as, and what /etc/passwd and /etc/group call them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple


class User(NamedTuple):
    """Whom a process runs as."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = (0,)
    """All of its groups, in ascending order."""


ROOT = User()


class Account(NamedTuple):
    """A line of /etc/passwd."""

    name: str
    uid: int
    gid: int
    home: str


class Group(NamedTuple):
    """A line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...]


class Accounts:
    """Whom the texts of /etc/passwd and /etc/group name. A line that is none of theirs is passed over."""

    def __init__(self, passwd: str, group: str) -> None:
        self.users = [Account(row[0], int(row[2]), int(row[3]), row[5]) for row in _rows(passwd, (2, 3), 6)]
        self.groups = [Group(row[0], int(row[2]), tuple(row[3].split(","))) for row in _rows(group, (2,), 4)]

    def home(self, uid: int) -> str:
        """The folder of a user; runc's choice for one that isn't listed."""
        default = "/" if uid else "/root"
        return next((account.home for account in self.users if account.uid == uid), default)

    def user_name(self, uid: int) -> str:
        """The name of a user, or without one the number."""
        return next((account.name for account in self.users if account.uid == uid), str(uid))

    def group_name(self, gid: int) -> str:
        return next((group.name for group in self.groups if group.gid == gid), str(gid))

    def user(self, word: str, gid: int | None = None, more_groups: Iterable[int] = ()) -> User:
        """The user of a number or a name, with the groups that list it and `more_groups`.

        Without a `gid`, it's that of /etc/passwd, or root's. Mirrors containerd's WithUser, WithAdditionalGIDs and
        WithSupplementalGroups (pkg/oci/spec_opts.go and internal/cri/opts/spec_opts.go, v2.4).
        """
        uid = int(word) if word.isdecimal() else 0
        account = Account("", uid, 0, "")
        for listed in self.users:
            if word in (listed.name, str(listed.uid)):
                account = listed
                break
        if gid is None:
            gid = account.gid
        name = account.name
        groups = {gid, *more_groups}
        groups |= {group.gid for group in self.groups if name and name in group.members and group.name != name}
        return User(account.uid, gid, tuple(sorted(groups)))


def id_of(user: User, accounts: Accounts) -> str:
    """What `id` prints."""
    uid = _labelled(user.uid, accounts.user_name(user.uid))
    gid = _labelled(user.gid, accounts.group_name(user.gid))
    groups = [_labelled(group, accounts.group_name(group)) for group in user.groups]
    return f"uid={uid} gid={gid} groups={','.join(groups)}"


def _labelled(number: int, name: str) -> str:
    return name if name == str(number) else f"{number}({name})"


def _rows(text: str, numbers: tuple[int, ...], count: int) -> Iterator[list[str]]:
    """The lines of a text with at least `count` fields, those at the places of `numbers` numbers."""
    for line in text.splitlines():
        row = line.split(":")
        if len(row) >= count and all(row[place].isdecimal() for place in numbers):
            yield row


@lru_cache(maxsize=256)
def accounts_of(passwd: str, group: str) -> Accounts:
    """The accounts that two texts list."""
    return Accounts(passwd, group)
