"""kubectl wait: let time pass until objects are as asked. Mirrors k8s.io/kubectl pkg/cmd/wait/wait.go, v1.36."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kubesim.api.clock import SECOND
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, absent, array, command, duration, many, switch
from kubesim.kubectl.deletion import wait_until_gone
from kubesim.kubectl.errors import KubectlError
from kubesim.kubectl.formats import evaluate_relaxed
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query, Target, get_named


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
    """Let time pass until objects are as asked, at most for --timeout in all."""
    if not call.flags["for"]:
        raise KubectlError("unrecognized condition: []")
    waits = [_wait_of(word) for word in call.flags["for"]]
    query = Query(call, call.args, needs_name=True)
    timeout = call.flags["timeout"] if call.flags["timeout"] >= 0 else _A_WEEK
    ends = call.context.clock.now + timeout * SECOND  # for all of them together

    def wait_for(target: Target, _: object = None) -> None:
        for each in waits:
            each(call, target, (ends - call.context.clock.now) / SECOND)

    words = {word.lower() for word in call.flags["for"]}
    visited = query.visit_names(wait_for) if words & {"create", "delete"} else query.visit(wait_for)
    if not visited and "delete" not in words:
        raise KubectlError("no matching resources found")


_A_WEEK = 7 * 86400.0
_Wait = Callable[[Call, Target, float], None]


def _wait_of(word: str) -> _Wait:
    """What a --for asks: to let at most so many seconds pass until a target is as it says."""
    if word.lower() == "delete":
        return _wait_until_deleted
    return partial(_wait_until, _condition(word), word.lower() == "create")


def _wait_until(holds: Callable[[Object], bool], is_creation: bool, call: Call, target: Target, seconds: float) -> None:
    """Where no seconds are left, nobody looks whether it holds."""
    resource, name = target.resource, target.name or ""
    if is_creation:
        _find(call, target)

    def done() -> bool:
        obj = call.api.find(resource, target.namespace or "", name)
        return obj is not None and holds(obj)

    if seconds <= 0 != call.flags["timeout"] or not call.wait_until(done, seconds):
        raise KubectlError(
            f"timed out waiting for the condition{'' if is_creation else f' on {resource.plural}/{name}'}"
        )
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


def _wait_until_deleted(call: Call, target: Target, _: float) -> None:
    if _find(call, target) is None:
        return
    wait_until_gone(call, [target])
    call.say(f"{target.resource.printed}/{target.name} condition met\n")


def _find(call: Call, target: Target) -> Object | None:
    """The object, or None where it is not there. Raises StatusError where it cannot be read."""
    try:
        return get_named(call, target.resource, target.namespace or "", target.name or "")
    except StatusError as error:
        if error.reason == "NotFound":
            return None
        raise
