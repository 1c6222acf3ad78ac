"""Which objects a command line means: TYPE, TYPE NAME…, TYPE/NAME…, -f FILE, with selectors.

Mirrors k8s.io/cli-runtime pkg/resource/builder.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kubesim.errors import StatusError
from kubesim.kubectl.command import Call
from kubesim.kubectl.errors import KubectlError, NotSimulated
from kubesim.kubectl.manifests import read_manifests
from kubesim.objects import Object
from kubesim.resources import RESOURCES, Resource, find_resource

_NOTHING_NAMED = """You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'"""

_TYPE_TWICE = (
    "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form "
    "(e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'"
)


@dataclass(frozen=True)
class Target:
    """One object by name, or (name None) all objects of a type that the selectors let through."""

    resource: Resource
    namespace: str | None
    name: str | None
    source: str = ""


@dataclass(frozen=True)
class Found:
    """What the API server returned for one target."""

    target: Target
    objects: list[Object]


@dataclass(frozen=True)
class Selection:
    """Everything that was asked for. `single`: one object by name, printed alone and not as a List."""

    found: list[Found]
    errors: list[Exception]
    single: bool

    @property
    def objects(self) -> list[tuple[Resource, Object]]:
        """Every object with its type."""
        return [(found.target.resource, obj) for found in self.found for obj in found.objects]


def resolve(name: str) -> Resource:
    """The type that the command line calls `name`. Raises KubectlError, or NotSimulated for one without objects."""
    resource = find_resource(name)
    if resource is None:
        raise KubectlError(f'the server doesn\'t have a resource type "{name.partition(".")[0]}"')
    if not resource.readable:
        raise NotSimulated(f"objects of type {resource.qualified} are not part of this simulator")
    return resource


def select(call: Call, args: Sequence[str], *, needs_name: bool = False) -> Selection:
    """Fetch what the arguments and -f name. Raises what makes the whole command line wrong."""
    if call.flags.get("local"):
        return _local(call)
    targets, errors = find_targets(call, args, needs_name=needs_name)
    found: list[Found] = []
    for target in targets:
        try:
            found.append(Found(target, _fetch(call, target)))
        except StatusError as error:
            if error.reason != "NotFound" or not call.flags.get("ignore-not-found"):
                errors.append(error)
        except KubectlError as error:
            errors.append(error)
    return Selection(found, errors, len(targets) == 1 and targets[0].name is not None)


def _local(call: Call) -> Selection:
    """--local: the objects of -f as they stand there."""
    if not call.flags["filename"]:
        raise KubectlError(_NOTHING_NAMED)
    manifests, errors = read_manifests(call)
    targets = [Target(item.resource, item.namespace, item.name, item.source) for item in manifests]
    found = [Found(target, [item.local]) for target, item in zip(targets, manifests, strict=True)]
    return Selection(found, errors, False)


def find_targets(call: Call, args: Sequence[str], *, needs_name: bool = False) -> tuple[list[Target], list[Exception]]:
    """The targets of a command line, and the errors of manifests that could not be read."""
    if call.flags.get("filename"):
        if args:
            raise KubectlError(
                "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
            )
        manifests, errors = read_manifests(call)
        return [Target(item.resource, item.namespace, item.name, item.source) for item in manifests], errors
    targets = _parse(call, list(args))
    if needs_name and any(target.name is None for target in targets) and not _selects_all(call):
        raise KubectlError("resource(s) were provided, but no name was specified")
    return targets, []


def _selects_all(call: Call) -> bool:
    return bool(call.flags.get("selector") or call.flags.get("field-selector") or call.flags.get("all"))


def _parse(call: Call, args: list[str]) -> list[Target]:
    slashes = ["/" in word for word in args]
    if any(slashes):
        if not all(slashes):
            raise KubectlError(_TYPE_TWICE)
        return [_slashed(call, word) for word in args]
    if not args:
        raise KubectlError(
            "at least one resource must be specified to use a selector" if _selects_all(call) else _NOTHING_NAMED
        )
    types, names = _types(args[0]), args[1:]
    if names and _selects_all(call):
        raise KubectlError("name cannot be provided when a selector is specified")
    if names and len(types) > 1:
        raise KubectlError("you may only specify a single resource type")
    if names:
        return [_named(call, types[0], name) for name in names]
    return [Target(resource, _scope(call, resource), None) for resource in types]


def _types(word: str) -> list[Resource]:
    found: list[Resource] = []
    for name in word.split(","):
        in_category = [item for item in RESOURCES if item.simulated and name in item.categories]
        for resource in in_category or [resolve(name)]:
            if resource not in found:
                found.append(resource)
    return found


def _slashed(call: Call, word: str) -> Target:
    kind, _, name = word.partition("/")
    if "/" in name:
        raise KubectlError("arguments in resource/name form may not have more than one slash")
    if not kind or not name or "," in kind:
        raise KubectlError("arguments in resource/name form must have a single resource and name")
    return _named(call, resolve(kind), name)


def _named(call: Call, resource: Resource, name: str) -> Target:
    if call.flags.get("all-namespaces") and resource.namespaced:
        raise KubectlError("a resource cannot be retrieved by name across all namespaces")
    return Target(resource, call.namespace if resource.namespaced else "", name)


def _scope(call: Call, resource: Resource) -> str | None:
    if not resource.namespaced or call.flags.get("all-namespaces"):
        return None
    return call.namespace


def _fetch(call: Call, target: Target) -> list[Object]:
    if target.name == "":
        raise KubectlError("resource name may not be empty")
    if target.name is not None:
        return [call.api.get(target.resource, target.namespace or "", target.name, user=call.user)]
    return call.api.list(
        target.resource,
        target.namespace,
        labels=call.flags.get("selector") or "",
        fields=call.flags.get("field-selector") or "",
        user=call.user,
    )
