"""kubectl create -f. Mirrors k8s.io/kubectl pkg/cmd/create/create.go, v1.36."""

from __future__ import annotations

from kubesim.errors import StatusError
from kubesim.kubectl import flags
from kubesim.kubectl.apply import with_last_applied
from kubesim.kubectl.command import Call, absent, command
from kubesim.kubectl.create.common import COMMON
from kubesim.kubectl.errors import Exit, KubectlError, UsageError, raise_all, with_source
from kubesim.kubectl.help import help_text
from kubesim.kubectl.manifests import Manifest, read_manifests
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
)
def create(call: Call) -> None:
    """Create the objects of manifests."""
    if not call.flags["filename"]:
        call.complain("Error: must specify one of -f and -k\n\n")
        if call.args:
            raise UsageError(f'unknown command "{" ".join(call.args)}"')
        call.complain(help_text(call.command))
        raise Exit(1)
    if call.args:
        raise UsageError(f"Unexpected args: [{' '.join(call.args)}]")
    manifests, errors = read_manifests(call)
    for manifest in manifests:
        try:
            _create_one(call, manifest)
        except StatusError as error:
            errors.append(error)
    if not manifests and not errors:
        errors.append(KubectlError("no objects passed to create"))
    raise_all(errors)


def _create_one(call: Call, manifest: Manifest) -> None:
    """Create one manifest's object and say so. Raises StatusError with the file's name."""
    dry_run = call.dry_run()
    obj = with_last_applied(manifest.obj) if call.flags["save-config"] else manifest.obj
    if dry_run != "client":
        try:
            obj = call.api.create(manifest.resource, obj, **call.request(dry_run))
        except StatusError as error:
            raise with_source("creating", manifest.source, error) from None
    print_result(call, manifest.resource, obj, "created", dry_run)
