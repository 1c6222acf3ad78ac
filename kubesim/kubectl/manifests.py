"""Manifests: files, folders and standard input read into objects, with kubectl's words for what is wrong in them.

Mirrors k8s.io/cli-runtime pkg/resource/{builder,visitor}.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kubesim.api import decoding, schema
from kubesim.api.budget import count_values
from kubesim.api.errors import other_type
from kubesim.api.objects import Object, metadata
from kubesim.api.resources import API_VERSIONS, RESOURCES, Resource, find_kind
from kubesim.gotext import gojson
from kubesim.kubectl.command import Call, Kustomization
from kubesim.kubectl.errors import (
    REFUSALS,
    KubectlError,
    ManifestError,
    NotSimulated,
    raise_all,
    refuse_if,
    visit,
)

ANOTHER_NAMESPACE = (
    'the namespace from the provided object "{0}" does not match the namespace "{1}". You must pass '
    "'--namespace={0}' to perform this operation."
)
_ENDINGS = (".json", ".yaml", ".yml")


@dataclass(frozen=True)
class Target:
    """One object by name, or (name None) all objects of a type that the selectors match.

    Of an object in a file, `source` is that file. `obj` is the object where it is known: with the namespace that it
    goes into, or in a list that was fetched.
    """

    resource: Resource
    namespace: str | None
    name: str | None
    source: str = ""
    obj: Object = field(default_factory=dict, compare=False)

    @property
    def place(self) -> tuple[Resource, str, str]:
        """Where the API server has the object."""
        return self.resource, self.namespace or "", self.name or ""


def parse_json(text: str) -> Any:
    """The value of a JSON text, not too much of it. Raises ValueError, and StatusError (501) for too much."""
    value = gojson.loads(text)
    count_values(value, "a patch")
    return value


def manifests(call: Call, errors: list[Exception], is_valid: bool = True) -> Iterator[Target]:
    """The objects of every -f, one after the other; `errors` gets those of objects that could not be read.

    `is_valid`: check them as strictly as --validate asks for. Raises what is wrong with the files' names.
    """
    is_valid = is_valid and call.flags.get("validate", "ignore") not in ("ignore", "false")
    check_paths(call)
    if call.flags.get("selector"):
        raise NotSimulated("a selector beside -f is not part of this simulator")
    for source, text in list(_sources(call)):
        for item, json_ in _objects(text, source, errors, is_valid):
            try:
                manifest = _manifest(call, item, json_, source)
                _require_namespace(call, manifest.namespace or "")
            except (KubectlError, NotSimulated) as error:
                errors.append(error)
            else:
                yield manifest


def visit_manifests(call: Call, act: Callable[[Target], object]) -> int:
    """Do something with every object of -f; see `visit`."""
    errors: list[Exception] = []
    return visit(manifests(call, errors), errors, act)


def _require_namespace(call: Call, namespace: str) -> None:
    """Refuse an object of another namespace than -n asks for. Mirrors RequireNamespace."""
    required = call.flags["namespace"]
    is_other = required and namespace not in ("", required)
    refuse_if(is_other, ANOTHER_NAMESPACE.format(namespace, required))


def read_text(call: Call, path: str) -> str:
    """A file of the workspace, or standard input for "-". Raises KubectlError."""
    if path == "-":
        return call.context.stdin or ""
    try:
        return call.context.workspace.read_text(path)
    except OSError as error:
        raise KubectlError(f"open {path}: {(error.strerror or str(error)).lower()}") from None


def check_paths(call: Call) -> None:
    """Raise what is wrong with the names after -f. Mirrors FilenameParam of builder.go."""
    problems: list[Exception] = []
    for path in call.flags["filename"]:
        if isinstance(path, Kustomization) or _files(call, path):
            continue
        problem = f'the path "{path}" does not exist'
        if call.context.workspace.exists(path):
            problem = f"error reading [{path}]: recognized file extensions are [{' '.join(_ENDINGS)}]"
        problems.append(KubectlError(problem))
    raise_all(problems)


def _is_elsewhere(path: str) -> bool:  # standard input, or in the network
    return path == "-" or path.startswith(("http://", "https://"))


def _sources(call: Call) -> Iterator[tuple[str, str]]:
    for folder in [name for name in call.flags["filename"] if isinstance(name, Kustomization)]:
        from kubesim.kubectl.kustomize import build  # late: it imports YAML

        yield str(folder), build(call, folder)
        return
    for path in [path for name in call.flags["filename"] for path in _files(call, name)]:
        if path != "-" and _is_elsewhere(path):
            raise NotSimulated(f"there is no network here, so {path} cannot be read")
        yield "STDIN" if path == "-" else path, read_text(call, path)


def _files(call: Call, path: str) -> list[str]:
    """The files that one -f names: those of a folder, without the folders in it."""
    workspace = call.context.workspace
    if _is_elsewhere(path):
        return [path]
    if workspace.is_dir(path):
        names = [name for name in sorted(workspace.listdir(path)) if name.endswith(_ENDINGS)]
        inner = [f"{path.rstrip('/')}/{name}" for name in names]
        return [file for file in inner if not workspace.is_dir(file)]
    if workspace.exists(path):
        return [path]
    if re.search(r"[*?\[]", path):
        raise NotSimulated(f"a pattern for files ({path}) is not part of this simulator, unless the shell expands it")
    return []


def _objects(text: str, source: str, errors: list[Exception], is_valid: bool) -> Iterator[tuple[Any, str]]:
    """The documents of a file with their JSON, lists taken apart; one that is broken or not valid ends the file."""
    from kubesim.kubectl.documents import documents, items_of  # late: it imports YAML

    try:
        for document, json_ in documents(text):
            if is_valid:
                _validate_head(document, source)
            for item in items_of(document):
                yield item, json_
    except ManifestError as error:
        errors.append(KubectlError(f"error parsing {source}: {error}"))
    except REFUSALS as error:
        errors.append(error)


def _manifest(call: Call, item: Any, json_: str, source: str) -> Target:
    _check_object(item, json_, source)
    resource = _resource(call, item, source)
    _check_metadata(resource, item, source)
    meta = metadata(item)
    name, namespace = meta.get("name") or "", ""
    obj = item
    if resource.namespaced:
        namespace = meta.get("namespace") or call.namespace
        if meta.get("namespace") != namespace:
            obj = {**item, "metadata": {**meta, "namespace": namespace}}
    return Target(resource, namespace, name, source, obj)


def _check_metadata(resource: Resource, item: Object, source: str) -> None:
    """As metadata_decoder.go: kubectl works on the metadata itself, so that its types must be right."""
    try:
        decoding.convert(schema.type_of(resource), {"metadata": item.get("metadata")})
    except decoding.DecodeError as error:
        problem = error.in_json().replace(
            f"struct field {resource.kind}.metadata ", "struct field metadataOnlyObject.metadata "
        )
        raise KubectlError(f'unable to decode "{source}": {problem}') from None


def _resource(call: Call, item: Any, source: str) -> Resource:
    kind, version = item["kind"], item.get("apiVersion") or ""
    api_version = str(version) or "v1"
    # kubectl finds the type of "pod", too; only the API server insists on "Pod".
    lower = (item for item in RESOURCES if (item.api_version, item.kind.lower()) == (api_version, kind))
    resource = find_kind(api_version, kind) or next(lower, None)
    if resource is None:
        group = api_version.split("/")[0]
        if api_version in API_VERSIONS and any((item.group, item.kind) == (group, kind) for item in RESOURCES):
            raise NotSimulated(f"version {api_version} of {kind} is not part of this simulator")
        meta = metadata(item)
        place = f'name: "{meta.get("name", "")}" namespace: "{meta.get("namespace", "")}" from "{source}"'
        mapping = f'resource mapping not found for {place}: no matches for kind "{kind}" in version "{version}"'
        raise KubectlError(f"{mapping}\nensure CRDs are installed first")
    if not resource.simulated:
        raise NotSimulated(resource.left_out)
    if not version:
        raise NotSimulated(f"a {resource.kind} without apiVersion is not part of this simulator")
    return resource


def check_kind(manifest: Target) -> None:
    """Raise what the API server says of an object whose kind is not spelled as its type's."""
    kind, resource = manifest.obj["kind"], manifest.resource
    if kind != resource.kind:
        raise other_type(resource, kind, resource.api_version)


def _check_object(item: Any, json_: str, source: str) -> None:
    if not isinstance(item, dict):
        word = {str: "string", list: "array", bool: "bool"}.get(type(item), "number")
        problem = f"json: cannot unmarshal {word} into Go value of type unstructured.detector"
    elif not item.get("kind") or not isinstance(item["kind"], str):
        problem = f"Object 'Kind' is missing in '{json_}'"
    else:
        return
    raise KubectlError(f'unable to decode "{source}": {problem}')


def _validate_head(item: Any, source: str) -> None:
    """What --validate finds before it needs a schema. Mirrors k8s.io/kubectl pkg/validation/schema.go."""
    problems = ["invalid object to validate"]
    if isinstance(item, dict):
        heads = [(key, item.get(key)) for key in ("apiVersion", "kind")]
        problems = [f"{key} not set" for key, value in heads if value in (None, "")]
        problems = problems or [f"{key} isn't string type" for key, value in heads if not isinstance(value, str)][:1]
    if problems:
        listed = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        advice = "if you choose to ignore these errors, turn validation off with --validate=false"
        raise KubectlError(f'error validating "{source}": error validating data: {listed}; {advice}')
