"""kubectl rollout. Mirrors k8s.io/kubectl pkg/cmd/rollout and pkg/polymorphichelpers, v1.36."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from kubesim.api.errors import StatusError
from kubesim.api.objects import (
    LAST_APPLIED,
    ROLLOUT_ANNOTATIONS,
    Object,
    at,
    bare_template,
    clone,
    is_owned_by,
    metadata,
    name_of,
    namespace_of,
    revision,
)
from kubesim.api.resources import CONTROLLER_REVISION, DEPLOYMENT, REPLICA_SET, RESOURCES, Resource
from kubesim.gotext import tabwriter
from kubesim.kubectl.change import CHANGE_CAUSE
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.deletion import PATIENCE
from kubesim.kubectl.describers import pod_template
from kubesim.kubectl.errors import KubectlError, refuse_if, reworded
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query, Target, follow

_RESTARTED = "kubectl.kubernetes.io/restartedAt"

_ROLLED_OUT = frozenset(resource.kind for resource in RESOURCES if resource.rollout)

_Act = Callable[[Call, Resource, Object], None]


def _rollout(
    word: str, refusal: str, kinds: Collection[str] = _ROLLED_OUT, reports_none: bool = False, **more: Any
) -> Callable[[_Act], _Act]:
    """Register what a command does with every object that is named, and how it refuses those of other kinds."""

    def register(act: _Act) -> _Act:
        def run(call: Call) -> None:
            refuse_if(not call.args and not call.flags["filename"], "required resource not specified")

            def act_on(target: Target, obj: Object) -> None:
                resource = target.resource
                if resource.kind not in kinds:
                    raise KubectlError(refusal.format(kind=resource.qualified_kind, object=_named(resource, obj)))
                act(call, resource, obj)

            if not Query(call, call.args).visit(act_on) and reports_none:
                call.complain(f"No resources found in {call.namespace} namespace.\n")

        usual = {"asks_namespace": True, "prints_last": True, "operands": "types", "kinds": kinds}
        command(f"rollout {word}", **{**usual, **more})(run)
        return act

    return register


def _named(resource: Resource, obj: Object) -> str:
    return f'error: {resource.qualified} "{name_of(obj)}"'


@_rollout("status", "no status viewer has been implemented for {kind}", reports_none=True)
def _follow(call: Call, resource: Resource, obj: Object) -> None:
    """Say the state of the rollout after each change of the object until it is done, at most for --timeout."""
    seen, finished = [obj], False
    namespace, name = namespace_of(obj), name_of(obj)
    follow(call, resource, namespace, name)
    stop = call.api.watch(resource, lambda change: seen.append(change.obj), namespace, fields=f"metadata.name={name}")

    def done() -> bool:
        nonlocal finished
        while seen and not finished:
            new = seen.pop(0)
            if metadata(new)["uid"] == metadata(obj)["uid"]:
                line, finished = _state(resource, new)
                call.say(line)
        return finished

    try:
        if not call.flags["watch"]:
            done()
        elif not call.wait_until(done, call.flags["timeout"] or PATIENCE):
            raise KubectlError("timed out waiting for the condition")
    finally:
        stop()


def _state(resource: Resource, obj: Object) -> tuple[str, bool]:
    """kubectl's message on a rollout, and whether it is done. Raises KubectlError for one that will not be."""
    assert resource.rollout, "its kind is one of _ROLLED_OUT"
    noun, waits, done = resource.rollout
    if at(obj, "spec.updateStrategy.type") not in (None, "RollingUpdate"):
        raise KubectlError("rollout status is only available for RollingUpdate strategy type")
    if metadata(obj)["generation"] > obj["status"].get("observedGeneration", 0):
        return f"Waiting for {noun} spec update to be observed...\n", False
    if any(item.get("reason") == "ProgressDeadlineExceeded" for item in obj["status"].get("conditions", ())):
        raise KubectlError(f'deployment "{name_of(obj)}" exceeded its progress deadline')
    about = f'{noun} "{name_of(obj)}"'
    for few, many, text in waits:
        low, high = _count(obj, few), _count(obj, many)
        if low < high:
            return f"Waiting for {text.format(about=about, low=low, high=high, gap=high - low)}...\n", False
    return done.format(about=about, updated=_count(obj, "status.updatedReplicas")), True


def _count(obj: Object, terms: str) -> int:
    """A number of the object, or the difference of two."""
    first, *others = [int(at(obj, path) or 0) for path in terms.split(" - ")]
    return first - sum(others)


def _history(call: Call, resource: Resource, obj: Object) -> dict[int, Object]:
    """What keeps the templates that an object has had, by revision."""
    keeper = REPLICA_SET if resource is DEPLOYMENT else CONTROLLER_REVISION
    keepers = call.api.list(keeper, namespace_of(obj))
    numbers = {item.get("revision") or revision(item): item for item in keepers if is_owned_by(item, obj)}
    return dict(sorted(numbers.items()))


def _template(kept: Object) -> Object:
    template: Object = clone(kept.get("data", kept)["spec"]["template"])
    template.pop("$patch", None)
    return template


@_rollout("history", 'no history viewer has been implemented for "{kind}"', prints_last=False)
def _show_history(call: Call, resource: Resource, obj: Object) -> None:
    revisions, number = _history(call, resource, obj), call.flags["revision"]
    refuse_if(number < 0, f"revision must be a positive integer: {number}")
    refuse_if(number and number not in revisions, "unable to find the specified revision")
    text = f"\n{_revision_table(revisions)}"
    if number:
        text = f"with revision #{number}\n{_revision_text(resource, revisions[number])}"
    call.say(f"{resource.printed}/{name_of(obj)} {text}\n")


def _revision_text(resource: Resource, keeper: Object) -> str:
    """The Pod template of a revision, for a Deployment with the cause of the change among its annotations."""
    template = _template(keeper)
    cause = (metadata(keeper).get("annotations") or {}).get(CHANGE_CAUSE)
    if resource is DEPLOYMENT and cause:
        annotations = metadata(template).get("annotations") or {}
        template["metadata"]["annotations"] = {**annotations, CHANGE_CAUSE: cause}
    return pod_template(template)


def _revision_table(revisions: dict[int, Object]) -> str:
    rows = [["REVISION", "CHANGE-CAUSE"]]
    for number, replica_set in revisions.items():
        rows.append([str(number), metadata(replica_set).get("annotations", {}).get(CHANGE_CAUSE) or "<none>"])
    return tabwriter.format(rows, minwidth=0, padding=2)


@_rollout("restart", "{object} restarting is not supported", reports_none=True)
def _restart(call: Call, resource: Resource, obj: Object) -> None:
    """Give the Pod template a new annotation, so that all Pods are replaced."""
    now = call.context.clock.timestamp()
    if obj["spec"].get("paused"):
        raise KubectlError(f"{_named(resource, obj)} can't restart paused deployment (run rollout resume first)")
    if metadata(obj["spec"]["template"]).get("annotations", {}).get(_RESTARTED) == now:
        wait = "please wait before attempting to trigger another"
        again = f"if restart has already been triggered within the past second, {wait}"
        raise KubectlError(f"failed to create patch for {name_of(obj)}: {again}")
    change = {"metadata": {"annotations": {_RESTARTED: now}}}
    _patch(call, resource, obj, {"spec": {"template": change}}, "restarted")


def _patch(call: Call, resource: Resource, obj: Object, change: Object, operation: str) -> None:
    with reworded(StatusError, "failed to patch: "):
        new = call.api.patch(resource, namespace_of(obj), name_of(obj), change, "merge")
    print_result(call, resource, new, operation, typed=True, is_alone=True)


def _pauser(word: str, verb: str, is_paused: bool | None, refusal: str) -> None:
    @_rollout(word, f"{{object}} {verb} is not supported", ("Deployment",), reports_none=True)
    def set_paused(call: Call, resource: Resource, obj: Object) -> None:
        if bool(obj["spec"].get("paused")) is bool(is_paused):
            raise KubectlError(f"{_named(resource, obj)} {refusal}")
        _patch(call, resource, obj, {"spec": {"paused": is_paused}}, f"{word}d")


_pauser("pause", "pausing", True, "is already paused")
_pauser("resume", "resuming", None, "is not paused")


@_rollout("undo", 'no rollbacker has been implemented for "{kind}"', asks_namespace=False)
def _undo(call: Call, resource: Resource, obj: Object) -> None:
    if LAST_APPLIED in metadata(obj).get("annotations", {}):
        call.complain(_APPLIED_BEFORE.format(resource.plural, name_of(obj)))
    number = call.flags["to-revision"]
    old = _revision_before(resource, obj, _history(call, resource, obj), number)
    paused = "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again"
    refuse_if(obj["spec"].get("paused"), paused)
    operation = _roll_back(call, resource, obj, old, number)
    print_result(call, resource, obj, operation, typed=True, is_alone=True)


_APPLIED_BEFORE = (
    "Warning: resource {}/{} was previously managed with 'kubectl apply'. Rolling back will not update the "
    "kubectl.kubernetes.io/last-applied-configuration annotation, which may cause unexpected behavior on future "
    "'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.\n"
)


def _roll_back(call: Call, resource: Resource, obj: Object, old: Object, number: int) -> str:
    """Give the object an old template, and a Deployment the old annotations; return what was done."""
    template = bare_template({"spec": {"template": _template(old)}})
    if template == obj["spec"]["template"]:
        return f"skipped rollback (current template already matches revision {number})"
    new = {**obj, "spec": {**obj["spec"], "template": template}}
    if resource is DEPLOYMENT:
        now, before = (metadata(item).get("annotations", {}) for item in (obj, old))
        annotations = {key: value for key, value in now.items() if key in ROLLOUT_ANNOTATIONS}
        annotations |= {key: value for key, value in before.items() if key not in ROLLOUT_ANNOTATIONS}
        new["metadata"] = {**obj["metadata"], "annotations": annotations}
    call.api.update(resource, new, **call.request(), verb="patch")
    return "rolled back"


def _revision_before(resource: Resource, obj: Object, revisions: dict[int, Object], number: int) -> Object:
    """What keeps the revision of a number, or for 0 the one before the last."""
    unknown = f"unable to find specified revision {number} in history"
    refuse_if(number and number not in revisions, unknown)
    if not number and len(revisions) < 2:
        none = "no last revision to roll back to"
        if resource is DEPLOYMENT:
            none = f'no rollout history found for deployment "{name_of(obj)}"'
        raise KubectlError(none)
    return revisions[number or sorted(revisions)[-2]]
