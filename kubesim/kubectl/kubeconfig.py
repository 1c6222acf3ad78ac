"""kubectl config: which cluster, as whom, in which namespace. Mirrors k8s.io/kubectl pkg/cmd/config, v1.36."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from kubesim.api.objects import Object
from kubesim.gotext import tabwriter
from kubesim.kubectl import help_text
from kubesim.kubectl.command import HIDDEN, KUBECONFIG, Call, Entry, command
from kubesim.kubectl.errors import KubectlError, NotSimulated, refuse_if
from kubesim.workspace import HOME


class _Section(NamedTuple):
    """A section of the file: the word for its entries, their fields, and how many of these are shown even if empty."""

    word: str
    always: int
    fields: tuple[str, ...]


_CLUSTER = "server tls-server-name insecure-skip-tls-verify certificate-authority certificate-authority-data proxy-url"
_USER = "client-certificate client-certificate-data client-key client-key-data token username password"
_SECTIONS = {
    "clusters": _Section("cluster", 1, tuple(_CLUSTER.split())),
    "users": _Section("user", 0, tuple(_USER.split())),
    "contexts": _Section("context", 2, ("cluster", "user", "namespace")),
}


def _entries(call: Call, section: str) -> dict[str, Entry]:
    found: dict[str, Entry] = getattr(call.context.config, section)
    return found


_command = partial(command, is_offline=True)


@_command("config current-context")
def current_context(call: Call) -> None:
    refuse_if(not call.context.config.current, "current-context is not set")
    call.say(call.context.config.current + "\n")


@_command("config get-contexts")
def get_contexts(call: Call) -> None:
    config, output = call.context.config, call.flags["output"]
    names = [name for name in call.args or sorted(config.contexts) if name in config.contexts]
    rows = [["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]] if not call.flags["no-headers"] else []
    for name in names:
        fields = [config.of_context(key, name) for key in _SECTIONS["contexts"].fields]
        rows.append(["*" if name == config.current else "", name, *fields])
    call.say("".join(f"{name}\n" for name in names) if output else tabwriter.format(rows))
    missing = [name for name in call.args if name not in config.contexts]
    refuse_if(missing, f"context {''.join(missing[:1])} not found")


def _list(section: str, call: Call) -> None:
    call.say("".join(f"{name}\n" for name in ["NAME", *sorted(_entries(call, section))]))


for _name in ("clusters", "users"):
    _command(f"config get-{_name}")(partial(_list, _name))


@_command("config use-context")
def use_context(call: Call) -> None:
    name = call.args[0]
    refuse_if(name not in call.context.config.contexts, f'no context exists with the name: "{name}"')
    call.context.config.current = name
    call.say(f'Switched to context "{name}".\n')


def _delete(section: str, call: Call) -> None:
    word, entries = _SECTIONS[section].word, _entries(call, section)
    if len(call.args) != 1:
        call.say(help_text(call.command))
        return
    name = call.args[0]
    refuse_if(name not in entries, f"cannot delete {word} {name}, not in {KUBECONFIG}")
    if section == "contexts" and name == call.context.config.current:
        select = 'use "kubectl config use-context" to select a different one'
        call.complain(f"warning: this removed your active context, {select}\n")
    del entries[name]
    call.say(f"deleted {word} {name} from {KUBECONFIG}\n")


for _name, _section in _SECTIONS.items():
    _command(f"config delete-{_section.word}")(partial(_delete, _name))


@_command("config set-context")
def set_context(call: Call) -> None:
    config, current = call.context.config, call.flags["current"]
    name = config.current if current else "".join(call.args)
    if not name:
        missing = "no current context is set" if current else "you must specify a non-empty context name or --current"
        raise KubectlError(missing)
    word = "modified" if name in config.contexts else "created"
    _update(call, "contexts", name)
    call.say(f'Context "{name}" {word}.\n')


def _update(call: Call, section: str, name: str) -> Entry:
    """The entry of that name, new if need be, with the fields that flags give."""
    entry = _entries(call, section).setdefault(name, {})
    given = {key: call.flags[key] for key in _SECTIONS[section].fields if key in call.given}
    for key in {"client-certificate", "client-key"} & given.keys():
        given[key] = given[key] if given[key].startswith("/") else f"{HOME}/{given[key]}"
    entry.update(given)
    return entry


@_command("config set-cluster")
def set_cluster(call: Call) -> None:
    _update(call, "clusters", call.args[0])
    call.say(f'Cluster "{call.args[0]}" set.\n')


@_command("config set-credentials")
def set_credentials(call: Call) -> None:
    """Change a user, or add one. The cluster knows only kubernetes-admin, the first one."""
    basic = call.flags["username"] or call.flags["password"]
    entry = _update(call, "users", call.args[0])
    for key in ("username", "password") if call.flags["token"] else ("token",) if basic else ():
        entry.pop(key, None)
    call.say(f'User "{call.args[0]}" set.\n')


@_command("config set")
def set_property(call: Call) -> None:
    """Change one field of the kubeconfig, such as contexts.dev.namespace; the entry's name may have dots."""
    path, value = call.args
    section, _, rest = path.partition(".")
    name, _, field = rest.rpartition(".")
    if path == "current-context":
        call.context.config.current = value
    elif section not in _SECTIONS:
        raise KubectlError(f"unable to parse {path} after [] at api.Config")
    elif not name or field not in _SECTIONS[section].fields:
        raise NotSimulated(f"setting {path} is not part of this simulator")
    else:
        is_switch = field == "insecure-skip-tls-verify"
        _entries(call, section).setdefault(name, {})[field] = value == "true" if is_switch else value
    call.say(f'Property "{path}" set.\n')


@_command("config unset")
def unset_property(call: Call) -> None:
    """Remove one field of the kubeconfig, an entry, or all entries of a section."""
    path = call.args[0]
    section, _, name = path.partition(".")
    refuse_if(section not in (*_SECTIONS, "current-context"), f"unable to parse {path} after [] at api.Config")
    entries = {} if section == "current-context" else _entries(call, section)
    if section == "current-context":
        call.context.config.current = ""
    elif not name:
        entries.clear()
    elif name in entries or "." not in name:
        entries.pop(name, None)
    else:
        name, _, field = name.rpartition(".")
        refuse_if(name not in entries, f"current map key `{name}` is invalid")
        entries[name].pop(field, None)
    call.say(f'Property "{path}" unset.\n')


@_command("config rename-context")
def rename_context(call: Call) -> None:
    (old, new), config = call.args, call.context.config
    failed = f'cannot rename the context "{old}"'
    refuse_if(old not in config.contexts, f"{failed}, it's not in {KUBECONFIG}")
    refuse_if(new in config.contexts, f'{failed}, the context "{new}" already exists in {KUBECONFIG}')
    config.contexts[new] = config.contexts.pop(old)
    config.current = new if config.current == old else config.current
    call.say(f'Context "{old}" renamed to "{new}".\n')


@_command("config view")
def view(call: Call) -> None:
    config, names = call.context.config, _names(call)
    sections = {
        section: [{"name": name, word: _shown(call, _entries(call, section)[name], section)} for name in names[section]]
        for section, (word, _, _) in _SECTIONS.items()
    }
    shown: Object = {"kind": "Config", "apiVersion": "v1", **{key: items or None for key, items in sections.items()}}
    call.say(call.output_format().render(shown | {"current-context": config.current}, typed=True))


def _names(call: Call) -> dict[str, list[str]]:
    config = call.context.config
    if not call.flags["minify"]:
        return {section: sorted(_entries(call, section)) for section in _SECTIONS}
    context = call.flags["context"] or config.current
    refuse_if(not context, "current-context must exist in order to minify")
    names = {}
    for section, (word, _, _) in reversed(_SECTIONS.items()):  # the context first
        name = context if section == "contexts" else config.of_context(word, context)
        refuse_if(name and name not in _entries(call, section), f"cannot locate {word} {name}")
        names[section] = [name] if name else []
    return names


def _shown(call: Call, entry: Entry, section: str) -> dict[str, Any]:
    _, always, fields = _SECTIONS[section]
    shown = {key: entry.get(key, "") for number, key in enumerate(fields) if number < always or entry.get(key)}
    hidden = {"token": "REDACTED", "password": "REDACTED"} | {key: HIDDEN for key in fields if key.endswith("-data")}
    return shown if call.flags["raw"] else {key: hidden.get(key, value) for key, value in shown.items()}
