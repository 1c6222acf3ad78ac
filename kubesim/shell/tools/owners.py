"""`ls -l` of a container's files."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros, to_datetime
from kubesim.shell.containerfiles import ContainerFiles
from kubesim.shell.tools import Invocation

_HALF_A_YEAR = 182 * 86400 * SECOND
_STATUS_COST = 2  # steps for an entry of a machine, all of which may be counted


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
    accounts = io.machine.accounts
    rows = []
    blocks = 0
    for path, name in names.items():
        io.spend(_STATUS_COST * len(files.entries))
        status = files.status(path)
        blocks += status.blocks
        mode = stat.filemode(status.type | status.attributes.mode)
        user = accounts.user_name(status.attributes.uid)
        group = accounts.group_name(status.attributes.gid)
        time = _time(status.attributes.time, io.machine.clock.now)
        label = f"{name} -> {status.target}" if status.target else name
        rows.append(_Row(mode, str(status.links), user, group, str(status.size), time, label))
    if io.machine.is_busybox:
        widths = [10, 4, 8, 8, 9]
    else:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    total = f"total {blocks}\n" if has_total else ""
    return total + "".join(_line(row, *widths[1:5]) for row in rows)


def _time(time: Micros, now: Micros) -> str:
    """The time of day of a change, or where that was long ago its year."""
    moment = to_datetime(time)
    return f"{moment:%b %e  %Y}" if now - time > _HALF_A_YEAR else f"{moment:%b %e %H:%M}"


def _line(row: _Row, links: int, user: int, group: int, size: int) -> str:
    """A row whose columns have these widths."""
    owners = f"{row.user:{user}} {row.group:{group}}"
    return f"{row.mode} {row.links:>{links}} {owners} {row.size:>{size}} {row.time} {row.name}\n"
