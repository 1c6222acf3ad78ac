"""Which objects a command line means: TYPE, TYPE NAME…, TYPE/NAME…, -f FILE, with selectors.

Mirrors k8s.io/cli-runtime pkg/resource/builder.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from kubesim.api.errors import StatusError, bad_request, no_such_path
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import NAMESPACE, RESOURCES, Resource, find_resource
from kubesim.kubectl.command import Call
from kubesim.kubectl.errors import REFUSALS, KubectlError, NotSimulated, Several, is_missing, refuse_if, visit
from kubesim.kubectl.manifests import Target, check_paths, manifests


class Group(NamedTuple):
    """Objects of one type, as the API server has them; none, where all of it were asked for, which `get all` counts."""

    resource: Resource
    objects: Sequence[Object]

    @property
    def targets(self) -> list[Target]:
        return [Target(self.resource, namespace_of(obj), name_of(obj), obj=obj) for obj in self.objects]


def resolve(call: Call, name: str) -> Resource:
    """The type that the command line calls `name`. Raises KubectlError, or NotSimulated for one without objects."""
    warn_of_others(call, name)
    resource = find_resource(name)
    if resource is None:
        raise KubectlError(f'the server doesn\'t have a resource type "{name.partition(".")[0]}"')
    if not resource.readable:
        raise NotSimulated(resource.left_out)
    return resource


def warn_of_others(call: Call, name: str) -> None:
    """Warn of types further down that have the same short name. Mirrors client-go restmapper/shortcut.go, v1.36."""
    for other in [resource for resource in RESOURCES if name in resource.short_names][1:]:
        call.warn(f'short name "{name}" could also match lower priority resource {other.qualified}')


class Selection(NamedTuple):
    """The objects that a command line means, and what went wrong with others."""

    groups: list[Group]  # of those that follow each other and are of one type
    error: Exception | None = None

    @property
    def targets(self) -> list[Target]:
        return list(chain.from_iterable(group.targets for group in self.groups))


class Query:
    """What a command line asks for: objects of files, or those of `targets`. Raises what is wrong with it as a whole.

    `latest`: in place of the objects in files, those that the API server has. `needs_name`: a type alone does not mean
    all its objects. `one_type`: several types are refused. `all_selects`: --all selects, where other commands only let
    a type alone mean all its objects. Mirrors Builder and Result.
    """

    def __init__(
        self,
        call: Call,
        args: Sequence[str],
        *,
        latest: bool = True,
        needs_name: bool = False,
        one_type: bool = False,
        all_selects: bool = False,
    ) -> None:
        self._call = call
        self._latest = latest
        self._needs_name = needs_name
        self._one_type = one_type
        self._all_selects = all_selects
        self._ignores_missing = bool(call.flags.get("ignore-not-found"))
        self.targets = self._find_targets(args)

    def visit(self, act: Callable[[Target], object]) -> int:
        """Do something with each object, fetched before; see `errors.visit`."""
        return self.visit_names(lambda target: act(self._fetched(target)))

    def visit_names(self, act: Callable[[Target], object]) -> int:
        """The same with objects that may not exist. Raises TooMuchError before anything is done to any."""
        targets: list[Target | Exception] = []
        for batch in self._batches():
            targets += batch.targets if isinstance(batch, Group) else [batch]
        self._call.context.budget.spend(_VISIT_COST * len(targets))
        return visit(targets, act, ignores_missing=self._ignores_missing)

    def select(self) -> Selection:
        """Every object, fetched, and what went wrong with any."""
        gathered: list[tuple[Resource, list[Object]]] = []

        def keep(batch: Target | Group) -> None:
            objects = batch.objects if isinstance(batch, Group) else [self._fetched(batch).obj]
            if gathered and gathered[-1][0] is batch.resource:
                gathered[-1][1].extend(objects)
            else:
                gathered.append((batch.resource, list(objects)))

        problem = None
        try:
            batches: Iterator[Any] = self._batches()  # mypy would take a Target or a Group for any tuple
            visit(batches, keep, ignores_missing=self._ignores_missing)
        except REFUSALS as error:
            problem = error
        return Selection([Group(resource, objects) for resource, objects in gathered], problem)

    def fetch(self, is_strict: bool = False) -> list[Target]:
        """Every object. Raises what went wrong with any of them; `is_strict`: the first alone, as Infos does."""
        selection = self.select()
        error = selection.error
        if isinstance(error, Several) and is_strict:
            raise error.errors[0]
        if error:
            raise error
        return selection.targets

    def _find_targets(self, args: Sequence[str]) -> list[Target]:
        """The names and types of a command line; none where it names files."""
        call = self._call
        has_all = bool(call.flags.get("all"))
        selects = bool(call.flags.get("selector") or call.flags.get("field-selector"))
        if self._all_selects and has_all:
            selects = True
        words = _spelled_out(args)
        pairs = [split_pair(word) for word in words if "/" in word]
        _check_words(call, words, bool(pairs), selects)
        if not words:
            return []
        if pairs:
            named = [(resolve(call, kind), name) for kind, name in pairs]
            refuse_if(self._one_type and len({resource for resource, _ in named}) > 1, _SEVERAL_TYPES)
            return [_named(call, resource, name) for resource, name in named]
        types = _types(call, words[0])
        names = words[1:]
        if names:
            refuse_if(len(types) > 1, "you must specify only one resource")
            return [_named(call, types[0], name) for name in names]
        means_all = not self._needs_name or has_all or selects
        refuse_if(not means_all, "resource(s) were provided, but no name was specified")
        refuse_if(self._one_type and len(types) > 1, _SEVERAL_TYPES)
        return [_all_of(call, resource) for resource in types]

    @property
    def is_single(self) -> bool:
        """Whether one object is asked for, by its name or by one file: it has no List."""
        if paths := self._call.flags.get("filename"):
            return len(paths) == 1 and paths[0] not in ("-", "") and not self._call.context.workspace.is_dir(paths[0])
        return len(self.targets) == 1 and self.targets[0].name is not None

    def _fetched(self, target: Target) -> Target:
        """The target with its object, which is read from the API server where it isn't known."""
        if target.obj:
            return target
        refuse_if(not target.name, "resource name may not be empty")
        return target._replace(obj=get_live(self._call, target))

    def _batches(self) -> Iterator[Target | Group | Exception]:
        """Each object of files, and each that is named; for each type all its objects; and why some can't be found."""
        if self._call.flags.get("filename"):
            for manifest in manifests(self._call, validates=False):
                if self._latest and isinstance(manifest, Target):
                    yield self._live(manifest)
                else:
                    yield manifest
        for target in self.targets:
            yield self._listed(target) if target.name is None else target

    def _live(self, manifest: Target) -> Target | Exception:
        """What the API server has in place of an object in a file."""
        try:
            return self._fetched(manifest._replace(obj={}))
        except REFUSALS as error:
            return error

    def _listed(self, target: Target) -> Group | Exception:
        """All objects that a target without a name means."""
        try:
            return Group(target.resource, list_live(self._call, target))
        except REFUSALS as error:
            return error


_NOTHING_NAMED = (
    "You must provide one or more resources by argument or filename.\n"
    "Example resource specifications include:\n"
    "   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'"
)
_TYPE_TWICE = (
    "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form "
    "(e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'"
)
_SEVERAL_TYPES = "you may only specify a single resource type"
_FILES_AND_WORDS = "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"


def _all_of(call: Call, resource: Resource) -> Target:
    """All objects of a type in the namespace, or everywhere."""
    is_everywhere = call.flags.get("all-namespaces") or not resource.namespaced
    return Target(resource, None if is_everywhere else call.namespace, None)


def _spelled_out(args: Sequence[str]) -> list[str]:
    """The words, with a/c b/c for a,b c: several types and a name. Raises KubectlError where forms are mixed."""
    words = list(args)
    if words[1:] and "," in words[0]:
        words = [f"{kind}/{name}" for kind in args[0].split(",") for name in args[1:]]
    refuse_if(len({"/" in word for word in words}) > 1, _TYPE_TWICE)
    return words


def _check_words(call: Call, words: Sequence[str], has_pairs: bool, selects: bool) -> None:
    if call.flags.get("filename"):
        check_paths(call)
        refuse_if(has_pairs, "resource/name arguments cannot be provided when a path is specified")
        refuse_if(words, _FILES_AND_WORDS)
        return
    refuse_if(selects and not words, "at least one resource must be specified to use a selector")
    refuse_if(not words, _NOTHING_NAMED)
    refuse_if(selects and has_pairs, "selectors and the all flag cannot be used when passing resource/name arguments")
    refuse_if(selects and words[1:], "name cannot be provided when a selector is specified")


def split_pair(word: str) -> tuple[str, str]:
    """The type and name in TYPE/NAME. Raises KubectlError."""
    kind, _, name = word.partition("/")
    refuse_if("/" in name, "arguments in resource/name form may not have more than one slash")
    is_pair = kind and name and "," not in kind
    refuse_if(not is_pair, "arguments in resource/name form must have a single resource and name")
    return kind, name


def _types(call: Call, word: str) -> list[Resource]:
    types: list[Resource] = []
    for name in word.split(","):
        in_category = [item for item in RESOURCES if item.readable and name in item.categories]
        for resource in in_category or [resolve(call, name)]:
            if resource not in types:
                types.append(resource)
    return types


_VISIT_COST = 1_500  # steps for an object to which something is done
_NAME_COST = 300  # steps for an object that is asked for by its name


def _named(call: Call, resource: Resource, name: str) -> Target:
    call.context.budget.spend(_NAME_COST)
    refuse_if(
        call.flags.get("all-namespaces") and resource.namespaced,
        "a resource cannot be retrieved by name across all namespaces",
    )
    return Target(resource, call.namespace if resource.namespaced else "", name)


def get_live(call: Call, target: Target) -> Object:
    """An object as the API server has it. Raises StatusError: NotFound of the namespace where that is missing.

    Mirrors Info.Get of k8s.io/cli-runtime pkg/resource/visitor.go, v1.36.
    """
    part = call.flags.get("subresource", "")
    if part and part not in target.resource.parts:
        raise no_such_path()
    try:
        return call.api.get(*target.place, part)
    except StatusError as error:
        if is_missing(error) and target.namespace not in (None, "", "default"):
            _refuse_missing_namespace(call, target.namespace)
        raise


def _refuse_missing_namespace(call: Call, namespace: str) -> None:
    """Raise NotFound of a namespace; who may not read it isn't told."""
    try:
        call.api.get(NAMESPACE, "", namespace)
    except StatusError as error:
        if is_missing(error):
            raise error from None


def find_live(call: Call, target: Target) -> Object | None:
    """The same, or None where it is not there. Raises StatusError where it cannot be read."""
    try:
        return get_live(call, target)
    except StatusError as error:
        if is_missing(error):
            return None
        raise


def follow(call: Call, target: Target) -> Callable[[], Object | None]:
    """What tells the present state of an object to a command that waits for it.

    Raises NotSimulated where the user may not list and watch it: kubectl would ask again and again, and log that.
    """
    try:
        return call.api.follow(*target.place)
    except StatusError:
        raise NotSimulated(
            f"waiting without the rights to list and to watch {target.resource.qualified} is not part of this simulator"
        ) from None


def list_live(call: Call, target: Target) -> list[Object]:
    """The objects that a target without a name means. Raises StatusError, in the words of NewSelector.Visit."""
    resource = target.resource
    labels = call.flags.get("selector") or ""
    fields = call.flags.get("field-selector") or ""
    try:
        return call.api.list(resource, target.namespace, labels=labels, fields=fields)
    except StatusError as error:
        if error.reason != "BadRequest":
            raise
        raise bad_request(
            f'Unable to find "{resource.gvr}" that match label selector "{labels}", field selector "{fields}": '
            + error.message
        ) from None
