"""kubectl events: events as a table sorted by time. `kubectl get events` is in get.py.

Mirrors k8s.io/kubectl pkg/cmd/events/{events,event_printer}.go, v1.36, without --watch.
"""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.clock import Micros, parse_time
from kubesim.api.objects import Object, metadata
from kubesim.api.resources import EVENT
from kubesim.api.schema import in_go_order
from kubesim.gotext.terminal import escape
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, UnprefixedError, refuse_if, reworded
from kubesim.kubectl.output import Columns, Table, event_age
from kubesim.kubectl.selection import resolve, split_pair

_HEADINGS = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]


@command("events", asks_namespace=True, checks_format="last")
def events(call: Call) -> None:
    """Print the events of a namespace or of all, filtered by --for and --types."""
    if call.flags["output"]:  # --template without --output is ignored here
        call.output_format()  # raises for an unknown format before anything else is checked
    namespace = None if call.flags["all-namespaces"] else call.namespace
    subject = _subject(call)
    types = {item.lower() for item in call.flags["types"]}
    refuse_if(not types <= {"normal", "warning"}, "valid --types are Normal or Warning")
    listed = call.api.list(EVENT, namespace)
    if subject:
        listed = [event for event in listed if _subject_of(event) == subject]
    if types:
        listed = [event for event in listed if event.get("type", "").lower() in types]
    if listed:
        _show(call, sorted(listed, key=_last_seen))
    else:
        where = f" in {namespace} namespace" if namespace is not None else ""
        call.complain(f"No events found{where}.\n")


class _Subject(NamedTuple):
    """The object of an event: its involvedObject."""

    kind: str
    api_version: str
    name: str


def _subject_of(event: Object) -> _Subject:
    about = event.get("involvedObject") or {}
    return _Subject(about.get("kind", ""), about.get("apiVersion", ""), about.get("name", ""))


def _subject(call: Call) -> _Subject | None:
    """The object of --for, None without the flag. Raises KubectlError, and UnprefixedError for an unknown type."""
    word = call.flags["for"]
    if not word:
        return None
    refuse_if("/" not in word, "--for must be in resource/name form")
    kind, name = split_pair(word)
    with reworded(KubectlError, into=UnprefixedError):
        resource = resolve(call, kind)
    return _Subject(resource.kind, resource.api_version, name)


def _show(call: Call, events: list[Object]) -> None:
    if not call.flags["output"]:
        call.say(Table(call, EVENT, columns=Columns(_HEADINGS, _row)).render(events, call.context.clock.now))
    elif call.output_format().name != "name":  # kubectl prints nothing: a list has no name
        items = [in_go_order(EVENT, event) for event in events]
        listed = {"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": items}
        call.say(call.output_format().render(listed, typed=True))


def _row(event: Object, now: Micros) -> list[str]:
    subject = _subject_of(event)
    about = f"{subject.kind}/{subject.name}"
    cells = [event.get("type", ""), event.get("reason", ""), about, event.get("message", "").strip()]
    return [event_age(event, now), *map(escape, cells)]


def _last_seen(event: Object) -> Micros:
    """The time of the event's last occurrence, for sorting.

    Events of the core API have whole seconds, and so sort before the scheduler's events of the same second, which have
    microseconds.
    """
    series = event.get("series") or {}
    time = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return parse_time(time or metadata(event)["creationTimestamp"])
