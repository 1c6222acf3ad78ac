"""Tools for the owners and modes of a container's files."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros, to_datetime
from kubesim.shell.containerfiles import ContainerFiles
from kubesim.shell.tools import Invocation

_HALF_A_YEAR = 182 * 86400 * SECOND
_STATUS_COST = 2  # steps for an entry of a machine: all of them are counted


class _Row(NamedTuple):
    """A line of `ls -l`."""

    mode: str
    links: str
    user: str
    group: str
    size: str
    time: str
    name: str


def long_listing(names: Mapping[str, str], files: ContainerFiles, io: Invocation, *, has_total: bool) -> str:
    """What `ls -l` says of files and folders, whose `names` it has by their paths. Raises OSError."""
    io.spend(_STATUS_COST * len(files.entries))
    accounts = io.machine.accounts
    statuses = files.statuses(names)
    rows = []
    for name, status in zip(names.values(), statuses, strict=True):
        attributes = status.attributes
        rows.append(
            _Row(
                mode=stat.filemode(status.type | attributes.mode),
                links=str(status.links),
                user=accounts.user_name(attributes.uid) or str(attributes.uid),
                group=accounts.group_name(attributes.gid) or str(attributes.gid),
                size=str(status.size),
                time=_time(attributes.time, io.machine.clock.now),
                name=f"{name} -> {status.target}" if status.target else name,
            )
        )
    total = f"total {sum(status.blocks for status in statuses)}\n" if has_total else ""
    return total + (_of_busybox(rows) if io.machine.is_busybox else _of_gnu(rows))


def _time(time: Micros, now: Micros) -> str:
    """The time of day of a change, or where that was long ago its year."""
    moment = to_datetime(time)
    return f"{moment:%b %e  %Y}" if now - time > _HALF_A_YEAR else f"{moment:%b %e %H:%M}"


def _of_busybox(rows: Sequence[_Row]) -> str:
    lines = []
    for row in rows:
        owners = f"{row.user[:8]:8} {row.group[:8]:8}"
        lines.append(f"{row.mode} {row.links:>4} {owners} {row.size:>9} {row.time} {row.name}\n")
    return "".join(lines)


def _of_gnu(rows: Sequence[_Row]) -> str:
    """Rows as GNU's `ls` writes them, whose columns are as wide as they must be."""
    links = _width(row.links for row in rows)
    user = _width(row.user for row in rows)
    group = _width(row.group for row in rows)
    size = _width(row.size for row in rows)
    lines = []
    for row in rows:
        owners = f"{_owner(row.user, user)} {_owner(row.group, group)}"
        lines.append(f"{row.mode} {row.links:>{links}} {owners} {row.size:>{size}} {row.time} {row.name}\n")
    return "".join(lines)


def _width(column: Iterable[str]) -> int:
    return max(map(len, column), default=0)


def _owner(text: str, width: int) -> str:
    """A name, or a number, which is at the right."""
    return text.rjust(width) if text.isdecimal() else text.ljust(width)
