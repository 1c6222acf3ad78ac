"""kubectl set env: the variables of containers. Mirrors k8s.io/kubectl pkg/cmd/set/{set_env.go,env}, v1.36."""

from __future__ import annotations

import re
from typing import Any

from kubesim.api.objects import Object, clone, name_of
from kubesim.api.resources import CONFIG_MAP, SECRET, Resource
from kubesim.cluster.apiserver.patch import two_way
from kubesim.gotext.gojson import quote
from kubesim.kubectl import flags
from kubesim.kubectl.change import COMMON
from kubesim.kubectl.command import Call, absent, array, command, many, switch, text
from kubesim.kubectl.errors import KubectlError, raise_all
from kubesim.kubectl.selection import select
from kubesim.kubectl.set_ import CONTAINERS, check_local, chosen_containers, pod_spec, set_each, typed_selection


def _split(call: Call) -> tuple[list[str], list[str]]:
    """Words that name objects, and the changes behind them."""
    if call.flags["all"] and call.flags["selector"]:
        raise KubectlError("cannot set --all and --selector at the same time")
    is_change = [re.fullmatch(".+=.*", word, re.DOTALL) is not None or word.endswith("-") for word in call.args]
    first = is_change.index(True) if True in is_change else len(is_change)
    if not all(is_change[first:]):
        raise KubectlError(f"all resources must be specified before environment changes: {' '.join(call.args)}")
    return list(call.args[:first]), list(call.args[first:])


@command(
    "set env",
    "RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N",
    "Update environment variables on a pod template",
    COMMON,
    flags.SELECTOR,
    CONTAINERS,
    array("env", "e", "A variable NAME=VALUE, or NAME- to remove one, or - for those on standard input."),
    text("from", "", "Take the variables from this Secret or ConfigMap, as TYPE/NAME."),
    text("prefix", "", "What to put before the names."),
    many("keys", "", "Only these keys of --from."),
    switch("list", "", "Show the variables instead of changing them."),
    switch("overwrite", "", "Change variables that are there.", True),
    *absent("resolve", kind="switch"),
    flags.field_manager("kubectl-set"),
    check=_split,
    is_typed=True,
    example="  kubectl set env deployment/web MODE=dark\n  kubectl set env deployment/web --from=secret/good",
)
def set_env(call: Call) -> None:
    """Change the environment variables of workloads, or show them."""
    words, changes = _split(call)
    _check(call, words)
    given = [*call.flags["env"], *changes]
    variables, removed = _parsed(call, given)
    variables = [{**each, "name": call.flags["prefix"] + each["name"]} for each in variables + _imported(call)]
    selection = typed_selection(call, words)
    raise_all(selection.errors)

    def change(resource: Resource, obj: Object) -> Any:
        new = clone(obj)
        containers = chosen_containers(pod_spec(new)[0], call.flags["containers"])
        if not containers:
            chosen = f"{obj['kind']}/{name_of(obj)} does not have any containers"
            call.complain(f"Warning: {chosen} matching {quote(call.flags['containers'])}\n")
        for container in containers:
            _change(call, f"{resource.plural}/{name_of(obj)}", container, variables, removed)
            if call.flags["list"]:
                call.say(f"# {obj['kind']} {name_of(obj)}, container {container['name']}\n")
                call.say("".join(map(_line, container.get("env", ()))))
        return None if call.flags["list"] else two_way(obj, new, resource)

    set_each(call, selection, "env updated", change, "env update to pod template:")


def _check(call: Call, words: list[str]) -> None:
    check_local(call)
    if not call.flags["filename"] and not words:
        raise KubectlError("one or more resources must be specified as <resource> <name> or <resource>/<name>")
    if call.flags["list"] and call.flags["output"]:
        raise KubectlError("--list and --output may not be specified together")
    if call.flags["keys"] and not call.flags["from"]:
        raise KubectlError("when specifying --keys, a configmap or secret must be provided with --from")


def _parsed(call: Call, given: list[str]) -> tuple[list[Object], list[str]]:
    """The variables to set and the names of those to remove."""
    variables: list[Object] = []
    removed: list[str] = []
    for word in given:
        name, equals, value = word.partition("=")
        if word == "-":
            variables += _of_stdin(call)
        elif equals:
            check_name(name)
            variables.append(_variable(name, value))
        elif word.endswith("-"):
            removed.append(word[:-1])
        else:
            raise KubectlError(f"unknown environment variable: {word}")
    if {each["name"] for each in variables} & set(removed):
        raise KubectlError("can not both modify and remove the same environment variable in the same command")
    return variables, removed


def check_name(name: str) -> None:
    """Refuse a name that no variable can have, as IsEnvVarName of k8s.io/apimachinery."""
    if not _NAME.fullmatch(name):
        raise KubectlError(f"{quote(name)} is not a valid key name: {_BAD_NAME}")


_NAME = re.compile("[-._a-zA-Z][-._a-zA-Z0-9]*")
_BAD_NAME = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not "
    "start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is "
    f"'{_NAME.pattern}')"
)


def _variable(name: str, value: str) -> Object:
    return {"name": name, "value": value} if value else {"name": name}


def _of_stdin(call: Call) -> list[Object]:
    lines = [line.partition("#")[0] for line in (call.context.stdin or "").splitlines()]
    return [_variable(*line.split("=", 1)) for line in lines if "=" in line]


def _imported(call: Call) -> list[Object]:
    """The variables that refer to the keys of --from."""
    if not call.flags["from"]:
        return []
    selection = select(call, [call.flags["from"]], needs_name=True)
    raise_all(selection.errors)
    return [each for resource, obj in selection.objects for each in _references(call, resource, obj)]


def _references(call: Call, resource: Resource, obj: Object) -> list[Object]:
    sources = {SECRET: "secretKeyRef", CONFIG_MAP: "configMapKeyRef"}
    if resource not in sources:
        raise KubectlError("unsupported resource specified in --from")
    keys = [key for key in sorted(obj.get("data") or {}) if not call.flags["keys"] or key in call.flags["keys"]]
    names = {key: re.sub("[^a-zA-Z0-9_]", "_", key).upper() for key in keys}
    for key, name in names.items():
        if name != key:
            call.warn(f"key {key} transferred to {name}")
    reference = sources[resource]
    return [{"name": names[key], "valueFrom": {reference: {"name": name_of(obj), "key": key}}} for key in keys]


def _change(call: Call, subject: str, container: Object, variables: list[Object], removed: list[str]) -> None:
    """Set and remove the variables of one container."""
    present = {each["name"]: each for each in container.get("env", ())}
    wanted = {each["name"]: each for each in reversed(variables)}
    for name in wanted if not call.flags["overwrite"] else ():
        value = present.get(name, {}).get("value", "")
        if name in present and value != wanted[name].get("value", ""):
            raise KubectlError(f"error: {subject} '{name}' already has a value ({value}), and --overwrite is false\n")
    kept = [wanted.pop(name, each) for name, each in present.items() if name not in removed]
    added = [wanted.pop(each["name"]) for each in variables if each["name"] in wanted and each["name"] not in removed]
    container.pop("env", None)
    if kept + added:
        container["env"] = kept + added


def _line(variable: Object) -> str:
    """A variable as --list shows it."""
    source = variable.get("valueFrom")
    if source is None:
        return f"{variable['name']}={variable.get('value', '')}\n"
    (kind, at), *_ = source.items()
    where = {
        "configMapKeyRef": lambda: f"configmap {at['name']}, key {at['key']}",
        "secretKeyRef": lambda: f"secret {at['name']}, key {at['key']}",
        "fieldRef": lambda: f"field path {at['fieldPath']}",
        "resourceFieldRef": lambda: f"resource field {_of_container(at)}{at['resource']}",
    }
    return f"# {variable['name']} from {where[kind]()}\n"


def _of_container(at: Object) -> str:
    return f"{at['containerName']}/" if at.get("containerName") else ""
