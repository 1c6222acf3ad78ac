"""kubectl apply view-last-applied. Mirrors k8s.io/kubectl pkg/cmd/apply/apply_view_last_applied.go, v1.36."""

from __future__ import annotations

import json

from kubesim.api.objects import metadata
from kubesim.gotext import gojson
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, command, switch, text
from kubesim.kubectl.errors import KubectlError, Several, UsageError
from kubesim.kubectl.formats import to_yaml
from kubesim.kubectl.formats.json_ import LAST_APPLIED
from kubesim.kubectl.selection import select


@command(
    "apply view-last-applied",
    "(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)",
    "View the latest last-applied-configuration annotations of a resource/object",
    flags.FILENAME,
    flags.SELECTOR,
    text("output", "o", "yaml or json.", "yaml"),
    switch("all", "", "All objects of the type in the namespace."),
    order=("namespace",),
    example="  kubectl apply view-last-applied pod/private-pod",
)
def view_last_applied(call: Call) -> None:
    """Show the manifests that were applied last, as the objects' annotations keep them."""
    selection = select(call, call.args, needs_name=call.explicit_namespace is None)
    if selection.error:
        raise next(selection.error.single()) if isinstance(selection.error, Several) else selection.error
    kept = []
    for found in selection.found:
        for obj in found.objects or ():
            text_ = (metadata(obj).get("annotations") or {}).get(LAST_APPLIED)
            if text_ is None and found.target.source:
                problem = f"no last-applied-configuration annotation found on resource: {metadata(obj)['name']}\n"
                raise KubectlError(f'error when {problem} "{found.target.source}": <nil>')
            kept += [text_] if text_ else []
    output = call.flags["output"]
    if kept and output not in ("yaml", "json"):
        raise UsageError(f"Unexpected -o output mode: {output}, the flag 'output' must be one of yaml|json")
    for text_ in kept:
        call.say(to_yaml(gojson.parse(text_)) if output == "yaml" else _indented(text_))


def _indented(text: str) -> str:
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
