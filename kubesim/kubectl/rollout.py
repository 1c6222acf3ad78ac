"""kubectl rollout status, history, restart and undo.

The messages of each kind's rollout are data of its Resource. Mirrors k8s.io/kubectl pkg/cmd/rollout and
pkg/polymorphichelpers, v1.36, without pause and resume.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kubesim.api.errors import StatusError
from kubesim.api.objects import (
    CHANGE_CAUSE,
    LAST_APPLIED,
    ROLLOUT_ANNOTATIONS,
    Object,
    annotations_of,
    at,
    bare_template,
    clone,
    is_controlled_by,
    metadata,
    name_of,
    revision,
)
from kubesim.api.resources import CONTROLLER_REVISION, DEPLOYMENT, REPLICA_SET, RESOURCES, Resource
from kubesim.cluster.apiserver import Change
from kubesim.gotext import tabwriter
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.deletion import PATIENCE
from kubesim.kubectl.describers import pod_template
from kubesim.kubectl.errors import KubectlError, refuse_if, reworded
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import nothing_found, print_result
from kubesim.kubectl.selection import Query, follow

_RESTARTED = "kubectl.kubernetes.io/restartedAt"

_ROLLED_OUT = frozenset(resource.kind for resource in RESOURCES if resource.rollout)

_command = partial(
    command,
    asks_namespace=True,
    operands="types",
    kinds=_ROLLED_OUT,
    checks_format="last",
    is_typed=True,
    prints_alone=True,
)
# By revision, in ascending order, the objects that keep former Pod templates: ReplicaSets or ControllerRevisions.
_Revisions = dict[int, Object]
_APPLIED_BEFORE = (
    "Warning: resource {}/{} was previously managed with 'kubectl apply'. Rolling back will not update the "
    "kubectl.kubernetes.io/last-applied-configuration annotation, which may cause unexpected behavior on future "
    "'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.\n"
)


def _visit(call: Call, act: Callable[[Call, Target], None], refusal: str, reports_none: bool = True) -> None:
    """Call `act` with each object on the command line.

    `refusal` is the message for a kind without rollouts, with the fields {kind} and {object}. With `reports_none`,
    "No resources found" is printed if there is no object. Raises KubectlError.
    """
    refuse_if(not call.args and not call.flags["filename"], "required resource not specified")
    number = call.flags.get("revision", 0)
    refuse_if(number < 0, f"revision must be a positive integer: {number}")

    def act_on(target: Target) -> None:
        refuse_if(
            target.resource.kind not in call.command.traits.kinds,
            refusal.format(kind=target.resource.qualified_kind, object=_error_about(target)),
        )
        act(call, target)

    if not Query(call, call.args).visit(act_on) and reports_none:
        call.complain(nothing_found(call))


def _error_about(target: Target) -> str:
    return f'error: {target.resource.qualified} "{target.name}"'


@_command("rollout status")
def status(call: Call) -> None:
    _visit(call, _follow_rollout, "no status viewer has been implemented for {kind}")


def _follow_rollout(call: Call, target: Target) -> None:
    """Print the rollout's state now and after each change of the object, until it is done or --timeout has passed."""
    changes = [target.obj]  # states of the object that aren't printed yet
    finished = False
    follow(call, target)  # raises for a user without the right to watch the object

    def note(change: Change) -> None:
        changes.append(change.obj)

    stop = call.api.watch(target.resource, note, target.namespace, fields=f"metadata.name={target.name}")

    def done() -> bool:  # prints, too: the clock calls it between timers, so that the lines have the right order
        nonlocal finished
        while changes and not finished:
            new = changes.pop(0)
            if metadata(new)["uid"] == metadata(target.obj)["uid"]:
                line, finished = _state(target.resource, new)
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
    """kubectl's message about a rollout, and whether it is done. Raises KubectlError for one that can't finish."""
    rollout = resource.rollout
    assert rollout, "its kind is one of _ROLLED_OUT"
    if at(obj, "spec.updateStrategy.type") not in (None, "RollingUpdate"):
        raise KubectlError("rollout status is only available for RollingUpdate strategy type")
    if metadata(obj)["generation"] > obj["status"].get("observedGeneration", 0):
        return f"Waiting for {rollout.noun} spec update to be observed...\n", False
    if any(item.get("reason") == "ProgressDeadlineExceeded" for item in obj["status"].get("conditions", ())):
        raise KubectlError(f'deployment "{name_of(obj)}" exceeded its progress deadline')
    about = f'{rollout.noun} "{name_of(obj)}"'
    for wait in rollout.waits:
        low = _number(obj, wait.number)
        high = _number(obj, wait.expected) - (_number(obj, wait.less) if wait.less else 0)
        if low < high:
            return f"Waiting for {wait.message.format(about=about, low=low, high=high, gap=high - low)}...\n", False
    return rollout.done.format(about=about, updated=_number(obj, "status.updatedReplicas")), True


def _number(obj: Object, path: str) -> int:
    """The number at a path of the object, 0 if it is missing."""
    return int(at(obj, path) or 0)


def _history(call: Call, target: Target) -> _Revisions:
    """The revisions of a workload: ReplicaSets for a Deployment, ControllerRevisions for other kinds."""
    keeper_type = REPLICA_SET if target.resource is DEPLOYMENT else CONTROLLER_REVISION
    keepers = [item for item in call.api.list(keeper_type, target.namespace) if is_controlled_by(item, target.obj)]
    return dict(sorted((item.get("revision") or revision(item), item) for item in keepers))


def _template(keeper: Object) -> Object:
    """A copy of the Pod template in a ReplicaSet, or in the patch that a ControllerRevision stores as `data`."""
    holder = keeper.get("data", keeper)
    template: Object = clone(holder["spec"]["template"])
    template.pop("$patch", None)
    return template


@_command("rollout history", checks_format="second", prints_alone=False)
def history(call: Call) -> None:
    _visit(call, _show_history, 'no history viewer has been implemented for "{kind}"', reports_none=False)


def _show_history(call: Call, target: Target) -> None:
    """List the revisions, or show the Pod template of --revision."""
    revisions = _history(call, target)
    number = call.flags["revision"]
    refuse_if(number and number not in revisions, "unable to find the specified revision")
    if call.flags["output"]:
        keepers = [revisions[number]] if number else list(revisions.values())
        for keeper in keepers:
            _print_revision(call, target, keeper)
        return
    if number:
        text = f"with revision #{number}\n{_revision_text(target.resource, revisions[number])}"
    else:
        text = f"\n{_revision_table(revisions)}"
    if call.flags["template"]:  # --template without --output prints the workload instead of its revisions
        print_result(call, target.resource, target.obj, "")
    else:
        call.say(f"{target.printed} {text}\n")


def _print_revision(call: Call, target: Target, keeper: Object) -> None:
    """Print a revision in the format of --output: a ReplicaSet, or the workload with the revision's template."""
    if target.resource is DEPLOYMENT:
        print_result(call, REPLICA_SET, keeper, "")
    else:
        spec = {**target.obj["spec"], "template": _template(keeper)}
        print_result(call, target.resource, {**target.obj, "spec": spec}, "")


def _revision_text(resource: Resource, keeper: Object) -> str:
    """The Pod template of a revision as text, for a Deployment with the change-cause among the annotations."""
    template = _template(keeper)
    cause = annotations_of(keeper).get(CHANGE_CAUSE)
    if resource is DEPLOYMENT and cause:
        template["metadata"]["annotations"] = {**annotations_of(template), CHANGE_CAUSE: cause}
    return pod_template(template)


def _revision_table(revisions: _Revisions) -> str:
    rows = [["REVISION", "CHANGE-CAUSE"]]
    for number, keeper in revisions.items():
        rows.append([str(number), annotations_of(keeper).get(CHANGE_CAUSE) or "<none>"])
    return tabwriter.format(rows, minwidth=0, padding=2)


@_command("rollout restart")
def restart(call: Call) -> None:
    _visit(call, _restart, "{object} restarting is not supported")


def _restart(call: Call, target: Target) -> None:
    """Set an annotation of the Pod template to now, so that the controller replaces all Pods."""
    spec = target.obj["spec"]
    refuse_if(spec.get("paused"), f"{_error_about(target)} can't restart paused deployment (run rollout resume first)")
    now = call.context.clock.timestamp()
    if annotations_of(spec["template"]).get(_RESTARTED) == now:
        raise KubectlError(
            f"failed to create patch for {target.name}: if restart has already been triggered within the past second, "
            "please wait before attempting to trigger another"
        )
    _patch(call, target, {"template": {"metadata": {"annotations": {_RESTARTED: now}}}}, "restarted")


def _patch(call: Call, target: Target, change_of_spec: Object, operation: str) -> None:
    """Send a merge patch of the spec, and report the operation."""
    with reworded(StatusError, "failed to patch: "):
        new = call.api.patch(*target.place, {"spec": change_of_spec}, "merge")
    print_result(call, target.resource, new, operation)


@_command("rollout undo")
def undo(call: Call) -> None:
    _visit(call, _undo, 'no rollbacker has been implemented for "{kind}"', reports_none=False)


def _undo(call: Call, target: Target) -> None:
    """Restore the Pod template of --to-revision, or of the revision before the last."""
    obj = target.obj
    if LAST_APPLIED in annotations_of(obj):
        call.complain(_APPLIED_BEFORE.format(target.resource.plural, target.name))
    number = call.flags["to-revision"]
    old = _revision_before(target, _history(call, target), number)
    if call.dry_run == "client":
        head = "" if target.resource is DEPLOYMENT else "will roll back to "
        print_result(call, target.resource, obj, head + pod_template(_template(old)))
        return
    refuse_if(
        obj["spec"].get("paused"),
        "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
    )
    print_result(call, target.resource, obj, _roll_back(call, target, old, number))


def _roll_back(call: Call, target: Target, old: Object, number: int) -> str:
    """Update a workload to the template of the revision `old`; return the operation for the report.

    A Deployment also gets the old annotations, except for those that belong to rollouts. `number` is --to-revision,
    which appears in the report even if it is 0.
    """
    obj = target.obj
    template = bare_template({"spec": {"template": _template(old)}})
    if template == obj["spec"]["template"]:
        return f"skipped rollback (current template already matches revision {number})"
    new = {**obj, "spec": {**obj["spec"], "template": template}}
    if target.resource is DEPLOYMENT:
        kept = {key: text for key, text in annotations_of(obj).items() if key in ROLLOUT_ANNOTATIONS}
        restored = {key: text for key, text in annotations_of(old).items() if key not in ROLLOUT_ANNOTATIONS}
        new["metadata"] = {**obj["metadata"], "annotations": kept | restored}
    call.api.update(target.resource, new, call.request(), verb="patch")
    return "rolled back"


def _revision_before(target: Target, revisions: _Revisions, number: int) -> Object:
    """The revision with this number; for 0, the one before the last. Raises KubectlError if there is none."""
    if number:
        refuse_if(number not in revisions, f"unable to find specified revision {number} in history")
        return revisions[number]
    if len(revisions) > 1:
        return list(revisions.values())[-2]
    if target.resource is DEPLOYMENT:
        raise KubectlError(f'no rollout history found for deployment "{target.name}"')
    raise KubectlError("no last revision to roll back to")
