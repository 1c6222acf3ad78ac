"""kubectl create -f. Mirrors k8s.io/kubectl pkg/cmd/create/create.go, v1.36."""

from __future__ import annotations

from functools import partial

from kubesim.api.errors import StatusError
from kubesim.kubectl import flags
from kubesim.kubectl.apply import with_last_applied
from kubesim.kubectl.command import Call, absent, command, no_arguments
from kubesim.kubectl.create.common import COMMON
from kubesim.kubectl.errors import KubectlError, with_source
from kubesim.kubectl.manifests import Manifest, check_kind, require_file, visit_manifests
from kubesim.kubectl.output import print_result


@command(
    "create",
    "-f FILENAME",
    "Create a resource from a file or from stdin",
    flags.FILENAME,
    flags.SELECTOR,
    COMMON,
    *absent("edit", "windows-line-endings", kind="switch"),
    *absent("raw"),
    example="  kubectl create -f pod.yaml\n  cat pod.yaml | kubectl create -f -",
    check=no_arguments,
)
def create(call: Call) -> None:
    require_file(call)
    if not visit_manifests(call, partial(_create_one, call)):
        raise KubectlError("no objects passed to create")


def _create_one(call: Call, manifest: Manifest) -> None:
    dry_run = call.dry_run()
    obj = with_last_applied(manifest.obj) if call.flags["save-config"] else manifest.obj
    if dry_run != "client":
        try:
            check_kind(manifest)
            obj = call.api.create(manifest.resource, obj, **call.request(dry_run))
        except StatusError as error:
            raise with_source("creating", manifest.source, error) from None
    print_result(call, manifest.resource, obj, "created", dry_run)
