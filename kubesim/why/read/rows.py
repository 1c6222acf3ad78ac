"""Records to rows: the Pod, the image and the kind of message of each record (table row, log entry, message).

A record has a message, and mostly names its Pod around the message; the two parts are searched apart. Messages repeat,
so results are cached by text. paste.py makes the records, and text.py makes objects of the rows.
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
from kubesim.why.read.signs_table import Kind, signs

# Text behind the message in the logs of the kubelet and of Airflow, and in JSON.
_LOGGED = re.compile(
    r'"+ (?:pod|image|containerName)=\S+.*| podUID=\S+.*| from spec\.containers\{.*'
    r'|", ?"(?:source|type|reason|\w+Timestamp)":.*|"\}+$'
)
# The end of a message quoted in a sentence, before the next sentence.
_QUOTED = re.compile(r'"(?:[.,;!?] *| +)(?=[A-Z]\w+ )')
# Parts of records that begin a series of records about one Pod.
_BEGINS = ("Successfully assigned ", "describe po")
# Parts of records that name the image for the records below: pull, "Unable to find image 'web:1' locally", image:,
# "metadata for", and commands of other clients.
_NAMING = ("ull", "' locally", "mage:", "metadata for ", "crane ", "oc import-image ", "docker://")
# The row of a Pod without a node in `kubectl get pods`.
_PENDING = re.compile(r"^\s*+(?:(?P<namespace>[a-z0-9-]+)\s++)?(?P<pod>[a-z0-9][a-z0-9.-]*)\s++\d+/\d+\s+Pending\s")
# A kubectl command with a namespace; its output follows.
_ASKED = re.compile(r"\b(?:k|kubectl|oc) .*(?:-n|--namespace)[ =](?P<namespace>[a-z0-9-]+)")
_REASON = re.compile(rf"\A.*\b(?P<reason>{'|'.join(looks.REASONS)})\b")
# Groups of patterns for the names in a record. Of each group, the leftmost match counts.
_NAMES = (
    tuple(map(re.compile, looks.PODS.values())),
    tuple(map(re.compile, looks.CONTAINERS.values())),
    (re.compile(r"\{?kubelet,? (?P<node>[a-z0-9][\w.-]*)"),),
    (_REASON,),
)
_MESSAGE = looks.any_of(looks.MESSAGES)
_SUCCESS = looks.any_of(looks.SUCCESSES)
_WAITS = looks.any_of(looks.WAITS)
_FAILED = looks.any_of(looks.FAILURES)
_BY_KUBELET = looks.any_of(looks.BY_KUBELET)
# Kinds of rows beside those of signs.yaml; PULLING is a kind there, too.
# The image is there.
PULLED = "success"
# The container waits for the image, for an unknown reason.
SILENT = ""
# A pull has begun.
PULLING = "pulling"
# Kinds of signs.yaml about a Pod that no node takes.
_WITHOUT_NODE = ("unplaced", "unbound")


class Rank(IntEnum):
    """The amount of information in a row; of several rows about one image, the highest rank counts."""

    VAGUE = 0  # something else than a pull failed, and another record may say why
    RUNNING = 1  # something else than a pull failed
    PULLING = 2  # a pull began
    WAITING = 3  # the container waits for the image
    UNKNOWN = 4  # the pull failed for a reason that no sign matches
    KNOWN = 5  # the pull failed for a reason that a sign matches


# The ranks of kinds that signs.yaml doesn't decide.
_RANKS = {PULLING: Rank.PULLING, SILENT: Rank.WAITING, "other": Rank.UNKNOWN}


class Row(NamedTuple):
    """A record about an image of a Pod. Parts that the record doesn't name are "".

    `kind` is the kind of the message's sign in signs.yaml, PULLED or SILENT.
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
        """True for the kubelet's warning about a missing Secret, which alone fails no pull."""
        return self.kind == "missing_secret"

    @property
    def is_after_pull(self) -> bool:
        """True for a failure of a container whose image had come: another pull doesn't mend it."""
        return read(self.message).after

    @property
    def is_kubelets(self) -> bool:
        """True if the record comes from a node: the kubelet or its runtime, and no program such as docker."""
        says_so = _BY_KUBELET.search(self.message) and not client_of(self.message)
        return bool(self.pod or self.node or self.reason or says_so)

    @property
    def rank(self) -> Rank:
        if self.kind in _RANKS:
            return _RANKS[self.kind]
        kind = signs().kinds.get(self.kind, Kind())
        return (Rank.VAGUE if kind.vague else Rank.RUNNING) if kind.no_pull else Rank.KNOWN

    @property
    def says_why(self) -> bool:
        """False if the record says only that the container waits for the image."""
        return self.rank is not Rank.WAITING

    @property
    def without_names(self) -> Row:
        """The row without Pod and node, to group Pods with the same cause."""
        return self._replace(pod="", node="")


class Above(NamedTuple):
    """Names from the records above, for a record that doesn't name them itself."""

    namespace: str = ""
    pod: str = ""
    image: str = ""
    pending: frozenset[tuple[str, str]] = frozenset()  # namespaces and names of Pods without a node


def missing_secrets(rows: Iterable[Row]) -> list[str]:
    """The Secrets in the kubelet's warnings about missing ones, each once, in their order."""
    secrets: dict[str, None] = {}
    for row in rows:
        if row.is_missing_secret:
            secrets |= dict.fromkeys(filter(None, read(row.message).words.get("secret", "").split(", ")))
    return list(secrets)


def rows_of(records: Iterable[str]) -> Iterator[Row]:
    """The rows of the records about an image, completed with names from records above that are no rows."""
    above = Above()
    for record in records:
        row = _row(record)
        if row is None:
            above = _named_above(above, record)
        elif row.kind in _WITHOUT_NODE and not (row.pod or above.pod) and len(above.pending) == 1:
            namespace, pod = min(above.pending)
            yield row._replace(pod=pod, namespace=row.namespace or namespace or above.namespace)
        else:
            yield row._replace(
                pod=row.pod or above.pod,
                namespace=row.namespace or above.namespace,
                image=fullest(row.image, above.image),
            )


def _named_above(above: Above, record: str) -> Above:
    """The names for the records below `record`, which is no row. A command or a series of a Pod resets them."""
    if pending := _PENDING.search(record):
        return above._replace(pending=above.pending | {(pending["namespace"] or "", pending["pod"])})
    asked = _ASKED.search(record)
    if asked or any(mark in record for mark in _BEGINS):
        names = _names(record[max(record.find(_BEGINS[0]), 0) :])  # the scheduler's words have the namespace
        namespace = asked["namespace"] if asked else names.get("namespace", "")
        return Above(namespace or above.namespace, names.get("pod", ""))
    if any(mark in record for mark in _NAMING):
        return above._replace(image=_image_of(record) or above.image)
    return above


def _kind(message: str) -> str | None:
    """The kind of a message's sign, or PULLED; None for a message that isn't about a pull."""
    if _SUCCESS.search(message):
        return PULLED
    kind = read(message).kind
    return kind if kind != "other" or _FAILED.search(message) else None


class _Said(NamedTuple):
    """The parts of a record about an image: its message, the text around the message, and the message's kind."""

    message: str
    around: str
    kind: str


def _said(record: str) -> _Said | None:
    """The parts of a record; None for a record that isn't about an image or a start."""
    if not is_hint(record):
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
    if kind is None and logged:  # klog writes the error behind the Pod: take the rest of the record
        message = record[at:].strip()
        kind = _kind(message)
    if kind is not None:
        return _Said(message, around, kind)
    is_waiting = _WAITS.search(record) or _REASON.search(record)
    return _Said(message, around, SILENT) if is_waiting else None


def _row(record: str) -> Row | None:
    """The row of a record; None for a record that isn't about an image. Names around the message win."""
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
    """The fields of a Row named in a text, without the image. Don't change the result: it is cached."""
    names: dict[str, str] = {}
    for patterns in _NAMES:
        matches = [match for pattern in patterns if (match := pattern.search(text))]
        if matches:  # `min` takes the upper row of the table for matches at the same place
            leftmost = min(matches, key=lambda match: match.start())
            names |= {name: word for name, word in leftmost.groupdict().items() if word not in (None, MASK)}
    return names


def _image_of(text: str) -> str:
    """The image named in a text; "" if there is none."""
    pulled = _SUCCESS.search(text)
    return (pulled["pulled"] or pulled["present"]) if pulled else image_of(text)
