"""kubectl logs of one Pod, of a workload's Pod, or of the Pods that a selector matches.

--follow waits for a container to start, and then prints its log so far. Mirrors k8s.io/kubectl pkg/cmd/logs, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain
from math import copysign

from kubesim.api.errors import StatusError
from kubesim.api.objects import name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.cluster.apiserver import LogOptions
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, UsageError, is_missing, refuse_if
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import nothing_found
from kubesim.kubectl.running import choose_container, choose_pod, container_names, find_subject
from kubesim.kubectl.selection import Group, list_live
from kubesim.shell.tools import lines

_TAIL_OF_SELECTED = 10  # lines of each log with a selector and without --tail
_TRIES = 20  # attempts of --follow, a second apart, to read the log of a container that hasn't started
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")  # the order of --all-containers
_USAGE = (
    "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
    "POD or TYPE/NAME is a required argument for the logs command"
)


def _check_logs(call: Call) -> None:
    """The trait `check` of logs. Raises UsageError for a wrong number of arguments."""
    count = len(call.args)
    if call.flags["selector"]:
        refuse_if(count == 1, "only a selector (-l) or a POD name is allowed", UsageError)
    else:
        refuse_if(count not in (1, 2), _USAGE, UsageError)


@command("logs", check=_check_logs, asks_namespace=True, operands="pods")
def logs(call: Call) -> None:
    """Print the logs of the chosen containers, one after the other."""
    flags = call.flags
    refuse_if(
        flags["selector"] and call.args,
        "selectors and the all flag cannot be used when passing resource/name arguments",
    )
    subjects = _find_subjects(call)
    container = call.args[1] if len(call.args) == 2 else flags["container"]
    _check_log_flags(call, container)
    options = _log_options(call)
    for pod in [choose_pod(call, subject, "get the logs from", reports_choice=True) for subject in subjects]:
        if flags["all-containers"]:
            names = list(chain.from_iterable(container_names(pod, field) for field in _CONTAINERS))
        else:
            names = [choose_container(call, pod, container)]
        for name in names:
            text = _read_log(call, partial(call.api.log, namespace_of(pod), name_of(pod), name, options))
            prefix = f"[pod/{name_of(pod)}/{name}] " if flags["prefix"] else ""
            call.say("".join(f"{prefix}{line}" for line in lines(text)))


def _whole_seconds(duration: float) -> int:
    """Seconds rounded as Go's Duration.Round does it: a half goes away from zero."""
    return int(duration + copysign(0.5, duration))


def _check_log_flags(call: Call, container: str) -> None:
    """Raise KubectlError for wrong flags. kubectl checks these only after it has found the Pods."""
    flags = call.flags
    refuse_if(
        flags["all-containers"] and container,
        f"--all-containers=true should not be specified with container name {container}",
    )
    is_named_twice = flags["container"] and len(call.args) == 2
    refuse_if(is_named_twice, "only one of -c or an inline [CONTAINER] arg is allowed")
    refuse_if(_whole_seconds(flags["since"]) < 0, "--since must be greater than 0")
    refuse_if(flags["tail"] < -1, "--tail must be greater than or equal to -1")


def _find_subjects(call: Call) -> list[Target]:
    """The objects whose logs are printed: the Pods of a selector, or the one named object.

    Raises KubectlError for a missing object, in words that only logs uses.
    """
    if call.flags["selector"]:
        pods = list_live(call, Target(POD, call.namespace, None))
        if not pods:
            call.complain(nothing_found(call))
        return Group(POD, pods).targets
    try:
        return [find_subject(call, call.args[0])]
    except StatusError as error:
        if not is_missing(error):
            raise
        raise KubectlError(f'error from server (NotFound): {error.message} in namespace "{call.namespace}"') from None


def _log_options(call: Call) -> LogOptions:
    """The part of each log to read, from --previous, --tail, --since and --timestamps."""
    flags = call.flags
    tail = flags["tail"] if flags["tail"] >= 0 else None  # --tail=-1, the default, means the whole log
    if flags["selector"] and "tail" not in call.typed_flags:
        tail = _TAIL_OF_SELECTED
    since = _whole_seconds(flags["since"]) if flags["since"] else None
    return LogOptions(previous=flags["previous"], tail=tail, since=since, timestamps=flags["timestamps"])


def _read_log(call: Call, read: Callable[[], str]) -> str:
    """The log that the request `read` returns.

    With --follow, the request is repeated every second as long as the API server refuses it because the container is
    waiting to start. Raises KubectlError after _TRIES attempts.
    """
    for _ in range(_TRIES):
        try:
            return read()
        except StatusError as error:
            if not call.flags["follow"] or error.reason != "BadRequest":
                raise
            call.complain(f"{error.message}\n")
            call.pass_time(1.0)
    raise KubectlError("context deadline exceeded")
