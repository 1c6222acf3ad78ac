"""Reads a record (a row of events or Pods, an entry of a log, a message) as a row: which Pod, which image, why.

What a record says stands in its message, and whom it is about mostly around that. Messages repeat themselves, so that
each is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from kubesim.why.hide.redact import MASK
from kubesim.why.read import looks
from kubesim.why.read.names import fullest, image_of
from kubesim.why.read.paste import is_hint
from kubesim.why.read.signs import client_of, read

_LOGGED = re.compile(
    r'"+ (?:pod|image|containerName)=\S+.*| podUID=\S+.*| from spec\.containers\{.*'
    r'|", ?"(?:source|type|reason|\w+Timestamp)":.*|"\}+$'
)
"""What follows the message in the logs of the kubelet and of Airflow, and in JSON."""
_QUOTED = re.compile(r'"(?:[.,;!?] *| +)(?=[A-Z]\w+ )')
"""The end of a message that a sentence quotes, before the next one."""
_BEGINS = ("Successfully assigned ", "describe po")
"""What a record has after which a Pod's own records follow."""
_NAMING = ("ull", "' locally", "mage:")
"""What a record has that names the image of those below: pull, Unable to find image 'web:1' locally, image: web:1."""
_ASKED = re.compile(r"\b(?:k|kubectl|oc) .*(?:-n|--namespace)[ =](?P<namespace>[a-z0-9-]+)")
"""A command whose answer follows."""
_REASON = re.compile(rf"\A.*\b(?P<reason>{'|'.join(looks.REASONS)})\b")
_NAMES = (
    tuple(map(re.compile, looks.PODS.values())),
    tuple(map(re.compile, looks.CONTAINERS.values())),
    (re.compile(r"\{?kubelet,? (?P<node>[a-z0-9][\w.-]*)"),),
    (_REASON,),
)
"""What finds names: the leftmost match of each of these counts."""
_MESSAGE = looks.any_of(looks.MESSAGES)
_SUCCESS = looks.any_of(looks.SUCCESSES)
_WAITS = looks.any_of(looks.WAITS)
_FAILED = looks.any_of(looks.FAILURES)
_BY_KUBELET = looks.any_of(looks.BY_KUBELET)
_RESTARTS = "Back-off restarting"
"""What the kubelet waits for where the image came and its program ends."""
PULLED = "success"
"""The kind of a record that says that the image is there."""
SILENT = ""
"""The kind of a record that only says that the image is waited for."""
PULLING = "pulling"
"""The kind of a record that says that a pull began."""


class Rank(IntEnum):
    """How much a row says."""

    RUNNING = 0  # that something else than a pull failed
    PULLING = 1  # that a pull began
    WAITING = 2  # that the image is waited for
    UNKNOWN = 3  # why, which no sign knows
    KNOWN = 4  # why, which a sign knows


_RANKS = {"running": Rank.RUNNING, PULLING: Rank.PULLING, SILENT: Rank.WAITING, "other": Rank.UNKNOWN}


class Row(NamedTuple):
    """What a record says of a Pod's image; parts that it doesn't name are "".

    `kind` is that of the message's sign in signs.yaml, PULLED or SILENT.
    """

    image: str
    message: str
    kind: str
    namespace: str = ""
    pod: str = ""
    container: str = ""
    node: str = ""
    reason: str = ""

    @property
    def is_pulled(self) -> bool:
        return self.kind == PULLED

    @property
    def is_missing_secret(self) -> bool:
        """Whether it is the kubelet's warning that a Secret isn't there, which alone fails no pull."""
        return self.kind == "missing_secret"

    @property
    def is_kubelets(self) -> bool:
        """Whether the kubelet, or the runtime that it asked, says so."""
        says_so = _BY_KUBELET.search(self.message) and not client_of(self.message)
        return bool(self.pod or self.node or self.reason or says_so)

    @property
    def rank(self) -> Rank:
        return _RANKS.get(self.kind, Rank.KNOWN)

    @property
    def says_why(self) -> bool:
        """Whether it says more than that the image is waited for."""
        return self.rank is not Rank.WAITING

    @property
    def said(self) -> Row:
        """The same without the names that differ where one cause keeps the image from several Pods."""
        return self._replace(pod="", node="")


class Above(NamedTuple):
    """What was named above a record, by records that don't say why an image doesn't come."""

    namespace: str = ""
    pod: str = ""
    image: str = ""


def rows_of(records: Iterable[str]) -> Iterator[Row]:
    """The rows of records that are about an image."""
    above = Above()
    for record in records:
        row = _row(record)
        if row is None:
            above = _named_above(above, record)
        else:
            yield row._replace(
                pod=row.pod or above.pod,
                namespace=row.namespace or above.namespace,
                image=fullest(row.image, above.image),
            )


def _named_above(above: Above, record: str) -> Above:
    """What is named above the record that follows this one."""
    asked = _ASKED.search(record)
    if asked or any(mark in record for mark in _BEGINS):
        names = _names(record[max(record.find(_BEGINS[0]), 0) :])  # the scheduler names the namespace, too
        namespace = asked["namespace"] if asked else names.get("namespace", "")
        return Above(namespace or above.namespace, names.get("pod", ""))
    if any(mark in record for mark in _NAMING):
        return above._replace(image=_image_of(record) or above.image)
    return above


def _kind(message: str) -> str | None:
    """The kind of a message's sign, or PULLED; None where it says nothing of a pull."""
    if _SUCCESS.search(message):
        return PULLED
    kind = read(message).kind
    return kind if kind != "other" or _FAILED.search(message) else None


class _Said(NamedTuple):
    """What a record says of an image: its message, what stands around that, and the message's kind."""

    message: str
    around: str
    kind: str


def _said(record: str) -> _Said | None:
    """What a record says; None where it is not about an image that doesn't come, or came."""
    if not is_hint(record) or _RESTARTS in record:
        return None
    start = _MESSAGE.search(record)
    at = start.start() if start else 0
    logged = _LOGGED.search(record, at)
    end = logged.start() if logged else len(record)
    if record.count('"', 0, at) % 2 and (quoted := _QUOTED.search(record, at, end)):
        end = quoted.start()
    message = record[at:end].strip().rstrip("'\"")
    around = f"{record[:at]} {record[end:]}" if at or end < len(record) else message
    kind = _kind(message)
    if kind is None and logged:  # klog has the error behind the Pod
        message = record[at:].strip()
        kind = _kind(message)
    if kind is not None:
        return _Said(message, around, kind)
    is_waiting = _WAITS.search(record) or _REASON.search(record)
    return _Said(message, around, SILENT) if is_waiting else None


def _row(record: str) -> Row | None:
    """A record as a row; None where it is not about an image that doesn't come, or came."""
    said = _said(record)
    if said is None:
        return None
    names = {**_names(said.message), **_names(said.around)}
    if said.kind == SILENT:
        names.setdefault("reason", "ImagePullBackOff")
    image = fullest(_image_of(said.message), _image_of(record))
    return Row(**names, image=image, message=said.message, kind=said.kind)


@lru_cache(maxsize=4096)
def _names(text: str) -> Mapping[str, str]:
    """The parts of a row that a text names, apart from the image."""
    names: dict[str, str] = {}
    for patterns in _NAMES:
        matches = [match for pattern in patterns if (match := pattern.search(text))]
        if matches:  # of two at the same place, that of the upper row
            leftmost = min(matches, key=lambda match: match.start())
            names |= {name: word for name, word in leftmost.groupdict().items() if word not in (None, MASK)}
    return names


def _image_of(text: str) -> str:
    """The image that a text speaks of, or that came; "" if it names none."""
    pulled = _SUCCESS.search(text)
    return (pulled["pulled"] or pulled["present"]) if pulled else image_of(text)
