"""kubectl wait: let time pass until objects are as asked. Mirrors k8s.io/kubectl pkg/cmd/wait/wait.go, v1.36."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND
from kubesim.api.objects import Object
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.deletion import wait_until_gone
from kubesim.kubectl.errors import KubectlError, refuse_if
from kubesim.kubectl.formats import evaluate_relaxed
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query, Target, find_named


@command("wait", operands="types")
def wait(call: Call) -> None:
    """Let time pass until objects are as asked, at most for --timeout in all."""
    words = [word.lower() for word in call.flags["for"]]
    tests = [_test(word, call.context.budget) for word in call.flags["for"]]
    query = Query(call, call.args, needs_name=True)
    timeout = call.flags["timeout"] if call.flags["timeout"] >= 0 else _A_WEEK
    ends = call.context.clock.now + timeout * SECOND  # for all of them together

    def wait_for(target: Target, _: object = None) -> None:
        for word, test in zip(words, tests, strict=True):
            if word == "delete":
                _wait_until_deleted(call, target)
            else:
                _wait_until(call, target, test, word == "create", (ends - call.context.clock.now) / SECOND)

    visited = query.visit_names(wait_for) if {"create", "delete"} & {*words} else query.visit(wait_for)
    refuse_if(not visited and "delete" not in words, "no matching resources found")


_A_WEEK = 7 * 86400.0
_Test = Callable[[Object], bool]


def _wait_until(call: Call, target: Target, test: _Test, is_creation: bool, seconds: float) -> None:
    """Let at most so many seconds pass until the test holds; it is not tried where none are left."""
    resource, place = target.resource, (target.resource, target.namespace or "", target.name or "")
    if is_creation:
        find_named(call, *place)  # refuses those who may not read it

    def holds() -> bool:
        obj = call.api.find(*place)
        return obj is not None and test(obj)

    if seconds <= 0 != call.flags["timeout"] or not call.wait_until(holds, seconds):
        what = "" if is_creation else f" on {resource.plural}/{target.name}"
        raise KubectlError(f"timed out waiting for the condition{what}")
    if obj := call.api.find(*place):
        print_result(call, resource, obj, "condition met")


def _wait_until_deleted(call: Call, target: Target) -> None:
    if find_named(call, target.resource, target.namespace or "", target.name or ""):
        wait_until_gone(call, [target])
        call.say(f"{target.resource.printed}/{target.name} condition met\n")


def _test(wanted: str, budget: Budget) -> _Test:
    kind, equals, rest = wanted.partition("=")
    if wanted.lower() in ("create", "delete"):
        return lambda _: True
    if kind.lower() == "condition" and equals:
        name, _, value = rest.partition("=")
        return partial(_has_condition, name.lower(), (value or "True").lower())
    if kind.lower() == "jsonpath" and equals:
        return _jsonpath_test(rest, budget)
    raise KubectlError(f'unrecognized condition: "{wanted}"')


def _has_condition(name: str, value: str, obj: Object) -> bool:
    conditions = obj.get("status", {}).get("conditions", ())
    return any((item["type"].lower(), item["status"].lower()) == (name, value) for item in conditions)


def _jsonpath_test(rest: str, budget: Budget) -> _Test:
    path, braces, value = rest.rpartition("}")
    expression, wanted = path + braces, value.removeprefix("=")
    if not braces:
        expression, _, wanted = rest.partition("=")
    refuse_if(not expression, "jsonpath expression cannot be empty")
    if value == "=":
        raise KubectlError(
            "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3"
        )
    evaluate_relaxed(expression, {}, budget)  # refuses a broken path

    def test(obj: Object) -> bool:
        values = evaluate_relaxed(expression, obj, budget)
        return bool(values) and (not wanted or any(str(item) == wanted for item in values))

    return test
