"""kubectl create -f, and what the subcommands of kubectl create share.

Mirrors k8s.io/kubectl pkg/cmd/create/create.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object
from kubesim.api.resources import Resource
from kubesim.kubectl.apply import send, with_last_applied
from kubesim.kubectl.command import Call, Command, Run, command, no_arguments
from kubesim.kubectl.errors import KubectlError, UsageError, refuse_if
from kubesim.kubectl.manifests import Manifest, require_file, visit_manifests
from kubesim.kubectl.output import print_result


def creator(kind: str) -> Callable[[Run], Command]:
    """As `command`: a subcommand that creates one object with a NAME."""
    return command(f"create {kind}", check=one_name)


def make(call: Call, resource: Resource, obj: Object, failure: str) -> None:
    """Create what a subcommand generated; `failure` begins the sentence of a refusal ("" for the server's own)."""
    dry_run = call.dry_run()
    namespace = {"namespace": call.namespace} if resource.namespaced and call.explicit_namespace else {}
    meta = {"name": obj["metadata"]["name"], **namespace, **obj["metadata"]}
    shown = {"kind": resource.kind, "apiVersion": resource.api_version, **obj, "metadata": meta}
    if call.flags["save-config"]:
        shown = with_last_applied(shown, typed=True)
    if dry_run != "client":
        namespace = {"namespace": call.namespace} if resource.namespaced else {}
        sent = {**shown, "metadata": {**shown["metadata"], **namespace}}
        try:
            shown = call.api.create(resource, sent, **call.request(dry_run))
        except StatusError as error:
            if not failure:
                raise
            raise KubectlError(f"{failure} {error.message}") from None
    print_result(call, resource, shown, "created", dry_run, typed=True)


def one_name(call: Call) -> None:
    """Refuse anything but one NAME before "--"."""
    count = len(call.args) if call.dash < 0 else call.dash
    refuse_if(count != 1, f"exactly one NAME is required, got {count}", UsageError)


@command("create", check=no_arguments)
def create(call: Call) -> None:
    require_file(call)
    if not visit_manifests(call, partial(_create_one, call)):
        raise KubectlError("no objects passed to create")


def _create_one(call: Call, manifest: Manifest) -> None:
    obj = with_last_applied(manifest.obj) if call.flags["save-config"] else manifest.obj
    print_result(call, manifest.resource, send(call, manifest, obj), "created", call.dry_run())
