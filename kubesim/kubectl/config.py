"""kubectl config: which cluster, as whom, in which namespace. Mirrors k8s.io/kubectl pkg/cmd/config, v1.36."""

from __future__ import annotations

from functools import partial

from kubesim.api.objects import Object
from kubesim.gotext import tabwriter
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, NotSimulated, refuse_if
from kubesim.kubectl.kubeconfig import CLUSTER, CONTEXT, HIDDEN, SERVER, USER

_command = partial(command, is_offline=True)


@_command("config current-context")
def current_context(call: Call) -> None:
    call.say(f"{CONTEXT}\n")


@_command("config get-contexts")
def get_contexts(call: Call) -> None:
    """List the context; names of others are refused after it."""
    rows = []
    if not call.flags["no-headers"]:
        rows.append(["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"])
    is_listed = not call.args or CONTEXT in call.args
    if is_listed:
        rows.append(["*", CONTEXT, CLUSTER, USER, call.context.config.namespace])
    if call.flags["output"] == "name":
        call.say(f"{CONTEXT}\n" if is_listed else "")
    else:
        call.say(tabwriter.format(rows))
    for name in call.args:
        refuse_if(name != CONTEXT, f"context {name} not found")


_command("config get-clusters")(lambda call: call.say(f"NAME\n{CLUSTER}\n"))
_command("config get-users")(lambda call: call.say(f"NAME\n{USER}\n"))


@_command("config use-context")
def use_context(call: Call) -> None:
    name = call.args[0]
    refuse_if(name != CONTEXT, f'no context exists with the name: "{name}"')
    call.say(f'Switched to context "{name}".\n')


@_command("config set-context")
def set_context(call: Call) -> None:
    name = CONTEXT if call.flags["current"] else "".join(call.args)
    refuse_if(not name, "you must specify a non-empty context name or --current")
    if name != CONTEXT:
        raise NotSimulated("a second context is not part of this simulator")
    if "namespace" in call.given:
        call.context.config.namespace = call.flags["namespace"]
    call.say(f'Context "{name}" modified.\n')


@_command("config view")
def view(call: Call) -> None:
    """Show the file, certificates hidden. --minify, which keeps what the context needs, keeps all of it."""
    asked = call.flags["context"]
    if call.flags["minify"] and asked not in ("", CONTEXT):
        raise KubectlError(f"cannot locate context {asked}")
    context = {"cluster": CLUSTER, "user": USER}
    if call.context.config.namespace:
        context["namespace"] = call.context.config.namespace
    kubeconfig: Object = {
        "kind": "Config",
        "apiVersion": "v1",
        "clusters": [{"name": CLUSTER, "cluster": {"server": SERVER, "certificate-authority-data": HIDDEN}}],
        "users": [{"name": USER, "user": {"client-certificate-data": HIDDEN, "client-key-data": HIDDEN}}],
        "contexts": [{"name": CONTEXT, "context": context}],
        "current-context": CONTEXT,
    }
    call.say(call.output_format().render(kubeconfig, typed=True))
