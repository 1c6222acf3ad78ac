"""Related objects that a description includes, such as a Pod's events, listed with the user's rights.

Mirrors k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import CONFIG_MAP, EVENT, LEASE, NAMESPACE, Resource, find_resource
from kubesim.kubectl.command import Call
from kubesim.kubectl.describers.common import RelatedLists
from kubesim.kubectl.describers.screens import screen_of

# A refused list ends the description, except for these pairs of an object's kind and a list's plural.
_OPTIONAL = {("Deployment", "replicasets")}  # the list counts as empty
_SHOWN_REFUSALS = {("Node", "leases"), ("ReplicaSet", "pods")}  # the description shows the refusal


def related_lists(call: Call, resource: Resource, obj: Object, with_events: bool) -> RelatedLists:
    """The lists that the screen of `obj` requires, without events unless `with_events`.

    Raises StatusError for a refused list that the description can't do without.
    """
    related: dict[str, list[Object] | StatusError] = {}
    for plural in screen_of(resource.kind).related:
        list_type = find_resource(plural)
        if list_type and (with_events or list_type is not EVENT):
            related[plural] = _list_related(call, list_type, resource, obj)
    return related


def _list_related(call: Call, list_type: Resource, resource: Resource, obj: Object) -> list[Object] | StatusError:
    """The objects of the type `list_type` for the description of `obj`, or a refusal to show. Raises StatusError."""
    namespace = name_of(obj) if resource is NAMESPACE else namespace_of(obj)
    try:
        if list_type is EVENT:
            return call.api.events_about(obj)
        if list_type is LEASE:
            call.api.authorize("get", LEASE, "kube-node-lease", name_of(obj))
            return []  # the Lease isn't stored as an object: only the right to read it counts
        return call.api.list(list_type, namespace or None)
    except StatusError as refusal:
        if (resource.kind, list_type.plural) in _SHOWN_REFUSALS:
            return refusal
        if (resource.kind, list_type.plural) in _OPTIONAL or (list_type is EVENT and resource is not CONFIG_MAP):
            return []
        raise
