"""kubectl logs and exec: what goes on in containers. Mirrors k8s.io/kubectl pkg/cmd/{logs,exec}, v1.36."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from math import copysign
from typing import NamedTuple, TypeVar

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import POD, SERVICE
from kubesim.cluster.apiserver import Connection, LogOptions
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import Exit, KubectlError, UsageError, refuse_if, reworded
from kubesim.kubectl.manifests import Target, check_paths
from kubesim.kubectl.output import nothing_found
from kubesim.kubectl.selection import Group, Query, find_targets, get_live, list_live
from kubesim.shell.process import Process, StartError
from kubesim.shell.tools import lines

T = TypeVar("T")
_NO_TTY = "Unable to use a TTY - input is not a terminal or the right kind of file\n"
_LOGS = "get the logs from"
_LONGEST_EXEC = 3600  # simulated seconds
_LINES_OF_EACH = 10  # of the logs of a selection
_TRIES = 20  # of --follow, a second apart, until a container has started


def find_subject(call: Call, word: str) -> Target:
    """The object that a word names: a Pod, or TYPE/NAME."""
    kind, slash, name = word.rpartition("/")
    if not slash or kind in ("pod", "pods", "po"):
        target = Target(POD, call.namespace, name)
    else:
        (target,) = find_targets(call, [word])
    return target._replace(obj=get_live(call, target))


def _pod_of(call: Call, subject: Target, purpose: str) -> Object:
    """The Pod that is named, or one of the Pods of what is; a refusal says what the `purpose` was."""
    resource = subject.resource
    if resource is POD:
        return subject.obj
    labels = subject.obj.get("spec", {}).get("selector") or {}
    lacking = f"invalid service '{subject.name}': Service is defined without a selector"
    if resource is not SERVICE:
        labels = labels.get("matchLabels", {})
        lacking = f"selector for {resource.in_go} not implemented"
    refuse_if(not labels, f"cannot {purpose} {resource.in_go}: {lacking}")
    label_selector = ",".join(f"{key}={value}" for key, value in labels.items())
    pods = call.api.list(POD, call.namespace, labels=label_selector)
    refuse_if(not pods, "timed out waiting for the condition")
    best = min(pods, key=_order)
    if len(pods) > 1 and purpose == _LOGS:
        call.complain(f"Found {len(pods)} pods, using pod/{name_of(best)}\n")
    return best


_PHASES = ("Running", "Unknown", "Pending")


class _Order(NamedTuple):
    """Which Pod of several is asked: on a node, running, ready, for the longest time. Mirrors pkg/util/podutils."""

    is_waiting: bool
    phase: int
    is_unready: bool
    ready_since: str
    created: str


def _order(pod: Object) -> _Order:
    phase = pod["status"]["phase"]
    ready_since = ""
    for condition in pod["status"].get("conditions", ()):
        if condition["type"] == "Ready" and condition["status"] == "True":
            ready_since = condition["lastTransitionTime"]
    return _Order(
        is_waiting=not pod["spec"].get("nodeName"),
        phase=_PHASES.index(phase) if phase in _PHASES else 0,
        is_unready=not ready_since,
        ready_since=ready_since,
        created=metadata(pod)["creationTimestamp"],
    )


def _container_name(pod: Object, container: str, tell: Callable[[str], None]) -> str:
    """The container of a Pod that was named, or the first one, which is told.

    Raises KubectlError for one that the Pod does not have.
    """
    names = _names(pod, "containers")
    ephemeral = _names(pod, "ephemeralContainers")
    inits = _names(pod, "initContainers")
    all_names = [*names, *ephemeral, *inits]
    labelled = [*names, *(f"{name} (ephem)" for name in ephemeral), *(f"{name} (init)" for name in inits)]
    listed = ", ".join(labelled)
    if container:
        wrong = f"container {container} is not valid for pod {name_of(pod)} out of: {listed}"
        refuse_if(container not in all_names, wrong)
        return container
    if len(all_names) > 1:
        tell(f'Defaulted container "{names[0]}" out of: {listed}\n')
    return names[0]


def _names(pod: Object, key: str) -> list[str]:
    return [item["name"] for item in pod["spec"].get(key, ())]


_LOGS_USAGE = (
    "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
    "POD or TYPE/NAME is a required argument for the logs command"
)


def _check_logs(call: Call) -> None:
    count = len(call.args)
    if call.flags["selector"]:
        refuse_if(count == 1, "only a selector (-l) or a POD name is allowed", UsageError)
    else:
        refuse_if(count not in (1, 2), _LOGS_USAGE, UsageError)


@command("logs", check=_check_logs, asks_namespace=True, operands="pods")
def logs(call: Call) -> None:
    flags = call.flags
    both = "selectors and the all flag cannot be used when passing resource/name arguments"
    refuse_if(flags["selector"] and call.args, both)
    subjects = _logged(call)
    container = call.args[1] if len(call.args) == 2 else flags["container"]
    _check_log_flags(call, container)
    options = _log_options(call)
    for pod in [_pod_of(call, subject, _LOGS) for subject in subjects]:
        if flags["all-containers"]:
            names = [*_names(pod, "initContainers"), *_names(pod, "containers"), *_names(pod, "ephemeralContainers")]
        else:
            names = [_container_name(pod, container, call.complain)]
        for name in names:
            text = _log(call, partial(call.api.log, namespace_of(pod), name_of(pod), name, options))
            prefix = f"[pod/{name_of(pod)}/{name}] " if flags["prefix"] else ""
            call.say("".join(f"{prefix}{line}" for line in lines(text)))


def _whole_seconds(duration: float) -> int:
    """Seconds rounded as Go's Duration.Round does it: a half goes away from zero."""
    return int(duration + copysign(0.5, duration))


def _check_log_flags(call: Call, container: str) -> None:
    """Refuse what kubectl refuses once it has found the Pods."""
    flags = call.flags
    problem = f"--all-containers=true should not be specified with container name {container}"
    refuse_if(flags["all-containers"] and container, problem)
    is_named_twice = flags["container"] and len(call.args) == 2
    refuse_if(is_named_twice, "only one of -c or an inline [CONTAINER] arg is allowed")
    refuse_if(_whole_seconds(flags["since"]) < 0, "--since must be greater than 0")
    refuse_if(flags["tail"] < -1, "--tail must be greater than or equal to -1")


def _logged(call: Call) -> list[Target]:
    """What logs are asked for of: Pods of a selector, or what is named."""
    if call.flags["selector"]:
        pods = list_live(call, Target(POD, call.namespace, None))
        if not pods:
            call.complain(nothing_found(call))
        return Group(POD, pods).targets
    try:
        return [find_subject(call, call.args[0])]
    except StatusError as error:
        if error.reason != "NotFound":
            raise
        problem = f'error from server (NotFound): {error.message} in namespace "{call.namespace}"'
        raise KubectlError(problem) from None


def _log_options(call: Call) -> LogOptions:
    """Which part of each log is asked for."""
    flags = call.flags
    tail = None if flags["tail"] < 0 else flags["tail"]
    if flags["selector"] and "tail" not in call.typed_flags:
        tail = _LINES_OF_EACH
    since = _whole_seconds(flags["since"]) if flags["since"] else None
    return LogOptions(flags["previous"], tail, since, flags["timestamps"])


def _log(call: Call, read: Callable[[], str]) -> str:
    """The log; with --follow, of a container that is waiting to start as soon as it has, looked at every second."""
    for _ in range(_TRIES):
        try:
            return read()
        except StatusError as error:
            if not call.flags["follow"] or error.reason != "BadRequest":
                raise
            call.complain(f"{error.message}\n")
            call.pass_time(1.0)
    raise KubectlError("context deadline exceeded")


def exec_in(call: Call, pod: Object, run: Callable[[Connection], T], tell: Callable[[str], None] | None = None) -> T:
    """What `run` makes of a container of the Pod, in which a command is started; `tell` says which one was chosen."""
    if pod["status"]["phase"] in ("Succeeded", "Failed"):
        phase = pod["status"]["phase"]
        raise KubectlError(f"cannot exec into a container in a completed pod; current phase is {phase}")
    container = _container_name(pod, call.flags["container"], tell or call.complain)
    connection = call.api.exec(namespace_of(pod), name_of(pod), container)
    try:
        with reworded(StatusError, "unable to upgrade connection: "):
            return run(connection)
    except StartError as error:
        exec_id = hashlib.sha256(repr((pod["metadata"]["uid"], call.context.clock.now)).encode()).hexdigest()
        raise KubectlError(error.of_exec(exec_id)) from None


def _check_exec(call: Call) -> None:
    old = "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead"
    words = 0 if call.flags["filename"] else 1
    refuse_if(call.dash < 0 and len(call.args) > words, old, UsageError)


@command("exec", check=_check_exec, asks_namespace=True, operands="pods")
def execute(call: Call) -> None:
    in_files = call.flags["filename"]
    words = call.args if call.dash < 0 else call.args[: call.dash]
    argv = call.args[len(words) :]
    refuse_if(not words and not in_files, "pod, type/name or --filename must be specified")
    refuse_if(not argv, "you must specify at least one command for the container")
    check_paths(call)
    refuse_if(words and in_files, "resource/name arguments cannot be provided when a path is specified")
    subjects = Query(call, words).fetch(is_strict=True) if in_files else [find_subject(call, words[0])]
    # A file without an object, too, is read into a list.
    refuse_if(len(subjects) != 1, "cannot exec into multiple objects at a time")
    pod = _pod_of(call, subjects[0], "attach to")
    stdin = (call.context.stdin or "") if call.flags["stdin"] else ""

    def run(connection: Connection) -> Process:
        if call.flags["stdin"] and call.flags["tty"]:
            call.complain(_NO_TTY)
        return connection.execute(argv, call.context.budget, stdin)

    ran = exec_in(call, pod, run)
    _show(call, ran)
    if ran.unsimulated:
        raise Exit(1)
    if ran.exit_code:
        call.complain(f"command terminated with exit code {ran.exit_code}\n")
        raise Exit(ran.exit_code)


def _show(call: Call, ran: Process) -> None:
    """Show what a process writes, and let it end. Raises Exit where it would go on."""
    for write in ran.writes:
        if write.stream == "stdout":
            call.say(write.text)
        else:
            call.complain(write.text)
    if ran.seconds > _LONGEST_EXEC:
        call.complain("kubesim: this command would run on; it was interrupted, as by Ctrl-C\n")
        raise Exit(130)
    call.pass_time(ran.seconds)
