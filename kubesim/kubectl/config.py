"""kubectl config: reading and changing the contexts of a kubeconfig.

The kubeconfig itself is in kubeconfig.py. Mirrors k8s.io/kubectl pkg/cmd/config, v1.36, without the subcommands that
change clusters and users.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from kubesim.api.objects import Object
from kubesim.gotext import tabwriter
from kubesim.kubectl.command import Call, command, no_arguments
from kubesim.kubectl.errors import KubectlError, raise_all, refuse_if
from kubesim.kubectl.formats import to_yaml
from kubesim.kubectl.help import help_text

_command = partial(command, is_offline=True)
# `kubectl config view` prints these in place of certificates and keys, and of tokens and passwords.
_DATA = "DATA+OMITTED"
_REDACTED = "REDACTED"


def _save(call: Call) -> None:
    """Write the changed kubeconfig to its file; the session's own kubeconfig has none and stays in memory."""
    if call.access.path:
        call.context.workspace.put(call.access.path, to_yaml(call.access.kubeconfig.content))


@_command("config current-context")
def current_context(call: Call) -> None:
    current = call.access.kubeconfig.current
    refuse_if(not current, "current-context is not set")
    call.say(f"{current}\n")


@_command("config get-contexts")
def get_contexts(call: Call) -> None:
    """List all contexts, or those in the arguments; unknown names are refused after the list."""
    output = call.flags["output"]
    refuse_if(
        output not in ("", "name"),
        f"--output {output} is not available in kubectl config get-contexts; resetting to default output format",
    )
    config = call.access.kubeconfig
    contexts = {entry["name"]: entry["context"] for entry in config.content["contexts"] or ()}
    names = [name for name in contexts if not call.args or name in call.args]
    if output == "name":
        call.say("".join(f"{name}\n" for name in names))
    else:
        rows = [] if call.flags["no-headers"] else [["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]]
        for name in names:
            mark = "*" if name == config.current else ""
            rows.append([mark, name, *(contexts[name].get(part) or "" for part in ("cluster", "user", "namespace"))])
        call.say(tabwriter.format(rows))
    raise_all(KubectlError(f"context {name} not found") for name in call.args if name not in names)


def _refuse_arguments_if(call: Call, is_wrong: bool) -> None:
    """If `is_wrong`, show the command's help on stdout and raise KubectlError about the arguments."""
    if is_wrong:
        call.say(help_text(call.command))
        raise KubectlError(f"Unexpected args: [{' '.join(call.args)}]")


@_command("config use-context", check=lambda call: _refuse_arguments_if(call, len(call.args) != 1))
def use_context(call: Call) -> None:
    name = call.args[0]
    config = call.access.kubeconfig
    refuse_if(not config.has("contexts", name), f'no context exists with the name: "{name}"')
    config.use(name)
    _save(call)
    call.say(f'Switched to context "{name}".\n')


@_command("config set-context", check=lambda call: _refuse_arguments_if(call, len(call.args) > 1))
def set_context(call: Call) -> None:
    """Set the cluster, user or namespace of a context, which is created if it is missing."""
    refuse_if(call.flags["current"] and call.args, "you cannot specify both a context name and --current")
    config = call.access.kubeconfig
    name = config.current if call.flags["current"] else "".join(call.args)
    refuse_if(call.flags["current"] and not name, "no current context is set")
    refuse_if(not name, "you must specify a non-empty context name or --current")
    done = "modified" if config.has("contexts", name) else "created"
    fields = {"cluster": "", "user": "", **config.fields("contexts", name)}
    for part in ("cluster", "user", "namespace"):
        if part in call.typed_flags:
            fields[part] = call.flags[part]
    if not fields.get("namespace"):
        fields.pop("namespace", None)
    config.put("contexts", name, fields)
    _save(call)
    call.say(f'Context "{name}" {done}.\n')


@_command("config view", check=no_arguments)
def view(call: Call) -> None:
    """Show the kubeconfig, with --minify only the entries of one context, and without --raw no credentials."""
    content = call.access.kubeconfig.content
    if call.flags["minify"]:
        content = _minify(call)
    if not call.flags["raw"]:
        content = _hide_secrets(content)
    # An empty --output selects the printer for changed objects, and --template alone doesn't count.
    if not call.flags["output"]:
        call.say("config/<unknown>\n")
        return
    call.say(call.output_format().render(content, typed=True))


def _minify(call: Call) -> Object:
    """The kubeconfig's content with one context and its cluster and user. Raises KubectlError for an unknown one."""
    config = call.access.kubeconfig
    name = call.access.context_name
    refuse_if(not name, "current-context must exist in order to minify")
    refuse_if(not config.has("contexts", name), f"cannot locate context {name}")
    context = config.fields("contexts", name)
    needed = {"contexts": name, "users": context.get("user"), "clusters": context.get("cluster")}
    minified = {**config.content, "current-context": name}
    for section, needed_name in needed.items():
        minified[section] = [entry for entry in minified[section] or () if entry["name"] == needed_name] or None
    return minified


def _hide_secrets(value: Any, key: str = "") -> Any:
    """A copy of a kubeconfig's content with certificates, keys, tokens and passwords replaced.

    `key` is the field that `value` is in, which decides about texts.
    """
    if isinstance(value, dict):
        return {name: _hide_secrets(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_hide_secrets(part) for part in value]
    if key.endswith("-data"):
        return _DATA
    return _REDACTED if key in ("token", "password") else value
