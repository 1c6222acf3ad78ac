"""kubectl rollout. Mirrors k8s.io/kubectl pkg/cmd/rollout and pkg/polymorphichelpers, v1.36."""

from __future__ import annotations

from kubesim import describe as describers
from kubesim import tabwriter
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, command, number, switch
from kubesim.kubectl.errors import KubectlError, raise_all
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Target, find_targets, select
from kubesim.objects import Object, clone, is_owned_by, metadata, name_of, namespace_of, revision
from kubesim.resources import DEPLOYMENT, REPLICA_SET, Resource

_CAUSE = "kubernetes.io/change-cause"
_HASH = "pod-template-hash"
PATIENCE = 3600.0

_WHICH = (*flags.FILENAME, *flags.SELECTOR)
_CHANGES = (*_WHICH, *flags.OUTPUT, flags.field_manager("kubectl-rollout"))


def _require_resource(call: Call) -> None:
    if not call.args and not call.flags["filename"]:
        raise KubectlError("required resource not specified")


def _check_revision(call: Call) -> None:
    if call.flags["revision"] < 0:
        raise KubectlError(f"revision must be a positive integer: {call.flags['revision']}")


def _targets(call: Call) -> list[Target]:
    targets, errors = find_targets(call, call.args, needs_name=False)
    raise_all(errors)
    return targets


def _deployments(call: Call, verb: str) -> list[Object]:
    _targets(call)
    selection = select(call, call.args)
    raise_all(selection.errors)
    for resource, obj in selection.objects:
        if resource is not DEPLOYMENT:
            raise KubectlError(_unsupported(resource, obj, verb))
    return [obj for _, obj in selection.objects]


def _unsupported(resource: Resource, obj: Object, verb: str) -> str:
    if verb.endswith("ing"):
        return f'{resource.qualified} "{name_of(obj)}" {verb} is not supported'
    kind = resource.qualified_kind if verb == "status viewer" else f'"{resource.qualified_kind}"'
    return f"no {verb} has been implemented for {kind}"


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
)
def status(call: Call) -> None:
    """Follow a rollout to its end."""
    _check_revision(call)
    for deployment in _deployments(call, "status viewer"):
        _follow(call, deployment)


def _follow(call: Call, deployment: Object) -> None:
    """Say each new state of the rollout until it is done, at most for --timeout."""
    said = ""

    def done() -> bool:
        nonlocal said
        current = call.api.get(DEPLOYMENT, namespace_of(deployment), name_of(deployment))
        line, finished = _rollout_state(current)
        if line != said:
            call.say(line)
            said = line
        return finished

    if not call.flags["watch"]:
        done()
    elif not call.wait_until(done, call.flags["timeout"] or PATIENCE):
        raise KubectlError("timed out waiting for the condition")


def _rollout_state(deployment: Object) -> tuple[str, bool]:
    """As DeploymentStatusViewer.Status. Raises KubectlError when the deadline has passed."""
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
)
def history(call: Call) -> None:
    """Show the revisions of a Deployment, or one of them."""
    _check_revision(call)
    for deployment in _deployments(call, "history viewer"):
        revisions = _history(call, deployment)
        wanted = call.flags["revision"]
        title = f"deployment.apps/{name_of(deployment)}"
        if not wanted:
            call.say(f"{title} \n{_revision_table(revisions)}\n")
        elif wanted not in revisions:
            raise KubectlError("unable to find the specified revision")
        else:
            template = describers.pod_template(revisions[wanted]["spec"]["template"])
            call.say(f"{title} with revision #{wanted}\n{template}\n")


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
)
def restart(call: Call) -> None:
    """Give the Pod template a new annotation, so that all Pods are made anew."""
    now = call.context.clock.timestamp()
    change = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": now}}}
    for deployment in _deployments(call, "restarting"):
        _patch(call, deployment, {"spec": {"template": change}}, "restarted")


def _patch(call: Call, deployment: Object, change: Object, operation: str) -> None:
    namespace, name = namespace_of(deployment), name_of(deployment)
    new = call.api.patch(DEPLOYMENT, namespace, name, change, "merge", user=call.user)
    print_result(call, DEPLOYMENT, new, operation)


@command("rollout pause", "RESOURCE", "Mark the provided resource as paused", _CHANGES, check=_require_resource)
def pause(call: Call) -> None:
    """Stop rolling out changes of a Deployment."""
    for deployment in _deployments(call, "pausing"):
        if deployment["spec"].get("paused"):
            raise KubectlError(f'deployments.apps "{name_of(deployment)}" is already paused')
        _patch(call, deployment, {"spec": {"paused": True}}, "paused")


@command("rollout resume", "RESOURCE", "Resume a paused resource", _CHANGES, check=_require_resource)
def resume(call: Call) -> None:
    """Go on rolling out changes of a Deployment."""
    for deployment in _deployments(call, "resuming"):
        if not deployment["spec"].get("paused"):
            raise KubectlError(f'deployments.apps "{name_of(deployment)}" is not paused')
        _patch(call, deployment, {"spec": {"paused": None}}, "resumed")


@command(
    "rollout undo",
    "(TYPE NAME | TYPE/NAME) [flags]",
    "Undo a previous rollout",
    _WHICH,
    flags.DRY_RUN,
    flags.OUTPUT,
    number("to-revision", "", "The revision to go back to; 0 is the one before."),
    example="  kubectl rollout undo deployment/web",
    is_late=True,
)
def undo(call: Call) -> None:
    """Give a Deployment the Pod template of an earlier revision."""
    dry_run = call.dry_run()
    _require_resource(call)
    for deployment in _deployments(call, "rollbacker"):
        template = _template_of(deployment, _history(call, deployment), call.flags["to-revision"])
        if deployment["spec"].get("paused"):
            raise KubectlError(
                'you cannot rollback a paused deployment; resume it first with "kubectl rollout resume" and try again'
            )
        if template == deployment["spec"]["template"]:
            print_result(call, DEPLOYMENT, deployment, "skipped rollback (current template already matches revision)")
            continue
        new = {**deployment, "spec": {**deployment["spec"], "template": template}}
        if dry_run != "client":
            new = call.api.update(DEPLOYMENT, new, **call.request(dry_run), verb="patch")
        print_result(call, DEPLOYMENT, new, "rolled back", dry_run)


def _template_of(deployment: Object, revisions: dict[int, Object], wanted: int) -> Object:
    if wanted and wanted not in revisions:
        raise KubectlError(f"unable to find specified revision {wanted} in history")
    if not wanted and len(revisions) < 2:
        raise KubectlError(f'no rollout history found for deployment "{name_of(deployment)}"')
    template: Object = clone(revisions[wanted or sorted(revisions)[-2]]["spec"]["template"])
    template.get("metadata", {}).get("labels", {}).pop(_HASH, None)
    return template
