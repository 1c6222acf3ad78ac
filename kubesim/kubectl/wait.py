"""kubectl wait: let time pass until objects are as asked. Mirrors k8s.io/kubectl pkg/cmd/wait/wait.go, v1.36."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.clock import SECOND
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, absent, array, command, duration, many, switch
from kubesim.kubectl.deletion import wait_until_gone
from kubesim.kubectl.errors import KubectlError
from kubesim.kubectl.formats import evaluate_relaxed
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query, Target
from kubesim.objects import Object


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
    wanted = call.flags["for"]
    if not wanted:
        raise KubectlError("unrecognized condition: []")
    if wanted[-1].lower() == "delete":
        _wait_for_deletion(call)
        return
    holds = _condition(wanted[-1])
    query = Query(call, call.args, needs_name=True)
    timeout = call.flags["timeout"] if call.flags["timeout"] >= 0 else _A_WEEK
    ends = call.context.clock.now + timeout * SECOND  # for all of them together

    def wait_for(target: Target, _: object = None) -> None:
        _wait_for(call, target, holds, (ends - call.context.clock.now) / SECOND)

    if not (query.visit_names(wait_for) if wanted[-1].lower() == "create" else query.visit(wait_for)):
        raise KubectlError("no matching resources found")


_A_WEEK = 7 * 86400.0


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
    def wait_for(target: Target) -> None:
        present = call.api.find(target.resource, target.namespace or "", target.name or "")
        wait_until_gone(call, [target])
        if present:
            call.say(f"{target.resource.printed}/{target.name} condition met\n")

    Query(call, call.args, needs_name=True).visit_names(wait_for)
