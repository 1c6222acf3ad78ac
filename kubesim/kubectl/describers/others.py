"""What is shown of Secrets, Services, Deployments, workloads, and of any kind without a screen of its own.

No function calls a `@formatter` here: screens.json does, with the fields and lists that it gets, in the order of its
parameters.

Mirrors their describers in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from kubesim.api.errors import StatusError
from kubesim.api.formatters import formatter
from kubesim.api.humanize import NONE
from kubesim.api.objects import Object, at, bare_template, is_controlled_by, labels_of, name_of
from kubesim.cluster.apiserver.printers import first_three
from kubesim.kubectl.describers.screens import Items, Listed


@formatter
def _secret_data(data: Object | None) -> Iterator[str]:
    """How long the values are, not what they are."""
    yield from ("", "Data", "====")
    for key, value in sorted((data or {}).items()):
        yield f"{key}:\t{len(base64.b64decode(value))} bytes"


@formatter
def _service_ports(ports: Items, service: str, slices: Items) -> Iterator[str]:
    own_slices = [item for item in slices or () if labels_of(item).get(_SERVICE_NAME) == service]
    for port in ports or ():
        name = port.get("name") or "<unset>"
        protocol = port.get("protocol", "TCP")
        yield f"Port:\t{name}\t{port['port']}/{protocol}"
        yield f"TargetPort:\t{port.get('targetPort', port['port'])}/{protocol}"
        if port.get("nodePort"):
            yield f"NodePort:\t{name}\t{port['nodePort']}/{protocol}"
        endpoints = _endpoints(own_slices, port.get("name", "")) if own_slices else NONE
        yield f"Endpoints:\t{endpoints}"


_SERVICE_NAME = "kubernetes.io/service-name"


def _endpoints(slices: Sequence[Object], port_name: str) -> str:
    """Where the ready Pods of a Service serve the port of this name."""
    places: list[str] = []
    for item in slices:
        ready = [endpoint["addresses"][0] for endpoint in item.get("endpoints") or () if _is_ready(endpoint)]
        ports = item.get("ports") or ()
        if not ports:
            places += ready
        for port in ports:
            if port["name"] == port_name:
                places += [f"{address}:{port['port']}" for address in ready]
    return first_three(places, "")


def _is_ready(endpoint: Object) -> bool:
    """Whether an endpoint takes traffic, as one does of which nothing is known."""
    return bool(endpoint.get("addresses") and endpoint.get("conditions", {}).get("ready", True))


_LEFT_OUT = {f"metadata.{name}" for name in ("name", "namespace", "labels", "annotations", "managedFields")}
_LEFT_OUT |= {"now", "+events"}  # no fields of the object: `describe` adds them
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ACRONYMS = {"API", "URL", "UID", "OSB", "GUID"}


@formatter
def _fields(content: Object, indent: str = "", path: str = "") -> Iterator[str]:
    """Every field of an object, sorted, with its name taken apart into words."""
    for name, value in sorted(content.items()):
        if f"{path}{name}" in _LEFT_OUT:
            continue
        if not isinstance(value, dict | list):
            yield f"{indent}{_label(name)}:\t{_plain(value)}"
            continue
        yield f"{indent}{_label(name)}:"
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, dict):
                yield from _fields(item, f"{indent}  ", f"{path}{name}.")
            else:
                yield f"{indent}  {_plain(item)}"


def _plain(value: object) -> str:
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _label(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return name
    words = []
    for word in _WORD.findall(name):
        is_acronym = word.upper() in _ACRONYMS
        words.append(word.upper() if is_acronym else word[:1].upper() + word[1:])
    return " ".join(words)


@formatter
def _replica_sets(deployment: Object, replica_sets: Items) -> Iterator[str]:
    """The ReplicaSets of a Deployment, apart from the others the one that has its template."""
    owned = [item for item in replica_sets or () if is_controlled_by(item, deployment)]
    owned.sort(key=lambda item: (item["metadata"].get("creationTimestamp") or "", name_of(item)))
    new = [item for item in owned if bare_template(item) == bare_template(deployment)][:1]
    old = [item for item in owned if item not in new]
    if owned:
        yield f"OldReplicaSets:\t{_created(old)}"
        yield f"NewReplicaSet:\t{_created(new)}"


def _created(replica_sets: Sequence[Object]) -> str:
    texts = []
    for item in replica_sets:
        created = at(item, "status.replicas") or 0
        texts.append(f"{name_of(item)} ({created}/{item['spec'].get('replicas', 0)} replicas created)")
    return ", ".join(texts) or NONE


_PHASES = {"Running": "Running", "Pending": "Waiting", "Succeeded": "Succeeded", "Failed": "Failed"}


@formatter
def _pods_status(owner: Object, listed: Listed) -> str:
    """How many Pods of an object are in each phase."""
    if isinstance(listed, StatusError):
        return f"error in fetching pods: {listed}"
    counts = Counter(at(pod, "status.phase") for pod in listed or () if is_controlled_by(pod, owner))
    return " / ".join(f"{counts[phase]} {word}" for phase, word in _PHASES.items())
