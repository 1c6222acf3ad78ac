"""kubectl describe, and what it shows of an object: a pure function of the object, its related objects, and the time.

A description is the rows of screens.json, as lines with tabs between what is to be aligned; and the events below it.
Mirrors k8s.io/kubectl pkg/{describe,cmd/describe}/describe.go, v1.36.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

from kubesim.api import load_table, quantity
from kubesim.api.clock import Micros, parse_time
from kubesim.api.errors import StatusError
from kubesim.api.humanize import NONE, age, format_labels, format_selector, human_duration, long_time, node_roles
from kubesim.api.objects import LAST_APPLIED, Object, at, name_of, namespace_of, pull_secret_names
from kubesim.api.resources import CONFIG_MAP, EVENT, LEASE, NAMESPACE, Resource, find_resource
from kubesim.gotext import tabwriter
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import raise_all, refuse_if
from kubesim.kubectl.output import nothing_found
from kubesim.kubectl.selection import Query, find_targets

Related = Mapping[str, list[Object] | StatusError]

_ESCAPES = str.maketrans({"\x1b": "^[", "\r": "\\r"})
_MAX_ANNOTATION = 140

Screen = Mapping[str, Any]
SCREENS: Screen = load_table(__file__, "screens.json")
RELATED: Mapping[str, Sequence[str]] = {kind: rows[0].split() for kind, rows in SCREENS.items() if kind[0].isupper()}
"""The lists that `describe` wants for a kind, by plural name: events about the object, and others of its namespace."""


def describe(obj: Object, related: Related, now: Micros) -> str:
    """The description of `obj`, ending in a newline.

    `related` holds the lists that RELATED names for its kind, or the refusal of one that is shown instead. Without
    "events" there is no events section.
    """
    kind, plurals = obj.get("kind", ""), RELATED.get(obj.get("kind", ""), ("events",))
    known: dict[str, Any] = {"now": now, **{f"+{plural}": related.get(plural) for plural in plurals}}
    rows = SCREENS.get(kind, SCREENS["Event"])[1:]
    lines = [*_lines(rows, obj, known), *_event_lines(known.get("+events"), now)]
    return tabwriter.align("".join(f"{line}\n" for line in lines).translate(_ESCAPES))


def part(name: str, obj: Object) -> Iterator[str]:
    """The lines of a part of a screen, such as a container."""
    return _lines(SCREENS[name], obj, {})


def _lines(rows: Sequence[str], obj: Object, known: Mapping[str, Any]) -> Iterator[str]:
    """The lines that rows make of an object.

    A row is "Label: format path…": one line, or one for each value of a list; none where the format gives None. Where
    there is nothing at the first path, "format?" gives no line, and "format|text" that text. After "=" there is a space
    in place of the tab. "=text" is a line as it is. In labels and texts, {field} is one of the object. "Label: *part
    path" writes a part (in small letters) for each item of a list or each key of a map, "<none>" without any, and
    "Label: +part path" nothing then; a part that is a map is a table, its columns by their headings. Without a label,
    "*part path" does the same, "#part path" writes the part of an object that is there, and "@block path…" what a
    function yields. Beside paths, "." is the object, "now" the time, and "+plural" a related list.
    """
    for row in rows:
        label, colon, words = ("", ": ", row) if row[0] in "*#@" else row.partition(": ")
        label = label.format_map(defaultdict(str, obj)) if "{" in label else label
        if not colon:
            yield label.removeprefix("=")
            continue
        name, *paths = words.split()
        values = [_value(path, obj, known) for path in paths]
        if name[0] == "@":
            yield from BLOCKS[name[1:]](*values)
        elif name[0] == "#":
            yield from () if values[0] is None else _lines(SCREENS[name[1:]], values[0], known)
        elif name[0] in "*+":
            yield from _each(label, name, values[0], known)
        else:
            yield from _field(label, _shown(name, values))


def _value(path: str, obj: Object, known: Mapping[str, Any]) -> Any:
    if path == ".":
        return obj
    return known.get(path) if path in known or path[0] == "+" else at(obj, path)


def _shown(name: str, values: Sequence[Any]) -> Any:
    """What a format shows of the values at its paths."""
    name, bar, instead = name.partition("|")
    if bar and values[0] in (None, ""):
        return instead
    return None if name[-1] == "?" and values[0] in (None, "", [], {}) else FORMATS[name.rstrip("?")](*values)


def _field(label: str, value: Any) -> Iterator[str]:
    first, *others = (value or [NONE]) if isinstance(value, list) else [value]
    if first is not None:
        yield f"{label[1:]}: {first}" if label[0] == "=" else f"{label}:\t{first}"
    yield from (f"\t{other}" for other in others)


def _each(label: str, name: str, items: Any, known: Mapping[str, Any]) -> Iterator[str]:
    """A part for each item below its label, or a table of them."""
    shape = SCREENS[name[1:]]
    if isinstance(items, dict):
        items = [{"key": key, "value": value} for key, value in sorted(items.items())]
    items = [item if isinstance(item, dict) else {"value": item} for item in items or ()]
    if label and (items or name[0] == "*"):
        yield f"{label}:" if items else f"{label}:\t{NONE}"
    if isinstance(shape, dict):
        columns = [words.split() for words in shape.values()]
        rows = [[_shown(name, [_value(at, item, known) for at in paths]) for name, *paths in columns] for item in items]
        indent = label[: len(label) - len(label.lstrip())]
        yield from table(list(shape), rows, f"{indent}  ") if rows or not label else ()
    else:
        for item in items:
            yield from _lines(shape, item, known)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], indent: str = "  ") -> Iterator[str]:
    """Headings, a rule under each, and the rows."""
    for row in (headings, ["-" * len(heading) for heading in headings], *rows):
        yield indent + "\t".join(map(str, row))


Shown = TypeVar("Shown", bound=Callable[..., Any])
BLOCKS: dict[str, Callable[..., Iterable[str]]] = {}
"""What gives several lines of a description, by the name that screens.json calls it by."""


def block(lines: Shown) -> Shown:
    """Make a function a block under its own name. It gets what its row names."""
    BLOCKS[lines.__name__.strip("_")] = lines
    return lines


def shows(show: Shown) -> Shown:
    """Make a function a format under its own name."""
    FORMATS[show.__name__.strip("_")] = show
    return show


def _filled(text: str, *values: Any) -> str:
    return text.format(*(value or 0 for value in values))


# What a line shows of the values at its paths; None for no line, as where something (`there`) isn't.
FORMATS: dict[str, Callable[..., Any]] = {
    "duration": lambda start, end: human_duration(parse_time(end) - parse_time(start)) if start and end else None,
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
    **{name: partial(_filled, text) for name, text in SCREENS["texts"].items()},
}


@shows
def _annotations(annotations: Mapping[str, str] | None) -> list[str]:
    """Annotations, sorted; long values or ones of several lines on lines of their own, cut off where too long."""
    shown = sorted((key, value) for key, value in (annotations or {}).items() if key != LAST_APPLIED)
    return [line for key, value in shown for line in _annotation(key, value.removesuffix("\n"))]


def _annotation(key: str, value: str) -> list[str]:
    if len(key) + len(value) + 2 <= _MAX_ANNOTATION and "\n" not in value:
        return [f"{key}: {value}"]
    limit = _MAX_ANNOTATION - 2
    shown = (f"{line[:limit]}..." if len(line) > limit else line for line in value.split("\n"))
    return [f"{key}:", *(f"  {line}" for line in shown)]


_EVENT_COLUMNS = ("Type", "Reason", "Age", "From", "Message")
_EVENT_RULE = ("----", "------", "----", "----", "-------")


def _event_lines(events: Sequence[Object] | None, now: Micros) -> Iterator[str]:
    """The table of events, oldest first; nothing at all if `events` is None (kubectl does not always ask for them)."""
    if events is None:
        return
    yield "Events:" if events else f"Events:\t{NONE}"
    # The scheduler's events have no lastTimestamp, and Go's zero time sorts before all others.
    rows = [_event(event, now) for event in sorted(events, key=lambda event: event.get("lastTimestamp") or "")]
    for row in [_EVENT_COLUMNS, _EVENT_RULE, *rows] if rows else ():
        yield "  " + "\t".join(row)


def _event(event: Object, now: Micros) -> tuple[str, ...]:
    source = at(event, "source.component") or event.get("reportingComponent") or ""
    field, message = at(event, "involvedObject.fieldPath"), event.get("message", "").strip()
    shown = f"{field}: {message}" if field else message
    return event.get("type", ""), event.get("reason", ""), _interval(event, now), source, shown


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
    is_missing = isinstance(error, StatusError) and error.reason == "NotFound" and len(call.args) == 2
    shown = _by_prefix(call) if is_missing else objects
    is_alone = len(objects) == 1 and not error
    with_events = call.flags["show-events"] and (is_alone or "show-events" in call.given)
    texts, refusals = list[str](), dict[str, Exception]()
    if error and not (is_missing and shown):
        refusals[str(error)] = error
    for resource, obj in shown:
        try:
            texts.append(_described(call, resource, obj, with_events))
        except StatusError as refusal:
            refusals.setdefault(str(refusal), refusal)
            if is_missing:
                break
    call.say("".join(f"{text}\n" for text in texts) if is_missing else "\n\n".join(texts))
    raise_all(refusals.values())
    if not texts:
        call.complain(nothing_found(call))


def _by_prefix(call: Call) -> list[tuple[Resource, Object]]:
    """The objects whose names begin with the one that was not found."""
    kind, prefix = call.args
    (target,) = find_targets(call, [kind], one_type=True)
    with suppress(StatusError):
        listed = call.api.list(target.resource, target.namespace)
        return [(target.resource, obj) for obj in listed if name_of(obj).startswith(prefix)]
    return []


def _described(call: Call, resource: Resource, obj: Object, with_events: bool) -> str:
    """The description of an object, which is read once more for it: who may only list them is refused."""
    obj = call.api.get(resource, namespace_of(obj), name_of(obj))
    related: dict[str, list[Object] | StatusError] = {}
    for plural in RELATED.get(resource.kind, ("events",)):
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
