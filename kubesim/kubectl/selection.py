"""Which objects a command line means: TYPE, TYPE NAME…, TYPE/NAME…, -f FILE, with selectors.

Mirrors k8s.io/cli-runtime pkg/resource/builder.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from kubesim.api.errors import StatusError, bad_request
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import NAMESPACE, RESOURCES, Resource, find_resource
from kubesim.kubectl.command import Call
from kubesim.kubectl.errors import REFUSALS, KubectlError, NotSimulated, Several, visit
from kubesim.kubectl.manifests import Manifest, manifests, path_problems, require_namespace

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
    """One object by name, or (name None) all objects of a type that the selectors let through.

    `obj` is the object where it is known: as it stands in a file, or in a list that was fetched.
    """

    resource: Resource
    namespace: str | None
    name: str | None
    source: str = ""
    obj: Object | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Found:
    """What is known of one target: its objects, or None where it names one that has not been fetched yet."""

    target: Target
    objects: list[Object] | None

    def single(self) -> list[Target]:
        """Each object as a target of its own."""
        if self.objects is None:
            return [self.target]
        made = partial(Target, self.target.resource, source=self.target.source)
        return [made(namespace_of(obj), name_of(obj), obj=obj) for obj in self.objects]


@dataclass(frozen=True)
class Selection:
    """Everything that was asked for. `single`: one object by name, printed alone and not as a List.

    `error` is what went wrong, or None.
    """

    found: list[Found]
    error: Exception | None
    single: bool

    @property
    def objects(self) -> list[tuple[Resource, Object]]:
        """Every object with its type."""
        return [(found.target.resource, obj) for found in self.found for obj in found.objects or ()]

    @property
    def errors(self) -> list[Exception]:
        """What went wrong, if anything, as the first of the errors of a command that goes on."""
        return [self.error] if self.error else []


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


class Query:
    """What a command line asks for. Raises what is wrong with it as a whole.

    `needs_name`: a type alone does not mean all its objects. `latest`: in place of the objects in files, those that the
    API server has. Mirrors Builder and Result.
    """

    def __init__(self, call: Call, args: Sequence[str], *, needs_name: bool = False, latest: bool = True) -> None:
        self._call = call
        self._is_local = bool(call.flags.get("local"))
        self._latest = latest and not self._is_local
        self._late: list[Exception] = []
        if self._is_local and not call.flags["filename"]:
            raise KubectlError(_NOTHING_NAMED)
        self._targets = [] if self._is_local else find_targets(call, args, needs_name=needs_name)

    def visit(self, act: Callable[[Target, Object], object]) -> int:
        """Do something with each object, fetched before; see `errors.visit`."""
        return self.visit_names(lambda target: act(target, self._fetched(target)))

    def visit_names(self, act: Callable[[Target], object]) -> int:
        """The same with objects that need not be there."""

        def act_in_namespace(target: Target) -> None:
            if target.source:
                require_namespace(self._call, target.namespace or "")
            act(target)

        each = (target for found in self._walk() for target in found.single())
        return visit(each, self._late, act_in_namespace, self._is_ignored)

    def select(self) -> Selection:
        """Everything, fetched."""
        found: list[Found] = []

        def keep(item: Found) -> None:
            if item.target.source:
                require_namespace(self._call, item.target.namespace or "")
            objects = [self._fetched(item.target)] if item.objects is None else item.objects
            found.append(Found(item.target, objects))

        try:
            visit(self._walk(), self._late, keep, self._is_ignored)
        except REFUSALS as error:
            return Selection(found, error, self.is_single)
        return Selection(found, None, self.is_single)

    def _is_ignored(self, error: Exception) -> bool:
        forgives = self._call.flags.get("ignore-not-found")
        return bool(forgives) and isinstance(error, StatusError) and error.reason == "NotFound"

    @property
    def is_single(self) -> bool:
        """Whether one object is asked for, by its name or by one file."""
        if self._call.flags.get("filename"):
            return not self._is_local and _is_one_file(self._call)
        return len(self._targets) == 1 and self._targets[0].name is not None

    def _fetched(self, target: Target) -> Object:
        if target.obj is not None:
            return target.obj
        if not target.name:
            raise KubectlError("resource name may not be empty")
        return get_named(self._call, target.resource, target.namespace or "", target.name)

    def _walk(self) -> Iterator[Found]:
        """What there is of each object in files, of each name and of each type; what cannot be found out is kept."""
        if self._call.flags.get("filename"):
            for manifest in manifests(self._call, self._late):
                yield from self._kept(_target_of(manifest, self._is_local), self._of_file)
        for target in self._targets:
            yield from [Found(target, None)] if target.name is not None else self._kept(target, self._all)

    def _kept(self, target: Target, find: Callable[[Target], list[Object]]) -> Iterator[Found]:
        try:
            yield Found(target, find(target))
        except REFUSALS as error:
            self._late.append(error)

    def _all(self, target: Target) -> list[Object]:
        return list_all(self._call, target)

    def _of_file(self, target: Target) -> list[Object]:
        return [self._fetched(replace(target, obj=None) if self._latest else target)]


def _target_of(manifest: Manifest, as_it_stands: bool) -> Target:
    obj = manifest.local if as_it_stands else manifest.obj
    return Target(manifest.resource, manifest.namespace, manifest.name, manifest.source, obj)


def select(call: Call, args: Sequence[str], *, needs_name: bool = False, latest: bool = True) -> Selection:
    """Fetch what the arguments and -f name; see `Query`."""
    return Query(call, args, needs_name=needs_name, latest=latest).select()


def _is_one_file(call: Call) -> bool:
    """Whether -f names one file: neither a folder nor standard input."""
    paths = call.flags["filename"]
    return len(paths) == 1 and paths[0] != "-" and not (paths[0] and call.context.workspace.is_dir(paths[0]))


def find_targets(call: Call, args: Sequence[str], *, needs_name: bool = False, one_type: bool = False) -> list[Target]:
    """The names and types of a command line; none where it names files.

    `needs_name`: a type alone does not mean all its objects; `one_type`: several types are refused. What is wrong is
    found in the order of visitorResult.
    """
    words = _multiplied(list(args))
    by_file = bool(call.flags.get("filename"))
    problems = path_problems(call) if by_file else []
    if call.command.all_is_selector:
        problems += _selector_problems(call)
    pairs: list[tuple[str, str]] = []
    try:
        pairs = _pairs(words)
    except REFUSALS as error:
        problems.append(error)
    if problems:
        raise Several(problems)
    if by_file:
        _check_beside_files(words, bool(pairs))
        return []
    selects = _selects_all(call)
    if selects or not (pairs or words[1:]):
        targets = _of_types(call, words, bool(pairs), selects or not needs_name or bool(call.flags.get("all")))
        _check_count({target.resource for target in targets}, one_type)
        return targets
    if pairs:
        kinds = {kind: resolve(call, kind) for kind, _ in pairs}
        _check_count(set(kinds.values()), one_type)
        return [_named(call, kinds[kind], name) for kind, name in pairs]
    types = _types(call, words[0])
    if len(types) > 1:
        raise KubectlError("you must specify only one resource")
    return [_named(call, types[0], name) for name in words[1:]]


def _check_count(types: set[Resource], is_one: bool) -> None:
    if is_one and len(types) > 1:
        raise KubectlError("you may only specify a single resource type")


def _selector_problems(call: Call) -> list[Exception]:
    """What SelectAllParam refuses: --all beside a selector."""
    if call.flags["all"] and (call.flags["selector"] or call.flags["field-selector"]):
        return [KubectlError("setting 'all' parameter but found a non empty selector. ")]
    return []


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    if len({"/" in word for word in words}) > 1:
        raise KubectlError(_TYPE_TWICE)
    return [split_pair(word) for word in words if "/" in word]


def _check_beside_files(words: Sequence[str], has_pairs: bool) -> None:
    if has_pairs:
        raise KubectlError("resource/name arguments cannot be provided when a path is specified")
    if words:
        raise KubectlError(
            "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
        )


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
    is_selector = call.command.all_is_selector and call.flags["all"]
    return bool(call.flags.get("selector") or call.flags.get("field-selector") or is_selector)


def _multiplied(words: list[str]) -> list[str]:
    """Of several types with names, each type with each name: a,b c is a/c b/c."""
    types = words[0].split(",") if words[1:] else []
    return [f"{kind}/{name}" for kind in types for name in words[1:]] if len(types) > 1 else words


def split_pair(word: str) -> tuple[str, str]:
    """The type and name in TYPE/NAME. Raises KubectlError."""
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


def find_named(call: Call, resource: Resource, namespace: str, name: str) -> Object | None:
    """One object, or None where it is not there. Raises StatusError where it cannot be read."""
    try:
        return get_named(call, resource, namespace, name)
    except StatusError as error:
        if error.reason == "NotFound":
            return None
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
