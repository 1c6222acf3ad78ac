"""kubectl describe. A description is a pure function of an object, its related objects, and the time.

screens.py names the function of each kind, which yields the description's lines. Tabs in a line mark columns, which are
aligned at the end. Mirrors k8s.io/kubectl pkg/{describe,cmd/describe}/describe.go, v1.36.
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
from kubesim.kubectl.describers.common import RelatedList, RelatedLists, Surroundings, table
from kubesim.kubectl.describers.pods import template_lines
from kubesim.kubectl.describers.related import related_lists
from kubesim.kubectl.describers.screens import screen_of
from kubesim.kubectl.errors import NotSimulated, is_missing, raise_all, refuse_if
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import event_age, nothing_found
from kubesim.kubectl.selection import Query

_EVENT_HEADINGS = ("Type", "Reason", "Age ", "From", "Message")  # kubectl writes four dashes below "Age"
_NO_SUMS = "the Pods of a node and what they request are not described here"
_NO_TYPE = (
    "You must specify the type of resource to describe. "
    'Use "kubectl api-resources" for a complete list of supported resources.'
)


def describe(obj: Object, related: RelatedLists, now: Micros) -> str:
    """The description of `obj`, ending in a newline. Raises NotSimulated for a kind without a screen.

    `related` has the lists that the kind's screen requires, see `related_lists`; without "events", the description has
    no section about events.
    """
    screen = screen_of(obj.get("kind", ""))
    described = [*screen.lines(obj, Surroundings(related, now))]
    if "events" in screen.related:
        described += _event_lines(related.get("events"), now)
    return tabwriter.align(escape("".join(f"{line}\n" for line in described)))


def _event_lines(events: RelatedList, now: Micros) -> Iterator[str]:
    """The section about events, oldest first; nothing if `events` is None, because kubectl doesn't always list them."""
    if events is None or isinstance(events, StatusError):
        return
    if not events:
        yield f"Events:\t{NONE}"
        return
    yield "Events:"
    # The scheduler's events have no lastTimestamp, and Go's zero time sorts before all others.
    in_order = sorted(events, key=lambda event: event.get("lastTimestamp") or "")
    yield from table(_EVENT_HEADINGS, [_event_cells(event, now) for event in in_order])


def _event_cells(event: Object, now: Micros) -> list[str]:
    """The cells of an event."""
    source = at(event, "source.component") or event.get("reportingComponent") or ""
    message = event.get("message", "").strip()
    field = at(event, "involvedObject.fieldPath")
    if field:
        message = f"{field}: {message}"
    return [event.get("type", ""), event.get("reason", ""), event_age(event, now), source, message]


def pod_template(template: Object) -> str:
    """A Pod template as `kubectl rollout history --revision` shows it. Unlike a description, it isn't aligned."""
    return "".join(f"{line}\n" for line in template_lines(template))


@command("describe", asks_namespace=True, operands="types", shows_config_errors=True)
def describe_objects(call: Call) -> None:
    """Describe the objects of the command line. Refusals are raised after the descriptions, each message once."""
    refuse_if(not call.args and not call.flags["filename"], _NO_TYPE)
    selection = Query(call, call.args).select()
    error = selection.error
    is_alone = len(selection.targets) == 1 and not error
    # Without --show-events on the command line, kubectl lists events only for a single object.
    with_events = call.flags["show-events"] and (is_alone or "show-events" in call.typed_flags)
    if error and is_missing(error) and len(call.args) == 2:
        if "/" not in call.args[0] and _describe_by_prefix(call, with_events):
            return
        raise error
    texts: list[str] = []
    refusals: dict[str, Exception] = {str(error): error} if error else {}  # by message
    for target in selection.targets:
        try:
            texts.append(_describe_target(call, target, with_events))
        except StatusError as refusal:
            refusals.setdefault(str(refusal), refusal)
        else:
            if target.resource is NODE:
                refusals[_NO_SUMS] = NotSimulated(_NO_SUMS)
    call.say("\n\n".join(texts))
    raise_all(refusals.values())
    if not texts:
        call.complain(nothing_found(call))


def _describe_by_prefix(call: Call, with_events: bool) -> bool:
    """Describe the objects whose names begin with the missing name of TYPE NAME; return whether there are any."""
    kind, prefix = call.args
    all_of_type = Query(call, [kind], one_type=True).fetch()
    matches = [target for target in all_of_type if name_of(target.obj).startswith(prefix)]
    for target in matches:
        call.say(f"{_describe_target(call, target, with_events)}\n")  # written one by one, with no empty line between
    return bool(matches)


def _describe_target(call: Call, target: Target, with_events: bool) -> str:
    """The description of a target, whose object is fetched again, as by kubectl.

    Raises StatusError, also for a user who may list the objects but not get them.
    """
    resource = target.resource
    obj = call.api.get(*target.place)
    return describe(obj, related_lists(call, resource, obj, with_events), call.context.clock.now)
