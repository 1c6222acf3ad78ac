"""kubectl wait: simulated time passes until objects meet conditions.

Mirrors k8s.io/kubectl pkg/cmd/wait/{wait,condition,json,create,delete}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Literal, NamedTuple

from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND
from kubesim.api.objects import Object
from kubesim.gotext import gofmt
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.deletion import wait_until_gone
from kubesim.kubectl.errors import KubectlError, refuse_if
from kubesim.kubectl.formats.jsonpath import evaluate_relaxed
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query, find_live, follow

_Test = Callable[[Object], bool]


@command("wait", operands="types", checks_format="first")
def wait(call: Call) -> None:
    """Let time pass until all objects meet all conditions of --for, for at most --timeout in total."""
    refuse_if(not call.flags["for"], "unrecognized condition: []")
    conditions = [_condition(text, call.context.budget) for text in call.flags["for"]]
    events = {condition.event for condition in conditions}
    query = Query(call, call.args, needs_name=True)
    timeout = call.flags["timeout"] if call.flags["timeout"] >= 0 else inf  # kubectl: a week
    ends = call.context.clock.now + timeout * SECOND  # one deadline for all objects and conditions

    def wait_for(target: Target) -> None:
        for condition in conditions:
            may_be_gone = "delete" in events and condition.event != "create"
            if may_be_gone and not find_live(call, target):
                return  # with --for=delete among the conditions, kubectl skips the others for a missing object
            if condition.event == "delete":
                refuse_if(not timeout, _unmet(target))
                wait_until_gone(call, [target])
                call.say(f"{target.printed} condition met\n")
            else:
                _wait_until(call, target, condition, (ends - call.context.clock.now) / SECOND)

    if events & {"create", "delete"}:  # the objects may not exist
        visited = query.visit_names(wait_for)
    else:
        visited = query.visit(wait_for)
    refuse_if(not visited and "delete" not in events, "no matching resources found")


class _Condition(NamedTuple):
    """A condition of --for: the creation or deletion of an object, or a test of its state."""

    event: Literal["create", "delete", ""]  # "" for a test
    holds: _Test  # always true for an event


def _wait_until(call: Call, target: Target, condition: _Condition, seconds: float) -> None:
    """Let time pass until the condition is true, for at most `seconds`, and report it. Raises KubectlError.

    With --timeout=0, the condition is tested once. Otherwise it isn't tested if no seconds are left.
    """
    is_creation = condition.event == "create"
    current = partial(find_live, call, target) if is_creation else follow(call, target)
    current()  # raises for a user without the right to read the object

    def holds() -> bool:
        obj = current()
        return obj is not None and condition.holds(obj)

    is_one_try = call.flags["timeout"] == 0
    is_met = (seconds > 0 or is_one_try) and call.wait_until(holds, seconds)
    if not is_met:
        refuse_if(is_creation, "timed out waiting for the condition")
        refuse_if(is_one_try, _unmet(target))
        raise KubectlError(f"timed out waiting for the condition on {target.in_plural}")
    if obj := current():
        print_result(call, target.resource, obj, "condition met")


def _unmet(target: Target) -> str:
    return f"condition not met for {target.in_plural}"


def _condition(text: str, budget: Budget) -> _Condition:
    """Parse --for: create, delete, condition=NAME[=VALUE] or jsonpath=PATH[=VALUE]. Raises KubectlError."""
    word, equals, rest = text.partition("=")
    if text.lower() == "create":
        return _Condition("create", lambda _: True)
    if text.lower() == "delete":
        return _Condition("delete", lambda _: True)
    if word.lower() == "condition" and equals:
        name, _, value = rest.partition("=")
        return _Condition("", partial(_has_condition, name.lower(), (value or "True").lower()))
    if word.lower() == "jsonpath" and equals:
        return _Condition("", _jsonpath_test(rest, budget))
    raise KubectlError(f'unrecognized condition: "{text}"')


def _has_condition(name: str, value: str, obj: Object) -> bool:
    conditions = obj.get("status", {}).get("conditions", ())
    return any((item["type"].lower(), item["status"].lower()) == (name, value) for item in conditions)


def _jsonpath_test(rest: str, budget: Budget) -> _Test:
    """The test of jsonpath=PATH[=VALUE]: PATH finds VALUE in the object, or without VALUE any value.

    Raises KubectlError, and so does the test if PATH finds several values, a list or a map.
    """
    path, brace, after_brace = rest.rpartition("}")
    if brace:
        expression = path + brace
        target_value = after_brace.removeprefix("=")
    else:
        expression, _, target_value = rest.partition("=")
    refuse_if(not expression, "jsonpath expression cannot be empty")
    refuse_if(
        after_brace == "=",
        "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
    )
    evaluate_relaxed(expression, {}, budget)  # raises for a malformed path before any waiting

    def test(obj: Object) -> bool:
        values = evaluate_relaxed(expression, obj, budget)
        refuse_if(len(values) > 1, "given jsonpath expression matches more than one value")
        if not values or not target_value:
            return bool(values)
        is_nested = isinstance(values[0], dict | list)
        refuse_if(is_nested, "jsonpath leads to a nested object or list which is not supported")
        return gofmt.sprint(values[0]).strip() == target_value.strip()

    return test
