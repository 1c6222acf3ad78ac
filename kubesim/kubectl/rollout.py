"""kubectl rollout. Mirrors k8s.io/kubectl pkg/cmd/rollout and pkg/polymorphichelpers, v1.36."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, clone, is_owned_by, metadata, name_of, namespace_of, revision
from kubesim.api.resources import DEPLOYMENT, REPLICA_SET, Resource
from kubesim.gotext import tabwriter
from kubesim.kubectl import describers as describers
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, command, number, switch
from kubesim.kubectl.errors import KubectlError, Several, failures
from kubesim.kubectl.formats.json_ import LAST_APPLIED
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query

_CAUSE = "kubernetes.io/change-cause"
_HASH = "pod-template-hash"
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
# Annotations that a Deployment keeps when it goes back to an earlier revision.
_OWN = (
    LAST_APPLIED,
    *(
        f"deployment.kubernetes.io/{key}"
        for key in ("revision", "revision-history", "desired-replicas", "max-replicas")
    ),
)
PATIENCE = 3600.0
_APPLIED = (
    "Warning: resource deployments/{} was previously managed with 'kubectl apply'. Rolling back will not update the "
    + LAST_APPLIED
    + " annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using "
    "'kubectl apply' with your previous configuration file instead.\n"
)

_WHICH = (*flags.FILENAME, *flags.SELECTOR)
_CHANGES = (*_WHICH, *flags.OUTPUT, flags.field_manager("kubectl-rollout"))


def _require_resource(call: Call) -> None:
    if not call.args and not call.flags["filename"]:
        raise KubectlError("required resource not specified")


def _check_revision(call: Call) -> None:
    if call.flags["revision"] < 0:
        raise KubectlError(f"revision must be a positive integer: {call.flags['revision']}")


def _each(call: Call, verb: str, act: Callable[[Object], None], says_nothing_found: bool = False) -> None:
    """Do something with every Deployment that is named. What goes wrong is told at the end, also of other types."""
    query = Query(call, call.args)
    if verb == "history viewer" and call.flags["output"]:
        call.output_format()

    def act_on(resource: Resource, obj: Object) -> None:
        if resource is not DEPLOYMENT:
            raise KubectlError(_unsupported(resource, obj, verb))
        act(obj)

    count = _change(query, act_on) if verb.endswith("ing") else query.visit(lambda at, obj: act_on(at.resource, obj))
    if says_nothing_found and not count:
        call.complain(f"No resources found in {call.namespace} namespace.\n")


def _change(query: Query, act_on: Callable[[Resource, Object], None]) -> int:
    """Fetch everything, and then do something with each; return how many there were."""
    selection = query.select()
    count, errors = failures(selection.objects, lambda found: act_on(*found))
    if selection.error or errors:
        raise Several([*selection.errors, *errors])
    return count


def _unsupported(resource: Resource, obj: Object, verb: str) -> str:
    if verb.endswith("ing"):
        return _of(resource, obj, f"{verb} is not supported")
    kind = resource.qualified_kind if verb == "status viewer" else f'"{resource.qualified_kind}"'
    return f"no {verb} has been implemented for {kind}"


def _of(resource: Resource, obj: Object, problem: str) -> str:
    return f'error: {resource.qualified} "{name_of(obj)}" {problem}'


@command(
    "rollout status",
    "(TYPE NAME | TYPE/NAME) [flags]",
    "Show the status of the rollout",
    _WHICH,
    flags.TIMEOUT,
    switch("watch", "w", "Wait until the rollout is done.", True),
    number("revision", "", "Only while this revision is rolled out."),
    example="  kubectl rollout status deployment/web",
    check=_require_resource,
    is_typed=True,
    order=("arguments", "namespace", "client"),
)
def status(call: Call) -> None:
    """Follow a rollout to its end."""
    _check_revision(call)
    _each(call, "status viewer", lambda deployment: _follow(call, deployment), says_nothing_found=True)


def _follow(call: Call, deployment: Object) -> None:
    """Say the state of the rollout after each change of the Deployment until it is done, at most for --timeout."""
    seen, finished = [deployment], False
    stop = call.api.subscribe(lambda change: seen.append(change.obj), DEPLOYMENT)

    def done() -> bool:
        nonlocal finished
        while seen and not finished:
            obj = seen.pop(0)
            if metadata(obj)["uid"] == metadata(deployment)["uid"]:
                line, finished = _rollout_state(obj, call.flags["revision"])
                call.say(line)
        return finished

    try:
        if not call.flags["watch"]:
            done()
        elif not call.wait_until(done, call.flags["timeout"] or PATIENCE):
            raise KubectlError("timed out waiting for the condition")
    finally:
        stop()


def _rollout_state(deployment: Object, asked: int) -> tuple[str, bool]:
    """As DeploymentStatusViewer.Status. Raises KubectlError when the deadline has passed, or for another revision."""
    if asked and asked != revision(deployment):
        running = revision(deployment)
        raise KubectlError(f"desired revision ({asked}) is different from the running revision ({running})")
    name, wanted, now = name_of(deployment), deployment["spec"]["replicas"], deployment["status"]
    if metadata(deployment)["generation"] > now.get("observedGeneration", 0):
        return "Waiting for deployment spec update to be observed...\n", False
    if any(item.get("reason") == "ProgressDeadlineExceeded" for item in now.get("conditions", ())):
        raise KubectlError(f'deployment "{name}" exceeded its progress deadline')
    updated, total, available = (now.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas"))
    waiting = f'Waiting for deployment "{name}" rollout to finish: '
    if updated < wanted:
        return f"{waiting}{updated} out of {wanted} new replicas have been updated...\n", False
    if total > updated:
        return f"{waiting}{total - updated} old replicas are pending termination...\n", False
    if available < updated:
        return f"{waiting}{available} of {updated} updated replicas are available...\n", False
    return f'deployment "{name}" successfully rolled out\n', True


def _history(call: Call, deployment: Object) -> dict[int, Object]:
    owned = [
        item
        for item in call.api.list(REPLICA_SET, namespace_of(deployment), user=call.user)
        if is_owned_by(item, deployment)
    ]
    revisions = {revision(item): item for item in owned}
    return dict(sorted(revisions.items()))


@command(
    "rollout history",
    "(TYPE NAME | TYPE/NAME) [flags]",
    "View rollout history",
    _WHICH,
    flags.OUTPUT,
    number("revision", "", "Show the Pod template of this revision."),
    example="  kubectl rollout history deployment/web",
    check=_require_resource,
    is_typed=True,
    order=("arguments", "namespace"),
)
def history(call: Call) -> None:
    """Show the revisions of a Deployment, or one of them."""
    _check_revision(call)
    _each(call, "history viewer", lambda deployment: _show_history(call, deployment))


def _show_history(call: Call, deployment: Object) -> None:
    revisions, wanted = _history(call, deployment), call.flags["revision"]
    if wanted and wanted not in revisions:
        raise KubectlError("unable to find the specified revision")
    if call.flags["output"]:
        for number_ in [wanted] if wanted else revisions:
            print_result(call, REPLICA_SET, revisions[number_], "", typed=True)
        return
    shown, title = _revision_table(revisions), ""
    if wanted:
        shown, title = describers.pod_template(revisions[wanted]["spec"]["template"]), f"with revision #{wanted}"
    print_result(call, DEPLOYMENT, deployment, f"{title}\n{shown}", typed=True)


def _revision_table(revisions: dict[int, Object]) -> str:
    rows = [["REVISION", "CHANGE-CAUSE"]]
    for number_, replica_set in revisions.items():
        rows.append([str(number_), metadata(replica_set).get("annotations", {}).get(_CAUSE) or "<none>"])
    return tabwriter.format(rows, minwidth=0, padding=2)


@command(
    "rollout restart",
    "RESOURCE",
    "Restart a resource",
    _CHANGES,
    example="  kubectl rollout restart deployment/web",
    check=_require_resource,
    is_typed=True,
    order=("arguments", "namespace"),
)
def restart(call: Call) -> None:
    """Give the Pod template a new annotation, so that all Pods are made anew."""
    now = call.context.clock.timestamp()

    def act(deployment: Object) -> None:
        if deployment["spec"].get("paused"):
            problem = "can't restart paused deployment (run rollout resume first)"
            raise KubectlError(_of(DEPLOYMENT, deployment, problem))
        annotations = metadata(deployment["spec"]["template"]).get("annotations", {})
        if annotations.get(_RESTARTED) == now:
            raise KubectlError(
                f"failed to create patch for {name_of(deployment)}: if restart has already been triggered within the "
                "past second, please wait before attempting to trigger another"
            )
        change = {"metadata": {"annotations": {_RESTARTED: now}}}
        _patch(call, deployment, {"spec": {"template": change}}, "restarted")

    _each(call, "restarting", act, says_nothing_found=True)


def _patch(call: Call, deployment: Object, change: Object, operation: str) -> None:
    namespace, name = namespace_of(deployment), name_of(deployment)
    try:
        new = call.api.patch(DEPLOYMENT, namespace, name, change, "merge", user=call.user)
    except StatusError as error:
        raise KubectlError(f"failed to patch: {error.message}") from None
    print_result(call, DEPLOYMENT, new, operation, typed=True, is_alone=True)


def _set_paused(call: Call, verb: str, is_paused: bool | None, refusal: str, operation: str) -> None:
    def act(deployment: Object) -> None:
        if bool(deployment["spec"].get("paused")) is bool(is_paused):
            raise KubectlError(_of(DEPLOYMENT, deployment, refusal))
        _patch(call, deployment, {"spec": {"paused": is_paused}}, operation)

    _each(call, verb, act, says_nothing_found=True)


@command(
    "rollout pause",
    "RESOURCE",
    "Mark the provided resource as paused",
    _CHANGES,
    check=_require_resource,
    is_typed=True,
    order=("arguments", "namespace"),
)
def pause(call: Call) -> None:
    """Stop rolling out changes of a Deployment."""
    _set_paused(call, "pausing", True, "is already paused", "paused")


@command(
    "rollout resume",
    "RESOURCE",
    "Resume a paused resource",
    _CHANGES,
    check=_require_resource,
    is_typed=True,
    order=("arguments", "namespace"),
)
def resume(call: Call) -> None:
    """Go on rolling out changes of a Deployment."""
    _set_paused(call, "resuming", None, "is not paused", "resumed")


@command(
    "rollout undo",
    "(TYPE NAME | TYPE/NAME) [flags]",
    "Undo a previous rollout",
    _WHICH,
    flags.DRY_RUN,
    flags.OUTPUT,
    number("to-revision", "", "The revision to go back to; 0 is the one before."),
    is_typed=True,
    order=("dry-run", "namespace"),
    example="  kubectl rollout undo deployment/web",
)
def undo(call: Call) -> None:
    """Give a Deployment the Pod template of an earlier revision."""
    dry_run = call.dry_run()
    _require_resource(call)
    _each(call, "rollbacker", lambda deployment: _undo(call, deployment, dry_run))


def _undo(call: Call, deployment: Object, dry_run: str) -> None:
    if LAST_APPLIED in metadata(deployment).get("annotations", {}):
        call.complain(_APPLIED.format(name_of(deployment)))
    wanted = call.flags["to-revision"]
    old = _revision_before(deployment, _history(call, deployment), wanted)
    if dry_run == "client":
        operation = describers.pod_template(old["spec"]["template"])
    elif deployment["spec"].get("paused"):
        raise KubectlError(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again"
        )
    else:
        operation = _roll_back(call, deployment, old, wanted, dry_run)
    print_result(call, DEPLOYMENT, deployment, operation, dry_run, typed=True, is_alone=True)


def _roll_back(call: Call, deployment: Object, old: Object, wanted: int, dry_run: str) -> str:
    """Give the Deployment the template and the annotations of an old ReplicaSet; return what was done."""
    template: Object = clone(old["spec"]["template"])
    template.get("metadata", {}).get("labels", {}).pop(_HASH, None)
    if template == deployment["spec"]["template"]:
        return f"skipped rollback (current template already matches revision {wanted})"
    kept, taken = (metadata(obj).get("annotations", {}) for obj in (deployment, old))
    annotations = {key: value for key, value in kept.items() if key in _OWN}
    annotations |= {key: value for key, value in taken.items() if key not in _OWN}
    new = {**deployment, "metadata": {**deployment["metadata"], "annotations": annotations}}
    new["spec"] = {**deployment["spec"], "template": template}
    call.api.update(DEPLOYMENT, new, **call.request(dry_run), verb="patch")
    return "rolled back"


def _revision_before(deployment: Object, revisions: dict[int, Object], wanted: int) -> Object:
    if wanted and wanted not in revisions:
        raise KubectlError(f"unable to find specified revision {wanted} in history")
    if not wanted and len(revisions) < 2:
        raise KubectlError(f'no rollout history found for deployment "{name_of(deployment)}"')
    return revisions[wanted or sorted(revisions)[-2]]
