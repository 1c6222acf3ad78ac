"""Validation of whole objects: one function a kind for a new object, one for what only a change can do wrong.

Mirrors kubernetes pkg/apis/*/validation, v1.36: what is wrong is reported in upstream's words, all at once. The objects
come decoded and with their defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kubesim.api import resources
from kubesim.api.errors import FieldError
from kubesim.api.objects import Object
from kubesim.api.resources import Resource
from kubesim.cluster.apiserver.validation import objects, pods, workloads
from kubesim.cluster.apiserver.validation.podupdate import pod_update
from kubesim.cluster.apiserver.validation.rules import Errors, dns_label, dns_subdomain, object_meta, object_meta_update

_CREATE: dict[Resource, Callable[[Object], Errors]] = {
    resources.CLUSTER_ROLE: partial(objects.role, namespaced=False),
    resources.CLUSTER_ROLE_BINDING: partial(objects.role_binding, namespaced=False),
    resources.CONFIG_MAP: objects.config_map,
    resources.NAMESPACE: partial(object_meta, namespaced=False, check=dns_label),
    resources.POD: pods.pod,
    resources.ROLE: partial(objects.role, namespaced=True),
    resources.ROLE_BINDING: partial(objects.role_binding, namespaced=True),
    resources.SECRET: objects.secret,
    resources.SERVICE: objects.service,
    **{kind: partial(workloads.workload, kind) for kind in workloads.WORKLOADS},
}

# What a change may not do, beside that the new object must be a good one.
_UPDATE: dict[Resource, Callable[[Object, Object], Errors]] = {
    resources.CLUSTER_ROLE_BINDING: objects.role_binding_update,
    resources.CONFIG_MAP: objects.config_map_update,
    resources.ROLE_BINDING: objects.role_binding_update,
    resources.SECRET: objects.secret_update,
    **{kind: partial(workloads.workload_update, kind) for kind in workloads.WORKLOADS},
}


def validate(resource: Resource, obj: Object) -> list[FieldError]:
    """What is wrong with a new object; its name must have been generated already. Of most types only that counts."""
    check = _CREATE.get(resource) or partial(object_meta, namespaced=resource.namespaced, check=dns_subdomain)
    return list(check(obj))


def validate_update(resource: Resource, new: Object, old: Object) -> list[FieldError]:
    if resource is resources.POD:
        return list(pod_update(new, old))
    change = _UPDATE.get(resource)
    found = [*object_meta_update(new, old), *validate(resource, new), *(change(new, old) if change else ())]
    return list(dict.fromkeys(found))


__all__ = ["validate", "validate_update"]
