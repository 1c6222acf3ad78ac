"""Changes of a Pod: hardly anything of its spec may change.

Mirrors ValidatePodUpdate in kubernetes pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.errors import field_forbidden, invalid_value
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.validation.common import Errors, each, invalid_each, needed, object_meta_update, struct
from kubesim.cluster.apiserver.validation.names import in_range
from kubesim.cluster.apiserver.validation.poddiff import spec_diff
from kubesim.cluster.apiserver.validation.pods import MAX_INT32, pod_metadata_and_spec, toleration, unpadded

_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
    "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)
_CONTAINER_LISTS = ("containers", "initContainers")


def pod_update(new: Object, old: Object) -> Errors:
    """A changed Pod."""
    spec, before = new.get("spec", {}), old.get("spec", {})
    yield from object_meta_update(new, old)
    yield from pod_metadata_and_spec(new)
    for name in _CONTAINER_LISTS:
        if len(spec.get(name, ())) != len(before.get(name, ())):
            yield field_forbidden(f"spec.{name}", "pod updates may not add or remove containers")
            return
        yield from each(_images)(f"spec.{name}", spec.get(name))
    problems = list(_deadline("spec.activeDeadlineSeconds", spec, before))
    yield from problems
    if problems and "activeDeadlineSeconds" in spec:
        return
    yield from _tolerations("spec.tolerations", spec.get("tolerations", ()), before.get("tolerations", ()))
    yield from _gates("spec.schedulingGates", spec.get("schedulingGates", ()), before.get("schedulingGates", ()))
    munged = _munged(spec, before)
    if munged != before:
        why = f"pod updates may not change fields other than {_UPDATABLE}\n{spec_diff(before, munged)}"
        yield field_forbidden("spec", why)


_images = struct(image=needed(unpadded))


def _deadline(field: str, spec: Object, before: Object) -> Errors:
    seconds, earlier = spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if seconds is None:
        if earlier is not None:
            yield invalid_value(field, None, "must not update from a positive integer to nil value")
    elif problems := in_range(seconds, 0, MAX_INT32):
        yield from invalid_each(field, seconds, problems)
    elif earlier is not None and earlier < seconds:
        yield invalid_value(field, seconds, "must be less than or equal to previous value")


def _without_seconds(toleration: Object) -> Object:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}


def _tolerations(field: str, new: Sequence[Object], old: Sequence[Object]) -> Errors:
    kept = [_without_seconds(toleration) for toleration in new]
    if any(_without_seconds(toleration) not in kept for toleration in old):
        yield field_forbidden(field, "existing toleration can not be modified except its tolerationSeconds")
    else:
        yield from each(toleration)(field, new)


def _gates(field: str, new: Sequence[Object], old: Sequence[Object]) -> Errors:
    for index, gate in enumerate(new):
        if gate.get("name") not in [other.get("name") for other in old]:
            why = f"only deletion is allowed, but found new scheduling gate '{gate.get('name', '')}'"
            yield field_forbidden(f"{field}[{index}].name", why)


def _munged(spec: Object, before: Object) -> Object:
    """The new spec with everything put back that may change."""
    kept = ("activeDeadlineSeconds", "schedulingGates", "tolerations")
    munged = {key: value for key, value in spec.items() if key not in kept}
    munged |= {key: before[key] for key in kept if key in before}
    for name in _CONTAINER_LISTS:
        if name in spec:
            pairs = zip(spec[name], before.get(name, ()), strict=True)
            munged[name] = [_with_image(container, earlier) for container, earlier in pairs]
    if before.get("terminationGracePeriodSeconds", 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        munged["terminationGracePeriodSeconds"] = before["terminationGracePeriodSeconds"]
    return munged


def _with_image(container: Object, earlier: Object) -> Object:
    return {**container, "image": earlier.get("image", "")}
