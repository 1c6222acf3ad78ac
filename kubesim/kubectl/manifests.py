"""Manifests: files, folders and standard input read into objects, with kubectl's words for what is wrong in them.

Mirrors k8s.io/cli-runtime pkg/resource/{builder,visitor}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kubesim import gojson, schema
from kubesim.errors import bad_request
from kubesim.kubectl.command import Call
from kubesim.kubectl.documents import documents
from kubesim.kubectl.errors import KubectlError, ManifestError, NotSimulated, Plain
from kubesim.objects import Object, metadata
from kubesim.resources import RESOURCES, Resource, find_kind
from kubesim.selectors import SelectorError, label_selector

_ENDINGS = (".json", ".yaml", ".yml")


@dataclass(frozen=True)
class Manifest:
    """One object of a file: its type, the namespace and name that it asks for, where it stands, and as what."""

    resource: Resource
    obj: Object
    namespace: str
    name: str
    source: str
    local: Object


def read_manifests(call: Call) -> tuple[list[Manifest], list[Exception]]:
    """The objects of every -f, and the errors of those that could not be read."""
    manifests: list[Manifest] = []
    errors: list[Exception] = []
    check_paths(call)
    selected = _selector(call)
    for source, text in list(_sources(call)):
        for item in _objects(text, source, errors):
            try:
                manifest = _manifest(call, item, source)
                if selected(manifest.obj):
                    manifests.append(manifest)
            except (KubectlError, NotSimulated, Plain) as error:
                errors.append(error)
    return manifests, errors


def _selector(call: Call) -> Callable[[Object], bool]:
    """-l chooses among the objects of files, too."""
    try:
        return label_selector(call.flags.get("selector") or "")
    except SelectorError as error:
        quoted = gojson.quote(call.flags["selector"])
        raise KubectlError(f"the provided selector {quoted} is not valid: {error}") from None


def require_file(call: Call) -> None:
    """Refuse a command line without -f."""
    if not call.flags["filename"]:
        raise KubectlError("must specify one of -f and -k")


def read_text(call: Call, path: str) -> str:
    """A file of the workspace, or standard input for "-". Raises KubectlError."""
    if path == "-":
        return call.context.stdin or ""
    try:
        return call.context.workspace.read_text(path)
    except OSError as error:
        raise KubectlError(f"open {path}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def check_paths(call: Call) -> None:
    """Refuse a -f that names nothing. Raises KubectlError."""
    for path in call.flags["filename"]:
        is_file = path != "-" and not path.startswith(("http://", "https://"))
        if is_file and not call.context.workspace.exists(path):
            raise KubectlError(f'the path "{path}" does not exist')


def _sources(call: Call) -> Iterator[tuple[str, str]]:
    """The path and text of every file that -f names. Raises KubectlError."""
    workspace = call.context.workspace
    for path in call.flags["filename"]:
        if path == "-":
            yield "STDIN", call.context.stdin or ""
        elif path.startswith(("http://", "https://")):
            raise NotSimulated(f"there is no network here, so {path} cannot be read")
        elif workspace.is_dir(path):
            for name in _folder(call, path):
                yield name, read_text(call, name)
        else:
            yield path, read_text(call, path)


def _folder(call: Call, path: str, is_inner: bool = False) -> list[str]:
    found = []
    for name in sorted(call.context.workspace.listdir(path)):
        full = f"{path.rstrip('/')}/{name}"
        if call.context.workspace.is_dir(full):
            found += _folder(call, full, True) if call.flags.get("recursive") else []
        elif name.endswith(_ENDINGS):
            found.append(full)
    if not found and not is_inner:
        raise KubectlError(f"error reading [{path}]: recognized file extensions are [.json .yaml .yml]")
    return found


def _objects(text: str, source: str, errors: list[Exception]) -> Iterator[Any]:
    """The documents of a file, lists taken apart; the first broken document ends the file."""
    try:
        for document in documents(text):
            yield from _items(document)
    except ManifestError as error:
        errors.append(KubectlError(f"error parsing {source}: {error}"))
    except NotSimulated as error:
        errors.append(error)


def _items(document: Any) -> Iterator[Any]:
    if isinstance(document, dict) and document.get("kind") == "List" and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _items(item)
    else:
        yield document


def _manifest(call: Call, item: Any, source: str) -> Manifest:
    resource = _resource(call, item, source)
    _check_metadata(resource, item, source)
    meta = metadata(item)
    name = meta.get("name") if isinstance(meta.get("name"), str) else ""
    namespace = _namespace(call, resource, meta)
    obj = item
    if resource.namespaced and meta.get("namespace") != namespace:
        obj = {**item, "metadata": {**meta, "namespace": namespace}}
    return Manifest(resource, obj, namespace, name or "", source, item)


def _check_metadata(resource: Resource, item: Object, source: str) -> None:
    """As metadata_decoder.go: kubectl works on the metadata itself, so that its types must be right."""
    try:
        schema.convert(schema.type_of(resource), {"metadata": item.get("metadata")})
    except schema.DecodeError as error:
        told = error.in_json().replace(
            f"struct field {resource.kind}.metadata ", "struct field metadataOnlyObject.metadata "
        )
        raise KubectlError(f'unable to decode "{source}": {told}') from None


def _namespace(call: Call, resource: Resource, meta: Object) -> str:
    """The namespace of a manifest. Raises KubectlError where -n asks for another one."""
    if not resource.namespaced:
        return ""
    own = meta.get("namespace")
    if not own or not isinstance(own, str):
        return call.namespace
    if call.explicit_namespace and own != call.namespace:
        raise KubectlError(
            f'the namespace from the provided object "{own}" does not match the namespace "{call.namespace}". '
            f"You must pass '--namespace={own}' to perform this operation."
        )
    return own


def _resource(call: Call, item: Any, source: str) -> Resource:
    if call.flags.get("validate", "ignore") in ("ignore", "false"):
        _check_object(item, source)
    else:
        _validate_head(item, source)
    kind, version = item["kind"], item.get("apiVersion") or ""
    resource = find_kind(str(version) or "v1", kind) or _by_lower_kind(str(version) or "v1", kind)
    if resource is None:
        meta = metadata(item)
        raise KubectlError(
            f'resource mapping not found for name: "{meta.get("name", "")}" namespace: "{meta.get("namespace", "")}" '
            f'from "{source}": no matches for kind "{kind}" in version "{version}"\nensure CRDs are installed first'
        )
    if not resource.simulated:
        raise NotSimulated(f"objects of kind {resource.kind} are not part of this simulator")
    return resource


def _by_lower_kind(version: str, kind: str) -> Resource | None:
    """kubectl finds the type of "pod", too; only the API server insists on "Pod"."""
    return next((item for item in RESOURCES if (item.api_version, item.kind.lower()) == (version, kind)), None)


def check_kind(manifest: Manifest) -> None:
    """Raise what the API server says of an object whose kind is not spelled as its type's."""
    kind, resource = manifest.obj["kind"], manifest.resource
    if kind != resource.kind:
        version = resource.api_version
        raise bad_request(
            f'{kind} in version "{version}" cannot be handled as a {resource.kind}: no kind "{kind}" is registered for '
            f'version "{version}" in scheme "pkg/api/legacyscheme/scheme.go:30"'
        )


def _check_object(item: Any, source: str) -> None:
    """What is found when the object is decoded without a look at a schema."""
    if not isinstance(item, dict):
        word = {str: "string", list: "array", bool: "bool"}.get(type(item), "number")
        said = f"json: cannot unmarshal {word} into Go value of type unstructured.detector"
        raise KubectlError(f'unable to decode "{source}": {said}')
    if not item.get("kind") or not isinstance(item["kind"], str):
        raise KubectlError(f"unable to decode \"{source}\": Object 'Kind' is missing in '{gojson.dumps(item)}'")


def _validate_head(item: Any, source: str) -> None:
    """What --validate finds before it needs a schema. Mirrors k8s.io/kubectl pkg/validation/schema.go."""
    problems = ["invalid object to validate"]
    if isinstance(item, dict):
        heads = [(key, item.get(key)) for key in ("apiVersion", "kind")]
        problems = [f"{key} not set" for key, value in heads if value in (None, "")]
        problems = problems or [f"{key} isn't string type" for key, value in heads if not isinstance(value, str)][:1]
    if problems:
        told = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        advice = "if you choose to ignore these errors, turn validation off with --validate=false"
        raise KubectlError(f'error validating "{source}": error validating data: {told}; {advice}')
