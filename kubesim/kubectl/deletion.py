"""kubectl delete. Mirrors k8s.io/kubectl pkg/cmd/delete/delete.go, v1.36."""

from __future__ import annotations

from kubesim.api.errors import StatusError
from kubesim.api.objects import metadata
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, with_source
from kubesim.kubectl.output import DRY_RUN_SUFFIX
from kubesim.kubectl.selection import Query, Target

# Simulated seconds after which a delete gives up where no --timeout was given: nothing here takes as long.
PATIENCE = 3600.0

_FORCED = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. "
    "The resource may continue to run on the cluster indefinitely.\n"
)


# How --cascade deals with dependents, as the finalizer of the deleted object. The last two are older words for it.
_CASCADES = {
    "background": "",
    "foreground": "foregroundDeletion",
    "orphan": "orphan",
    "true": "",
    "false": "orphan",
}
_DEPRECATED = {"true": "background", "false": "orphan"}


@command("delete", asks_namespace=True, operands="types", all_is_selector=True)
def delete(call: Call) -> None:
    query = Query(call, call.args, needs_name=True, latest=False)
    output, cascade = call.flags["output"], call.flags["cascade"]
    if better := _DEPRECATED.get(cascade):
        deprecated = f"warning: --cascade={cascade} is deprecated (boolean value) and can be replaced with"
        call.complain(f"{deprecated} --cascade={better}.\n")
    grace = _grace_period(call)
    verb = "" if output else "force deleted" if call.flags["force"] else "deleted"
    deleted: list[Target] = []

    def remove(target: Target) -> None:
        deleted.append(target)
        if (
            call.explicit_namespace
            and all(other.resource.namespaced for other in deleted[:-1]) > target.resource.namespaced
        ):
            call.warn("deleting cluster-scoped resources, not scoped to the provided namespace")
        try:
            delete_target(call, target, grace, verb)
        except StatusError as error:
            raise with_source("deleting", target.source, error) if target.source else error from None

    if not query.visit_names(remove):
        call.say("No resources found\n")
    if call.flags["wait"] and call.dry_run() == "none":
        wait_until_gone(call, deleted)


def _grace_period(call: Call) -> int | None:
    grace, now, force = (call.flags[key] for key in ("grace-period", "now", "force"))
    if now:
        grace = 1
    if grace == 0 and not force:
        # As kubectl does: without --force a period of 0 waits for the object and means 1.
        grace = 1
    if force:
        call.complain(_FORCED)
        grace = 0
    return None if grace < 0 else grace


def delete_target(call: Call, target: Target, grace: int | None, verb: str = "deleted") -> None:
    """Delete one object and report it with `verb`; "" reports its name alone. Raises StatusError."""
    dry_run = call.dry_run()
    if dry_run != "client":
        call.api.delete(
            target.resource,
            target.namespace or "",
            target.name or "",
            grace_period=grace,
            finalizer=_CASCADES[call.flags.get("cascade") or "background"],
            user=call.user,
            dry_run=dry_run == "server",
        )
    if not verb:
        call.say(f"{target.resource.printed}/{target.name}\n")
        return
    where = f" from {target.namespace} namespace" if target.resource.namespaced else ""
    call.say(f'{target.resource.printed} "{target.name}" {verb}{where}{DRY_RUN_SUFFIX[dry_run]}\n')


def wait_until_gone(call: Call, targets: list[Target]) -> None:
    """Let time pass until none of the objects is there, at most for --timeout."""
    uids = {target: _uid(call, target) for target in targets}
    left = [target for target, uid in uids.items() if uid]
    if not left:
        return

    def all_gone() -> bool:
        return all(_uid(call, target) != uids[target] for target in left)

    if not call.wait_until(all_gone, call.flags["timeout"] or PATIENCE):
        late = next(target for target in left if _uid(call, target) == uids[target])
        raise KubectlError(f"timed out waiting for the condition on {late.resource.plural}/{late.name}")


def _uid(call: Call, target: Target) -> str:
    obj = call.api.find(target.resource, target.namespace or "", target.name or "")
    return str(metadata(obj).get("uid", "")) if obj else ""
