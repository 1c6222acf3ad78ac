"""kubectl delete and wait. Mirrors k8s.io/kubectl pkg/cmd/{delete/delete,wait/wait}.go, v1.36."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Literal, NamedTuple

from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, metadata
from kubesim.cluster.apiserver.deletion import DeleteOptions
from kubesim.gotext import gofmt
from kubesim.gotext.pflag import FALSE, TRUE
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, NotSimulated, refuse_if, with_source
from kubesim.kubectl.formats import evaluate_relaxed
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import DRY_RUN_SUFFIX, print_result
from kubesim.kubectl.selection import Query, find_live, follow

# Simulated seconds after which a delete gives up where no --timeout was given: nothing here takes as long.
PATIENCE = 3600.0

# The API server's words for how --cascade deals with dependents.
_CASCADES = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
_FORCED = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The "
    "resource may continue to run on the cluster indefinitely.\n"
)


@command("delete", asks_namespace=True, operands="types", shows_config_errors=True)
def delete(call: Call) -> None:
    _check_delete(call)
    query = Query(call, call.args, needs_name=True, latest=False, all_selects=True)
    grace = _grace_period(call)
    verb = "force deleted" if call.flags["force"] else "deleted"
    if call.flags["output"]:
        verb = ""
    deleted: list[Target] = []

    def remove(target: Target) -> None:
        if call.flags["namespace"] and not call.flags["all-namespaces"] and not target.resource.namespaced:
            call.warn("deleting cluster-scoped resources, not scoped to the provided namespace")
        deleted.append(target)
        where = f'error when deleting "{target.source}": ' if target.source else ""
        refuse_if(not target.name, f"{where}resource name may not be empty")
        try:
            delete_target(call, target, grace, verb)
        except StatusError as error:
            if not target.source:
                raise
            raise with_source("deleting", target.source, error) from None

    if not query.visit_names(remove):
        call.say("No resources found\n")
    if call.flags["wait"] and call.dry_run == "none":
        wait_until_gone(call, deleted)


def _check_delete(call: Call) -> None:
    flags = call.flags
    output = flags["output"]
    cascade = flags["cascade"]
    grace = flags["grace-period"]
    refuse_if(output not in ("", "name"), f"unexpected -o output mode: {output}. We only support '-o name'")
    is_selected = flags["selector"] or flags["field-selector"]
    refuse_if(flags["all"] and is_selected, "setting 'all' parameter but found a non empty selector. ")
    refuse_if(flags["now"] and grace != -1, "--now and --grace-period cannot be specified together")
    both = "--force and --grace-period greater than 0 cannot be specified together"
    refuse_if(flags["force"] and (flags["now"] or grace > 0), both)
    if cascade in TRUE | FALSE:
        raise NotSimulated("a truth value of --cascade is not part of this simulator")
    problem = f'invalid cascade value ({cascade}). Must be "background", "foreground", or "orphan"'
    refuse_if(cascade not in _CASCADES, problem)


def _grace_period(call: Call) -> int | None:
    """The seconds that a Pod gets to end, None for its own."""
    grace: int = call.flags["grace-period"]
    if call.flags["force"]:
        call.complain(_FORCED)
        return 0
    if call.flags["now"] or grace == 0:  # a period of 0 waits for the object, and means 1
        return 1
    return None if grace < 0 else grace


def delete_target(call: Call, target: Target, grace: int | None, verb: str = "deleted") -> None:
    """Delete one object and report it with `verb`; "" reports its name alone. Raises StatusError."""
    policy = _CASCADES[call.flags.get("cascade") or "background"]
    if call.dry_run != "client":
        call.api.delete(*target.place, DeleteOptions(grace, policy, call.dry_run == "server"))
    if not verb:
        call.say(f"{target.resource.printed}/{target.name}\n")
        return
    where = f" from {target.namespace} namespace" if target.resource.namespaced else ""
    call.say(f'{target.resource.printed} "{target.name}" {verb}{where}{DRY_RUN_SUFFIX[call.dry_run]}\n')


def wait_until_gone(call: Call, targets: list[Target]) -> None:
    """Let time pass until none of the objects is there, at most for --timeout."""
    ending: list[_Ending] = []
    for target in targets:
        try:
            obj = find_live(call, target)
        except StatusError:  # who may not look doesn't wait
            return
        if obj:
            ending.append(_Ending(target, metadata(obj)["uid"], follow(call, target)))

    def are_gone() -> bool:
        return not any(item.is_there() for item in ending)

    if ending and not call.wait_until(are_gone, call.flags.get("timeout") or PATIENCE):
        late = next(item.target for item in ending if item.is_there())
        raise KubectlError(f"timed out waiting for the condition on {late.resource.plural}/{late.name}")


class _Ending(NamedTuple):
    """An object whose end is awaited."""

    target: Target
    uid: str  # another one of the same name may follow
    current: Callable[[], Object | None]

    def is_there(self) -> bool:
        obj = self.current()
        return obj is not None and metadata(obj)["uid"] == self.uid


@command("wait", operands="types", checks_format="first")
def wait(call: Call) -> None:
    """Let time pass until objects are as asked, at most for --timeout in all."""
    refuse_if(not call.flags["for"], "unrecognized condition: []")
    conditions = [_condition(text, call.context.budget) for text in call.flags["for"]]
    events = {condition.event for condition in conditions}
    query = Query(call, call.args, needs_name=True)
    timeout = call.flags["timeout"] if call.flags["timeout"] >= 0 else inf  # a week, for the real one
    ends = call.context.clock.now + timeout * SECOND  # for all of them together

    def wait_for(target: Target) -> None:
        for condition in conditions:
            may_be_gone = "delete" in events and condition.event != "create"
            if may_be_gone and not find_live(call, target):
                return  # beside --for=delete, kubectl asks nothing of what isn't there
            if condition.event == "delete":
                refuse_if(not timeout, _unmet(target))
                wait_until_gone(call, [target])
                call.say(f"{target.resource.printed}/{target.name} condition met\n")
            else:
                _wait_until(call, target, condition, (ends - call.context.clock.now) / SECOND)

    if events & {"create", "delete"}:  # the objects may not exist
        visited = query.visit_names(wait_for)
    else:
        visited = query.visit(wait_for)
    refuse_if(not visited and "delete" not in events, "no matching resources found")


_Test = Callable[[Object], bool]


class _Condition(NamedTuple):
    """What is waited for: that an object is created or deleted, or that something holds of it."""

    event: Literal["create", "delete", ""]  # "" for neither
    holds: _Test


def _wait_until(call: Call, target: Target, condition: _Condition, seconds: float) -> None:
    """Let at most so many seconds pass until the condition holds; it is not tried where none are left.

    With --timeout=0 it is tried once.
    """
    is_creation = condition.event == "create"
    current = partial(find_live, call, target) if is_creation else follow(call, target)
    current()  # refuses those who may not read it

    def holds() -> bool:
        obj = current()
        return obj is not None and condition.holds(obj)

    is_one_try = call.flags["timeout"] == 0
    is_met = (seconds > 0 or is_one_try) and call.wait_until(holds, seconds)
    if not is_met:
        refuse_if(is_creation, "timed out waiting for the condition")
        refuse_if(is_one_try, _unmet(target))
        raise KubectlError(f"timed out waiting for the condition on {target.resource.plural}/{target.name}")
    if obj := current():
        print_result(call, target.resource, obj, "condition met")


def _unmet(target: Target) -> str:
    return f"condition not met for {target.resource.plural}/{target.name}"


def _condition(text: str, budget: Budget) -> _Condition:
    """What a --for means: create, delete, condition=NAME[=VALUE] or jsonpath=PATH[=VALUE]."""
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
    """Whether the PATH of PATH[=VALUE] finds that value, or without one anything. Raises KubectlError."""
    path, brace, after_brace = rest.rpartition("}")
    if brace:
        expression = path + brace
        target_value = after_brace.removeprefix("=")
    else:
        expression, _, target_value = rest.partition("=")
    refuse_if(not expression, "jsonpath expression cannot be empty")
    example = "--for=jsonpath='{.status.readyReplicas}'=3"
    refuse_if(after_brace == "=", f"jsonpath wait has to have a value after equal sign, like {example}")
    evaluate_relaxed(expression, {}, budget)  # refuses a broken path

    def test(obj: Object) -> bool:
        values = evaluate_relaxed(expression, obj, budget)
        refuse_if(len(values) > 1, "given jsonpath expression matches more than one value")
        is_nested = target_value and values and isinstance(values[0], dict | list)
        refuse_if(is_nested, "jsonpath leads to a nested object or list which is not supported")
        if not values or not target_value:
            return bool(values)
        return gofmt.sprint(values[0]).strip() == target_value.strip()

    return test
