"""Manifests: files, folders and standard input read into objects, with kubectl's words for what is wrong in them.

Mirrors k8s.io/cli-runtime pkg/resource/{builder,visitor}.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from posixpath import normpath
from typing import TYPE_CHECKING, Any, NamedTuple

from kubesim.api import decoding, schema
from kubesim.api.budget import count_values
from kubesim.api.errors import other_type
from kubesim.api.objects import Object, metadata
from kubesim.api.resources import API_VERSIONS, RESOURCES, Resource, find_kind
from kubesim.gotext import gojson
from kubesim.kubectl.command import Call
from kubesim.kubectl.errors import (
    REFUSALS,
    KubectlError,
    ManifestError,
    NotSimulated,
    file_problem,
    raise_all,
    refuse_if,
    reworded,
)

if TYPE_CHECKING:
    from kubesim.kubectl.documents import Document

ANOTHER_NAMESPACE = (
    'the namespace from the provided object "{0}" does not match the namespace "{1}". You must pass '
    "'--namespace={0}' to perform this operation."
)
_ENDINGS = (".json", ".yaml", ".yml")


class Target(NamedTuple):
    """One object by name, or (name None) all objects of a type that the selectors match.

    Of an object in a file, `source` is that file. `obj` is the object where it is known: as a file has it, with the
    namespace that it goes into; or as the API server has it.
    """

    resource: Resource
    namespace: str | None  # None: of all namespaces
    name: str | None
    source: str = ""
    obj: Object = {}  # noqa: RUF012 (never changed)

    @property
    def place(self) -> tuple[Resource, str, str]:
        """Where the API server has the object."""
        return self.resource, self.namespace or "", self.name or ""

    @property
    def printed(self) -> str:
        """How a command names what it has done something to: "deployment.apps/web"."""
        return f"{self.resource.printed}/{self.name}"

    @property
    def in_plural(self) -> str:
        """How a refusal names it: "deployments/web"."""
        return f"{self.resource.plural}/{self.name}"


def parse_json(text: str) -> Any:
    """The value of a JSON text, not too much of it. Raises ValueError, and StatusError (501) for too much."""
    value = gojson.loads(text)
    count_values(value, "a patch")
    return value


def manifests(call: Call, validates: bool = True) -> Iterator[Target | Exception]:
    """The objects of every -f, one after the other; in place of one that could not be read, why.

    `validates`: it checks them as strictly as --validate asks for. Raises what is wrong with the files' names.
    """
    if call.flags.get("validate", "ignore") in ("ignore", "false"):
        validates = False
    files = check_paths(call)
    if call.flags.get("selector"):
        raise NotSimulated("a selector beside -f is not part of this simulator")
    for source, text in list(_sources(call, files)):
        yield from _of_file(call, source, text, validates)


def read_text(call: Call, path: str) -> str:
    """A file of the workspace, or standard input for "-". Raises KubectlError."""
    if path == "-":
        return call.context.read_stdin()
    try:
        return call.context.workspace.read_text(path)
    except OSError as error:
        raise KubectlError(f"open {path}: {file_problem(error)}") from None


def check_paths(call: Call) -> list[str]:
    """The files that -f names, "-" for standard input.

    Raises what is wrong with the names. Mirrors FilenameParam of builder.go.
    """
    files: list[str] = []
    problems: list[Exception] = []
    for path in call.flags["filename"]:
        of_path = _files(call, path)
        if path == "-" and path in files:
            problems.append(KubectlError("standard input cannot be used for multiple arguments"))
        elif of_path:
            files += of_path
        elif not call.context.workspace.exists(path):
            problems.append(KubectlError(f'the path "{path}" does not exist'))
        elif not files and not problems:  # kubectl passes over such a folder behind anything else
            problems.append(
                KubectlError(f"error reading [{path}]: recognized file extensions are [{' '.join(_ENDINGS)}]")
            )
    raise_all(problems)
    return files


_NETWORK = ("http://", "https://")


def _sources(call: Call, files: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What each file is called in errors, and its text."""
    for file in files:
        if file.startswith(_NETWORK):
            raise NotSimulated(f"there is no network here, so {file} cannot be read")
        yield "STDIN" if file == "-" else file, read_text(call, file)


def _files(call: Call, path: str) -> list[str]:
    """The files that one -f names: those of a folder; none where there is no such path."""
    workspace = call.context.workspace
    if path == "-" or path.startswith(_NETWORK):
        return [path]
    if workspace.is_dir(path):
        return list(_in_folder(call, path))
    if workspace.exists(path):
        return [path]
    if re.search(r"[*?\[]", path):
        raise NotSimulated(f"a pattern for files ({path}) is not part of this simulator, unless the shell expands it")
    return []


def _in_folder(call: Call, folder: str) -> Iterator[str]:
    """The manifests of a folder; with --recursive also those of the folders in it, in the order of all names."""
    workspace = call.context.workspace
    for name in sorted(workspace.listdir(folder)):
        path = normpath(f"{folder}/{name}")
        if not workspace.is_dir(path):
            if name.endswith(_ENDINGS):
                yield path
        elif call.flags.get("recursive"):
            with call.context.budget.level():
                yield from _in_folder(call, path)


def _of_file(call: Call, source: str, text: str, validates: bool) -> Iterator[Target | Exception]:
    """The objects of a file, lists taken apart; a document that is broken or not valid ends the file."""
    from kubesim.kubectl.documents import documents, items_of  # late: it imports YAML

    try:
        for document in documents(text):
            if validates:
                _validate_head(document.value, source)
            for item in items_of(document.value):
                try:
                    manifest = _manifest(call, item, document, source)
                except (KubectlError, NotSimulated) as error:
                    yield error
                else:
                    yield manifest
    except ManifestError as error:
        yield KubectlError(f"error parsing {source}: {error}")
    except REFUSALS as error:
        yield error


def _manifest(call: Call, item: Any, document: Document, source: str) -> Target:
    """An object of a document. Raises KubectlError and NotSimulated for what is wrong with it."""
    with reworded(ManifestError, f'unable to decode "{source}": '):
        _check_object(item, document)
        resource = _resource(item, source)
        _check_metadata(resource, item)
    meta = metadata(item)
    name = meta.get("name") or ""
    if not resource.namespaced:
        return Target(resource, "", name, source, item)
    namespace = meta.get("namespace") or call.namespace
    required = call.flags["namespace"] or namespace  # mirrors RequireNamespace
    refuse_if(namespace != required, ANOTHER_NAMESPACE.format(namespace, required))
    return Target(resource, namespace, name, source, {**item, "metadata": {**meta, "namespace": namespace}})


def _check_metadata(resource: Resource, item: Object) -> None:
    """As metadata_decoder.go: kubectl works on the metadata itself, so that its types must be right."""
    try:
        decoding.convert(schema.type_of(resource), {"metadata": item.get("metadata")})
    except decoding.DecodeError as error:
        whole_metadata = f"struct field {resource.kind}.metadata "
        raise ManifestError(str(error).replace(whole_metadata, "struct field metadataOnlyObject.metadata ")) from None


def _resource(item: Any, source: str) -> Resource:
    """The type of an object. Raises KubectlError for one that there isn't, and NotSimulated."""
    kind = item["kind"]
    version = item.get("apiVersion") or ""
    api_version = version or "v1"
    resource = find_kind(api_version, kind) or _find_lower_kind(api_version, kind)
    if resource is None:
        group = api_version.split("/")[0]
        is_of_other_version = any(each.group == group and each.kind == kind for each in RESOURCES)
        if api_version in API_VERSIONS and is_of_other_version:
            raise NotSimulated(f"version {api_version} of {kind} is not part of this simulator")
        meta = metadata(item)
        raise KubectlError(
            f'resource mapping not found for name: "{meta.get("name", "")}" namespace: "{meta.get("namespace", "")}" '
            f'from "{source}": no matches for kind "{kind}" in version "{version}"\nensure CRDs are installed first'
        )
    if not resource.simulated:
        raise NotSimulated(resource.left_out)
    if not version:
        raise NotSimulated(f"a {resource.kind} without apiVersion is not part of this simulator")
    return resource


def _find_lower_kind(api_version: str, kind: str) -> Resource | None:
    """The type of "pod", which kubectl finds, too; only the API server insists on "Pod"."""
    for resource in RESOURCES:
        if resource.api_version == api_version and resource.kind.lower() == kind:
            return resource
    return None


def check_kind(manifest: Target) -> None:
    """Raise what the API server says of an object whose kind is not spelled as its type's."""
    kind = manifest.obj["kind"]
    resource = manifest.resource
    if kind != resource.kind:
        raise other_type(resource, kind, resource.api_version)


def _check_object(item: Any, document: Document) -> None:
    """Raise ManifestError for what is no object with a kind, or has an apiVersion that is no text."""
    if not isinstance(item, dict):
        raise ManifestError(gojson.mismatch(item, "value of type unstructured.detector"))
    if not item.get("kind") or not isinstance(item["kind"], str):
        raise ManifestError(f"Object 'Kind' is missing in '{document.json}'")
    version = item.get("apiVersion")
    if version is not None and not isinstance(version, str):
        raise ManifestError(
            gojson.mismatch(version, "struct field metadataOnlyObject.TypeMeta.apiVersion of type string")
        )


def _validate_head(item: Any, source: str) -> None:
    """What --validate finds before it needs a schema. Mirrors k8s.io/kubectl pkg/validation/schema.go."""
    problem = _problem_of_head(item)
    if problem:
        raise KubectlError(
            f'error validating "{source}": error validating data: {problem}; '
            "if you choose to ignore these errors, turn validation off with --validate=false"
        )


def _problem_of_head(item: Any) -> str:
    """What is wrong with the apiVersion and the kind of a document, "" for nothing."""
    if not isinstance(item, dict):
        return "invalid object to validate"
    missing = [f"{key} not set" for key in ("apiVersion", "kind") if item.get(key) in (None, "")]
    if missing:
        return missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]"
    for key in ("apiVersion", "kind"):
        if not isinstance(item[key], str):
            return f"{key} isn't string type"
    return ""
