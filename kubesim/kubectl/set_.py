"""kubectl set: changes of Pod templates. Mirrors k8s.io/kubectl pkg/cmd/set, v1.36."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import NamedTuple

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, clone, find_named, template_of
from kubesim.api.resources import CONFIG_MAP, POD, SECRET
from kubesim.api.specs import ContainerSpec, PodSpec
from kubesim.cluster.apiserver.patch import between_two
from kubesim.gotext.gofmt import quote
from kubesim.kubectl.change import send_patch
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.content import check_variable_name
from kubesim.kubectl.errors import KubectlError, NotSimulated, raise_all, refuse_if, reworded, visit
from kubesim.kubectl.labels import ALL_OR_SELECTOR, NO_OBJECTS, split_changes
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query

_set = partial(command, asks_namespace=True, operands="types", checks_format="first", is_typed=True)


def _containers(target: Target) -> list[ContainerSpec]:
    """The containers of a Pod or of a workload's template, in kubectl's order: those that initialise it last."""
    spec: PodSpec = template_of(target.resource, target.obj)["spec"]
    return [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]


@_set("set image")
def set_image(call: Call) -> None:
    words, changes = split_changes(call.args)
    flags = call.flags
    refuse_if(flags["all"] and flags["selector"], ALL_OR_SELECTOR)
    images = dict(change.split("=", 1) for change in changes if "=" in change)
    refuse_if(
        "*" in images and len(images) > 1,
        "all containers are already specified by *, but saw more than one container_name=container_image pairs",
    )
    missing: list[str] = []

    def set_images(copy: Target) -> None:
        refuse_if(not images, "at least one image update is required")
        containers = _containers(copy)
        names = {container["name"] for container in containers}
        missing.extend(name for name in images if name != "*" and name not in names)
        for container in containers:
            image = images.get(container["name"], images.get("*"))
            if image is not None:
                container["image"] = image

    _change(call, words, "image updated", set_images, "image update to pod template:")
    raise_all(KubectlError(f'error: unable to find container named "{name}"') for name in missing)


@_set("set serviceaccount")
def set_service_account(call: Call) -> None:
    refuse_if(not call.args, "serviceaccount is required")
    *words, account = call.args

    def set_account(copy: Target) -> None:
        template_of(copy.resource, copy.obj)["spec"]["serviceAccountName"] = account

    _change(call, words, "serviceaccount updated", set_account, "ServiceAccountName", sends_empty=True)


@_set("set env")
def set_env(call: Call) -> None:
    words, changes = split_changes(call.args, _is_variable)
    _check_env(call, words, changes)
    typed = _read_variables(changes)
    added = [*typed.added]
    if call.flags["from"]:
        for source in Query(call, [call.flags["from"]], needs_name=True).fetch():
            added += _references(call, source)
    prefix = call.flags["prefix"]
    variables = _Variables([{**variable, "name": prefix + variable["name"]} for variable in added], typed.removed)

    def set_variables(copy: Target) -> None:
        containers = _chosen(call, copy)
        if not containers:
            name = f"{copy.resource.kind}/{copy.name}"
            call.warn(f"{name} does not have any containers matching {quote(call.flags['containers'])}")
        for container in containers:
            _set_variables(call, copy, container, variables)
            if call.flags["list"]:
                call.say(f"# {copy.resource.kind} {copy.name}, container {container['name']}\n")
                call.say("".join(map(_line, container.get("env", ()))))

    if call.flags["list"]:
        visit(Query(call, words, needs_name=True).fetch(), lambda target: _changed(target, set_variables))
    else:
        _change(call, words, "env updated", set_variables, "env update to pod template:")


def _is_variable(word: str) -> bool:
    """Whether a word sets or removes a variable: its name may be empty, which is refused only later."""
    return "=" in word[1:] or word[1:].endswith("-")


def _check_env(call: Call, words: Sequence[str], changes: Sequence[str]) -> None:
    if "-" in call.args:
        raise NotSimulated("set env with the variables of standard input is not part of this simulator")
    flags = call.flags
    refuse_if(
        not all(map(_is_variable, changes)),
        f"all resources must be specified before environment changes: {' '.join(call.args)}",
    )
    refuse_if(not words and not flags["filename"], NO_OBJECTS)
    refuse_if(flags["list"] and flags["output"], "--list and --output may not be specified together")
    refuse_if(
        flags["keys"] and not flags["from"],
        "when specifying --keys, a configmap or secret must be provided with --from",
    )


class _Variables(NamedTuple):
    """What is done to the variables of a container."""

    added: list[Object]
    removed: list[str]  # by their names


def _read_variables(words: Sequence[str]) -> _Variables:
    """The variables that words set and remove."""
    variables = _Variables([], [])
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            check_variable_name(name)
            variables.added.append({"name": name, "value": value} if value else {"name": name})
        else:
            variables.removed.append(word[:-1])
    both = {each["name"] for each in variables.added} & set(variables.removed)
    refuse_if(both, "can not both modify and remove the same environment variable in the same command")
    return variables


def _references(call: Call, source: Target) -> list[Object]:
    """A variable for each key of a Secret or ConfigMap, or for each of --keys."""
    fields = {SECRET: "secretKeyRef", CONFIG_MAP: "configMapKeyRef"}
    refuse_if(source.resource not in fields, "unsupported resource specified in --from")
    variables: list[Object] = []
    for key in sorted(source.obj.get("data") or {}):
        if call.flags["keys"] and key not in call.flags["keys"]:
            continue
        name = re.sub("[^a-zA-Z0-9_]", "_", key).upper()
        if name != key:
            call.warn(f"key {key} transferred to {name}")
        variables.append({"name": name, "valueFrom": {fields[source.resource]: {"name": source.name, "key": key}}})
    return variables


def _set_variables(call: Call, copy: Target, container: ContainerSpec, variables: _Variables) -> None:
    """Change variables where they are, and add the others behind them. Mirrors updateEnv.

    The first of a name counts, and takes the place of all that the container has.
    """
    changed: dict[str, Object] = {}
    for variable in variables.added:
        changed.setdefault(variable["name"], variable)
    present = container.pop("env", [])
    if not call.flags["overwrite"]:
        _check_unchanged(copy, present, changed)
    done = set(variables.removed)
    env: list[Object] = []
    for variable in present:
        name = variable["name"]
        if name in done:
            continue
        if name in changed:
            done.add(name)
        env.append(changed.get(name, variable))
    env += [variable for name, variable in changed.items() if name not in done]
    if env:
        container["env"] = env


def _check_unchanged(copy: Target, present: Sequence[Object], changed: Mapping[str, Object]) -> None:
    """Refuse another value for a variable that has one, as without --overwrite."""
    for name, variable in changed.items():
        current = find_named(present, name)
        if current is None:
            continue
        before = current.get("value", "")
        refuse_if(
            before != variable.get("value", ""),
            f"error: {copy.in_plural} '{name}' already has a value ({before}), and --overwrite is false\n",
        )


_SOURCES = {
    "configMapKeyRef": "configmap {name}, key {key}",
    "secretKeyRef": "secret {name}, key {key}",
    "fieldRef": "field path {fieldPath}",
    "resourceFieldRef": "resource field {resource}",
}


def _line(variable: Object) -> str:
    """A variable as --list shows it."""
    source = variable.get("valueFrom")
    if source is None:
        return f"{variable['name']}={variable.get('value', '')}\n"
    kind = next(iter(source))
    return f"# {variable['name']} from {_SOURCES.get(kind, 'invalid valueFrom').format(**source[kind])}\n"


def _chosen(call: Call, target: Target) -> list[ContainerSpec]:
    """The containers that --containers means."""
    pattern = call.flags["containers"].replace("[", "[[]").replace("?", "[?]")
    return [container for container in _containers(target) if fnmatchcase(container["name"], pattern)]


_Make = Callable[[Target], None]  # changes the object of a target, which is a copy


def _change(
    call: Call, words: Sequence[str], operation: str, make: _Make, what: str, *, sends_empty: bool = False
) -> None:
    """Send what `make` changes in a copy of each Pod, or of what creates some; `what` begins a refusal's sentence.

    `sends_empty`: a patch that changes nothing is sent, too.
    """

    def change(target: Target) -> None:
        patch = between_two(target.obj, _changed(target, make), target.resource)
        if patch or sends_empty:
            with reworded(StatusError, f"failed to patch {what} "):
                new = send_patch(call, target, patch, "strategic")
            print_result(call, target.resource, new, operation)

    visit(Query(call, words, needs_name=True).fetch(), change)


def _changed(target: Target, make: _Make) -> Object:
    """A copy of an object with a Pod template, as `make` has changed it."""
    resource = target.resource
    if resource is not POD and not resource.template:
        raise KubectlError(
            f"error: {target.in_plural} the object is not a pod or does not have a pod template: {resource.in_go}\n"
        )
    copy = target._replace(obj=clone(target.obj))
    make(copy)
    return copy.obj
