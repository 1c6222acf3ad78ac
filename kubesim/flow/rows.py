"""Reads a record (a row of events or Pods, an entry of a log, a message) as a row: which Pod, which image, why.

What a record says stands in its message, and whom it is about mostly around that. Messages repeat themselves, so that
each is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from kubesim.flow.paste import is_hint
from kubesim.flow.redact import MASK
from kubesim.flow.signs import as_name, client_of, fullest, image_of, read

_LOGGED = re.compile(r"\"+ (?:pod|image|containerName)=\S+.*| podUID=\S+.*| from spec\.containers\{.*")
"""What follows the message in the logs of the kubelet and of Airflow."""
_TAGGED = re.compile(r"[:@][^/]*$")
_FIELD = re.compile(
    r"\s*+(?:-\s*+|.*state: )?(?:(?:container )?[Ii]mage:\s+[\"']?(?P<image>[^\s\"']+(?: \{\{[^\"']*)?)"
    r"|(?P<line>[\w-]+(?:\.[\w-]+)+(?::\d+)?/[\w./-]+:[\w.-]+)\s*$"
    r"|pod name:\s+(?P<pod>[a-z0-9.-]+)$|namespace:\s+(?P<namespace>[a-z0-9-]+)$)"
)
"""What has a line of its own, as YAML and the log of Spark's driver have it."""
_BEGINS = ("Successfully assigned ", "describe po")
"""What a record has after which a Pod's own records follow."""
_ASKED = re.compile(r"\b(?:k|kubectl|oc) .*(?:-n|--namespace)[ =](?P<namespace>[a-z0-9-]+)")
"""A command whose answer follows."""
_PODS: tuple[tuple[str, re.Pattern[str]], ...] = (
    # kubectl get events
    ("pod/web-1", re.compile(r"(?<!kubelet/)[Pp]ods?/(?P<pod>[a-z0-9][a-z0-9.-]*)")),
    # the kubelet's log
    ('pod="shop/web-1"', re.compile(r"\bpod=\"?(?:(?P<namespace>[a-z0-9-]+)/)?(?P<pod>[a-z0-9][a-z0-9.-]*)")),
    # a sandbox or a container that the kubelet failed to start
    (
        'for pod "web-1_shop(7f3c)"',
        re.compile(r"[Pp]od (?:[0-9a-f-]+ \()?\"?(?P<pod>[a-z0-9.-]+)_(?P<namespace>[a-z0-9-]+)[(\"]"),
    ),
    # what Tilt shows
    ("[K8s EVENT: Pod web-1 (ns: shop)]", re.compile(r"Pod (?P<pod>[a-z0-9.-]+) \(ns: (?P<namespace>[a-z0-9-]+)\)")),
    # the events that an end-to-end test prints
    ("event for web-1: {kubelet node-1} Failed", re.compile(r"event for (?P<pod>[a-z0-9.-]+): ")),
    # the log of an old kubelet
    (
        'Event(api.ObjectReference{Kind:"Pod", Namespace:"shop", Name:"web-1"',
        re.compile(r'Reference\{Kind:"Pod", Namespace:"(?P<namespace>[a-z0-9-]+)", Name:"(?P<pod>[a-z0-9.-]+)"'),
    ),
    # kubectl logs
    ('container "app" in pod "web-1" is waiting', re.compile(r"in pod \"(?P<pod>[a-z0-9.-]+)\"")),
    # a table of events with a column for the name and one for the kind, as consoles have it
    # (its name is that of the event, with a number behind it, where the column is the event's)
    (
        "web-1   Pod   Warning",
        re.compile(
            r"(?<![\w.-])(?=[a-z0-9.-]++\s+Pod\s)"  # most names are no Pod's: that is seen before one is taken apart
            r"(?P<pod>[a-z0-9][a-z0-9.-]*?)(?:\.[0-9a-f]{14,16})?(?:\s{2,}|\t)Pod\s"
        ),
    ),
    # the events in the log of Jenkins
    ("[Warning][shop/web-1][Failed]", re.compile(r"\[(?P<namespace>[a-z0-9-]+)/(?P<pod>[a-z0-9][a-z0-9.-]*)\]\[")),
    # kubectl get pods, with -A too
    (
        "shop   web-1   0/1   ErrImagePull",
        re.compile(
            r"^\s*(?:(?P<namespace>[a-z0-9-]+)\s+)?(?:pod/)?(?P<pod>[a-z0-9][a-z0-9.-]*)\s+(?:\W\s+)?\d+/\d+\s+(?:Init:)?[A-Z]\w+",
        ),
    ),
    # the scheduler's event
    (
        "Successfully assigned shop/web-1 to node-1",
        re.compile(r"Successfully assigned (?:(?P<namespace>[a-z0-9-]+)/)?(?P<pod>[a-z0-9][a-z0-9.-]*) to"),
    ),
    # the command that was typed
    ("kubectl describe pod web-1", re.compile(r"describe pods? (?P<pod>[a-z0-9][a-z0-9.-]*)")),
)
"""How a record names the Pod that it is about: what such a record looks like, and where name and namespace stand."""
_LISTED = re.compile(r"^(?P<namespace>[a-z0-9][a-z0-9.-]*)\s+\S+(?: \(x\d+ over \S+\))?\s+(?:Normal|Warning)\s")
_CONTAINERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("spec.containers{app}", re.compile(r"spec\.\w+\{(?P<container>[\w.-]+)\}")),
    ('failed to "StartContainer" for "app" with', re.compile(r"for \"(?P<container>[\w.-]+)\" with")),
    ('container "app" in pod "web-1" is waiting', re.compile(r"container \"(?P<container>[\w.-]+)\"")),
    ("container app is waiting to start", re.compile(r"container (?P<container>[\w.-]+) is waiting")),
)
"""How a record names the container: what such a record looks like, and where the name stands."""
_NODE = re.compile(r"\{?kubelet,? (?P<node>[a-z0-9][\w.-]*)")
_REASON = re.compile(
    r"\b(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|ImageInspectError|RegistryUnavailable"
    r"|SignatureValidationFailed|InspectFailed|FailedCreatePodSandBox|FailedToRetrieveImagePullSecret|BackOff)\b"
)
_MESSAGE = re.compile(
    r"Failed to |Failed create |[Ee]rror creating |image pull failed for |Error: |Error response |Error from "
    r"|Error syncing|Back-off |Unable to |Container image |Successfully pulled |ERROR: |failed to |failed pulling"
    r"|rpc error|FATA\[|trigger\.poll|requesting tags|image-updater|image-reflector"
    r"|(?:Run|[Cc]reate)PodSandbox|(?:Get|Head) \"?https?:"
)
_SUCCESS = re.compile(
    r'Successfully pulled image "?(?P<pulled>[^"\s]+)|Container image "(?P<present>[^"]+)" already present'
)
_WAITS = re.compile(
    r"Back-off pulling image|Unable to pull Docker image|Error pulling image \(|waiting to start: \S+ can't be pulled"
    r'|[Ff]ailed to pull (?:and unpack )?image "[^"]*"?$'
    r"|trying and failing to pull image|ImagePullBackOff|ErrImagePull|ImageInspectError"
)
_FAILED = re.compile(
    r'[Ff]ailed to pull (?:and unpack )?image ["\[]?[^"\s\]]+["\]]?: '
    r'(?!(?:rpc error: \S+ = \w+ desc = )?failed to pull and unpack image "[^"]*"?$)\S'
    r"|(?:Error response from daemon|CannotPull\w+): \S"
)
"""What begins a message that says why an image didn't come, whether its sign is known or not."""
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


_BY_KUBELET = re.compile(
    r"Failed to pull image(?! with policy)|rpc error|Back-off|[Ss]andbox|imagePullSecrets|image pull secrets"
)
WAITING = 0
UNKNOWN = 1
KNOWN = 2


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
    def rank(self) -> int:
        """How much it says: that the image is waited for, what no sign knows, or what a sign knows."""
        if self.kind == SILENT:
            return WAITING
        return UNKNOWN if self.kind == "other" else KNOWN

    @property
    def says_why(self) -> bool:
        """Whether it says more than that the image is waited for."""
        return self.rank > WAITING


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


def _row(record: str, kinds: Kinds) -> Row | None:
    """What a record says; None where it is not about an image that doesn't come, or came."""
    if not is_hint(record) or _RESTARTS in record:
        return None
    start = _MESSAGE.search(record)
    at = start.start() if start else 0
    logged = _LOGGED.search(record, at)
    end = logged.start() if logged else len(record)
    message = record[at:end].strip().rstrip("'\"")
    kind = kinds.of(message)
    if kind is None and logged:  # klog has the error behind the Pod
        message = record[at:].strip()
        kind = kinds.of(message)
    waits = _WAITS.search(record) or _REASON.search(record)
    if kind is None and not waits:
        began = _BEGAN.search(record)
        if began is None:
            return None
        kind, message = PULLING, record[began.start() :].strip()
    said = _named(message)
    around = _named(f"{record[:at]} {record[end:]}") if at or logged else said
    reason = around.reason or said.reason
    image = _image_of(message)
    if not _TAGGED.search(image):
        image = fullest(image, _image_of(record))
    if kind is None:
        kind = SILENT
        reason = reason or "ImagePullBackOff"
    return Row(
        namespace=around.namespace or said.namespace,
        pod=around.pod or said.pod,
        container=around.container or said.container,
        node=around.node or said.node,
        image=image,
        reason=reason,
        message=message,
        kind=kind,
    )


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


def _leftmost(patterns: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> re.Match[str] | None:
    """The match that begins first in the text; of two at the same place, that of the upper row."""
    matches = [match for _, pattern in patterns if (match := pattern.search(text))]
    return min(matches, key=lambda match: match.start(), default=None)


def _image_of(text: str) -> str:
    """The image that a text speaks of, or that came; "" if it names none."""
    pulled = _SUCCESS.search(text)
    return (pulled["pulled"] or pulled["present"]) if pulled else image_of(text)
