"""kubectl events. Mirrors k8s.io/kubectl pkg/cmd/events/events.go, v1.36."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kubesim.api.clock import Micros, parse_time
from kubesim.api.humanize import age
from kubesim.api.objects import Object, metadata, namespace_of
from kubesim.api.resources import EVENT
from kubesim.api.schema import in_go_order
from kubesim.gotext import tabwriter
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, Plain, refuse_if
from kubesim.kubectl.get import changes
from kubesim.kubectl.selection import resolve, split_pair


@command("events", asks_namespace=True)
def events(call: Call) -> None:
    namespace = None if call.flags["all-namespaces"] else call.namespace
    matches, table = _filter(call, namespace), _Table(call)
    found = call.api.list(EVENT, namespace, user=call.user, verb="watch" if call.flags["watch"] else "list")
    kept = list(filter(matches, found))
    if call.flags["watch"]:
        now = call.context.clock.now
        later = [(at, change.obj) for at, change in changes(call, EVENT) if change.type != "DELETED"]
        for at, event in [*((now, event) for event in kept), *later]:
            if matches(event):
                _show_one(call, table, event, at)
    elif kept:
        _show(call, table, sorted(kept, key=_last_seen))
    else:
        call.complain(f"No events found{'' if namespace is None else f' in {namespace} namespace'}.\n")


def _filter(call: Call, namespace: str | None) -> Callable[[Object], bool]:
    subject, types = _subject(call), {item.lower() for item in call.flags["types"]}
    refuse_if(not types <= {"normal", "warning"}, "valid --types are Normal or Warning")

    def matches(event: Object) -> bool:
        about = event.get("involvedObject") or {}
        return (
            (namespace is None or namespace_of(event) == namespace)
            and (not types or event.get("type", "").lower() in types)
            and (subject is None or (about.get("kind"), about.get("name")) == subject)
        )

    return matches


def _subject(call: Call) -> tuple[str, str] | None:
    if not call.flags["for"]:
        return None
    refuse_if("/" not in call.flags["for"], "--for must be in resource/name form")
    try:
        kind, name = split_pair(call.flags["for"])
        return resolve(call, kind).kind, name
    except KubectlError as error:
        raise Plain(str(error)) if str(error).startswith("the server") else error from None


def _show(call: Call, table: _Table, found: list[Object]) -> None:
    if not call.flags["output"]:  # --template alone counts for nothing here
        call.say(table.render(found, call.context.clock.now))
    elif call.output_format().name != "name":  # a list has none
        items = [in_go_order(EVENT, event) for event in found]
        listed = {"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": items}
        call.say(call.output_format().render(listed, typed=True))


def _show_one(call: Call, table: _Table, event: Object, at: Micros) -> None:
    if call.flags["output"]:
        call.say(call.output_format().render(in_go_order(EVENT, event), typed=True))
    else:
        call.say(table.render([event], at))


class _Table:
    """Events in columns that keep their widths, under headings when they are printed for the first time."""

    def __init__(self, call: Call) -> None:
        self._first = 0 if call.flags["all-namespaces"] else 1
        self._headings = [] if call.flags["no-headers"] else [_HEADINGS]
        self._widths: list[int] = []

    def render(self, found: Iterable[Object], now: Micros) -> str:
        rows, self._headings = [*self._headings, *(_row(event, now) for event in found)], []
        return tabwriter.format([row[self._first :] for row in rows], widths=self._widths)


_HEADINGS = ["NAMESPACE", "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]


def _row(event: Object, now: Micros) -> list[str]:
    last = age(event.get("lastTimestamp") or event.get("eventTime"), now)
    if event.get("count", 1) > 1:
        last = f"{last} (x{event['count']} over {age(event.get('firstTimestamp'), now)})"
    about = event.get("involvedObject") or {}
    kind, reason, message = (event.get(key, "") for key in ("type", "reason", "message"))
    subject = f"{about.get('kind', '')}/{about.get('name', '')}"
    return [namespace_of(event), last, kind, reason, subject, message.strip()]


def _last_seen(event: Object) -> Micros:
    """When it was last seen. Old-style events have whole seconds and so come before newer ones of that second."""
    return parse_time(event.get("lastTimestamp") or event.get("eventTime") or metadata(event)["creationTimestamp"])
