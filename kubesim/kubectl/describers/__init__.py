"""kubectl describe, and what it shows of an object: a pure function of the object, its related objects, and the time.

Mirrors k8s.io/kubectl pkg/{describe,cmd/describe}/describe.go, v1.36.
"""

from __future__ import annotations

from contextlib import suppress

from kubesim.api.clock import Micros
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import EVENT, Resource, find_resource
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.describers import others, pods, policies
from kubesim.kubectl.describers.screen import RELATED, Related, aligned, event_lines, part, screen_of
from kubesim.kubectl.output import nothing_found
from kubesim.kubectl.selection import Query, find_targets


def describe(obj: Object, related: Related, now: Micros) -> str:
    """The description of `obj`, ending in a newline.

    `related` holds the lists that RELATED names for its kind. Without "events" there is no events section, and what
    else is missing counts as not allowed to be listed.
    """
    has_events = "events" in RELATED.get(obj.get("kind", ""), ("events",))
    return aligned([*screen_of(obj, related, now), *event_lines(related.get("events") if has_events else None, now)])


def pod_template(template: Object) -> str:
    """A Pod template as `kubectl rollout history --revision` shows it: unlike a description, it is not aligned."""
    return "".join(f"{line}\n" for line in part("template", template))


@command("describe", asks_namespace=True, operands="types")
def describe_objects(call: Call) -> None:
    """Unless asked, kubectl looks for events only where a single object was asked for and found."""
    selection = Query(call, call.args).select()
    objects, error = selection.objects, selection.error
    is_missing = isinstance(error, StatusError) and error.reason == "NotFound" and len(call.args) == 2
    alike = _by_prefix(call) if is_missing else []
    is_alone = len(objects) == 1 and not error
    with_events = call.flags["show-events"] and (is_alone or "show-events" in call.given)
    texts = [_described(call, resource, obj, with_events) for resource, obj in alike or objects]
    call.say("".join(f"{text}\n" for text in texts) if alike else "\n\n".join(texts))
    if error and not alike:
        raise error
    if not texts:
        call.complain(nothing_found(call))


def _by_prefix(call: Call) -> list[tuple[Resource, Object]]:
    """The objects whose names begin with the one that was not found."""
    kind, prefix = call.args
    (target,) = find_targets(call, [kind], one_type=True)
    with suppress(StatusError):
        listed = call.api.list(target.resource, target.namespace, user=call.user)
        return [(target.resource, obj) for obj in listed if name_of(obj).startswith(prefix)]
    return []


def _described(call: Call, resource: Resource, obj: Object, with_events: bool) -> str:
    related: dict[str, list[Object]] = {}
    for plural in RELATED.get(resource.kind, ("events",)):
        found = find_resource(plural)
        if found and found is not EVENT:
            related[plural] = call.api.list(found, namespace_of(obj) or None)
        elif with_events:
            related[plural] = call.api.events_about(obj)
    return describe(obj, related, call.context.clock.now)


__all__ = ["RELATED", "describe", "others", "pod_template", "pods", "policies"]
