"""kubectl events. Mirrors k8s.io/kubectl pkg/cmd/events/events.go, v1.36."""

from __future__ import annotations

from kubesim import tabwriter
from kubesim.clock import Micros, parse_time
from kubesim.gosort import go_sort
from kubesim.humanize import age
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, absent, command, many, number, switch, text
from kubesim.kubectl.errors import KubectlError, Plain
from kubesim.kubectl.formats import FORMATS
from kubesim.kubectl.selection import resolve, split_pair
from kubesim.objects import Object, metadata, namespace_of
from kubesim.resources import EVENT
from kubesim.schema import in_go_order


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
    *absent("watch/w", kind="switch"),
    order=("namespace", "client"),
    example="  kubectl events --for pod/private-pod",
)
def events(call: Call) -> None:
    """Show events, the oldest first."""
    if not {item.lower() for item in call.flags["types"]} <= {"normal", "warning"}:
        raise KubectlError("valid --types are Normal or Warning")
    if call.flags["output"]:  # --template alone counts for nothing here
        call.output_format()
    namespace = None if call.flags["all-namespaces"] else call.namespace
    subject = _event_subject(call)
    found = call.api.list(EVENT, namespace, user=call.user)
    kept = [event for event in found if _is_asked(call, event, subject)]
    if not kept:
        where = "" if namespace is None else f" in {namespace} namespace"
        call.complain(f"No events found{where}.\n")
        return
    go_sort(kept, lambda one, other: _event_time(one) < _event_time(other))
    if call.flags["output"]:
        if call.flags["output"] != "name":  # a list has none
            items = [in_go_order(EVENT, event) for event in kept]
            listed = {"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": items}
            call.say(call.output_format().render(listed, typed=True))
        return
    rows = [_event_row(event, call.context.clock.now) for event in kept]
    head = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    if namespace is None:
        head.insert(0, "NAMESPACE")
        rows = [[namespace_of(event), *row] for event, row in zip(kept, rows, strict=True)]
    call.say(tabwriter.format(rows if call.flags["no-headers"] else [head, *rows]))


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
