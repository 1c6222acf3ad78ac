"""Manifests: the objects in files, folders and standard input (-f), with kubectl's messages about errors in them.

documents.py decodes the texts; selection.py combines manifests with names on the command line. Mirrors
k8s.io/cli-runtime pkg/resource/{builder,visitor}.go, v1.36, without URLs, patterns and kustomize.
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
# Steps of the budget for a character, besides reading it: objects are checked and compared. What a text has beyond
# _MOST_IN_VALUES characters is long values.
_VALUES_COST = 2
_MOST_IN_VALUES = 300_000
_ENDINGS = (".json", ".yaml", ".yml")  # of the files in a folder that are read
_NETWORK = ("http://", "https://")


class Target(NamedTuple):
    """The objects that a command acts on: one, or all of a type that the selectors match.

    For a manifest, `source` is its file, and `obj` is the manifest with its final namespace. For a fetched target,
    `obj` is the live object. It is empty if the object isn't known yet, and shared: nobody may change it.
    """

    resource: Resource
    namespace: str | None  # "" for a type without namespaces, None for all namespaces
    name: str | None  # "" for a manifest with generateName, None for all objects
    source: str = ""  # "" for an object that isn't from a file, "STDIN" for standard input
    obj: Object = {}  # noqa: RUF012 (never changed)

    @property
    def place(self) -> tuple[Resource, str, str]:
        """The first arguments of the client's methods: type, namespace and name."""
        return self.resource, self.namespace or "", self.name or ""

    @property
    def printed(self) -> str:
        """The object in reports of success: "deployment.apps/web"."""
        return f"{self.resource.printed}/{self.name}"

    @property
    def in_plural(self) -> str:
        """The object in kubectl's refusals: "deployments/web"."""
        return f"{self.resource.plural}/{self.name}"


def parse_json(text: str) -> Any:
    """The value of a JSON text. Raises ValueError, and StatusError (501) for too many values."""
    value = gojson.loads(text)
    count_values(value, "a patch")
    return value


def manifests(call: Call, validates: bool = True) -> Iterator[Target | Exception]:
    """The objects of all -f, in order; in place of an object or file that can't be read, the exception.

    With `validates`, documents are checked as --validate says. Raises KubectlError or NotSimulated at the first item
    if a file's name or a file is unusable.
    """
    if call.flags.get("validate", "ignore") in ("ignore", "false"):
        validates = False
    files = check_paths(call)
    if call.flags.get("selector"):
        raise NotSimulated("a selector beside -f is not part of this simulator")
    for source, text in list(_sources(call, files)):  # all files are read before the first object is used
        call.context.budget.spend(len(text) + _VALUES_COST * min(len(text), _MOST_IN_VALUES))
        yield from _of_file(call, source, text, validates)


def read_text(call: Call, path: str) -> str:
    """The text of a file in the workspace, or of standard input for "-". Raises KubectlError."""
    if path == "-":
        return call.context.read_stdin()
    try:
        return call.context.workspace.read_text(path)
    except OSError as error:
        raise KubectlError(f"open {path}: {file_problem(error)}") from None


def check_paths(call: Call) -> list[str]:
    """The files of all -f, those in folders included, "-" for standard input.

    Raises KubectlError for missing files and for folders without manifests. Mirrors FilenameParam of builder.go.
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
        elif not files and not problems:  # kubectl ignores a folder without manifests, unless it comes first
            problems.append(
                KubectlError(f"error reading [{path}]: recognized file extensions are [{' '.join(_ENDINGS)}]")
            )
    raise_all(problems)
    return files


def _sources(call: Call, files: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The name of each file in error messages, and its text. Raises KubectlError, and NotSimulated for a URL."""
    for file in files:
        if file.startswith(_NETWORK):
            raise NotSimulated(f"there is no network here, so {file} cannot be read")
        yield "STDIN" if file == "-" else file, read_text(call, file)


def _files(call: Call, path: str) -> list[str]:
    """The files of one -f: itself, or the manifests in a folder. Empty for a missing path.

    Raises NotSimulated for a pattern such as "*.yaml" that the shell didn't expand.
    """
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
    """The manifests in a folder, with --recursive those in its folders, too, sorted by name at each level."""
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
    """The objects of a file, those inside a List one by one, with exceptions in place of invalid ones.

    A malformed document, or one that fails validation, ends the file.
    """
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
    """The target for one object of a document. Raises KubectlError and NotSimulated.

    An object without a namespace gets the command line's, in a copy.
    """
    with reworded(ManifestError, f'unable to decode "{source}": '):
        _check_object(item, document)
        resource = _resource(item, source)
        _check_metadata(resource, item)
    meta = metadata(item)
    name = meta.get("name") or ""
    namespace = ""
    if resource.namespaced:
        namespace = meta.get("namespace") or call.namespace
        required = call.flags["namespace"] or namespace  # mirrors RequireNamespace
        refuse_if(namespace != required, ANOTHER_NAMESPACE.format(namespace, required))
        item = {**item, "metadata": {**meta, "namespace": namespace}}
    return Target(resource, namespace, name, source=source, obj=item)


def _check_metadata(resource: Resource, item: Object) -> None:
    """Raise ManifestError for metadata of wrong types, which kubectl decodes itself. Mirrors metadata_decoder.go."""
    try:
        decoding.convert(schema.type_of(resource), {"metadata": item.get("metadata")})
    except decoding.DecodeError as error:
        whole_metadata = f"struct field {resource.kind}.metadata "
        raise ManifestError(str(error).replace(whole_metadata, "struct field metadataOnlyObject.metadata ")) from None


def _resource(item: Any, source: str) -> Resource:
    """The type of an object. Raises KubectlError for a type that Kubernetes lacks, NotSimulated for one we lack."""
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
    """The type for a kind in lower case, such as "pod". kubectl accepts it, and then the API server refuses it."""
    for resource in RESOURCES:
        if resource.api_version == api_version and resource.kind.lower() == kind:
            return resource
    return None


def check_kind(manifest: Target) -> None:
    """Raise the API server's refusal (StatusError) of a kind in lower case, see `_find_lower_kind`."""
    kind = manifest.obj["kind"]
    resource = manifest.resource
    if kind != resource.kind:
        raise other_type(resource, kind, resource.api_version)


def _check_object(item: Any, document: Document) -> None:
    """Raise ManifestError unless `item` is a map with a kind, and with a string as apiVersion if it has one."""
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
    """Raise KubectlError for a missing apiVersion or kind, as --validate does before it uses a schema.

    Unknown fields are left to the API server. Mirrors k8s.io/kubectl pkg/validation/schema.go.
    """
    problem = _problem_of_head(item)
    if problem:
        raise KubectlError(
            f'error validating "{source}": error validating data: {problem}; '
            "if you choose to ignore these errors, turn validation off with --validate=false"
        )


def _problem_of_head(item: Any) -> str:
    """The problem of a document's apiVersion and kind, "" without one."""
    if not isinstance(item, dict):
        return "invalid object to validate"
    missing = [f"{key} not set" for key in ("apiVersion", "kind") if item.get(key) in (None, "")]
    if missing:
        return missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]"
    for key in ("apiVersion", "kind"):
        if not isinstance(item[key], str):
            return f"{key} isn't string type"
    return ""
