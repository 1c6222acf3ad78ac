"""Validation of whole objects: their metadata, the rules of their kind, and the rules of their updates.

The modules here have the rules, fields.py their vocabulary. Objects are decoded and have their defaults. All problems
are reported at once, with upstream's messages. Mirrors kubernetes pkg/apis/*/validation and
pkg/registry/*/*/strategy.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kubesim.api.budget import Budget
from kubesim.api.content import Check, cron_job_name, dns_label, dns_subdomain, path_segment
from kubesim.api.errors import FieldError
from kubesim.api.objects import Object
from kubesim.api.resources import POD, Resource
from kubesim.cluster.apiserver.validation import pods, rbac, secrets, workloads
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.cluster.apiserver.validation.metadata import validate_object_meta, validate_object_meta_update

_VALIDATE: Mapping[str, Callable[[Field], None]] = {
    "ClusterRole": rbac.validate_role,
    "ClusterRoleBinding": rbac.validate_binding,
    "ConfigMap": secrets.validate_config_map,
    "ControllerRevision": workloads.validate_controller_revision,
    "CronJob": workloads.validate_cron_job,
    "DaemonSet": workloads.validate_daemon_set,
    "Deployment": workloads.validate_deployment,
    "Job": workloads.validate_job,
    "Pod": pods.validate_pod,
    "ReplicaSet": workloads.validate_replica_set,
    "Role": rbac.validate_role,
    "RoleBinding": rbac.validate_binding,
    "Secret": secrets.validate_secret,
    "StatefulSet": workloads.validate_stateful_set,
}
_VALIDATE_UPDATE: Mapping[str, Callable[[Field, Field], None]] = {
    "ClusterRoleBinding": rbac.validate_binding_update,
    "ConfigMap": secrets.validate_config_map_update,
    "ControllerRevision": workloads.validate_controller_revision_update,
    "DaemonSet": workloads.validate_selected_update,
    "Deployment": workloads.validate_selected_update,
    "Job": workloads.validate_job_update,
    "ReplicaSet": workloads.validate_selected_update,
    "RoleBinding": rbac.validate_binding_update,
    "Secret": secrets.validate_secret_update,
    "StatefulSet": workloads.validate_stateful_set_update,
}
# The form of names by kind; names of other kinds are DNS subdomains.
_NAMES: Mapping[str, Check] = {
    "ClusterRole": path_segment,
    "ClusterRoleBinding": path_segment,
    "CronJob": cron_job_name,
    "Namespace": dns_label,
    "Role": path_segment,
    "RoleBinding": path_segment,
    "Service": dns_label,
    "StatefulSet": dns_label,
}


def validate(resource: Resource, obj: Object) -> list[FieldError]:
    """The problems of a new object, [] for a valid one. A name from generateName must be set already."""
    new = Field([], "", obj)
    _validate_object(resource, new)
    spec = new.inner("spec")
    if resource is POD and spec.get("ephemeralContainers"):
        spec.forbidden("ephemeralContainers", "cannot be set on create")
    return new.errors


def validate_update(
    resource: Resource, obj: Object, old_obj: Object, budget: Budget, subresource: str = ""
) -> list[FieldError]:
    """The problems of a changed object, [] for a valid change. `subresource` is "ephemeralcontainers" or "".

    `budget` pays for the diff in the refusal of a Pod's change. Raises TooMuchError.
    """
    new = Field([], "", obj)
    old = Field([], "", old_obj)
    validate_object_meta_update(new, old)
    _validate_object(resource, new)
    if subresource:
        pods.validate_ephemeral_containers_update(new, old, budget)
    elif resource is POD:
        pods.validate_pod_update(new, old, budget)
    elif validate_change := _VALIDATE_UPDATE.get(resource.kind):
        validate_change(new, old)
    return list(dict.fromkeys(new.errors))


def _validate_object(resource: Resource, obj: Field) -> None:
    validate_object_meta(obj, resource.namespaced, _NAMES.get(resource.kind, dns_subdomain))
    if validate_kind := _VALIDATE.get(resource.kind):
        validate_kind(obj)
