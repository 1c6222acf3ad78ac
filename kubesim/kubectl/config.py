"""kubectl config: which cluster, as whom, in which namespace. Mirrors k8s.io/kubectl pkg/cmd/config, v1.36."""

from __future__ import annotations

from functools import partial

from kubesim.api.objects import Object
from kubesim.gotext import tabwriter
from kubesim.kubectl.command import Call, command, no_arguments
from kubesim.kubectl.errors import KubectlError, NotSimulated, refuse_if
from kubesim.kubectl.help import help_text
from kubesim.kubectl.kubeconfig import CLUSTER, CONTEXT, HIDDEN, SERVER, USER

_command = partial(command, is_offline=True)


@_command("config current-context")
def current_context(call: Call) -> None:
    call.say(f"{CONTEXT}\n")


@_command("config get-contexts")
def get_contexts(call: Call) -> None:
    """List the context; names of others are refused after it."""
    output = call.flags["output"]
    problem = f"--output {output} is not available in kubectl config get-contexts; resetting to default output format"
    refuse_if(output not in ("", "name"), problem)
    rows = []
    if not call.flags["no-headers"]:
        rows.append(["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"])
    is_listed = not call.args or CONTEXT in call.args
    if is_listed:
        rows.append(["*", CONTEXT, CLUSTER, USER, call.context.config.namespace])
    if output == "name":
        call.say(f"{CONTEXT}\n" if is_listed else "")
    else:
        call.say(tabwriter.format(rows))
    for name in call.args:
        refuse_if(name != CONTEXT, f"context {name} not found")


@_command("config get-clusters")
def get_clusters(call: Call) -> None:
    call.say(f"NAME\n{CLUSTER}\n")


@_command("config get-users")
def get_users(call: Call) -> None:
    call.say(f"NAME\n{USER}\n")


def _refuse_with_help(call: Call) -> None:
    call.say(help_text(call.command))
    raise KubectlError(f"Unexpected args: [{' '.join(call.args)}]")


def _check_use_context(call: Call) -> None:
    if len(call.args) != 1:
        _refuse_with_help(call)


@_command("config use-context", check=_check_use_context)
def use_context(call: Call) -> None:
    name = call.args[0]
    refuse_if(name != CONTEXT, f'no context exists with the name: "{name}"')
    call.say(f'Switched to context "{name}".\n')


def _check_set_context(call: Call) -> None:
    if len(call.args) > 1:
        _refuse_with_help(call)


@_command("config set-context", check=_check_set_context)
def set_context(call: Call) -> None:
    is_both = call.flags["current"] and call.args
    refuse_if(is_both, "you cannot specify both a context name and --current")
    name = CONTEXT if call.flags["current"] else "".join(call.args)
    refuse_if(not name, "you must specify a non-empty context name or --current")
    if name != CONTEXT:
        raise NotSimulated("a second context is not part of this simulator")
    if "namespace" in call.typed_flags:
        call.context.config.namespace = call.flags["namespace"]
    call.say(f'Context "{name}" modified.\n')


@_command("config view", check=no_arguments)
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
    if not call.flags["output"]:  # as for an object that was changed, and --template alone counts for nothing
        call.say("config/<unknown>\n")
        return
    call.say(call.output_format().render(kubeconfig, typed=True))
