"""Validation of whole objects: one function a kind for a new object, one for a change.

Mirrors kubernetes pkg/apis/*/validation, v1.36: what is wrong is told in upstream's order and words, all at once. The
objects come decoded and with their defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kubesim.api import resources
from kubesim.api.errors import FieldError
from kubesim.api.objects import Object
from kubesim.api.resources import Resource
from kubesim.cluster.apiserver.validation import data, pods, rbac, workloads
from kubesim.cluster.apiserver.validation.common import Errors, object_meta, object_meta_update
from kubesim.cluster.apiserver.validation.names import dns_label, dns_subdomain
from kubesim.cluster.apiserver.validation.podupdate import pod_update
from kubesim.cluster.apiserver.validation.services import service

_CREATE: dict[Resource, Callable[[Object], Errors]] = {
    resources.CLUSTER_ROLE: partial(rbac.role, namespaced=False),
    resources.CLUSTER_ROLE_BINDING: partial(rbac.role_binding, namespaced=False),
    resources.CONFIG_MAP: data.config_map,
    resources.NAMESPACE: partial(object_meta, namespaced=False, check=dns_label),
    resources.POD: pods.pod,
    resources.ROLE: partial(rbac.role, namespaced=True),
    resources.ROLE_BINDING: partial(rbac.role_binding, namespaced=True),
    resources.SECRET: data.secret,
    resources.SERVICE: service,
    **{kind: partial(workloads.workload, kind) for kind in workloads.WORKLOADS},
}

_UPDATE: dict[Resource, Callable[[Object, Object], Errors]] = {
    resources.CLUSTER_ROLE: partial(rbac.role_update, namespaced=False),
    resources.CLUSTER_ROLE_BINDING: partial(rbac.role_binding_update, namespaced=False),
    resources.CONFIG_MAP: data.config_map_update,
    resources.POD: pod_update,
    resources.ROLE: partial(rbac.role_update, namespaced=True),
    resources.ROLE_BINDING: partial(rbac.role_binding_update, namespaced=True),
    resources.SECRET: data.secret_update,
    **{kind: partial(workloads.workload_update, kind) for kind in workloads.WORKLOADS},
}


def validate(resource: Resource, obj: Object) -> list[FieldError]:
    """What is wrong with a new object; its name must have been generated already. Of most types only that counts."""
    check = _CREATE.get(resource) or partial(object_meta, namespaced=resource.namespaced, check=dns_subdomain)
    return list(check(obj))


def validate_update(resource: Resource, new: Object, old: Object) -> list[FieldError]:
    """What is wrong with changing `old`, as stored, into `new`."""
    check = _UPDATE.get(resource)
    return list(check(new, old)) if check else [*object_meta_update(new, old), *validate(resource, new)]


__all__ = ["validate", "validate_update"]
