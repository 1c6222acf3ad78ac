"""The objects of a command line: TYPE, TYPE NAME…, TYPE/NAME…, or -f FILE, with selectors; and their live state.

Reading the files is the task of manifests.py. Mirrors k8s.io/cli-runtime pkg/resource/builder.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from kubesim.api.errors import StatusError, bad_request, no_such_path
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import NAMESPACE, RESOURCES, Resource, find_resource
from kubesim.kubectl.command import Call
from kubesim.kubectl.errors import REFUSALS, AggregateError, KubectlError, NotSimulated, is_missing, refuse_if, visit
from kubesim.kubectl.manifests import Target, check_paths, manifests

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
_VISIT_COST = 2_000  # steps of the budget for an object that a command changes
_NAME_COST = 300  # steps of the budget for a name on the command line


class Group(NamedTuple):
    """Live objects of one type. An empty group is a type of which all objects were requested and none exist."""

    resource: Resource
    objects: Sequence[Object]

    @property
    def targets(self) -> list[Target]:
        return [Target(self.resource, namespace_of(obj), name_of(obj), obj=obj) for obj in self.objects]


def resolve(call: Call, name: str) -> Resource:
    """The type of a plural, kind or short name. Raises KubectlError, and NotSimulated for a type that kubesim lacks.

    Warns if the short name belongs to several types.
    """
    warn_of_others(call, name)
    resource = find_resource(name)
    if resource is None:
        raise KubectlError(f'the server doesn\'t have a resource type "{name.partition(".")[0]}"')
    if not resource.readable:
        raise NotSimulated(resource.left_out)
    return resource


def warn_of_others(call: Call, name: str) -> None:
    """Warn about types of lower priority with the same short name. Mirrors client-go restmapper/shortcut.go, v1.36."""
    for other in [resource for resource in RESOURCES if name in resource.short_names][1:]:
        call.warn(f'short name "{name}" could also match lower priority resource {other.qualified}')


class Selection(NamedTuple):
    """The fetched objects of a command line, and the error about the others, if any."""

    groups: list[Group]  # consecutive objects of one type are in one group
    error: Exception | None = None

    @property
    def targets(self) -> list[Target]:
        return list(chain.from_iterable(group.targets for group in self.groups))


class Query:
    """The objects that a command line selects: those of -f, or `targets`, from the arguments `args`.

    Nothing is fetched before `visit`, `visit_names`, `select` or `fetch`. Options:

    * `latest`: the live objects replace those in files.
    * `needs_name`: TYPE alone is refused without --all or a selector; otherwise it means all objects of the type.
    * `one_type`: several types are refused.
    * `all_selects`: --all counts as a selector, with the same refusals.

    The constructor raises KubectlError and NotSimulated for the command line as a whole. Mirrors Builder and Result.
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
        """Fetch each object and call `act` with it. Returns the number of objects; see `errors.visit` for errors."""
        return self.visit_names(lambda target: act(self._with_object(target)))

    def visit_names(self, act: Callable[[Target], object]) -> int:
        """Call `act` with each target, without fetching objects that are named, which may be missing.

        Returns the number of targets. Raises TooMuchError before the first `act` if there are too many.
        """
        targets: list[Target | Exception] = []
        for batch in self._batches():
            targets += batch.targets if isinstance(batch, Group) else [batch]
        self._call.context.budget.spend(_VISIT_COST * len(targets))
        return visit(targets, act, ignores_missing=self._ignores_missing)

    def select(self) -> Selection:
        """Fetch all objects. Errors don't raise but become part of the Selection."""
        gathered: list[tuple[Resource, list[Object]]] = []

        def keep(batch: Target | Group) -> None:
            objects = batch.objects if isinstance(batch, Group) else [self._with_object(batch).obj]
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
        """All objects, fetched. Raises the error about any of them.

        With `is_strict`, only the first of several errors is raised, as by Infos of cli-runtime.
        """
        selection = self.select()
        error = selection.error
        if isinstance(error, AggregateError) and is_strict:
            raise error.errors[0]
        if error:
            raise error
        return selection.targets

    def _find_targets(self, args: Sequence[str]) -> list[Target]:
        """The targets of the arguments, empty with -f. Raises KubectlError in the order of kubectl's checks."""
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
            return [_target_by_name(call, resource, name) for resource, name in named]
        types = _types(call, words[0])
        names = words[1:]
        if names:
            refuse_if(len(types) > 1, "you must specify only one resource")
            return [_target_by_name(call, types[0], name) for name in names]
        means_all = not self._needs_name or has_all or selects
        refuse_if(not means_all, "resource(s) were provided, but no name was specified")
        refuse_if(self._one_type and len(types) > 1, _SEVERAL_TYPES)
        return [_target_of_all(call, resource) for resource in types]

    @property
    def is_single(self) -> bool:
        """True if the command line selects one object, by a name or one file: --output prints it without a List."""
        if paths := self._call.flags.get("filename"):
            return len(paths) == 1 and paths[0] not in ("-", "") and not self._call.context.workspace.is_dir(paths[0])
        return len(self.targets) == 1 and self.targets[0].name is not None

    def _with_object(self, target: Target) -> Target:
        """The target with its object, which is fetched unless it is known. Raises KubectlError and StatusError."""
        if target.obj:
            return target
        refuse_if(not target.name, "resource name may not be empty")
        return target._replace(obj=get_live(self._call, target))

    def _batches(self) -> Iterator[Target | Group | Exception]:
        """The selected objects: a Target for each name or manifest, a Group for each type, or errors in their place."""
        if self._call.flags.get("filename"):
            for manifest in manifests(self._call, validates=False):
                if self._latest and isinstance(manifest, Target):
                    yield self._live_of(manifest)
                else:
                    yield manifest
        for target in self.targets:
            yield self._list_all(target) if target.name is None else target

    def _live_of(self, manifest: Target) -> Target | Exception:
        """The live object of a manifest, or the error."""
        try:
            return self._with_object(manifest._replace(obj={}))
        except REFUSALS as error:
            return error

    def _list_all(self, target: Target) -> Group | Exception:
        """All objects of a target without a name, or the error."""
        try:
            return Group(target.resource, list_live(self._call, target))
        except REFUSALS as error:
            return error


def _target_of_all(call: Call, resource: Resource) -> Target:
    """The target of all objects of a type, in the command line's namespace or in all."""
    is_everywhere = call.flags.get("all-namespaces") or not resource.namespaced
    return Target(resource, None if is_everywhere else call.namespace, None)


def _spelled_out(args: Sequence[str]) -> list[str]:
    """The arguments, with "a/c b/c" in place of "a,b c". Raises KubectlError if TYPE/NAME is mixed with other forms."""
    words = list(args)
    if words[1:] and "," in words[0]:
        words = [f"{kind}/{name}" for kind in args[0].split(",") for name in args[1:]]
    refuse_if(len({"/" in word for word in words}) > 1, _TYPE_TWICE)
    return words


def _check_words(call: Call, words: Sequence[str], has_pairs: bool, selects: bool) -> None:
    """Refuse contradictions between arguments, -f and selectors.

    `has_pairs`: there is a TYPE/NAME. `selects`: there is a selector.
    """
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
    """Split TYPE/NAME. Raises KubectlError for other forms."""
    kind, _, name = word.partition("/")
    refuse_if("/" in name, "arguments in resource/name form may not have more than one slash")
    is_pair = kind and name and "," not in kind
    refuse_if(not is_pair, "arguments in resource/name form must have a single resource and name")
    return kind, name


def _types(call: Call, word: str) -> list[Resource]:
    """The types in an argument such as "pods,secrets" or "all", each once. Raises KubectlError and NotSimulated."""
    types: list[Resource] = []
    for name in word.split(","):
        in_category = [item for item in RESOURCES if item.readable and name in item.categories]
        for resource in in_category or [resolve(call, name)]:
            if resource not in types:
                types.append(resource)
    return types


def _target_by_name(call: Call, resource: Resource, name: str) -> Target:
    call.context.budget.spend(_NAME_COST)
    refuse_if(
        call.flags.get("all-namespaces") and resource.namespaced,
        "a resource cannot be retrieved by name across all namespaces",
    )
    return Target(resource, call.namespace if resource.namespaced else "", name)


def get_live(call: Call, target: Target) -> Object:
    """The live object of a target, or the part of --subresource.

    Raises StatusError; if the namespace is missing, that is NotFound of the namespace. Mirrors Info.Get of
    k8s.io/cli-runtime pkg/resource/visitor.go, v1.36.
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
    """Raise NotFound of a missing namespace. Does nothing if the user may not read it."""
    try:
        call.api.get(NAMESPACE, "", namespace)
    except StatusError as error:
        if is_missing(error):
            raise error from None


def find_live(call: Call, target: Target) -> Object | None:
    """The live object of a target, or None if it is missing. Raises StatusError for other refusals."""
    try:
        return get_live(call, target)
    except StatusError as error:
        if is_missing(error):
            return None
        raise


def follow(call: Call, target: Target) -> Callable[[], Object | None]:
    """A function that returns the current state of an object, or None; for commands that wait.

    Raises NotSimulated if the user isn't allowed to list and watch the object: kubectl would retry forever and log it.
    """
    try:
        return call.api.follow(*target.place)
    except StatusError:
        raise NotSimulated(
            f"waiting without the rights to list and to watch {target.resource.qualified} is not part of this simulator"
        ) from None


def list_live(call: Call, target: Target) -> list[Object]:
    """The objects of a target without a name that match --selector and --field-selector.

    Raises StatusError; that for a wrong selector has the words of Selector.Visit in cli-runtime.
    """
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
