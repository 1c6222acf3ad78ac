"""kubectl logs, exec, wait and events: what goes on in the cluster.

Mirrors k8s.io/kubectl pkg/cmd/{logs,exec,wait,events}, v1.36.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from kubesim import tabwriter
from kubesim.clock import SECOND, Micros, parse_time
from kubesim.errors import StatusError
from kubesim.gosort import go_sort
from kubesim.humanize import age
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, absent, array, command, duration, many, number, switch, text
from kubesim.kubectl.deletion import wait_until_gone
from kubesim.kubectl.errors import Exit, KubectlError, Plain, UsageError, raise_all
from kubesim.kubectl.formats import FORMATS, evaluate_relaxed
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Target, find_targets, get_named, list_all, select
from kubesim.objects import Object, metadata, name_of, namespace_of
from kubesim.process import StartError
from kubesim.resources import EVENT, POD
from kubesim.schema import in_go_order


def _pod_of(call: Call, word: str) -> Object:
    """The Pod that NAME or pod/NAME means."""
    kind, slash, name = word.rpartition("/")
    if slash and kind not in ("pod", "pods", "po"):
        target = find_targets(call, [word])[0][0]
        return _first_pod(call, target)
    return get_named(call, POD, call.namespace, name)


def _first_pod(call: Call, target: Target) -> Object:
    owner = get_named(call, target.resource, target.namespace or "", target.name or "")
    wanted = owner.get("spec", {}).get("selector", {}).get("matchLabels", {})
    if not wanted:
        kind = f"*{target.resource.version}.{target.resource.kind}"
        what = "get the logs from" if call.command.path == ("logs",) else "attach to"
        raise KubectlError(f"cannot {what} {kind}: selector for {kind} not implemented")
    labels = ",".join(f"{key}={value}" for key, value in wanted.items())
    pods = call.api.list(POD, call.namespace, labels=labels, user=call.user) if labels else []
    if not pods:
        raise KubectlError("timed out waiting for the condition")
    best = min(pods, key=_rank)
    if len(pods) > 1 and call.command.path == ("logs",):
        call.complain(f"Found {len(pods)} pods, using pod/{name_of(best)}\n")
    return best


_PHASES = ("Running", "Unknown", "Pending")


def _rank(pod: Object) -> tuple[bool, int, bool, str, str]:
    """Which Pod of several is asked: on a node, running, ready, for the longest time. Mirrors pkg/util/podutils."""
    phase = pod["status"]["phase"]
    ready: Object = next((item for item in pod["status"].get("conditions", ()) if item["type"] == "Ready"), {})
    is_ready = ready.get("status") == "True"
    return (
        not pod["spec"].get("nodeName"),
        _PHASES.index(phase) if phase in _PHASES else 0,
        not is_ready,
        ready["lastTransitionTime"] if is_ready else "",
        metadata(pod)["creationTimestamp"],
    )


def _container_name(call: Call, pod: Object) -> str:
    """The container of -c, or the first one. Raises KubectlError for one that the Pod does not have."""
    spec = pod["spec"]
    names = [item["name"] for key in ("containers", "initContainers") for item in spec.get(key, ())]
    wanted = call.flags["container"]
    if not wanted:
        if len(spec["containers"]) > 1:
            call.complain(f'Defaulted container "{names[0]}" out of: {_listed(spec)}\n')
        return str(names[0])
    if wanted not in names:
        raise KubectlError(f"container {wanted} is not valid for pod {name_of(pod)} out of: {_listed(spec)}")
    return str(wanted)


def _listed(spec: Object) -> str:
    inits = [f"{item['name']} (init)" for item in spec.get("initContainers", ())]
    return ", ".join([*(item["name"] for item in spec["containers"]), *inits])


@command(
    "logs",
    "[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]",
    "Print the logs for a container in a pod",
    flags.SELECTOR,
    text("container", "c", "Which container."),
    switch("previous", "p", "The container before the present one."),
    switch("follow", "f", "Go on with new lines (nothing new is ever written here while you watch)."),
    number("tail", "", "How many of the last lines; -1 for all.", -1),
    switch("all-containers", "", "All containers of the Pod."),
    switch("prefix", "", "Write the Pod and container before each line."),
    *absent("since", "pod-running-timeout", kind="duration"),
    *absent("limit-bytes", "max-log-requests", kind="number"),
    *absent("since-time"),
    *absent("timestamps", "ignore-errors", "insecure-skip-tls-verify-backend", "all-pods", kind="switch"),
    example="  kubectl logs private-pod",
)
def logs(call: Call) -> None:
    """Show what containers wrote."""
    pods = _logged_pods(call)
    if call.flags["all-containers"] and call.flags["container"]:
        name = call.flags["container"]
        raise KubectlError(f"--all-containers=true should not be specified with container name {name}")
    for pod in pods:
        spec = pod["spec"]
        every = [item["name"] for key in ("initContainers", "containers") for item in spec.get(key, ())]
        for name in every if call.flags["all-containers"] else [_container_name(call, pod)]:
            call.say(_log_text(call, pod, name))


def _logged_pods(call: Call) -> list[Object]:
    if call.flags["selector"]:
        if call.args:
            raise UsageError("only a selector (-l) or a POD name is allowed")
        pods = call.api.list(POD, call.namespace, labels=call.flags["selector"], user=call.user)
        if not pods:
            call.complain(f"No resources found in {call.namespace} namespace.\n")
        return pods
    if not 1 <= len(call.args) <= 2:
        raise UsageError(
            "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
            "POD or TYPE/NAME is a required argument for the logs command"
        )
    if len(call.args) == 2:
        if call.flags["container"]:
            raise KubectlError("only one of -c or an inline [CONTAINER] arg is allowed")
        call.flags = {**call.flags, "container": call.args[1]}
    try:
        return [_pod_of(call, call.args[0])]
    except StatusError as error:
        if error.reason != "NotFound":
            raise
        where = f'in namespace "{call.namespace}"'
        raise KubectlError(f"error from server (NotFound): {error.message} {where}") from None


def _log_text(call: Call, pod: Object, container: str) -> str:
    node = call.api.node_of(pod, user=call.user, verb="get", subresource="log")
    text = node.logs(pod, container, call.flags["previous"])
    lines = text.splitlines(keepends=True)
    if call.flags["tail"] >= 0:
        lines = lines[len(lines) - call.flags["tail"] :] if call.flags["tail"] else []
    head = f"[pod/{name_of(pod)}/{container}] " if call.flags["prefix"] else ""
    return "".join(head + line for line in lines)


def _pod_and_command(call: Call) -> None:
    if not call.args or call.dash == 0:
        raise KubectlError("pod, type/name or --filename must be specified")
    if call.dash < 0 and len(call.args) > 1:
        raise UsageError("exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead")
    if len(call.args) < 2:
        raise KubectlError("you must specify at least one command for the container")


@command(
    "exec",
    "(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]",
    "Execute a command in a container",
    text("container", "c", "Which container."),
    switch("stdin", "i", "Pass standard input (the commands here read none)."),
    switch("tty", "t", "Act as a terminal (only single commands can be run here)."),
    switch("quiet", "q", "Say less."),
    *absent("pod-running-timeout", kind="duration"),
    *absent("filename/f"),
    example="  kubectl exec private-pod -- cat /etc/marker",
    check=_pod_and_command,
)
def execute(call: Call) -> None:
    """Run a command in a container; its exit status is kubectl's."""
    pod = _pod_of(call, call.args[0])
    if pod["status"]["phase"] in ("Succeeded", "Failed"):
        phase = pod["status"]["phase"]
        raise KubectlError(f"cannot exec into a container in a completed pod; current phase is {phase}")
    container = _container_name(call, pod)
    node = call.api.node_of(pod, user=call.user, verb="create", subresource="exec")
    try:
        ran = node.execute(pod, container, list(call.args[1:]))
    except StartError as error:
        exec_id = hashlib.sha256(repr((pod["metadata"]["uid"], call.context.clock.now)).encode()).hexdigest()
        raise KubectlError(f"Internal error occurred: {error.of_exec(exec_id)}") from None
    except StatusError as error:
        raise KubectlError(f"unable to upgrade connection: {error.message}") from None
    call.say(ran.output)
    if ran.exit_code:
        call.complain(f"command terminated with exit code {ran.exit_code}\n")
        raise Exit(ran.exit_code)


@command(
    "wait",
    "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) "
    "[--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]",
    "Wait for a specific condition on one or many resources",
    many("filename", "f", "A file, a folder or - for standard input; may be given several times."),
    switch("recursive", "R", "Take the folders of -f with everything below them.", True),
    flags.SELECTOR,
    flags.FIELD_SELECTOR,
    flags.ALL_NAMESPACES,
    flags.OUTPUT,
    array("for", "", "delete, create, condition=NAME[=VALUE] or jsonpath='{PATH}'[=VALUE]."),
    duration("timeout", "", "How long to wait.", 30.0),
    switch("all", "", "All objects of the type in the namespace."),
    *absent("local", kind="switch"),
    example="  kubectl wait --for=condition=Ready pod/private-pod --timeout=30s",
)
def wait(call: Call) -> None:
    """Let time pass until objects are as asked, at most for --timeout each."""
    wanted = call.flags["for"]
    if not wanted:
        raise KubectlError("unrecognized condition: []")
    if wanted[-1].lower() == "delete":
        _wait_for_deletion(call)
        return
    holds = _condition(wanted[-1])
    targets = _waited(call, wanted[-1].lower() == "create")
    errors: list[Exception] = []
    timeout = call.flags["timeout"] if call.flags["timeout"] >= 0 else _A_WEEK
    ends = call.context.clock.now + timeout * SECOND  # for all of them together
    for target in targets:
        try:
            _wait_for(call, target, holds, (ends - call.context.clock.now) / SECOND)
        except (KubectlError, StatusError) as error:
            errors.append(error)
    raise_all(errors)


_A_WEEK = 7 * 86400.0


def _waited(call: Call, for_creation: bool) -> list[Target]:
    """The objects to wait for, each by name."""
    targets, errors = find_targets(call, call.args)
    raise_all(errors)
    if for_creation:
        return targets
    if any(target.name is None for target in targets) and not (
        call.flags["all"] or call.flags["selector"] or call.flags["field-selector"]
    ):
        raise KubectlError("resource(s) were provided, but no name was specified")
    selection = select(call, call.args)
    raise_all(selection.errors)
    if not selection.objects:
        raise KubectlError("no matching resources found")
    return [Target(resource, namespace_of(obj), name_of(obj)) for resource, obj in selection.objects]


def _wait_for(call: Call, target: Target, holds: Callable[[Object], bool], seconds: float) -> None:
    """Let at most `seconds` pass until it holds. Where none are left, nobody looks whether it does."""
    resource, name = target.resource, target.name or ""

    def done() -> bool:
        obj = call.api.find(resource, target.namespace or "", name)
        return obj is not None and holds(obj)

    if seconds <= 0 != call.flags["timeout"] or not call.wait_until(done, seconds):
        where = "" if call.flags["for"][-1].lower() == "create" else f" on {resource.plural}/{name}"
        raise KubectlError(f"timed out waiting for the condition{where}")
    _say_met(call, target)


def _say_met(call: Call, target: Target) -> None:
    obj = call.api.find(target.resource, target.namespace or "", target.name or "")
    if obj is not None:
        print_result(call, target.resource, obj, "condition met")


def _condition(wanted: str) -> Callable[[Object], bool]:
    """The test of --for."""
    kind, equals, rest = wanted.partition("=")
    if kind.lower() == "create":
        return lambda _: True
    if kind.lower() == "condition" and equals:
        name, _, value = rest.partition("=")
        return lambda obj: _has_condition(obj, name, value or "True")
    if kind.lower() == "jsonpath" and equals:
        return _jsonpath_test(rest)
    raise KubectlError(f'unrecognized condition: "{wanted}"')


def _has_condition(obj: Object, name: str, value: str) -> bool:
    conditions = obj.get("status", {}).get("conditions", ())
    return any(item["type"].lower() == name.lower() and item["status"].lower() == value.lower() for item in conditions)


def _jsonpath_test(rest: str) -> Callable[[Object], bool]:
    path, braces, value = rest.rpartition("}")
    expression, wanted = path + braces, value.removeprefix("=")
    if not braces:
        expression, _, wanted = rest.partition("=")
    if not expression:
        raise KubectlError("jsonpath expression cannot be empty")
    if value == "=":
        raise KubectlError(
            "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3"
        )
    evaluate_relaxed(expression, {})

    def test(obj: Object) -> bool:
        values = evaluate_relaxed(expression, obj)
        return bool(values) and (not wanted or any(str(item) == wanted for item in values))

    return test


def _wait_for_deletion(call: Call) -> None:
    targets, errors = find_targets(call, call.args, needs_name=True)
    raise_all(errors)
    named = [target for target in targets if target.name is not None]
    for target in (target for target in targets if target.name is None):
        named += [Target(target.resource, namespace_of(obj), name_of(obj)) for obj in list_all(call, target)]
    for target in named:
        present = call.api.find(target.resource, target.namespace or "", target.name or "")
        wait_until_gone(call, [target])
        if present:
            call.say(f"{target.resource.printed}/{target.name} condition met\n")


@command(
    "events",
    f"[(-o|--output=){'|'.join(FORMATS)}] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]",
    "List events",
    flags.ALL_NAMESPACES,
    flags.OUTPUT,
    text("for", "", "Only those of this object, as TYPE/NAME."),
    many("types", "", "Only those of these types."),
    switch("no-headers", "", "Leave the headings out."),
    number("chunk-size", "", "How many objects are asked for at once (kubesim always returns all).", 500),
    *absent("watch/w", kind="switch"),
    example="  kubectl events --for pod/private-pod",
)
def events(call: Call) -> None:
    """Show events, the oldest first."""
    if not {item.lower() for item in call.flags["types"]} <= {"normal", "warning"}:
        raise KubectlError("valid --types are Normal or Warning")
    namespace = None if call.flags["all-namespaces"] else call.namespace
    subject = _event_subject(call)
    found = call.api.list(EVENT, namespace, user=call.user)
    kept = [event for event in found if _is_asked(call, event, subject)]
    if not kept:
        where = "" if namespace is None else f" in {namespace} namespace"
        call.complain(f"No events found{where}.\n")
        return
    go_sort(kept, lambda one, other: _event_time(one) < _event_time(other))
    if call.flags["output"]:  # --template alone counts for nothing here
        if call.flags["output"] != "name":  # a list has none
            items = [in_go_order(EVENT, event) for event in kept]
            listed = {"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": items}
            call.say(call.output_format().render(listed, typed=True))
        return
    rows = [_event_row(event, call.context.clock.now) for event in kept]
    head = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    if namespace is None:
        head.insert(0, "NAMESPACE")
        rows = [[namespace_of(event), *row] for event, row in zip(kept, rows, strict=True)]
    call.say(tabwriter.format(rows if call.flags["no-headers"] else [head, *rows]))


def _is_asked(call: Call, event: Object, subject: tuple[str, str] | None) -> bool:
    types = call.flags["types"]
    if types and event["type"].lower() not in {item.lower() for item in types}:
        return False
    about = event["involvedObject"]
    return subject is None or (about["kind"], about["name"]) == subject


def _event_subject(call: Call) -> tuple[str, str] | None:
    """The kind and name of --for, or None."""
    if not call.flags["for"]:
        return None
    if "/" not in call.flags["for"]:
        raise KubectlError("--for must be in resource/name form")
    try:
        targets, _ = find_targets(call, [call.flags["for"]])
    except KubectlError as error:
        raise Plain(str(error)) if str(error).startswith("the server") else error from None
    return targets[0].resource.kind, targets[0].name or ""


def _event_time(event: Object) -> Micros:
    """When it was last seen. Old-style events have whole seconds and so come before newer ones of that second."""
    return parse_time(event.get("lastTimestamp") or event.get("eventTime") or metadata(event)["creationTimestamp"])


def _event_row(event: Object, now: Micros) -> list[str]:
    last = age(event.get("lastTimestamp") or event.get("eventTime"), now)
    if event.get("count", 1) > 1:
        last = f"{last} (x{event['count']} over {age(event['firstTimestamp'], now)})"
    about = event["involvedObject"]
    return [last, event["type"], event["reason"], f"{about['kind']}/{about['name']}", event["message"].strip()]
