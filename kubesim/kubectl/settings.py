"""kubectl config and auth: which cluster, as whom, and what that user may do.

Mirrors k8s.io/kubectl pkg/cmd/{config,auth}, v1.36.
"""

from __future__ import annotations

import hashlib

from kubesim import tabwriter
from kubesim.authorization import ADMIN, Request
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, absent, command, switch, text
from kubesim.kubectl.config import CLUSTER, SERVER, USER, ContextEntry, Kubeconfig
from kubesim.kubectl.errors import Exit, KubectlError, UsageError
from kubesim.objects import Object
from kubesim.resources import find_resource


@command("config current-context", "", "Display the current-context")
def current_context(call: Call) -> None:
    """Show the name of the current context."""
    if not call.context.config.current:
        raise KubectlError("current-context is not set")
    call.say(call.context.config.current + "\n")


@command(
    "config get-contexts",
    "[(-o|--output=)name)]",
    "Describe one or many contexts",
    text("output", "o", 'Only "name" is allowed.'),
    switch("no-headers", "", "Leave the headings out."),
)
def get_contexts(call: Call) -> None:
    """Show the contexts."""
    config = call.context.config
    names = list(call.args) or sorted(config.contexts)
    for name in names:
        if name not in config.contexts:
            raise KubectlError(f"context {name} not found")
    if call.flags["output"] == "name":
        call.say("".join(f"{name}\n" for name in names))
        return
    rows = [] if call.flags["no-headers"] else [["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]]
    for name in names:
        entry = config.contexts[name]
        rows.append(["*" if name == config.current else "", name, entry.cluster, entry.user, entry.namespace])
    call.say(tabwriter.format(rows))


@command("config use-context", "CONTEXT_NAME", "Set the current-context in a kubeconfig file", aliases=("use",))
def use_context(call: Call) -> None:
    """Change the current context."""
    if len(call.args) != 1:
        raise UsageError(f"unexpected args: [{' '.join(call.args)}]")
    name = call.args[0]
    if name not in call.context.config.contexts:
        raise KubectlError(f'no context exists with the name: "{name}"')
    call.context.config.current = name
    call.say(f'Switched to context "{name}".\n')


@command(
    "config set-context",
    "[NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]",
    "Set a context entry in kubeconfig",
    switch("current", "", "Change the current context."),
    text("cluster", "", "The cluster of the context."),
    text("user", "", "The user of the context."),
)
def set_context(call: Call) -> None:
    """Change a context, or make one."""
    config = call.context.config
    if call.flags["current"] == bool(call.args):
        if call.args:
            raise KubectlError("cannot specify both a context name and --current")
        raise UsageError("you must specify a non-empty context name or --current")
    name = config.current if call.flags["current"] else call.args[0]
    word = "modified" if name in config.contexts else "created"
    entry = config.contexts.setdefault(name, ContextEntry("", "", ""))
    for key in ("cluster", "user", "namespace"):
        if key in call.given:
            setattr(entry, key, call.flags[key])
    call.say(f'Context "{name}" {word}.\n')


@command(
    "config view",
    "[flags]",
    "Display merged kubeconfig settings or a specified kubeconfig file",
    flags.OUTPUT,
    switch("minify", "", "Only what the current context uses."),
    switch("raw", "", "Show certificates as they are (kubesim has none)."),
    switch("flatten", "", "Put files into the output (kubesim has none)."),
)
def view(call: Call) -> None:
    """Show the kubeconfig."""
    shown = _kubeconfig(call.context.config, call.flags["minify"])
    call.say(call.output_format(default="yaml").render(shown))


def _kubeconfig(config: Kubeconfig, minify: bool) -> Object:
    names = [config.current] if minify else sorted(config.contexts)
    contexts = []
    for name in names:
        entry = config.contexts[name]
        fields = {"cluster": entry.cluster, "namespace": entry.namespace, "user": entry.user}
        contexts.append({"context": {key: value for key, value in fields.items() if value}, "name": name})
    return {
        "apiVersion": "v1",
        "clusters": [{"cluster": {"certificate-authority-data": "DATA+OMITTED", "server": SERVER}, "name": CLUSTER}],
        "contexts": contexts,
        "current-context": config.current,
        "kind": "Config",
        "users": [
            {
                "name": USER,
                "user": {"client-certificate-data": "DATA+OMITTED", "client-key-data": "DATA+OMITTED"},
            }
        ],
    }


@command(
    "auth can-i",
    "VERB [TYPE | TYPE/NAME | NONRESOURCEURL]",
    "Check whether an action is allowed",
    flags.ALL_NAMESPACES,
    switch("quiet", "q", "Only the exit status answers."),
    text("subresource", "", "A subresource such as log."),
    *absent("list", "no-headers", kind="switch"),
    example="  kubectl auth can-i get secrets --as=system:serviceaccount:default:default",
)
def can_i(call: Call) -> None:
    """Say yes or no; the exit status is 1 for no."""
    if len(call.args) != 2:
        raise KubectlError("you must specify two arguments: verb resource or verb resource/resourceName.")
    verb, word = call.args
    kind, _, name = word.partition("/")
    resource = find_resource(kind)
    plural, group = (resource.plural, resource.group) if resource else (kind, "*" if kind == "*" else "")
    if resource is None and kind != "*":
        call.complain(f"Warning: the server doesn't have a resource type '{kind}'\n\n")
    namespace = "" if call.flags["all-namespaces"] or (resource and not resource.namespaced) else call.namespace
    if resource and not resource.namespaced and not call.flags["all-namespaces"]:
        call.complain(f"Warning: resource '{plural}' is not namespace scoped{_in_group(group)}\n\n")
    allowed = call.api.can(Request(call.user, verb, plural, group, namespace, name))
    if not call.flags["quiet"]:
        call.say("yes\n" if allowed else "no\n")
    if not allowed:
        raise Exit(1)


def _in_group(group: str) -> str:
    return f" in group '{group}'" if group else ""


@command("auth whoami", "", "Experimental: Check self subject attributes", flags.OUTPUT)
def whoami(call: Call) -> None:
    """Show who asks."""
    user = call.user
    rows = [["ATTRIBUTE", "VALUE"], ["Username", user.name], ["Groups", f"[{' '.join(user.groups)}]"]]
    if user is ADMIN:
        digest = hashlib.sha256(user.name.encode()).hexdigest()
        rows.append(["Extra: authentication.kubernetes.io/credential-id", f"[X509SHA256={digest}]"])
    call.say(tabwriter.format(rows))
