"""kubectl describe. Mirrors k8s.io/kubectl pkg/cmd/describe/describe.go, v1.36."""

from __future__ import annotations

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import EVENT, Resource, find_resource
from kubesim.kubectl import describers as describers
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import refuse_if
from kubesim.kubectl.output import nothing_found
from kubesim.kubectl.selection import find_targets, select


@command("describe", asks_namespace=True, operands="types")
def describe(call: Call) -> None:
    refuse_if(
        not call.args and not call.flags["filename"],
        'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of '
        "supported resources.",
    )
    selection = select(call, call.args)
    objects, error = selection.objects, selection.error
    is_missing = isinstance(error, StatusError) and error.reason == "NotFound" and len(call.args) == 2
    if is_missing and (alike := _by_prefix(call)):
        call.say("".join([f"{text}\n" for text in _descriptions(call, alike, False)]))
        return
    call.say(describers.join(_descriptions(call, objects, len(objects) == 1 and not error)))
    if error:
        raise error
    if not objects:
        call.complain(nothing_found(call))


def _descriptions(call: Call, objects: list[tuple[Resource, Object]], is_alone: bool) -> list[str]:
    """Unless asked, kubectl looks for events only where a single object was asked for and found."""
    with_events = call.flags["show-events"] and (is_alone or "show-events" in call.given)
    return [_described(call, resource, obj, with_events) for resource, obj in objects]


def _by_prefix(call: Call) -> list[tuple[Resource, Object]]:
    """The objects whose names begin with the one that was not found."""
    kind, prefix = call.args
    (target,) = find_targets(call, [kind], one_type=True)
    try:
        listed = call.api.list(target.resource, target.namespace, user=call.user)
    except StatusError:
        return []
    return [(target.resource, obj) for obj in listed if name_of(obj).startswith(prefix)]


def _described(call: Call, resource: Resource, obj: Object, with_events: bool) -> str:
    related: dict[str, list[Object]] = {}
    for plural in describers.RELATED.get(resource.kind, ("events",)):
        if plural != "events" or with_events:
            related[plural] = _related(call, plural, obj)
    return describers.describe(obj, related, call.context.clock.now)


def _related(call: Call, plural: str, obj: Object) -> list[Object]:
    resource = find_resource(plural)
    if resource is None or not resource.readable:
        return []
    found = call.api.list(resource, namespace_of(obj) or None)
    if resource is EVENT:
        found = [event for event in found if event["involvedObject"].get("uid") == obj["metadata"]["uid"]]
    return found
