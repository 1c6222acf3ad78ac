"""kubectl events. Mirrors k8s.io/kubectl pkg/cmd/events/events.go, v1.36."""

from __future__ import annotations

from kubesim.api.clock import Micros, parse_time
from kubesim.api.humanize import age
from kubesim.api.objects import Object, metadata, namespace_of
from kubesim.api.resources import EVENT
from kubesim.api.schema import in_go_order
from kubesim.gotext import tabwriter
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, command, many, number, switch, text
from kubesim.kubectl.errors import KubectlError, Plain
from kubesim.kubectl.formats import FORMATS
from kubesim.kubectl.get import changes
from kubesim.kubectl.selection import resolve, split_pair


@command(
    "events",
    f"[(-o|--output=){'|'.join(FORMATS)}] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]",
    "List events",
    flags.ALL_NAMESPACES,
    flags.OUTPUT,
    text("for", "", "Only those of this object, as TYPE/NAME."),
    many("types", "", "Only those of these types."),
    switch("no-headers", "", "Leave the headings out."),
    number("chunk-size", "", "How many objects are asked for at once (kubesim always returns all).", 500),
    switch("watch", "w", "After those that are there, show new ones as they come."),
    asks_namespace=True,
    prints_last=True,
    example="  kubectl events --for pod/private-pod",
)
def events(call: Call) -> None:
    """Show events, the oldest first."""
    namespace = None if call.flags["all-namespaces"] else call.namespace
    subject = _event_subject(call)
    if call.flags["output"]:  # --template alone counts for nothing here
        call.output_format()
    if not {item.lower() for item in call.flags["types"]} <= {"normal", "warning"}:
        raise KubectlError("valid --types are Normal or Warning")
    found = call.api.list(EVENT, namespace, user=call.user, verb="watch" if call.flags["watch"] else "list")
    kept = [event for event in found if _is_asked(call, event, subject)]
    table = _Table(call)
    if call.flags["watch"]:
        _watch(call, table, kept, subject)
    elif not kept:
        where = "" if namespace is None else f" in {namespace} namespace"
        call.complain(f"No events found{where}.\n")
    else:
        _show(call, table, sorted(kept, key=_event_time))


def _show(call: Call, table: _Table, found: list[Object]) -> None:
    if not call.flags["output"]:
        call.say(table.render(found, call.context.clock.now))
    elif call.flags["output"] != "name":  # a list has none
        items = [in_go_order(EVENT, event) for event in found]
        listed = {"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": items}
        call.say(call.output_format().render(listed, typed=True))


def _watch(call: Call, table: _Table, found: list[Object], subject: tuple[str, str] | None) -> None:
    """Show events one by one, each as it comes."""
    now, is_everywhere = call.context.clock.now, call.flags["all-namespaces"]
    later = [(at, change.obj) for at, change in changes(call, EVENT) if change.type != "DELETED"]
    for at, event in [*((now, event) for event in found), *later]:
        if not _is_asked(call, event, subject) or (not is_everywhere and namespace_of(event) != call.namespace):
            continue
        if call.flags["output"]:
            call.say(call.output_format().render(in_go_order(EVENT, event), typed=True))
        else:
            call.say(table.render([event], at))


class _Table:
    """Events in columns that keep their widths."""

    def __init__(self, call: Call) -> None:
        self._with_namespace = bool(call.flags["all-namespaces"])
        self._has_headings = not call.flags["no-headers"]
        self._widths: list[int] = []

    def render(self, found: list[Object], now: Micros) -> str:
        """The events' rows, under the headings when they are printed for the first time."""
        rows = [_event_row(event, now) for event in found]
        spaces = [namespace_of(event) for event in found]
        if self._has_headings:
            rows.insert(0, ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"])
            spaces.insert(0, "NAMESPACE")
            self._has_headings = False
        if self._with_namespace:
            rows = [[space, *row] for space, row in zip(spaces, rows, strict=True)]
        return tabwriter.format(rows, widths=self._widths)


def _is_asked(call: Call, event: Object, subject: tuple[str, str] | None) -> bool:
    types = call.flags["types"]
    if types and event["type"].lower() not in {item.lower() for item in types}:
        return False
    about = event["involvedObject"]
    return subject is None or (about["kind"], about["name"]) == subject


def _event_subject(call: Call) -> tuple[str, str] | None:
    """The kind and name of --for, or None."""
    if not call.flags["for"]:
        return None
    if "/" not in call.flags["for"]:
        raise KubectlError("--for must be in resource/name form")
    try:
        kind, name = split_pair(call.flags["for"])
        return resolve(call, kind).kind, name
    except KubectlError as error:
        raise Plain(str(error)) if str(error).startswith("the server") else error from None


def _event_time(event: Object) -> Micros:
    """When it was last seen. Old-style events have whole seconds and so come before newer ones of that second."""
    return parse_time(event.get("lastTimestamp") or event.get("eventTime") or metadata(event)["creationTimestamp"])


def _event_row(event: Object, now: Micros) -> list[str]:
    last = age(event.get("lastTimestamp") or event.get("eventTime"), now)
    if event.get("count", 1) > 1:
        last = f"{last} (x{event['count']} over {age(event['firstTimestamp'], now)})"
    about = event["involvedObject"]
    return [last, event["type"], event["reason"], f"{about['kind']}/{about['name']}", event["message"].strip()]
