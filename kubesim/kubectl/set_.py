"""kubectl set: changes of Pod templates. Mirrors k8s.io/kubectl pkg/cmd/set, v1.36."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from kubesim.api import schema
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, clone, name_of, template_of
from kubesim.api.resources import CONFIG_MAP, POD, SECRET, Resource
from kubesim.api.schema import Type
from kubesim.cluster.apiserver.patch import three_way
from kubesim.gotext.gojson import quote
from kubesim.kubectl import flags
from kubesim.kubectl.change import send_patch
from kubesim.kubectl.command import Call, command, is_change
from kubesim.kubectl.errors import KubectlError, raise_all, refuse_if, reworded, visit
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query, Target, decoded

_set = partial(command, asks_namespace=True, operands="types")


def _containers(resource: Resource, obj: Object) -> list[Object]:
    """The containers of a Pod or of a workload's template, those that initialise it last."""
    spec = template_of(resource, obj)["spec"]
    return [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]


@_set("set image")
def set_image(call: Call) -> None:
    words, images = call.split()[0], dict(arg.split("=", 1) for arg in call.args if "=" in arg)
    twice = "all containers are already specified by *, but saw more than one container_name=container_image pairs"
    refuse_if("*" in images and len(images) > 1, twice)

    missing: list[str] = []

    def change(resource: Resource, obj: Object) -> None:
        refuse_if(not images, "at least one image update is required")
        containers = _containers(resource, obj)
        missing.extend(name for name in images if name not in ("*", *(each["name"] for each in containers)))
        for container in containers:
            image = images.get(container["name"], images.get("*"))
            if image is not None:
                container["image"] = image

    _change(call, words, "image updated", change, "image update to pod template:")
    raise_all(KubectlError(f'error: unable to find container named "{name}"') for name in missing)


@_set("set serviceaccount")
def set_service_account(call: Call) -> None:
    *words, account = call.args

    def change(resource: Resource, obj: Object) -> bool:
        template_of(resource, obj)["spec"]["serviceAccountName"] = account
        return True

    _change(call, words, "serviceaccount updated", change, "ServiceAccountName")


@_set("set env")
def set_env(call: Call) -> None:
    words, changes = call.split(lambda word: word == "-" or is_change(word))  # - is standard input
    variables, removed = _variables(call, [*call.flags["env"], *changes])
    sources = Query(call, [call.flags["from"]], needs_name=True).fetch() if call.flags["from"] else []
    variables += [each for source in sources for each in _references(call, *source)]
    variables = [{**each, "name": call.flags["prefix"] + each["name"]} for each in variables]

    def change(resource: Resource, obj: Object) -> bool | None:
        containers = _chosen(call, resource, obj)
        if not containers:
            chosen = f"{obj['kind']}/{name_of(obj)} does not have any containers"
            call.warn(f"{chosen} matching {quote(call.flags['containers'])}")
        for container in containers:
            _set_variables(call, f"{resource.plural}/{name_of(obj)}", container, variables, removed)
            if call.flags["list"]:
                call.say(f"# {obj['kind']} {name_of(obj)}, container {container['name']}\n")
                call.say("".join(map(_line, container.get("env", ()))))
        return False if call.flags["list"] else None

    _change(call, words, "env updated", change, "env update to pod template:")


def _variables(call: Call, given: list[str]) -> tuple[list[Object], list[str]]:
    variables: list[Object] = []
    removed: list[str] = []
    for word in given:
        name, equals, value = word.partition("=")
        if word == "-":
            lines = [line.partition("#")[0] for line in (call.context.stdin or "").splitlines()]
            variables += [_variable(*line.split("=", 1)) for line in lines if "=" in line]
        elif equals:
            flags.check_variable_name(name)
            variables.append(_variable(name, value))
        elif word.endswith("-"):
            removed.append(word[:-1])
        else:
            raise KubectlError(f"unknown environment variable: {word}")
    both = {each["name"] for each in variables} & set(removed)
    refuse_if(both, "can not both modify and remove the same environment variable in the same command")
    return variables, removed


def _variable(name: str, value: str) -> Object:
    return {"name": name, "value": value} if value else {"name": name}


def _references(call: Call, resource: Resource, obj: Object) -> list[Object]:
    sources = {SECRET: "secretKeyRef", CONFIG_MAP: "configMapKeyRef"}
    refuse_if(resource not in sources, "unsupported resource specified in --from")
    keys = [key for key in sorted(obj.get("data") or {}) if not call.flags["keys"] or key in call.flags["keys"]]
    names = {key: re.sub("[^a-zA-Z0-9_]", "_", key).upper() for key in keys}
    for key, name in names.items():
        if name != key:
            call.warn(f"key {key} transferred to {name}")
    reference = sources[resource]
    return [{"name": names[key], "valueFrom": {reference: {"name": name_of(obj), "key": key}}} for key in keys]


def _set_variables(call: Call, subject: str, container: Object, variables: list[Object], removed: list[str]) -> None:
    present = {each["name"]: each for each in container.get("env", ())}
    wanted = {each["name"]: each for each in reversed(variables)}
    for name in wanted if not call.flags["overwrite"] else ():
        value = present.get(name, {}).get("value", "")
        refuse_if(
            name in present and value != wanted[name].get("value", ""),
            f"error: {subject} '{name}' already has a value ({value}), and --overwrite is false\n",
        )
    kept = [wanted.pop(name, each) for name, each in present.items() if name not in removed]
    added = [wanted.pop(each["name"]) for each in variables if each["name"] in wanted and each["name"] not in removed]
    container.pop("env", None)
    if kept + added:
        container["env"] = kept + added


_SOURCES = {
    "configMapKeyRef": "configmap {name}, key {key}",
    "secretKeyRef": "secret {name}, key {key}",
    "fieldRef": "field path {fieldPath}",
    "resourceFieldRef": "resource field {resource}",
}


def _line(variable: Object) -> str:
    source = variable.get("valueFrom")
    if source is None:
        return f"{variable['name']}={variable.get('value', '')}\n"
    (kind, reference), *_ = source.items()
    return f"# {variable['name']} from {_SOURCES[kind].format(**reference)}\n"


def _chosen(call: Call, resource: Resource, obj: Object) -> list[Object]:
    """The containers that --containers means."""
    pattern = call.flags["containers"].replace("[", "[[]").replace("?", "[?]")
    return [container for container in _containers(resource, obj) if fnmatchcase(container["name"], pattern)]


def _objects(call: Call, words: Sequence[str]) -> list[tuple[Resource, Object]]:
    """What kubectl set works on. Objects out of files are shown as kubectl's own types have them."""
    found: list[tuple[Resource, Object]] = []

    def add(target: Target, obj: Object) -> None:
        if call.flags["local"]:
            obj = _filled(schema.type_of(target.resource), decoded(target, obj))
        found.append((target.resource, obj))

    Query(call, words, needs_name=True).visit(add)
    return found


# Structs that Go writes even if they are empty, and those that it has in one type alone.
_WRITTEN = ("metadata", "spec", "status", "template", "jobTemplate", "strategy", "updateStrategy")
_WRITTEN_IN = (("Container", "resources"), ("ServiceStatus", "loadBalancer"))


def _filled(kind: Type, value: Any) -> Any:
    """A value with the empty fields that Go does not leave out."""
    if kind.kind == "list" and value:
        return [_filled(kind.element, item) for item in value] if kind.element else value
    if kind.kind != "struct" or value is None:
        return value
    new = dict(value)
    for name, field in schema.fields(kind).items():
        if name in new:
            new[name] = _filled(field.type, new[name])
        elif name in _WRITTEN or (kind.name, name) in _WRITTEN_IN:
            new[name] = _filled(field.type, {})
        elif field.required:
            new[name] = "" if field.type.kind == "string" else None
    return new


_Make = Callable[[Resource, Object], bool | None]


def _change(call: Call, words: Sequence[str], operation: str, make: _Make, what: str) -> None:
    """Send what `make` changes in a copy of each Pod, or of what creates some; `what` begins a refusal's sentence.

    Where `make` returns True an empty change is sent, too, and nothing for False.
    """

    def change(item: tuple[Resource, Object]) -> None:
        resource, obj = item
        if resource is not POD and not resource.template:
            kind = f"*{resource.version}.{resource.kind}"
            without = f"the object is not a pod or does not have a pod template: {kind}"
            raise KubectlError(f"error: {_object_name(call, resource, obj)} {without}\n")
        chosen = make(resource, wanted := clone(obj))
        patch = three_way(obj, wanted, obj, resource)
        if patch if chosen is None else chosen:
            with reworded(StatusError, f"failed to patch {what} "):
                new = send_patch(call, resource, obj, patch, "strategic")
            print_result(call, resource, new, operation, typed=True)

    visit(_objects(call, words), [], change)


def _object_name(call: Call, resource: Resource, obj: Object) -> str:
    """Mirrors Info.ObjectName: without the API server, kubectl does not know what a type is called."""
    if not call.flags["local"]:
        return f"{resource.plural}/{name_of(obj)}"
    return f"{resource.printed}/{name_of(obj)}" + ("\n" if resource.group else "")
