"""Which objects a command line means: TYPE, TYPE NAME…, TYPE/NAME…, -f FILE, with selectors.

Mirrors k8s.io/cli-runtime pkg/resource/builder.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kubesim.errors import StatusError, bad_request
from kubesim.kubectl.command import Call
from kubesim.kubectl.errors import KubectlError, NotSimulated
from kubesim.kubectl.manifests import check_paths, read_manifests
from kubesim.objects import Object
from kubesim.resources import NAMESPACE, RESOURCES, Resource, find_resource

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


def resolve(call: Call, name: str) -> Resource:
    """The type that the command line calls `name`. Raises KubectlError, or NotSimulated for one without objects."""
    warn_of_others(call, name)
    resource = find_resource(name)
    if resource is None:
        raise KubectlError(f'the server doesn\'t have a resource type "{name.partition(".")[0]}"')
    if not resource.readable:
        raise NotSimulated(f"objects of type {resource.qualified} are not part of this simulator")
    return resource


def warn_of_others(call: Call, name: str) -> None:
    """Tell of types further down that have the same short name. Mirrors client-go restmapper/shortcut.go, v1.36."""
    for other in [resource for resource in RESOURCES if name in resource.short_names][1:]:
        call.warn(f'short name "{name}" could also match lower priority resource {other.qualified}')


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
    return Selection(found, errors, len(targets) == 1 and targets[0].name is not None and _is_one_file(call))


def _is_one_file(call: Call) -> bool:
    """Whether -f, if given, names one file: neither a folder nor standard input."""
    paths = call.flags.get("filename") or ("",)
    return len(paths) == 1 and paths[0] != "-" and not (paths[0] and call.context.workspace.is_dir(paths[0]))


def _local(call: Call) -> Selection:
    """--local: the objects of -f as they stand there."""
    if not call.flags["filename"]:
        raise KubectlError(_NOTHING_NAMED)
    manifests, errors = read_manifests(call)
    targets = [Target(item.resource, item.namespace, item.name, item.source) for item in manifests]
    found = [Found(target, [item.local]) for target, item in zip(targets, manifests, strict=True)]
    return Selection(found, errors, False)


def find_targets(call: Call, args: Sequence[str], *, needs_name: bool = False) -> tuple[list[Target], list[Exception]]:
    """The targets of a command line, and the errors of manifests that could not be read.

    `needs_name`: a type alone does not mean all its objects. What is wrong is found in the order of visitorResult.
    """
    words = _multiplied(list(args))
    if len({"/" in word for word in words}) > 1:
        raise KubectlError(_TYPE_TWICE)
    pairs = [_pair(word) for word in words if "/" in word]
    if call.flags.get("filename"):
        return _of_files(call, words, bool(pairs))
    selects = _selects_all(call)
    if selects or not (pairs or words[1:]):
        return _of_types(call, words, bool(pairs), selects or not needs_name or bool(call.flags.get("all"))), []
    if pairs:
        kinds = {kind: resolve(call, kind) for kind, _ in pairs}
        return [_named(call, kinds[kind], name) for kind, name in pairs], []
    types = _types(call, words[0])
    if len(types) > 1:
        raise KubectlError("you must specify only one resource")
    return [_named(call, types[0], name) for name in words[1:]], []


def _of_files(call: Call, words: Sequence[str], has_pairs: bool) -> tuple[list[Target], list[Exception]]:
    check_paths(call)
    if has_pairs:
        raise KubectlError("resource/name arguments cannot be provided when a path is specified")
    if words:
        raise KubectlError(
            "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
        )
    manifests, errors = read_manifests(call)
    return [Target(item.resource, item.namespace, item.name, item.source) for item in manifests], errors


def _of_types(call: Call, words: Sequence[str], has_pairs: bool, takes_all: bool) -> list[Target]:
    """All objects of types, as far as a selector lets them through."""
    if not words:
        raise KubectlError(
            "at least one resource must be specified to use a selector" if _selects_all(call) else _NOTHING_NAMED
        )
    if has_pairs:
        raise KubectlError("selectors and the all flag cannot be used when passing resource/name arguments")
    if words[1:]:
        raise KubectlError("name cannot be provided when a selector is specified")
    types = _types(call, words[0])
    if not takes_all:
        raise KubectlError("resource(s) were provided, but no name was specified")
    return [Target(resource, _scope(call, resource), None) for resource in types]


def _selects_all(call: Call) -> bool:
    """Whether there is a selector. For most commands --all is none, but lets a type alone mean all its objects."""
    is_selector = call.command.path in (("delete",), ("wait",)) and call.flags.get("all")
    return bool(call.flags.get("selector") or call.flags.get("field-selector") or is_selector)


def _multiplied(words: list[str]) -> list[str]:
    """Of several types with names, each type with each name: a,b c is a/c b/c."""
    types = words[0].split(",") if words[1:] else []
    return [f"{kind}/{name}" for kind in types for name in words[1:]] if len(types) > 1 else words


def _pair(word: str) -> tuple[str, str]:
    kind, _, name = word.partition("/")
    if "/" in name:
        raise KubectlError("arguments in resource/name form may not have more than one slash")
    if not kind or not name or "," in kind:
        raise KubectlError("arguments in resource/name form must have a single resource and name")
    return kind, name


def _types(call: Call, word: str) -> list[Resource]:
    found: list[Resource] = []
    for name in word.split(","):
        in_category = [item for item in RESOURCES if item.simulated and name in item.categories]
        for resource in in_category or [resolve(call, name)]:
            if resource not in found:
                found.append(resource)
    return found


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
        return [get_named(call, target.resource, target.namespace or "", target.name)]
    return list_all(call, target)


def get_named(call: Call, resource: Resource, namespace: str, name: str) -> Object:
    """One object. Raises StatusError: where it is not there because its namespace is not, that one's.

    Mirrors Info.Get of k8s.io/cli-runtime pkg/resource/visitor.go, v1.36.
    """
    try:
        return call.api.get(resource, namespace, name, user=call.user)
    except StatusError as error:
        if error.reason == "NotFound" and namespace not in ("", "default"):
            _check_namespace(call, namespace)
        raise


def _check_namespace(call: Call, name: str) -> None:
    try:
        call.api.get(NAMESPACE, "", name, user=call.user)
    except StatusError as error:
        if error.reason == "NotFound":
            raise


def list_all(call: Call, target: Target) -> list[Object]:
    """The objects that a target without a name means. Raises StatusError, in the words of NewSelector.Visit."""
    resource, labels, fields = target.resource, call.flags.get("selector") or "", call.flags.get("field-selector") or ""
    try:
        return call.api.list(resource, target.namespace, labels=labels, fields=fields, user=call.user)
    except StatusError as error:
        if error.reason != "BadRequest":
            raise
        group, _, version = resource.api_version.rpartition("/")
        what = f'Unable to find "{group}/{version}, Resource={resource.plural}" that match'
        raise bad_request(f'{what} label selector "{labels}", field selector "{fields}": {error.message}') from None
