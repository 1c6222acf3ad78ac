"""kubectl config: which cluster, as whom, in which namespace. Mirrors k8s.io/kubectl pkg/cmd/config, v1.36."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from kubesim.api.objects import Object
from kubesim.gotext import tabwriter
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, Command, Run, absent, command, switch, text
from kubesim.kubectl.config import HIDDEN, Entry, Kubeconfig
from kubesim.kubectl.errors import KubectlError, NotSimulated, Plain, UsageError
from kubesim.kubectl.help import group, help_text
from kubesim.workspace import HOME

_FILE = f"{HOME}/.kube/config"

# The sections of the file, each with the word for one of its entries, its fields, and how many are shown even if empty.
_SECTIONS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "clusters": (
        "cluster",
        (
            *("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority"),
            *("certificate-authority-data", "proxy-url"),
        ),
        1,
    ),
    "users": (
        "user",
        (
            *("client-certificate", "client-certificate-data", "client-key", "client-key-data", "token"),
            *("username", "password"),
        ),
        0,
    ),
    "contexts": ("context", ("cluster", "user", "namespace"), 2),
}
_ACTIVE = 'warning: this removed your active context, use "kubectl config use-context" to select a different one\n'
_SECRET = ("token", "password")


def _section(config: Kubeconfig, name: str) -> dict[str, Entry]:
    found: dict[str, Entry] = getattr(config, name)
    return found


def _count(wanted: int) -> Run:
    """The check of commands that show their help where the number of arguments is wrong."""

    def check(call: Call) -> None:
        if len(call.args) != wanted:
            call.say(help_text(call.command))
            raise KubectlError(f"Unexpected args: [{' '.join(call.args)}]")

    return check


def _none(call: Call) -> None:
    if call.args:
        raise UsageError(f"unexpected arguments: [{' '.join(call.args)}]")


_command = partial(command, is_offline=True)

group("config", "SUBCOMMAND", "Modify kubeconfig files")


@_command("config current-context", "[flags]", "Display the current-context")
def current_context(call: Call) -> None:
    """Show the name of the current context."""
    if not call.context.config.current:
        raise KubectlError("current-context is not set")
    call.say(call.context.config.current + "\n")


@_command(
    "config get-contexts",
    "[(-o|--output=)name)]",
    "Describe one or many contexts",
    text("output", "o", 'Only "name" is allowed.'),
    switch("no-headers", "", "Leave the headings out."),
)
def get_contexts(call: Call) -> None:
    """Show the contexts."""
    config, output = call.context.config, call.flags["output"]
    if output not in ("", "name"):
        raise KubectlError(
            f"--output {output} is not available in kubectl config get-contexts; resetting to default output format"
        )
    names = [name for name in call.args if name in config.contexts] if call.args else sorted(config.contexts)
    if output == "name":
        call.say("".join(f"{name}\n" for name in names))
    else:
        call.say(_context_table(config, names, not call.flags["no-headers"]))
    missing = [f"context {name} not found" for name in call.args if name not in config.contexts]
    if missing:
        raise KubectlError(missing[0]) if len(missing) == 1 else Plain("\n".join(missing))


def _context_table(config: Kubeconfig, names: Sequence[str], with_head: bool) -> str:
    rows = [["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]] if with_head else []
    for name in names:
        fields = [config.of_context(key, name) for key in ("cluster", "user", "namespace")]
        rows.append(["*" if name == config.current else "", name, *fields])
    return tabwriter.format(rows)


def _lister(section: str) -> Command:
    word = f"get-{section}"

    @_command(f"config {word}", "[flags]", f"Display {section} defined in the kubeconfig")
    def show(call: Call) -> None:
        call.say("".join(f"{name}\n" for name in ["NAME", *sorted(_section(call.context.config, section))]))

    return show


get_clusters = _lister("clusters")
get_users = _lister("users")


@_command(
    "config use-context",
    "CONTEXT_NAME",
    "Set the current-context in a kubeconfig file",
    aliases=("use",),
    check=_count(1),
)
def use_context(call: Call) -> None:
    """Change the current context."""
    name = call.args[0]
    if name not in call.context.config.contexts:
        raise KubectlError(f'no context exists with the name: "{name}"')
    call.context.config.current = name
    call.say(f'Switched to context "{name}".\n')


@_command(
    "config set-context",
    "[NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]",
    "Set a context entry in kubeconfig",
    switch("current", "", "Change the current context."),
    text("cluster", "", "The cluster of the context."),
    text("user", "", "The user of the context."),
    text("namespace", "n", "The namespace of the context."),
)
def set_context(call: Call) -> None:
    """Change a context, or make one."""
    config, current = call.context.config, call.flags["current"]
    if len(call.args) > 1:
        _count(1)(call)
    if current and call.args:
        raise KubectlError("you cannot specify both a context name and --current")
    name = config.current if current else "".join(call.args)
    if not name:
        raise KubectlError(
            "no current context is set" if current else "you must specify a non-empty context name or --current"
        )
    word = "modified" if name in config.contexts else "created"
    _update(call, config.contexts.setdefault(name, {}), ("cluster", "user", "namespace"))
    call.say(f'Context "{name}" {word}.\n')


def _update(call: Call, entry: Entry, fields: Sequence[str]) -> None:
    entry.update({key: call.flags[key] for key in fields if key in call.given})


def _deleter(section: str) -> Command:
    word = _SECTIONS[section][0]

    @_command(f"config delete-{word}", "NAME", f"Delete the specified {word} from the kubeconfig")
    def delete(call: Call) -> None:
        entries = _section(call.context.config, section)
        if len(call.args) != 1:
            _refuse_to_delete(call, word)
            return
        name = call.args[0]
        if name not in entries:
            raise KubectlError(f"cannot delete {word} {name}, not in {_FILE}")
        if section == "contexts" and name == call.context.config.current:
            call.complain(_ACTIVE)
        del entries[name]
        call.say(f"deleted {word} {name} from {_FILE}\n")

    return delete


def _refuse_to_delete(call: Call, word: str) -> None:
    if word == "user":
        raise UsageError("user to delete is required")
    call.say(help_text(call.command))


delete_cluster = _deleter("clusters")
delete_context = _deleter("contexts")
delete_user = _deleter("users")


@_command(
    "config set-cluster",
    "NAME [--server=server] [--certificate-authority=path/to/certificate/authority] "
    "[--insecure-skip-tls-verify=true] [--tls-server-name=example.com]",
    "Set a cluster entry in kubeconfig",
    text("server", "", "The address of the API server."),
    text("tls-server-name", "", "The name that the server's certificate must have."),
    switch("insecure-skip-tls-verify", "", "Believe any certificate."),
    text("proxy-url", "", "The proxy on the way."),
    *absent("certificate-authority"),
    *absent("embed-certs", kind="switch"),
    check=_count(1),
)
def set_cluster(call: Call) -> None:
    """Change a cluster, or make one."""
    entry = call.context.config.clusters.setdefault(call.args[0], {})
    _update(call, entry, ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url"))
    call.say(f'Cluster "{call.args[0]}" set.\n')


def _one_user(call: Call) -> None:
    if len(call.args) != 1:
        call.say(help_text(call.command))
        raise KubectlError(f"unexpected args: [{' '.join(call.args)}]")


@_command(
    "config set-credentials",
    "NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] "
    "[--username=basic_user] [--password=basic_password] [--auth-provider=provider_name] "
    "[--auth-provider-arg=key=value] [--exec-command=exec_command] [--exec-api-version=exec_api_version] "
    "[--exec-arg=arg] [--exec-env=key=value]",
    "Set a user entry in kubeconfig",
    text("client-certificate", "", "The file of the certificate."),
    text("client-key", "", "The file of its private key."),
    text("token", "", "A bearer token."),
    text("username", "", "The name for basic authentication."),
    text("password", "", "The password for it."),
    *absent("auth-provider", "auth-provider-arg", "exec-api-version", "exec-arg", "exec-command", "exec-env"),
    *absent("exec-interactive-mode"),
    *absent("embed-certs", "exec-provide-cluster-info", kind="switch"),
    check=_one_user,
)
def set_credentials(call: Call) -> None:
    """Change a user, or make one. Only kubernetes-admin, who is there from the start, is known to the cluster."""
    basic = call.flags["username"] or call.flags["password"]
    if call.flags["token"] and basic:
        raise KubectlError(
            "you cannot specify more than one authentication method at the same time: --token, --username/--password"
        )
    entry = call.context.config.users.setdefault(call.args[0], {})
    for key in ("username", "password") if call.flags["token"] else ("token",) if basic else ():
        entry.pop(key, None)
    _update(call, entry, ("token", "username", "password"))
    for key in ("client-certificate", "client-key"):
        if key in call.given:
            entry[key] = _absolute(call.flags[key])
    call.say(f'User "{call.args[0]}" set.\n')


def _absolute(path: str) -> str:
    return path if path.startswith("/") else f"{HOME}/{path}"


@_command(
    "config set",
    "PROPERTY_NAME PROPERTY_VALUE",
    "Set an individual value in a kubeconfig file",
    *absent("set-raw-bytes", kind="switch"),
    check=_count(2),
)
def set_property(call: Call) -> None:
    """Change one field of the kubeconfig."""
    path, value = call.args
    section, name, field = _property(path)
    if section == "current-context":
        call.context.config.current = value
    elif not field:
        raise NotSimulated(f"setting {path} is not part of this simulator")
    else:
        _section(call.context.config, section).setdefault(name, {})[field] = _value(field, value)
    call.say(f'Property "{path}" set.\n')


def _value(field: str, text: str) -> str | bool:
    if field != "insecure-skip-tls-verify":
        return text
    try:
        return flags.parse_switch(text)
    except ValueError as error:
        raise KubectlError(str(error)) from None


def _property(path: str) -> tuple[str, str, str]:
    """The section, entry and field of a path such as contexts.dev.namespace; the entry's name may have dots."""
    section, _, rest = path.partition(".")
    if section == "current-context" and not rest:
        return section, "", ""
    if section not in _SECTIONS:
        raise KubectlError(f"unable to parse {path} after [] at api.Config")
    name, _, field = rest.rpartition(".")
    return (section, name, field) if name and field in _SECTIONS[section][1] else (section, rest, "")


@_command(
    "config view",
    "[flags]",
    "Display merged kubeconfig settings or a specified kubeconfig file",
    *flags.output("yaml"),
    switch("minify", "", "Only what the current context uses."),
    switch("raw", "", "Show tokens and passwords (kubesim has no certificates to show)."),
    switch("flatten", "", "Put files into the output (kubesim has none)."),
    switch("merge", "", "Merge all files (kubesim has one).", True),
    check=_none,
)
def view(call: Call) -> None:
    """Show the kubeconfig."""
    shown = _shown(call.context.config, _names(call), call.flags["raw"])
    call.say(call.output_format().render(shown, typed=True))


def _names(call: Call) -> dict[str, list[str]]:
    """The entries of each section that are to be shown."""
    config = call.context.config
    if not call.flags["minify"]:
        return {section: sorted(_section(config, section)) for section in _SECTIONS}
    context = call.flags["context"] or config.current
    if not context:
        raise KubectlError("current-context must exist in order to minify")
    names = {"contexts": context}
    names |= {section: config.of_context(_SECTIONS[section][0], context) for section in ("clusters", "users")}
    for section in ("contexts", "clusters", "users"):
        if names[section] and names[section] not in _section(config, section):
            raise KubectlError(f"cannot locate {_SECTIONS[section][0]} {names[section]}")
    return {section: [name] if name else [] for section, name in names.items()}


def _shown(config: Kubeconfig, names: dict[str, list[str]], raw: bool) -> Object:
    sections: Object = {}
    for section, (word, fields, always) in _SECTIONS.items():
        entries = _section(config, section)
        sections[section] = [
            {"name": name, word: _fields(entries[name], fields, always, raw)} for name in names[section]
        ] or None
    return {"kind": "Config", "apiVersion": "v1", **sections, "current-context": config.current}


def _fields(entry: Entry, fields: Sequence[str], always: int, raw: bool) -> dict[str, Any]:
    shown = {key: entry.get(key, "") for number, key in enumerate(fields) if number < always or entry.get(key)}
    hidden = {key: "REDACTED" for key in _SECRET if key in shown}
    hidden |= {key: HIDDEN for key in shown if key.endswith("-data")}
    return shown if raw else shown | hidden
