"""Reads a record (a row of events or Pods, an entry of a log, a message) as a row: which Pod, which image, why.

What a record says stands in its message, and whom it is about mostly around that. Messages repeat themselves, so that
each is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from kubesim.flow import looks
from kubesim.flow.names import as_name, fullest, image_of
from kubesim.flow.paste import is_hint
from kubesim.flow.redact import MASK
from kubesim.flow.signs import client_of, read

_LOGGED = re.compile(r"\"+ (?:pod|image|containerName)=\S+.*| podUID=\S+.*| from spec\.containers\{.*")
"""What follows the message in the logs of the kubelet and of Airflow."""
_QUOTED = re.compile(r'"(?:[.,;!?] *| +)(?=[A-Z]\w+ )')
"""The end of a message that a sentence quotes, before the next one."""
_TAGGED = re.compile(r"[:@][^/]*$")
_FIELD = re.compile(rf"\s*+(?:-\s*+|.*state: )?(?:{'|'.join(looks.FIELDS.values())})")
_BEGINS = ("Successfully assigned ", "describe po")
"""What a record has after which a Pod's own records follow."""
_ASKED = re.compile(r"\b(?:k|kubectl|oc) .*(?:-n|--namespace)[ =](?P<namespace>[a-z0-9-]+)")
"""A command whose answer follows."""
_LISTED = re.compile(r"^(?P<namespace>[a-z0-9][a-z0-9.-]*)\s+\S+(?: \(x\d+ over \S+\))?\s+(?:Normal|Warning)\s")
"""A row of kubectl get events -A."""
_PODS = tuple(map(re.compile, looks.PODS.values()))
_CONTAINERS = tuple(map(re.compile, looks.CONTAINERS.values()))
_NODE = re.compile(r"\{?kubelet,? (?P<node>[a-z0-9][\w.-]*)")
_REASON = re.compile(rf"\b({'|'.join(looks.REASONS)})\b")
_MESSAGE = looks.any_of(looks.MESSAGES)
_SUCCESS = looks.any_of(looks.SUCCESSES)
_WAITS = looks.any_of(looks.WAITS)
_FAILED = looks.any_of(looks.FAILURES)
_BY_KUBELET = looks.any_of(looks.BY_KUBELET)
_CHANGES = re.compile(r"(?<!\S)(?=\S{4})[^\s\d]*\d\S*")
"""Words that differ where the same is said again: names, times, addresses, digests; no status code."""
_RESTARTS = "Back-off restarting"
"""What the kubelet waits for where the image came and its program ends."""
PULLED = "success"
"""The kind of a record that says that the image is there."""
SILENT = ""
"""The kind of a record that only says that the image is waited for."""
PULLING = "pulling"
"""The kind of a record that says that a pull began."""
_BEGAN = re.compile(r'[Pp]ulling image "')


class Rank(IntEnum):
    """How much a row says."""

    PULLING = 0  # that a pull began
    WAITING = 1  # that the image is waited for
    UNKNOWN = 2  # why, which no sign knows
    KNOWN = 3  # why, which a sign knows


_RANKS = {PULLING: Rank.PULLING, SILENT: Rank.WAITING, "other": Rank.UNKNOWN}


class Row(NamedTuple):
    """What a record says of a Pod's image; parts that it doesn't name are "".

    `kind` is that of the message's sign in signs.yaml, PULLED or SILENT.
    """

    namespace: str
    pod: str
    container: str
    node: str
    image: str
    reason: str
    message: str
    kind: str

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


class Named(NamedTuple):
    """What a text names; "" for what it doesn't."""

    namespace: str
    pod: str
    container: str
    node: str
    reason: str


class Above(NamedTuple):
    """What was named above a record, by records that don't say why an image doesn't come."""

    namespace: str = ""
    pod: str = ""
    image: str = ""
    image_of: str = ""  # the Pod whose image that is


def rows_of(records: Iterable[str]) -> Iterator[Row]:
    """The rows of records that are about an image."""
    above = Above()
    kinds = Kinds()
    for record in records:
        if field := _FIELD.match(record):
            above = _with_field(above, field)
        row = _row(record, kinds)
        if row is None or row.kind == PULLING:
            above = _with_names(above, record)
        if row is not None:
            yield _filled(row, above)
            if row.is_pulled:  # what is said below is about another image
                above = above._replace(image="")


def _with_field(above: Above, field: re.Match[str]) -> Above:
    """What is named above, and in a line of its own."""
    image = field["image"] or field["line"]
    return Above(
        namespace=field["namespace"] or above.namespace,
        pod=field["pod"] or above.pod,
        image=as_name(image) if image else above.image,
    )


def _with_names(above: Above, record: str) -> Above:
    """What is named above, and what a record names that says nothing of a failed pull."""
    asked = _ASKED.search(record)
    if asked or any(mark in record for mark in _BEGINS):
        named = _named(record[max(record.find(_BEGINS[0]), 0) :])  # the scheduler names the namespace, too
        namespace = asked["namespace"] if asked else named.namespace
        if not namespace and named.pod == above.pod:
            namespace = above.namespace
        return Above(namespace, named.pod)
    if ("ull" in record or "' locally" in record) and (image := _image_of(record)):  # docker pull, Pulling image
        return above._replace(image=image, image_of=_named(record).pod)
    return above


def _filled(row: Row, above: Above) -> Row:
    """A row, with what it doesn't name itself."""
    if not row.pod or above.pod in ("", row.pod):
        row = row._replace(pod=row.pod or above.pod, namespace=row.namespace or above.namespace)
    return row._replace(image=fullest(row.image, above.image)) if above.image_of in ("", row.pod) else row


class Kinds:
    """The kinds of the messages of a text; those that differ in names and numbers only are read once."""

    def __init__(self) -> None:
        self._read: dict[str, str | None] = {}

    def of(self, message: str) -> str | None:
        """The kind of a message's sign, or PULLED; None where it says nothing of a pull."""
        pattern = _CHANGES.sub("#", message)
        if pattern not in self._read:
            self._read[pattern] = _kind(message)
        return self._read[pattern]


def _kind(message: str) -> str | None:
    if _SUCCESS.search(message):
        return PULLED
    kind = read(message).kind
    return kind if kind != "other" or _FAILED.search(message) else None


class _Said(NamedTuple):
    """What a record says of an image: its message, what stands around that, and the message's kind."""

    message: str
    around: str
    kind: str


def _said(record: str, kinds: Kinds) -> _Said | None:
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
    kind = kinds.of(message)
    if kind is None and logged:  # klog has the error behind the Pod
        message = record[at:].strip()
        kind = kinds.of(message)
    if kind is not None:
        return _Said(message, around, kind)
    if _WAITS.search(record) or _REASON.search(record):
        return _Said(message, around, SILENT)
    if began := _BEGAN.search(record):
        return _Said(record[began.start() :].strip(), around, PULLING)
    return None


def _row(record: str, kinds: Kinds) -> Row | None:
    """A record as a row; None where it is not about an image that doesn't come, or came."""
    said = _said(record, kinds)
    if said is None:
        return None
    image = _image_of(said.message)
    if not _TAGGED.search(image):
        image = fullest(image, _image_of(record))
    names = {}
    for name, around, inside in zip(Named._fields, _named(said.around), _named(said.message), strict=True):
        names[name] = around or inside
    if said.kind == SILENT:
        names["reason"] = names["reason"] or "ImagePullBackOff"
    return Row(**names, image=image, message=said.message, kind=said.kind)


@lru_cache(maxsize=4096)
def _named(text: str) -> Named:
    pod = _leftmost(_PODS, text)
    names = pod.groupdict("") if pod else {}
    listed = _LISTED.match(text)
    container = _leftmost(_CONTAINERS, text)
    node = _NODE.search(text)
    reasons = _REASON.findall(text)
    return Named(
        namespace=names.get("namespace") or (listed["namespace"] if pod and listed else ""),
        pod="" if names.get("pod") == MASK else names.get("pod", ""),
        container=container["container"] if container else "",
        node=node["node"] if node else "",
        reason=reasons[-1] if reasons else "",
    )


def _leftmost(patterns: tuple[re.Pattern[str], ...], text: str) -> re.Match[str] | None:
    """The match that begins first in the text; of two at the same place, that of the upper row."""
    matches = [match for pattern in patterns if (match := pattern.search(text))]
    return min(matches, key=lambda match: match.start(), default=None)


def _image_of(text: str) -> str:
    """The image that a text speaks of, or that came; "" if it names none."""
    pulled = _SUCCESS.search(text)
    return (pulled["pulled"] or pulled["present"]) if pulled else image_of(text)
