"""Which objects a command line means: TYPE, TYPE NAME…, TYPE/NAME…, -f FILE, with selectors.

Mirrors k8s.io/cli-runtime pkg/resource/builder.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from kubesim.api import decoding, schema
from kubesim.api.errors import StatusError, bad_request, no_such_path
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import NAMESPACE, RESOURCES, Resource, find_resource
from kubesim.kubectl.command import Call
from kubesim.kubectl.errors import REFUSALS, KubectlError, NotSimulated, Several, refuse_if, visit
from kubesim.kubectl.manifests import Target as Target  # what a Query is about
from kubesim.kubectl.manifests import check_paths, manifests

T = TypeVar("T")
Groups = list[tuple[Resource, list[Object]]]
"""Objects in groups of one type."""


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


class Query:
    """What a command line asks for. Raises what is wrong with it as a whole.

    `needs_name`: a type alone does not mean all its objects. `latest`: in place of the objects in files, those that the
    API server has. `all_selects`: --all selects, where other commands only let a type alone mean all its objects.
    Mirrors Builder and Result.
    """

    def __init__(
        self,
        call: Call,
        args: Sequence[str],
        *,
        needs_name: bool = False,
        latest: bool = True,
        all_selects: bool = False,
    ) -> None:
        self._call = call
        self._latest = latest
        self._errors: list[Exception] = []
        self._targets = find_targets(call, args, needs_name=needs_name, all_selects=all_selects)

    def visit(self, act: Callable[[Target, Object], object]) -> int:
        """Do something with each object, fetched before; see `errors.visit`."""
        return self.visit_names(lambda target: act(target, self._fetched(target)))

    def visit_names(self, act: Callable[[Target], object]) -> int:
        """The same with objects that may not exist. Raises TooMuchError before anything is done to any."""
        targets = [target for batch in self._batches() for target in batch.singles()]
        self._call.context.budget.spend(_VISIT_COST * len(targets))
        return visit(targets, self._errors, partial(self._tolerating, act))

    def select(self) -> tuple[Groups, Exception | None]:
        """Everything, fetched, and what went wrong."""
        groups: Groups = []

        def keep(batch: _Batch) -> None:
            resource = batch.target.resource
            objects = [self._fetched(batch.target)] if batch.objects is None else batch.objects
            if groups and groups[-1][0] is resource:
                groups[-1][1].extend(objects)
            else:
                groups.append((resource, list(objects)))

        try:
            visit(self._batches(), self._errors, partial(self._tolerating, keep))
        except REFUSALS as error:
            return groups, error
        return groups, None

    def fetch(self, is_strict: bool = False) -> list[tuple[Resource, Object]]:
        """Every object. Raises what went wrong with any of them; `is_strict`: the first alone, as Infos does."""
        groups, error = self.select()
        if error:
            raise Several([error]).errors[0] if is_strict else error
        return [(resource, obj) for resource, group in groups for obj in group]

    def _tolerating(self, act: Callable[[T], object], item: T) -> None:
        """Do something with an item; with --ignore-not-found it may be missing."""
        try:
            act(item)
        except StatusError as error:
            if error.reason != "NotFound" or not self._call.flags.get("ignore-not-found"):
                raise

    @property
    def is_single(self) -> bool:
        """Whether one object is asked for, by its name or by one file: it has no List."""
        if paths := self._call.flags.get("filename"):
            is_dir = self._call.context.workspace.is_dir
            return len(paths) == 1 and paths[0] not in ("-", "") and not is_dir(paths[0])
        return len(self._targets) == 1 and self._targets[0].name is not None

    def _fetched(self, target: Target) -> Object:
        if target.obj:
            return target.obj
        if not target.name:
            raise KubectlError("resource name may not be empty")
        return get_named(self._call, *target.place)

    def _batches(self) -> Iterator[_Batch]:
        """Each object of files and each name; each type with its objects."""
        if self._call.flags.get("filename"):
            for manifest in manifests(self._call, self._errors, validates=False):
                yield from self._present(manifest) if self._latest else [_Batch(manifest)]
        for target in self._targets:
            if target.name is not None:
                yield _Batch(target)
                continue
            try:
                objects = list_all(self._call, target)
            except REFUSALS as error:
                self._errors.append(error)
            else:
                yield _Batch(target, objects)

    def _present(self, manifest: Target) -> Iterator[_Batch]:
        """What the API server has in place of an object in a file; that it hasn't is one of the errors of finding."""
        try:
            yield _Batch(manifest._replace(obj=self._fetched(manifest._replace(obj={}))))
        except StatusError as error:
            if error.reason != "NotFound" or not self._call.flags.get("ignore-not-found"):
                self._errors.append(error)
        except REFUSALS as error:
            self._errors.append(error)


class _Batch(NamedTuple):
    """A target; one that is a whole type has the objects that were listed of it."""

    target: Target
    objects: list[Object] | None = None

    def singles(self) -> list[Target]:
        """A target for each object."""
        if self.objects is None:
            return [self.target]
        resource = self.target.resource
        return [Target(resource, namespace_of(obj), name_of(obj), obj=obj) for obj in self.objects]


def decoded(target: Target, obj: Object) -> Object:
    """The object of a file in kubectl's own types. Raises KubectlError where a field has another type."""
    try:
        typed: Object = decoding.convert(schema.type_of(target.resource), obj)
    except decoding.DecodeError as error:
        raise KubectlError(f'unable to decode "{target.source}": {error.in_json()}') from None
    return typed


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


def find_targets(
    call: Call, args: Sequence[str], *, needs_name: bool = False, one_type: bool = False, all_selects: bool = False
) -> list[Target]:
    """The names and types of a command line; none where it names files.

    `needs_name`, `all_selects`: see `Query`; `one_type`: several types are refused.
    """
    has_all = bool(call.flags.get("all"))
    selects = bool(call.flags.get("selector") or call.flags.get("field-selector") or (has_all and all_selects))
    words = _spelled_out(args)
    pairs = [split_pair(word) for word in words if "/" in word]
    _check_words(call, words, bool(pairs), selects)
    if not words:
        return []
    if pairs:
        named = [(resolve(call, kind), name) for kind, name in pairs]
        refuse_if(one_type and len({resource for resource, _ in named}) > 1, _SEVERAL_TYPES)
        return [_named(call, resource, name) for resource, name in named]
    types = _types(call, words[0])
    names = words[1:]
    if names:
        refuse_if(len(types) > 1, "you must specify only one resource")
        return [_named(call, types[0], name) for name in names]
    refuse_if(needs_name and not selects and not has_all, "resource(s) were provided, but no name was specified")
    refuse_if(one_type and len(types) > 1, _SEVERAL_TYPES)
    return [_all_of(call, resource) for resource in types]


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
    is_everywhere = call.flags.get("all-namespaces") and resource.namespaced
    refuse_if(is_everywhere, "a resource cannot be retrieved by name across all namespaces")
    return Target(resource, call.namespace if resource.namespaced else "", name)


def get_named(call: Call, resource: Resource, namespace: str, name: str) -> Object:
    """One object. Raises StatusError: NotFound of the namespace where that is missing.

    Mirrors Info.Get of k8s.io/cli-runtime pkg/resource/visitor.go, v1.36.
    """
    part = call.flags.get("subresource", "")
    if part and part not in resource.parts:
        raise no_such_path()
    try:
        return call.api.get(resource, namespace, name, part)
    except StatusError as error:
        if error.reason == "NotFound" and namespace not in ("", "default"):
            _refuse_missing_namespace(call, namespace)
        raise


def _refuse_missing_namespace(call: Call, namespace: str) -> None:
    """Raise NotFound of a namespace; who may not read it isn't told."""
    try:
        call.api.get(NAMESPACE, "", namespace)
    except StatusError as error:
        if error.reason == "NotFound":
            raise error from None


def find_named(call: Call, resource: Resource, namespace: str, name: str) -> Object | None:
    """One object, or None where it is not there. Raises StatusError where it cannot be read."""
    try:
        return get_named(call, resource, namespace, name)
    except StatusError as error:
        if error.reason == "NotFound":
            return None
        raise


def follow(call: Call, resource: Resource, namespace: str, name: str) -> Callable[[], Object | None]:
    """What tells the present state of an object to a command that waits for it.

    Raises NotSimulated where the user may not list and watch it: kubectl would ask again and again, and log that.
    """
    try:
        return call.api.follow(resource, namespace, name)
    except StatusError:
        why = f"waiting without the rights to list and to watch {resource.qualified} is not part of this simulator"
        raise NotSimulated(why) from None


def list_all(call: Call, target: Target) -> list[Object]:
    """The objects that a target without a name means. Raises StatusError, in the words of NewSelector.Visit."""
    resource = target.resource
    labels = call.flags.get("selector") or ""
    fields = call.flags.get("field-selector") or ""
    try:
        return call.api.list(resource, target.namespace, labels=labels, fields=fields)
    except StatusError as error:
        if error.reason != "BadRequest":
            raise
        group, _, version = resource.api_version.rpartition("/")
        what = f'Unable to find "{group}/{version}, Resource={resource.plural}" that match'
        raise bad_request(f'{what} label selector "{labels}", field selector "{fields}": {error.message}') from None
