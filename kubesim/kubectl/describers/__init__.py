"""kubectl describe, and what it shows of an object: a pure function of the object, its related objects, and the time.

A description is the rows of screens.json, as lines with tabs between what is to be aligned; and the events below it.
Mirrors k8s.io/kubectl pkg/{describe,cmd/describe}/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.clock import Micros
from kubesim.api.errors import StatusError
from kubesim.api.humanize import NONE
from kubesim.api.objects import Object, at, name_of
from kubesim.api.resources import NODE
from kubesim.gotext import tabwriter
from kubesim.gotext.terminal import escape
from kubesim.kubectl.command import Call, command

# screens.json calls what these register.
from kubesim.kubectl.describers import common, nodes, pods, rules, workloads  # noqa: F401
from kubesim.kubectl.describers.related import Lists, related_lists
from kubesim.kubectl.describers.screens import Items, lines, part, screen_of, table
from kubesim.kubectl.errors import NotSimulated, is_missing, raise_all, refuse_if
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import event_age, nothing_found
from kubesim.kubectl.selection import Query


def describe(obj: Object, related: Lists, now: Micros) -> str:
    """The description of `obj`, ending in a newline.

    `related` holds the lists that its screen names for its kind, or the refusal of one that is shown instead. Without
    "events" there is no events section.
    """
    screen = screen_of(obj.get("kind", ""))
    # Rows of screens.json call what they show beside the object "now" and "+pods".
    known = {**obj, "now": now, **{f"+{plural}": related.get(plural) for plural in screen.related}}
    described = lines(screen.rows, known)
    described += _event_lines(known.get("+events"), now)
    return tabwriter.align(escape("".join(f"{line}\n" for line in described)))


_EVENT_HEADINGS = ("Type", "Reason", "Age ", "From", "Message")  # kubectl writes four dashes below "Age"


def _event_lines(events: Items, now: Micros) -> Iterator[str]:
    """The table of events, oldest first; nothing at all if `events` is None (kubectl does not always ask for them)."""
    if events is None:
        return
    if not events:
        yield f"Events:\t{NONE}"
        return
    yield "Events:"
    # The scheduler's events have no lastTimestamp, and Go's zero time sorts before all others.
    in_order = sorted(events, key=lambda event: event.get("lastTimestamp") or "")
    yield from table(_EVENT_HEADINGS, [_event(event, now) for event in in_order])


def _event(event: Object, now: Micros) -> list[str]:
    """The row of an event."""
    source = at(event, "source.component") or event.get("reportingComponent") or ""
    message = event.get("message", "").strip()
    field = at(event, "involvedObject.fieldPath")
    if field:
        message = f"{field}: {message}"
    return [event.get("type", ""), event.get("reason", ""), event_age(event, now), source, message]


def pod_template(template: Object) -> str:
    """A Pod template as `kubectl rollout history --revision` shows it: unlike a description, it is not aligned."""
    return "".join(f"{line}\n" for line in part("template", template))


_NO_TYPE = (
    "You must specify the type of resource to describe. "
    'Use "kubectl api-resources" for a complete list of supported resources.'
)


@command("describe", asks_namespace=True, operands="types", shows_config_errors=True)
def describe_objects(call: Call) -> None:
    """Describe what was asked for; each refusal is said once, after what could be described."""
    refuse_if(not call.args and not call.flags["filename"], _NO_TYPE)
    selection = Query(call, call.args).select()
    error = selection.error
    is_alone = len(selection.targets) == 1 and not error
    # Unless asked, kubectl looks for events only where a single object was asked for and found.
    with_events = call.flags["show-events"] and (is_alone or "show-events" in call.typed_flags)
    if error and is_missing(error) and len(call.args) == 2:
        if "/" not in call.args[0] and _describe_by_prefix(call, with_events):
            return
        raise error
    texts: list[str] = []
    refusals: dict[str, Exception] = {str(error): error} if error else {}
    for target in selection.targets:
        try:
            texts.append(_described(call, target, with_events))
        except StatusError as refusal:
            refusals.setdefault(str(refusal), refusal)
        else:
            if target.resource is NODE:
                refusals["sums"] = NotSimulated("the Pods of a node and what they request are not described here")
    call.say("\n\n".join(texts))
    raise_all(refusals.values())
    if not texts:
        call.complain(nothing_found(call))


def _describe_by_prefix(call: Call, with_events: bool) -> bool:
    """Describe the objects whose names begin with the one that was not found; return whether there are any."""
    kind, prefix = call.args
    all_of_type = Query(call, [kind], one_type=True).fetch()
    matches = [target for target in all_of_type if name_of(target.obj).startswith(prefix)]
    for target in matches:
        call.say(f"{_described(call, target, with_events)}\n")  # written one by one, with no empty line between
    return bool(matches)


def _described(call: Call, target: Target, with_events: bool) -> str:
    """The description of an object, which is read once more for it: who may only list them is refused."""
    resource = target.resource
    obj = call.api.get(*target.place)
    return describe(obj, related_lists(call, resource, obj, with_events), call.context.clock.now)
