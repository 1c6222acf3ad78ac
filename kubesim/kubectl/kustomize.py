"""kubectl kustomize, and the objects of -k: generated Secrets and ConfigMaps, images, a namespace, common labels.

Mirrors sigs.k8s.io/kustomize api, v5.8, for the fields that kustomize.json lists.
"""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from kubesim.api import load_table
from kubesim.api.objects import Object, metadata, name_of, namespace_of, template_of
from kubesim.api.resources import find_kind
from kubesim.gotext import gojson
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.content import is_text, short_hash
from kubesim.kubectl.documents import documents, items_of, parse_document
from kubesim.kubectl.errors import KubectlError, ManifestError, NotSimulated, refuse_if, reworded
from kubesim.kubectl.formats import to_yaml


class _Tables(NamedTuple):
    """kustomize.json; another word in it is an error."""

    types: Mapping[str, Mapping[str, str]]  # the fields of kustomize's structs, as gojson.check_type reads them
    absent: Sequence[str]  # paths of fields that kustomize has and kubesim refuses
    references: Mapping[str, Sequence[str]]  # by a field that refers to an object: its kind, and where the name stands
    order: Sequence[str]  # of kinds in what is built


_TABLES = _Tables(**load_table(__file__, "kustomize.json"))
_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_API = "kustomize.config.k8s.io/v1beta1"
_EDIT_FIX = "Run 'kustomize edit fix' to update your Kustomization automatically."
_LINE_WIDTH = 70  # of base64 in a generated Secret


@dataclass
class _Item:
    """An object on its way. Others know it by `name`; where `is_hashed`, a hash of its content goes behind that."""

    obj: Object
    name: str
    is_hashed: bool = False

    @property
    def id(self) -> str:
        group, _, version = self.obj["apiVersion"].rpartition("/")
        kind = f"{self.obj['kind']}.{version}.{group or '[noGrp]'}"
        return f"{kind}/{name_of(self.obj)}.{namespace_of(self.obj) or '[noNs]'}"

    @property
    def rank(self) -> tuple[int, str, str, str]:
        """Where it stands among the others."""
        kind, order = self.obj["kind"], _TABLES.order
        place = order.index(kind) if kind in order else len(order)
        return place, kind, namespace_of(self.obj), name_of(self.obj)

    def append_hash(self) -> None:
        content: Object = {key: self.obj[key] for key in ("kind", "type", "binaryData") if key in self.obj}
        empty = "" if self.obj["kind"] == "ConfigMap" else {}
        suffix = short_hash({"name": "", "data": self.obj.get("data") or empty, **content})
        self.obj["metadata"]["name"] = f"{self.name}-{suffix}"


@command("kustomize", is_offline=True)
def kustomize(call: Call) -> None:
    refuse_if(len(call.args) > 1, "specify one path to kustomization.yaml")
    call.say(build(call, call.args[0] if call.args else "."))


def build(call: Call, folder: str) -> str:
    """The objects of a folder with a kustomization, as YAML. Raises KubectlError."""
    files = call.context.workspace
    if folder.startswith(("http://", "https://", "git@", "github.com/")):
        raise NotSimulated(f"there is no network here, so {folder} cannot be read")
    path = files.absolute(folder)
    refuse_if(not files.exists(folder), f"must build at directory: not a valid directory: {_gone(call, path, folder)}")
    refuse_if(not files.is_dir(folder), f"must build at directory: '{folder}': file is not directory")
    items = _layer(call, path, ())
    for item in items:
        if item.is_hashed:
            item.append_hash()
    _update_references(items)
    items.sort(key=lambda item: item.rank)
    return "---\n".join(to_yaml(item.obj) for item in items)


def _layer(call: Call, folder: PurePosixPath, above: tuple[PurePosixPath, ...]) -> list[_Item]:
    """What one kustomization makes of its resources; `above` are the folders that led here."""
    kustomization = _read(call, folder)
    items: list[_Item] = []
    for entry in [*(kustomization.get("resources") or ()), *(kustomization.get("bases") or ())]:
        _accumulate(call, folder, entry, (*above, folder), items)
    options = kustomization.get("generatorOptions") or {}
    for kind, key in (("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator")):
        for arguments in kustomization.get(key) or ():
            items.append(_generate(call, folder, kind, arguments, options, items))
    for item in items:
        if kustomization.get("namespace"):
            _move(item, kustomization["namespace"], items)
        _add_labels(item.obj, kustomization.get("commonLabels") or {})
        for image in kustomization.get("images") or ():
            _set_image(item.obj.get("spec"), image)
    return items


def _read(call: Call, folder: PurePosixPath) -> Object:
    """The kustomization of a folder. Raises KubectlError, and NotSimulated for fields that are left out here."""
    files = call.context.workspace
    names = [name for name in _FILES if files.exists(f"{folder}/{name}")]
    one_of = "'kustomization.yaml', 'kustomization.yml' or 'Kustomization'"
    refuse_if(not names, f"unable to find one of {one_of} in directory '{folder}'")
    refuse_if(len(names) > 1, f"Found multiple kustomization files under: {folder}\n")
    with reworded(ValueError, "invalid Kustomization: "):
        document = parse_document(files.read_text(f"{folder}/{names[0]}"))
        for path in _TABLES.absent:
            if _has(document, path.split(".")):
                raise NotSimulated(f"the field {path} of a kustomization is not part of this simulator")
        gojson.check_type(document, "types.Kustomization", _TABLES.types)
    kustomization: Object = document or {}
    failed = f"Failed to read kustomization file under {folder}:\n"
    kind, version = kustomization.get("kind", "Kustomization"), kustomization.get("apiVersion", _API)
    refuse_if(kind not in ("Kustomization", "Component"), f"{failed}kind should be Kustomization or Component")
    refuse_if(not set(kustomization) - {"apiVersion", "kind", "metadata"}, f"{names[0]} is empty")
    refuse_if(version != _API, f"{failed}apiVersion for Kustomization should be {_API}")
    for key, better in (("bases", "resources"), ("commonLabels", "labels")):
        if kustomization.get(key):
            call.complain(f"# Warning: '{key}' is deprecated. Please use '{better}' instead. {_EDIT_FIX}\n")
    return kustomization


def _has(value: Any, path: list[str]) -> bool:
    """Whether there is such a field, in any item of the lists on the path."""
    if isinstance(value, list):
        return any(_has(item, path) for item in value)
    if not isinstance(value, dict) or path[0] not in value:
        return False
    return len(path) == 1 or _has(value[path[0]], path[1:])


def _gone(call: Call, path: PurePosixPath, typed: object) -> str:
    """Which part of a path is the first that doesn't exist, as filepath.EvalSymlinks reports it."""
    exists = call.context.workspace.exists
    first = next((part for part in reversed(path.parents[:-1]) if not exists(str(part))), path)
    return f"evalsymlink failure on '{typed}' : lstat {first}: no such file or directory"


def _accumulate(
    call: Call, folder: PurePosixPath, entry: str, above: tuple[PurePosixPath, ...], items: list[_Item]
) -> None:
    """Add the objects of a file, or of another kustomization. Raises KubectlError, in kustomize's long sentences."""
    files = call.context.workspace
    path = files.absolute(str(folder / entry))
    if "://" in entry:
        raise NotSimulated(f"there is no network here, so {entry} cannot be read")
    head, why = "accumulating resources: ", f"accumulation err='accumulating resources from '{entry}': "
    if not files.exists(str(path)):
        gone = _gone(call, path, path)
        raise KubectlError(f"{head}{why}{gone}': must build at directory: not a valid directory: {gone}")
    if files.is_dir(str(path)):
        why = f"{head}{why}'{path}' must resolve to a file': "
        cycle = f"cycle detected: candidate root '{path}' contains visited root '{folder}'"
        refuse_if(any(each.is_relative_to(path) for each in above), why + cycle)
        with reworded(KubectlError, f"{why}couldn't make target for path '{path}': "):
            layer = _layer(call, path, above)
        _merge(items, layer, f"{why}recursed merging from path '{path}': ", "")
        return
    tail = f"': must build at directory: '{path}': file is not directory"
    outside = not path.is_relative_to(folder)
    refuse_if(outside, f"{head}{why}security; file '{path}' is not in or below '{folder}'{tail}")
    try:
        objects = [obj for document, _ in documents(files.read_text(str(path))) for obj in items_of(document)]
        read = [_item(obj, f"{head}{why}", tail) for obj in objects]
    except ManifestError as error:
        said = str(error).removeprefix("error converting YAML to JSON: ")
        problem = f"MalformedYAMLError: {said} in File: {entry}"
        raise KubectlError(f"{head}accumulating resources from '{entry}': {problem}") from None
    _merge(items, read, f"{head}accumulation err='merging resources from '{entry}': ", tail)


def _merge(items: list[_Item], added: list[_Item], head: str, tail: str) -> None:
    known = {item.id for item in items}
    for item in added:
        refuse_if(item.id in known, f"{head}may not add resource with an already registered id: {item.id}{tail}")
        known.add(item.id)
        items.append(item)


def _item(obj: Any, head: str, tail: str) -> _Item:
    if not isinstance(obj, dict) or not isinstance(obj.get("kind"), str) or not isinstance(obj.get("apiVersion"), str):
        refuse_if(isinstance(obj, dict) and "metadata" not in obj, f"{head}missing Resource metadata{tail}")
        raise NotSimulated("a resource of a kustomization without apiVersion and kind is not part of this simulator")
    meta = metadata(obj)
    marks = f"{_go_map(meta.get('labels'))} {_go_map(meta.get('annotations'))}"
    struct = f"{{{{{obj['apiVersion']} {obj['kind']}}} {{{{ {namespace_of(obj)}}} {marks}}}}}"
    refuse_if(not name_of(obj), f"{head}missing metadata.name in object {struct}{tail}")
    return _Item({**obj, "metadata": dict(meta)}, name_of(obj))


def _go_map(pairs: Mapping[str, str] | None) -> str:
    """A map as Go prints it."""
    return f"map[{' '.join(f'{key}:{value}' for key, value in sorted((pairs or {}).items()))}]"


def _generate(
    call: Call, folder: PurePosixPath, kind: str, arguments: Object, options: Object, items: list[_Item]
) -> _Item:
    """A generated ConfigMap or Secret."""
    name = arguments.get("name") or ""
    refuse_if(not name, "a configmap must have a name")
    values: dict[str, bytes] = {}
    for key, value in _pairs(call, folder, arguments):
        refuse_if(key in values, f"configmap {name} illegally repeats the key `{key}`")
        values[key] = value
    obj: Object = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **_data(kind, values)}
    if arguments.get("namespace"):
        obj["metadata"]["namespace"] = arguments["namespace"]
    if kind == "Secret":
        obj["type"] = arguments.get("type") or "Opaque"
    if any(item.obj["kind"] == kind and item.name == name for item in items):
        raise NotSimulated(f"a generator for the {kind} {name}, which exists, is not part of this simulator")
    own_options = arguments.get("options") or {}
    is_plain = own_options.get("disableNameSuffixHash") or options.get("disableNameSuffixHash")
    return _Item(obj, name, not is_plain)


def _pairs(call: Call, folder: PurePosixPath, arguments: Object) -> Iterator[tuple[str, bytes]]:
    """The keys and values of a generator's sources."""
    env_files = [*(arguments.get("envs") or ()), *([arguments["env"]] if arguments.get("env") else [])]
    for path in env_files:
        text = _content(call, folder, path, "env source files", env_files).decode(errors="replace")
        for line in map(str.lstrip, text.splitlines()):
            key, equals, value = line.partition("=")
            if key and not key.startswith("#"):
                yield key, (value if equals else call.context.env.get(key, "")).encode()
    for text in arguments.get("literals") or ():
        key, equals, value = text.partition("=")
        sources = f"loading KV pairs: literal sources [{' '.join(arguments['literals'])}]: "
        refuse_if(not equals or not key, f"{sources}invalid literal source {text}, expected key=value")
        is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        yield key, (value[1:-1] if is_quoted else value).encode()
    for text in arguments.get("files") or ():
        key, equals, path = text.rpartition("=")
        sources = f"loading KV pairs: file sources: [{' '.join(arguments['files'])}]: "
        refuse_if("=" in key, f"{sources}source \"{text}\" key name or file path contains '='")
        refuse_if(equals and not key, f'{sources}missing key name for file path "{path}" in source "{text}"')
        refuse_if(not path, f'{sources}missing file path for key name "{key}" in source "{text}"')
        yield key or PurePosixPath(path).name, _content(call, folder, path, "file sources", arguments["files"])


def _content(call: Call, folder: PurePosixPath, name: str, what: str, names: list[str]) -> bytes:
    files, path = call.context.workspace, call.context.workspace.absolute(str(folder / name))
    head = f"loading KV pairs: {what}: [{' '.join(names)}]: "
    refuse_if(not files.exists(str(path)), head + _gone(call, path, path))
    refuse_if(not path.is_relative_to(folder), f"{head}security; file '{path}' is not in or below '{folder}'")
    refuse_if(files.is_dir(str(path)), f"{head}'{path}' must resolve to a file")
    return files.read_bytes(str(path))


def _data(kind: str, values: Mapping[str, bytes]) -> Object:
    """The fields of the values: those of a Secret in base64, in lines where they are long."""
    data: dict[str, str] = {}
    binary: dict[str, str] = {}
    for key, value in values.items():
        if kind == "ConfigMap" and is_text(value):
            data[key] = value.decode()
            continue
        text = base64.b64encode(value).decode()
        if len(text) >= _LINE_WIDTH:
            text = "".join(f"{line}\n" for line in textwrap.wrap(text, _LINE_WIDTH))
        (data if kind == "Secret" else binary)[key] = text
    fields: Object = {}
    if data or kind == "Secret":
        fields["data"] = data
    if binary:
        fields["binaryData"] = binary
    return fields


def _move(item: _Item, namespace: str, items: list[_Item]) -> None:
    """Put an object into a namespace, with those of a binding's ServiceAccounts that are among the objects."""
    resource = find_kind(item.obj["apiVersion"], item.obj["kind"])
    if item.obj["kind"] == "Namespace":
        item.obj["metadata"]["name"] = namespace
    elif resource is None or resource.namespaced:
        item.obj["metadata"]["namespace"] = namespace
    accounts = {"default", *(other.name for other in items if other.obj["kind"] == "ServiceAccount")}
    for subject in item.obj.get("subjects") or ():
        if subject.get("kind") == "ServiceAccount" and subject.get("name") in accounts:
            subject["namespace"] = namespace


def _add_labels(obj: Object, labels: Mapping[str, str]) -> None:
    """commonLabels: of the object, its Pod templates, and what selects these."""
    resource, spec = find_kind(obj["apiVersion"], obj["kind"]), obj.get("spec")
    if not labels:
        return
    _add(obj["metadata"], "labels", labels)
    if resource is None or not isinstance(spec, dict):
        return
    if resource.kind == "Service":
        _add(spec, "selector", labels)
    if resource.template:
        if "jobTemplate" in spec:
            _add(spec["jobTemplate"].setdefault("metadata", {}), "labels", labels)
        _add(template_of(resource, obj).setdefault("metadata", {}), "labels", labels)
        if resource.group == "apps" or "selector" in spec:
            _add(spec.setdefault("selector", {}), "matchLabels", labels)


def _add(target: Object, field: str, pairs: Mapping[str, str]) -> None:
    target[field] = {**(target.get(field) or {}), **pairs}


def _set_image(node: Any, image: Object) -> None:
    """Change every container's image, and every image volume's, of a name."""
    if isinstance(node, list):
        for item in node:
            _set_image(item, image)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("image", "reference") and isinstance(value, str):
                node[key] = _renamed(value, image)
            else:
                _set_image(value, image)


def _renamed(text: str, image: Object) -> str:
    match = re.fullmatch(rf"{re.escape(image.get('name') or '')}(:[\w.{{}}-]*)?(@sha256:[\w.{{}}-]*)?", text)
    if not match or not image.get("name"):
        return text
    version = ""
    if image.get("newTag"):
        version += f":{image['newTag']}"
    if image.get("digest"):
        version += f"@{image['digest']}"
    if not version:
        version = "".join(filter(None, match.groups()))
    return f"{image.get('newName') or image['name']}{version}"


def _update_references(items: list[_Item]) -> None:
    """Give references to generated objects the names that these have now."""
    generated = [item for item in items if item.is_hashed]
    for item in items:
        for key in set(item.obj) - {"data", "metadata"}:
            _visit(item.obj, key, generated, namespace_of(item.obj))


def _visit(node: Object, key: str, generated: list[_Item], namespace: str) -> None:
    kind, *fields = _TABLES.references.get(key, [""])
    values = node[key] if isinstance(node[key], list) else [node[key]]
    for value in values:
        if not isinstance(value, dict):
            continue
        for field in fields:
            if isinstance(value.get(field), str):
                value[field] = _current_name(generated, kind, value[field], namespace)
        for inner in value:
            _visit(value, inner, generated, namespace)


def _current_name(generated: list[_Item], kind: str, name: str, namespace: str) -> str:
    """The name of the generated object that is called so in this namespace; the same name where there is none."""
    places = {namespace, ""} if namespace in ("", "default") else {namespace}
    for item in generated:
        if (item.obj["kind"], item.name) == (kind, name) and namespace_of(item.obj) in places:
            return name_of(item.obj)
    return name
