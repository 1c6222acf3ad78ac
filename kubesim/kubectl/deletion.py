"""kubectl delete, and the deletion of objects and the wait for their end, which `replace` and `wait` share.

Mirrors k8s.io/kubectl pkg/cmd/delete/delete.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, metadata
from kubesim.cluster.apiserver.deletion import DeleteOptions
from kubesim.gotext.pflag import FALSE, TRUE
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, NotSimulated, naming_source, refuse_if
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import DRY_RUN_SUFFIX
from kubesim.kubectl.selection import Query, find_live, follow

# Simulated seconds that a command waits without --timeout. kubectl waits a week; nothing simulated takes an hour.
PATIENCE = 3600.0

_CASCADES = ("background", "foreground", "orphan")
_FORCED = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The "
    "resource may continue to run on the cluster indefinitely.\n"
)


@command("delete", asks_namespace=True, operands="types", shows_config_errors=True)
def delete(call: Call) -> None:
    """Delete the objects of the command line, and wait for their end unless --wait=false."""
    _check_delete(call)
    query = Query(call, call.args, needs_name=True, latest=False, all_selects=True)
    grace = _grace_period(call)
    verb = "force deleted" if call.flags["force"] else "deleted"
    deleted: list[Target] = []

    def remove(target: Target) -> None:
        if call.flags["namespace"] and not call.flags["all-namespaces"] and not target.resource.namespaced:
            call.warn("deleting cluster-scoped resources, not scoped to the provided namespace")
        deleted.append(target)
        where = f'error when deleting "{target.source}": ' if target.source else ""
        refuse_if(not target.name, f"{where}resource name may not be empty")
        with naming_source("deleting", target.source):
            delete_target(call, target, grace)
        if call.flags["output"]:
            call.say(f"{target.printed}\n")
        else:
            report_deleted(call, target, verb)

    if not query.visit_names(remove):
        call.say("No resources found\n")
    if call.flags["wait"] and call.dry_run == "none":
        wait_until_gone(call, deleted)


def _check_delete(call: Call) -> None:
    """Refuse wrong values and combinations of flags, in kubectl's order."""
    flags = call.flags
    output = flags["output"]
    cascade = flags["cascade"]
    grace = flags["grace-period"]
    refuse_if(output not in ("", "name"), f"unexpected -o output mode: {output}. We only support '-o name'")
    is_selected = flags["selector"] or flags["field-selector"]
    refuse_if(flags["all"] and is_selected, "setting 'all' parameter but found a non empty selector. ")
    refuse_if(flags["now"] and grace != -1, "--now and --grace-period cannot be specified together")
    refuse_if(
        flags["force"] and (flags["now"] or grace > 0),
        "--force and --grace-period greater than 0 cannot be specified together",
    )
    is_known = cascade in _CASCADES or cascade in TRUE | FALSE
    refuse_if(not is_known, f'invalid cascade value ({cascade}). Must be "background", "foreground", or "orphan"')
    if cascade != "background":
        raise NotSimulated(f"--cascade={cascade} is not part of this simulator")


def _grace_period(call: Call) -> int | None:
    """The grace period of the flags in seconds, None for the Pod's own. With --force, warn and return 0."""
    grace: int = call.flags["grace-period"]
    if call.flags["force"]:
        call.complain(_FORCED)
        return 0
    if call.flags["now"] or grace == 0:  # without --force, kubectl turns 0 into 1
        return 1
    return None if grace < 0 else grace


def delete_target(call: Call, target: Target, grace: int | None) -> None:
    """Delete one object, unless --dry-run=client. Raises StatusError.

    `grace` is a Pod's grace period in seconds, None for the Pod's own.
    """
    if call.dry_run != "client":
        call.api.delete(*target.place, DeleteOptions(grace, call.dry_run == "server"))


def report_deleted(call: Call, target: Target, verb: str) -> None:
    where = f" from {target.namespace} namespace" if target.resource.namespaced else ""
    call.say(f'{target.resource.printed} "{target.name}" {verb}{where}{DRY_RUN_SUFFIX[call.dry_run]}\n')


def wait_until_gone(call: Call, targets: list[Target]) -> None:
    """Let time pass until all objects are gone, for at most --timeout or PATIENCE. Raises KubectlError after that.

    An object of the same name that was created since counts as gone. Returns at once if an object can't be read.
    """
    ending: list[_Ending] = []
    for target in targets:
        try:
            obj = find_live(call, target)
        except StatusError:  # as kubectl: a user without the right to read the object doesn't wait for its end
            return
        if obj:
            ending.append(_Ending(target, metadata(obj)["uid"], follow(call, target)))

    def are_gone() -> bool:
        return not any(item.is_there() for item in ending)

    if ending and not call.wait_until(are_gone, call.flags.get("timeout") or PATIENCE):
        late = next(item.target for item in ending if item.is_there())
        raise KubectlError(f"timed out waiting for the condition on {late.in_plural}")


class _Ending(NamedTuple):
    """An object that is being deleted."""

    target: Target
    uid: str  # tells the object from a later one of the same name
    current: Callable[[], Object | None]  # returns the live object of that name, see `selection.follow`

    def is_there(self) -> bool:
        obj = self.current()
        return obj is not None and metadata(obj)["uid"] == self.uid
