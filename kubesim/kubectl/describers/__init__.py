"""What `kubectl describe` shows of an object: pure functions of the object, what it is related to, and the time.

Mirrors k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kubesim.api.clock import Micros
from kubesim.api.objects import Object
from kubesim.kubectl.describers import others, workloads
from kubesim.kubectl.describers.pods import write_template
from kubesim.kubectl.describers.writer import DESCRIBERS, Related, Writer, write_events

RELATED: Mapping[str, tuple[str, ...]] = {kind: lists for kind, (_, lists) in DESCRIBERS.items()}
"""The lists that `describe` wants for a kind; ("events",) for kinds that have no describer."""


def describe(obj: Object, related: Related, now: Micros) -> str:
    """The description of `obj`, ending in a newline.

    `related` holds the lists that RELATED names for its kind. Without "events" there is no events section, and what
    else is missing counts as not allowed to be listed.
    """
    write, lists = DESCRIBERS.get(obj.get("kind", ""), DESCRIBERS["Event"])
    writer = Writer()
    write(writer, obj, related, now)
    if "events" in lists:
        write_events(writer, related.get("events"), now)
    return writer.text()


def pod_template(template: Object) -> str:
    """A Pod template as `kubectl rollout history --revision` shows it: unlike a description, it is not aligned."""
    writer = Writer()
    write_template(writer, template)
    return writer.unaligned()


def join(texts: Iterable[str]) -> str:
    """Several descriptions on one screen: two empty lines apart."""
    return "\n\n".join(texts)


__all__ = ["RELATED", "describe", "join", "others", "pod_template", "workloads"]
