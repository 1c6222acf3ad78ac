"""kubectl describe, and what it shows of an object: a pure function of the object, its related objects, and the time.

A description is the rows of screens.json, as lines with tabs between what is to be aligned; and the events below it.
Mirrors k8s.io/kubectl pkg/{describe,cmd/describe}/describe.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from kubesim.api import quantity
from kubesim.api.clock import Micros, parse_time
from kubesim.api.errors import StatusError
from kubesim.api.humanize import NONE, age, format_labels, format_selector, human_duration, long_time, node_roles
from kubesim.api.objects import LAST_APPLIED, Object, at, name_of, namespace_of, pull_secret_names
from kubesim.api.resources import CONFIG_MAP, EVENT, LEASE, NAMESPACE, Resource, find_resource
from kubesim.gotext import tabwriter
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.describers.screens import FORMATS, TABLE, lines, part, screen_of, shows
from kubesim.kubectl.errors import raise_all, refuse_if
from kubesim.kubectl.output import nothing_found
from kubesim.kubectl.selection import Query, find_targets

Related = Mapping[str, list[Object] | StatusError]

_ESCAPES = str.maketrans({"\x1b": "^[", "\r": "\\r"})
_MAX_ANNOTATION = 140


def describe(obj: Object, related: Related, now: Micros) -> str:
    """The description of `obj`, ending in a newline.

    `related` holds the lists that its screen names for its kind, or the refusal of one that is shown instead. Without
    "events" there is no events section.
    """
    screen = screen_of(obj.get("kind", ""))
    known: dict[str, Any] = {"now": now, **{f"+{plural}": related.get(plural) for plural in screen.related}}
    described = [*lines(screen.rows, obj, known), *_event_lines(known.get("+events"), now)]
    return tabwriter.align("".join(f"{line}\n" for line in described).translate(_ESCAPES))


def _filled(text: str, *values: Any) -> str:
    return text.format(*(value or 0 for value in values))


FORMATS |= {
    "ips": lambda addresses: ",".join(item.get("ip", "") for item in addresses or ()) or NONE,
    "labels": format_labels,
    "list": lambda values: ",".join(values or ()) or NONE,
    "names": lambda items: ", ".join(item["name"] for item in items or ()) or NONE,
    "none_without": lambda items: None if items else NONE,
    "node": lambda name, address: f"{name}/{address or ''}" if name else NONE,
    "number": lambda value: value or 0,
    "pairs": lambda labels: [f"{key}={value}" for key, value in sorted((labels or {}).items())],
    "pull_secrets": pull_secret_names,
    "python_switch": bool,
    "quantity": lambda value: quantity.canonical(str(value)),
    "roles": node_roles,
    "rolling": lambda rolling: f"{rolling.get('maxUnavailable')} max unavailable, {rolling.get('maxSurge')} max surge",
    "selector": format_selector,
    "size": lambda encoded: f"{len(base64.b64decode(encoded))} bytes",
    "spaced": lambda value: f"{value or ''} ",
    "spaced_time": lambda value: f"{long_time(value)} ",
    "switch": lambda value: "true" if value else "false",
    "target": lambda reference: f"{reference.get('kind', '')}/{reference.get('name', '')}",
    "text": lambda value: "" if value is None else value,
    "time": long_time,
    "unset_without": lambda items: None if items else "<unset>",
    **{name: partial(_filled, text) for name, text in TABLE.texts.items()},
}


@shows
def _duration(start: str | None, end: str | None) -> str | None:
    if not start or not end:
        return None
    return human_duration(parse_time(end) - parse_time(start))


@shows
def _annotations(annotations: Mapping[str, str] | None) -> list[str]:
    """Annotations, sorted; long values or ones of several lines on lines of their own, cut off where too long."""
    pairs = sorted((key, value) for key, value in (annotations or {}).items() if key != LAST_APPLIED)
    return [line for key, value in pairs for line in _annotation(key, value.removesuffix("\n"))]


def _annotation(key: str, value: str) -> list[str]:
    if len(key) + len(value) + 2 <= _MAX_ANNOTATION and "\n" not in value:
        return [f"{key}: {value}"]
    limit = _MAX_ANNOTATION - 2
    cut = (f"{line[:limit]}..." if len(line) > limit else line for line in value.split("\n"))
    return [f"{key}:", *(f"  {line}" for line in cut)]


_EVENT_COLUMNS = ("Type", "Reason", "Age", "From", "Message")
_EVENT_RULE = ("----", "------", "----", "----", "-------")


def _event_lines(events: Sequence[Object] | None, now: Micros) -> Iterator[str]:
    """The table of events, oldest first; nothing at all if `events` is None (kubectl does not always ask for them)."""
    if events is None:
        return
    if not events:
        yield f"Events:\t{NONE}"
        return
    yield "Events:"
    # The scheduler's events have no lastTimestamp, and Go's zero time sorts before all others.
    rows = [_event(event, now) for event in sorted(events, key=lambda event: event.get("lastTimestamp") or "")]
    for row in (_EVENT_COLUMNS, _EVENT_RULE, *rows):
        yield "  " + "\t".join(row)


def _event(event: Object, now: Micros) -> tuple[str, ...]:
    source = at(event, "source.component") or event.get("reportingComponent") or ""
    field, message = at(event, "involvedObject.fieldPath"), event.get("message", "").strip()
    said = f"{field}: {message}" if field else message
    return event.get("type", ""), event.get("reason", ""), _interval(event, now), source, said


def _interval(event: Object, now: Micros) -> str:
    """How long ago: "6s", or "6s (x3 over 41s)" for an event that came again."""
    first = age(event.get("eventTime") or event.get("firstTimestamp"), now)
    series = event.get("series")
    if series:
        return f"{age(series.get('lastObservedTime'), now)} (x{series.get('count')} over {first})"
    count = event.get("count") or 1
    return f"{age(event.get('lastTimestamp'), now)} (x{count} over {first})" if count > 1 else first


def pod_template(template: Object) -> str:
    """A Pod template as `kubectl rollout history --revision` shows it: unlike a description, it is not aligned."""
    return "".join(f"{line}\n" for line in part("template", template))


_NO_TYPE = (
    "You must specify the type of resource to describe. "
    'Use "kubectl api-resources" for a complete list of supported resources.'
)


@command("describe", asks_namespace=True, operands="types", shows_config_errors=True)
def describe_objects(call: Call) -> None:
    """Unless asked, kubectl looks for events only where a single object was asked for and found."""
    refuse_if(not call.args and not call.flags["filename"], _NO_TYPE)
    groups, error = Query(call, call.args).select()
    objects = [(resource, obj) for resource, group in groups for obj in group]
    is_alone = len(objects) == 1 and not error
    with_events = call.flags["show-events"] and (is_alone or "show-events" in call.typed_flags)
    if isinstance(error, StatusError) and error.reason == "NotFound" and len(call.args) == 2:
        matches = _by_prefix(call)
        for resource, obj in matches:
            call.say(f"{_described(call, resource, obj, with_events)}\n")
        if matches:
            return
    texts: list[str] = []
    refusals: dict[str, Exception] = {}  # each sentence is said once
    if error:
        refusals[str(error)] = error
    for resource, obj in objects:
        try:
            texts.append(_described(call, resource, obj, with_events))
        except StatusError as refusal:
            refusals.setdefault(str(refusal), refusal)
    call.say("\n\n".join(texts))
    raise_all(refusals.values())
    if not texts:
        call.complain(nothing_found(call))


def _by_prefix(call: Call) -> list[tuple[Resource, Object]]:
    """The objects whose names begin with the one that was not found."""
    kind, prefix = call.args
    (target,) = find_targets(call, [kind], one_type=True)
    listed = call.api.list(target.resource, target.namespace)
    return [(target.resource, obj) for obj in listed if name_of(obj).startswith(prefix)]


def _described(call: Call, resource: Resource, obj: Object, with_events: bool) -> str:
    """The description of an object, which is read once more for it: who may only list them is refused."""
    obj = call.api.get(resource, namespace_of(obj), name_of(obj))
    related: dict[str, list[Object] | StatusError] = {}
    for plural in screen_of(resource.kind).related:
        listed = find_resource(plural)
        if listed and (with_events or listed is not EVENT):
            related[plural] = _related(call, listed, resource, obj)
    return describe(obj, related, call.context.clock.now)


# Lists that a description does without, and those whose refusal it shows; without any other one, it fails.
_OPTIONAL = {("Deployment", "replicasets"), ("Service", "endpointslices")}
_SHOWN_REFUSALS = {("Node", "leases"), ("Node", "pods"), ("ReplicaSet", "pods")}


def _related(call: Call, listed: Resource, resource: Resource, obj: Object) -> list[Object] | StatusError:
    """What a description shows of other objects, as far as the user may list them. Raises StatusError."""
    namespace = name_of(obj) if resource is NAMESPACE else namespace_of(obj)
    try:
        if listed is EVENT:
            return call.api.events_about(obj)
        if listed is LEASE:
            call.api.authorize("get", LEASE, "kube-node-lease", name_of(obj))
            return []  # it isn't kept as an object
        return call.api.list(listed, namespace or None)
    except StatusError as refusal:
        if (resource.kind, listed.plural) in _SHOWN_REFUSALS:
            return refusal
        if (resource.kind, listed.plural) in _OPTIONAL or (listed is EVENT and resource is not CONFIG_MAP):
            return []
        raise


for _module in ("others", "pods"):  # which register their blocks and formats here
    import_module(f"{__name__}.{_module}")
