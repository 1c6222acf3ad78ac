"""kubectl exec, and the choice of a Pod and a container, which logs and debug share.

Mirrors k8s.io/kubectl pkg/cmd/exec and pkg/polymorphichelpers, v1.36, without terminals (--tty) and without Services.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from kubesim.api.errors import StatusError
from kubesim.api.humanize import format_selector
from kubesim.api.objects import Object, annotations_of, has_ended, metadata, name_of, namespace_of
from kubesim.api.resources import POD, SERVICE
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import Exit, KubectlError, NotSimulated, UsageError, refuse_if, reworded
from kubesim.kubectl.manifests import Target, check_paths
from kubesim.kubectl.selection import Query, get_live
from kubesim.shell.process import Process, StartError

NO_TTY = "Unable to use a TTY - input is not a terminal or the right kind of file\n"
_LONGEST_EXEC = 3600  # simulated seconds after which a process counts as endless and is interrupted
_PHASES = {"Unknown": 1, "Pending": 2}  # ranks of phases; all others have 0 and come first
# Suffixes of containers' names in messages, by the field of the Pod's spec, in the messages' order.
_NAME_SUFFIXES = {"containers": "", "ephemeralContainers": " (ephem)", "initContainers": " (init)"}


def find_subject(call: Call, word: str) -> Target:
    """The live object of an argument: the name of a Pod, or TYPE/NAME. Raises KubectlError and StatusError."""
    kind, slash, name = word.rpartition("/")
    if not slash or kind in ("pod", "pods", "po"):
        target = Target(POD, call.namespace, name)
    else:
        (target,) = Query(call, [word]).targets
    return target._replace(obj=get_live(call, target))


def choose_pod(call: Call, subject: Target, purpose: str, reports_choice: bool = False) -> Object:
    """The Pod `subject` itself, or the first of a workload's Pods by `_rank`.

    `purpose`, such as "attach to", is part of the refusal of a type without Pods. With `reports_choice`, the
    choice among several Pods is printed. Raises KubectlError and NotSimulated.
    """
    resource = subject.resource
    if resource is POD:
        return subject.obj
    if resource is SERVICE:
        raise NotSimulated("the Pods behind a Service are not part of this simulator")
    selector = subject.obj.get("spec", {}).get("selector")
    refuse_if(not selector, f"cannot {purpose} {resource.in_go}: selector for {resource.in_go} not implemented")
    pods = call.api.list(POD, call.namespace, labels=format_selector(selector))
    refuse_if(not pods, "timed out waiting for the condition")
    best = min(pods, key=_rank)
    if len(pods) > 1 and reports_choice:
        call.complain(f"Found {len(pods)} pods, using pod/{name_of(best)}\n")
    return best


def _rank(pod: Object) -> tuple[bool, int, bool, str, str]:
    """The sort key of a Pod: scheduled Pods come first, then running ones, ready ones, and those ready the longest.

    Mirrors the two orders of k8s.io/kubectl pkg/util/podutils where they agree, without their comparison of restarts.
    """
    ready_since = ""
    for condition in pod["status"].get("conditions", ()):
        if condition["type"] == "Ready" and condition["status"] == "True":
            ready_since = condition["lastTransitionTime"]
    is_waiting = not pod["spec"].get("nodeName")
    phase = _PHASES.get(pod["status"]["phase"], 0)
    return is_waiting, phase, not ready_since, ready_since, metadata(pod)["creationTimestamp"]


def choose_container(call: Call, pod: Object, container: str) -> str:
    """Choose a container of a Pod: `container` if it isn't empty, the one in the Pod's annotation, or the first.

    Writes a line about the choice of the first one among several. Raises KubectlError if the Pod has no such container.
    """
    suffixed = {name: name + suffix for field, suffix in _NAME_SUFFIXES.items() for name in container_names(pod, field)}
    names = ", ".join(suffixed.values())
    if container:
        refuse_if(
            container not in suffixed, f"container {container} is not valid for pod {name_of(pod)} out of: {names}"
        )
        return container
    preferred = annotations_of(pod).get("kubectl.kubernetes.io/default-container", "")
    if preferred in suffixed:
        return preferred
    first = next(iter(suffixed))
    if len(suffixed) > 1:
        call.complain(f'Defaulted container "{first}" out of: {names}\n')
    return first


def container_names(pod: Object, field: str) -> list[str]:
    """The names of the containers in a field of a Pod's spec, such as "initContainers"."""
    return [item["name"] for item in pod["spec"].get(field, ())]


def _run_in_container(call: Call, pod: Object, argv: Sequence[str]) -> Process:
    """Run `argv` in a container of a Pod, to its end.

    Raises KubectlError for a Pod that has ended, for a missing container, and for a process that can't start.
    """
    refuse_if(
        has_ended(pod),
        f"cannot exec into a container in a completed pod; current phase is {pod['status']['phase']}",
    )
    container = choose_container(call, pod, call.flags["container"])
    connection = call.api.exec(namespace_of(pod), name_of(pod), container)
    if call.flags["stdin"] and call.flags["tty"]:
        call.complain(NO_TTY)
    stdin = call.context.read_stdin() if call.flags["stdin"] else ""
    try:
        with reworded(StatusError, "unable to upgrade connection: "):
            return connection.execute(argv, call.context.budget, stdin)
    except StartError as error:
        # The container runtime's random ID of the exec, here derived from the Pod and the time to be deterministic.
        exec_id = hashlib.sha256(repr((pod["metadata"]["uid"], call.context.clock.now)).encode()).hexdigest()
        raise KubectlError(error.of_exec(exec_id)) from None


def _check_exec(call: Call) -> None:
    """The trait `check` of exec. Raises UsageError for a command without "--" before it."""
    old = "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead"
    words = 0 if call.flags["filename"] else 1
    refuse_if(call.dash < 0 and len(call.args) > words, old, UsageError)


@command("exec", check=_check_exec, asks_namespace=True, operands="pods")
def execute(call: Call) -> None:
    """Run a command in a container, print its output, and end with its exit status."""
    in_files = call.flags["filename"]
    words = call.before_dash
    argv = call.args[len(words) :]
    refuse_if(not words and not in_files, "pod, type/name or --filename must be specified")
    refuse_if(not argv, "you must specify at least one command for the container")
    check_paths(call)
    refuse_if(words and in_files, "resource/name arguments cannot be provided when a path is specified")
    subjects = Query(call, words).fetch(is_strict=True) if in_files else [find_subject(call, words[0])]
    # kubectl uses this message for a file without objects, too.
    refuse_if(len(subjects) != 1, "cannot exec into multiple objects at a time")
    pod = choose_pod(call, subjects[0], "attach to")
    ran = _run_in_container(call, pod, argv)
    _show(call, ran)
    if ran.unsimulated:
        raise Exit(1)
    if ran.exit_code:
        call.complain(f"command terminated with exit code {ran.exit_code}\n")
        raise Exit(ran.exit_code)


def _show(call: Call, ran: Process) -> None:
    """Print the output of a process, and let the time pass that it takes. Raises Exit for an endless process."""
    for write in ran.writes:
        if write.stream == "stdout":
            call.say(write.text)
        else:
            call.complain(write.text)
    if ran.seconds > _LONGEST_EXEC:
        call.complain("kubesim: this command would run on; it was interrupted, as by Ctrl-C\n")
        raise Exit(130)
    call.pass_time(ran.seconds)
