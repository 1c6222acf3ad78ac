"""Every command of kubectl: those that kubesim simulates, and the names of those that it does not."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.kubectl.apply import apply, replace
from kubesim.kubectl.change import annotate, label, patch, scale
from kubesim.kubectl.command import Call, Command
from kubesim.kubectl.create import (
    create,
    create_cluster_role,
    create_cluster_role_binding,
    create_config_map,
    create_cron_job,
    create_deployment,
    create_docker_registry,
    create_generic,
    create_job,
    create_namespace,
    create_role,
    create_role_binding,
    create_service_account,
    create_tls,
    create_token,
)
from kubesim.kubectl.deletion import delete
from kubesim.kubectl.describe import describe
from kubesim.kubectl.diff import diff
from kubesim.kubectl.discovery import api_resources, api_versions, cluster_info, explain, version
from kubesim.kubectl.edit import edit
from kubesim.kubectl.environment import set_env
from kubesim.kubectl.errors import Exit, UsageError
from kubesim.kubectl.events import events
from kubesim.kubectl.flags import FlagSet
from kubesim.kubectl.get import get
from kubesim.kubectl.help import group_help
from kubesim.kubectl.kubeconfig import (
    current_context,
    delete_cluster,
    delete_context,
    delete_user,
    get_clusters,
    get_contexts,
    get_users,
    rename_context,
    set_cluster,
    set_context,
    set_credentials,
    set_property,
    unset_property,
    use_context,
    view,
)
from kubesim.kubectl.last_applied import view_last_applied
from kubesim.kubectl.rollout import history, pause, restart, resume, status, undo
from kubesim.kubectl.run import run
from kubesim.kubectl.running import execute, logs
from kubesim.kubectl.set_ import set_image, set_resources, set_service_account
from kubesim.kubectl.settings import can_i, whoami
from kubesim.kubectl.wait import wait


def _group(path: str, usage: str, short: str, long: str = "", to_stdout: bool = False) -> Command:
    """A command that only holds others: called by itself it shows its help."""

    def show(call: Call) -> None:
        if call.args:
            raise UsageError(f'unknown command "{" ".join(call.args)}"')
        members = [member for member in COMMANDS if member.path[:-1] == call.command.path]
        (call.say if to_stdout else call.complain)(group_help(call.command, members))
        raise Exit(1)

    return Command(tuple(path.split()), usage, short, (), show, (), long, is_group=True, order=())


_SECRET = """Create a secret with specified type.

 A docker-registry type secret is for accessing a container registry.

 A generic type secret indicate an Opaque secret type.

 A tls type secret holds TLS certificate and its associated key."""

# In the order of kubectl's own help.
COMMANDS: tuple[Command, ...] = (
    create,
    create_cluster_role,
    create_cluster_role_binding,
    create_config_map,
    create_cron_job,
    create_deployment,
    create_job,
    create_namespace,
    create_role,
    create_role_binding,
    _group(
        "create secret", "(docker-registry | generic | tls)", "Create a secret using a specified subcommand", _SECRET
    ),
    create_docker_registry,
    create_generic,
    create_tls,
    create_service_account,
    create_token,
    run,
    _group("set", "SUBCOMMAND", "Set specific features on objects"),
    set_env,
    set_image,
    set_resources,
    set_service_account,
    explain,
    get,
    edit,
    delete,
    _group("rollout", "SUBCOMMAND", "Manage the rollout of a resource", to_stdout=True),
    history,
    pause,
    restart,
    resume,
    status,
    undo,
    scale,
    cluster_info,
    describe,
    logs,
    execute,
    _group("auth", "[flags]", "Inspect authorization"),
    can_i,
    whoami,
    events,
    diff,
    apply,
    view_last_applied,
    patch,
    replace,
    wait,
    label,
    annotate,
    _group("config", "SUBCOMMAND", "Modify kubeconfig files"),
    current_context,
    delete_cluster,
    delete_context,
    delete_user,
    get_clusters,
    get_contexts,
    get_users,
    rename_context,
    set_property,
    set_cluster,
    set_context,
    set_credentials,
    unset_property,
    use_context,
    view,
    api_resources,
    api_versions,
    version,
)

# Commands of kubectl v1.36 that are not simulated, by the words before theirs.
_ABSENT = {
    (): (
        *("alpha", "attach", "autoscale", "certificate", "completion", "cordon", "cp", "debug", "drain", "expose"),
        *("kuberc", "kustomize", "options", "plugin", "port-forward", "proxy", "taint", "top", "uncordon"),
    ),
    ("apply",): ("edit-last-applied", "set-last-applied"),
    ("auth",): ("reconcile",),
    ("cluster-info",): ("dump",),
    ("create",): (
        *("ingress", "poddisruptionbudget", "priorityclass"),
        *("quota", "service"),
        *("ing", "pc", "pdb", "resourcequota", "svc"),
    ),
    ("set",): ("selector", "subject"),
}
ABSENT = frozenset((*path, name) for path, names in _ABSENT.items() for name in names)

FLAG_SETS = {command.path: FlagSet(command.flags) for command in COMMANDS}
_BY_PATH = {
    (*command.path[:-1], name): command for command in COMMANDS for name in (command.path[-1], *command.aliases)
}
_GLOBAL = FlagSet(())


def find_command(args: Sequence[str]) -> tuple[Command | None, list[str]]:
    """The command that the words begin with, flags left aside, and the words without its name."""
    rest = list(args)
    path: tuple[str, ...] = ()
    found: Command | None = None
    position = next_word(rest, 0)
    while position is not None and (command := _BY_PATH.get((*path, rest[position]))):
        found, path = command, command.path
        del rest[position]
        position = next_word(rest, position)
    return found, rest


def next_word(words: Sequence[str], start: int) -> int | None:
    """The position of the first word that is neither a flag nor a global flag's value, as cobra looks for commands."""
    skip = False
    for index in range(start, len(words)):
        word = words[index]
        if skip:
            skip = False
        elif word == "--":
            return None
        elif not word.startswith("-") or word == "-":
            return index
        else:
            skip = _takes_value(word)
    return None


def _takes_value(word: str) -> bool:
    if "=" in word:
        return False
    flag = _GLOBAL.flags.get(word[2:]) if word.startswith("--") else _GLOBAL.shorts.get(word[1:])
    return flag is not None and flag.bare is None


def suggestions(word: str) -> str:
    """Cobra's "Did you mean this?" with the commands that are at most two letters away."""
    near = [name for name in _ROOT if _distance(word.lower(), name) <= 2 or name.startswith(word.lower())]
    return "\n\nDid you mean this?\n" + "\n".join(f"\t{name}" for name in near) if near else ""


# Every command, simulated or not, in the order in which kubectl makes them.
_ROOT = (
    *("create", "expose", "run", "set", "explain", "get", "edit", "delete", "rollout", "scale", "autoscale"),
    *("certificate", "cluster-info", "top", "cordon", "uncordon", "drain", "taint", "describe", "logs", "attach"),
    *("exec", "port-forward", "proxy", "cp", "auth", "debug", "events", "diff", "apply", "patch", "replace", "wait"),
    *("kustomize", "label", "annotate", "completion", "plugin", "version", "api-versions", "api-resources", "config"),
)


def _distance(one: str, other: str) -> int:
    """The Levenshtein distance."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one[:64], 1):
        previous, row[0] = row[0], index
        for column, wanted in enumerate(other, 1):
            cost = previous + (letter != wanted)
            previous, row[column] = row[column], min(cost, row[column] + 1, row[column - 1] + 1)
    return row[-1]
