"""What the subcommands of kubectl create share. Mirrors k8s.io/kubectl pkg/cmd/create/create.go, v1.36."""

from __future__ import annotations

from kubesim.errors import StatusError
from kubesim.kubectl import flags
from kubesim.kubectl.apply import with_last_applied
from kubesim.kubectl.command import Call
from kubesim.kubectl.errors import KubectlError, UsageError
from kubesim.kubectl.output import print_result
from kubesim.objects import Object
from kubesim.resources import Resource

COMMON = (*flags.DRY_RUN, *flags.OUTPUT, *flags.VALIDATE, *flags.SAVE_CONFIG)


def make(call: Call, resource: Resource, obj: Object, failure: str) -> None:
    """Create what a subcommand generated; `failure` begins the sentence of a refusal ("" for the server's own)."""
    dry_run = call.dry_run()
    head = {"kind": resource.kind, "apiVersion": resource.api_version}
    meta = {"name": obj["metadata"]["name"], **obj["metadata"]}
    if resource.namespaced and call.explicit_namespace:
        meta["namespace"] = call.namespace
    shown = {**head, **obj, "metadata": meta}
    if call.flags["save-config"]:
        shown = with_last_applied(shown)
    if dry_run != "client":
        namespace = {"namespace": call.namespace} if resource.namespaced else {}
        sent = {**shown, "metadata": {**shown["metadata"], **namespace}}
        try:
            shown = call.api.create(resource, sent, **call.request(dry_run))
        except StatusError as error:
            if not failure:
                raise
            raise KubectlError(f"{failure} {error.message}") from None
    print_result(call, resource, shown, "created", dry_run)


def name_argument(call: Call) -> str:
    """The one NAME of the command line. Raises UsageError."""
    if len(call.args) != 1:
        raise UsageError(f"exactly one NAME is required, got {len(call.args)}")
    return call.args[0]
