"""kubectl kustomize, and the objects of -k. Mirrors sigs.k8s.io/kustomize api, v5.8, for what kustomize.json lists."""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from kubesim.api import load_table
from kubesim.api.objects import Object, metadata, name_of, namespace_of, template_of
from kubesim.api.resources import Resource, find_kind
from kubesim.gotext import gojson
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.create.secrets import is_text, short_hash
from kubesim.kubectl.errors import KubectlError, ManifestError, NotSimulated, refuse_if, reworded
from kubesim.kubectl.formats import to_yaml
from kubesim.kubectl.manifests import documents, items_of, parse_document

_TABLES = load_table(__file__, "kustomize.json")
_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_API = "kustomize.config.k8s.io/v1beta1"
_OLD = "Run 'kustomize edit fix' to update your Kustomization automatically."
_Paths = tuple[PurePosixPath, ...]
_UNNAMED = ("Namespace", "CustomResourceDefinition", "APIService")  # that get no prefix


@dataclass
class _Item:
    """An object on its way, every name that it has had, and whether its last one gets a hash of the content."""

    obj: Object
    names: list[str]
    is_hashed: bool = False

    @property
    def resource(self) -> Resource | None:
        return find_kind(self.obj.get("apiVersion", ""), self.obj["kind"])

    @property
    def id(self) -> str:
        group, _, version = self.obj["apiVersion"].rpartition("/")
        kind = f"{self.obj['kind']}.{version}.{group or '[noGrp]'}"
        return f"{kind}/{name_of(self.obj)}.{namespace_of(self.obj) or '[noNs]'}"

    @property
    def rank(self) -> tuple[int, str, str, str]:
        """Where it stands among the others."""
        kind, order = self.obj["kind"], _TABLES["order"].split()
        return order.index(kind) if kind in order else len(order), kind, namespace_of(self.obj), name_of(self.obj)

    @property
    def hash(self) -> str:
        """What stands behind the name of a generated ConfigMap or Secret."""
        kept: Object = {key: self.obj[key] for key in ("kind", "type", "binaryData") if key in self.obj}
        data = self.obj.get("data") or ("" if self.obj["kind"] == "ConfigMap" else {})
        return short_hash({"name": "", "data": data, **kept})

    def rename(self, name: str) -> None:
        self.names.append(name)
        self.obj["metadata"]["name"] = name


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
            item.rename(f"{name_of(item.obj)}-{item.hash}")
    _refer(items)
    items.sort(key=lambda item: item.rank)
    return "---\n".join(to_yaml(item.obj) for item in items)


def _layer(call: Call, folder: PurePosixPath, seen: _Paths) -> list[_Item]:
    """What one kustomization makes of its resources."""
    wanted = _read(call, folder)
    items: list[_Item] = []
    for entry in [*(wanted.get("resources") or ()), *(wanted.get("bases") or ())]:
        _accumulate(call, folder, entry, (*seen, folder), items)
    for kind, key in (("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator")):
        for arguments in wanted.get(key) or ():
            _generate(call, folder, kind, arguments, wanted.get("generatorOptions") or {}, items)
    _change(wanted, items)
    _refer(items)
    return items


def _read(call: Call, folder: PurePosixPath) -> Object:
    """The kustomization of a folder. Raises KubectlError, and NotSimulated for fields that are left out here."""
    files = call.context.workspace
    names = [name for name in _FILES if files.exists(f"{folder}/{name}")]
    one_of = "'kustomization.yaml', 'kustomization.yml' or 'Kustomization'"
    refuse_if(not names, f"unable to find one of {one_of} in directory '{folder}'")
    refuse_if(len(names) > 1, f"Found multiple kustomization files under: {folder}\n")
    with reworded(ValueError, "invalid Kustomization: "):
        found = parse_document(files.read_text(f"{folder}/{names[0]}"))
        _refuse_absent(found)
        gojson.check_type(found, "types.Kustomization", _TABLES["types"])
    found = found or {}
    failed = f"Failed to read kustomization file under {folder}:\n"
    kind, version = found.get("kind", "Kustomization"), found.get("apiVersion", _API)
    refuse_if(kind not in ("Kustomization", "Component"), f"{failed}kind should be Kustomization or Component")
    refuse_if(not set(found) - {"apiVersion", "kind", "metadata"}, f"{names[0]} is empty")
    refuse_if(version != _API, f"{failed}apiVersion for Kustomization should be {_API}")
    for key, better in (("commonLabels", "labels"), ("bases", "resources")):
        if found.get(key):
            call.complain(f"# Warning: '{key}' is deprecated. Please use '{better}' instead. {_OLD}\n")
    return dict(found)


def _refuse_absent(found: Any) -> None:
    for path in _TABLES["absent"].split() if isinstance(found, dict) else ():
        key, _, inner = path.partition(".")
        rows = found.get(key) if inner and isinstance(found.get(key), list) else []
        if key in found and (not inner or any(isinstance(row, dict) and inner in row for row in rows)):
            raise NotSimulated(f"the field {path} of a kustomization is not part of this simulator")


def _gone(call: Call, path: PurePosixPath, given: object) -> str:
    """Which part of a path is the first that doesn't exist, as filepath.EvalSymlinks reports it."""
    exists = call.context.workspace.exists
    first = next((part for part in reversed(path.parents[:-1]) if not exists(str(part))), path)
    return f"evalsymlink failure on '{given}' : lstat {first}: no such file or directory"


def _accumulate(call: Call, folder: PurePosixPath, entry: str, seen: _Paths, items: list[_Item]) -> None:
    """Add the objects of a file, or of another kustomization. Raises KubectlError, in kustomize's long sentences."""
    files, path = call.context.workspace, call.context.workspace.absolute(str(folder / entry))
    if "://" in entry:
        raise NotSimulated(f"there is no network here, so {entry} cannot be read")
    head, why = "accumulating resources: ", f"accumulation err='accumulating resources from '{entry}': "
    if not files.exists(str(path)):
        gone = _gone(call, path, path)
        raise KubectlError(f"{head}{why}{gone}': must build at directory: not a valid directory: {gone}")
    if files.is_dir(str(path)):
        why = f"{head}{why}'{path}' must resolve to a file': "
        cycle = f"cycle detected: candidate root '{path}' contains visited root '{folder}'"
        refuse_if(any(each.is_relative_to(path) for each in seen), why + cycle)
        with reworded(KubectlError, f"{why}couldn't make target for path '{path}': "):
            found = _layer(call, path, seen)
        _merge(items, found, f"{why}recursed merging from path '{path}': ", "")
        return
    tail = f"': must build at directory: '{path}': file is not directory"
    outside = not path.is_relative_to(folder)
    refuse_if(outside, f"{head}{why}security; file '{path}' is not in or below '{folder}'{tail}")
    try:
        objects = [obj for document, _ in documents(files.read_text(str(path))) for obj in items_of(document)]
        found = [_item(obj, f"{head}{why}", tail) for obj in objects]
    except ManifestError as error:
        said = str(error).removeprefix("error converting YAML to JSON: ")
        problem = f"MalformedYAMLError: {said} in File: {entry}"
        raise KubectlError(f"{head}accumulating resources from '{entry}': {problem}") from None
    _merge(items, found, f"{head}accumulation err='merging resources from '{entry}': ", tail)


def _merge(items: list[_Item], found: list[_Item], head: str, tail: str) -> None:
    known = {item.id for item in items}
    for item in found:
        refuse_if(item.id in known, f"{head}may not add resource with an already registered id: {item.id}{tail}")
        known.add(item.id)
        items.append(item)


def _item(obj: Any, head: str, tail: str) -> _Item:
    if not isinstance(obj, dict) or not isinstance(obj.get("kind"), str) or not isinstance(obj.get("apiVersion"), str):
        refuse_if(isinstance(obj, dict) and "metadata" not in obj, f"{head}missing Resource metadata{tail}")
        raise NotSimulated("a resource of a kustomization without apiVersion and kind is not part of this simulator")
    meta = metadata(obj)
    marks = (sorted((meta.get(field) or {}).items()) for field in ("labels", "annotations"))
    maps = " ".join(f"map[{' '.join(f'{key}:{value}' for key, value in pairs)}]" for pairs in marks)
    shown = f"{{{{{obj['apiVersion']} {obj['kind']}}} {{{{ {namespace_of(obj)}}} {maps}}}}}"
    refuse_if(not name_of(obj), f"{head}missing metadata.name in object {shown}{tail}")
    return _Item({**obj, "metadata": dict(meta)}, [name_of(obj)])


def _generate(call: Call, folder: PurePosixPath, kind: str, given: Object, options: Object, items: list[_Item]) -> None:
    """Add a generated object, or change the one of that name."""
    own = given.get("options") or {}
    name, behavior = given.get("name") or "", given.get("behavior") or ""
    refuse_if(not name, "a configmap must have a name")
    values: dict[str, bytes] = {}
    for key, value in _pairs(call, folder, given):
        refuse_if(key in values, f"configmap {name} illegally repeats the key `{key}`")
        values[key] = value
    obj: Object = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **_data(kind, values)}
    if given.get("namespace"):
        obj["metadata"]["namespace"] = given["namespace"]
    obj |= {"type": given.get("type") or "Opaque"} if kind == "Secret" else {}
    obj |= {"immutable": True} if own.get("immutable", options.get("immutable")) else {}
    is_plain = own.get("disableNameSuffixHash") or options.get("disableNameSuffixHash")
    new = _Item(obj, [name], not is_plain)
    for field in ("labels", "annotations"):
        _add(new.obj["metadata"], field, {**(options.get(field) or {}), **(own.get(field) or {})})
    old = next((item for item in items if item.obj["kind"] == kind and name in item.names), None)
    if bool(old) is not (behavior in ("merge", "replace")):
        what = "exists; its behavior must be merge or replace" if old else "does not exist: nothing to merge or replace"
        raise NotSimulated(f"kustomize refuses this: the {kind} {name} of a generator {what}")
    if old is None:
        items.append(new)
        return
    fields = ("data", "binaryData")
    kept = {key: {**(old.obj.get(key) or {} if behavior == "merge" else {}), **(obj.get(key) or {})} for key in fields}
    old.obj |= {key: value for key, value in kept.items() if value} | ({"type": obj["type"]} if "type" in obj else {})
    for field in ("labels", "annotations"):
        _add(old.obj["metadata"], field, obj["metadata"].get(field, {}))


def _pairs(call: Call, folder: PurePosixPath, given: Object) -> Iterator[tuple[str, bytes]]:
    """The keys and values of a generator's sources."""
    env_files = [*(given.get("envs") or ()), *([given["env"]] if given.get("env") else [])]
    for path in env_files:
        text = _content(call, folder, path, "env source files", env_files).decode(errors="replace")
        for line in map(str.lstrip, text.splitlines()):
            key, equals, value = line.partition("=")
            if key and not key.startswith("#"):
                yield key, (value if equals else call.context.env.get(key, "")).encode()
    for text in given.get("literals") or ():
        key, equals, value = text.partition("=")
        sources = f"loading KV pairs: literal sources [{' '.join(given['literals'])}]: "
        refuse_if(not equals or not key, f"{sources}invalid literal source {text}, expected key=value")
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        yield key, (value[1:-1] if quoted else value).encode()
    for text in given.get("files") or ():
        key, equals, path = text.rpartition("=")
        sources = f"loading KV pairs: file sources: [{' '.join(given['files'])}]: "
        refuse_if("=" in key, f"{sources}source \"{text}\" key name or file path contains '='")
        refuse_if(equals and not key, f'{sources}missing key name for file path "{path}" in source "{text}"')
        refuse_if(not path, f'{sources}missing file path for key name "{key}" in source "{text}"')
        yield key or PurePosixPath(path).name, _content(call, folder, path, "file sources", given["files"])


def _content(call: Call, folder: PurePosixPath, name: str, what: str, names: list[str]) -> bytes:
    files, path = call.context.workspace, call.context.workspace.absolute(str(folder / name))
    head = f"loading KV pairs: {what}: [{' '.join(names)}]: "
    refuse_if(not files.exists(str(path)), head + _gone(call, path, path))
    refuse_if(not path.is_relative_to(folder), f"{head}security; file '{path}' is not in or below '{folder}'")
    refuse_if(files.is_dir(str(path)), f"{head}'{path}' must resolve to a file")
    return files.read_bytes(str(path))


def _data(kind: str, values: Mapping[str, bytes]) -> Object:
    """The fields of the values: those of a Secret in base64, in lines where they are long."""
    found: dict[str, dict[str, str]] = {"data": {}, "binaryData": {}}
    for key, value in values.items():
        if kind == "ConfigMap" and is_text(value):
            found["data"][key] = value.decode()
            continue
        text = base64.b64encode(value).decode()
        if len(text) >= 70:
            text = "".join(f"{line}\n" for line in textwrap.wrap(text, 70))
        found["data" if kind == "Secret" else "binaryData"][key] = text
    return {key: part for key, part in found.items() if part or (key == "data" and kind == "Secret")}


def _change(wanted: Object, items: list[_Item]) -> None:
    """Apply the fields that change every object, in kustomize's order."""
    if namespace := wanted.get("namespace"):
        accounts = {name for item in items if item.obj["kind"] == "ServiceAccount" for name in item.names}
        for item in items:
            _place(item, namespace, {"default", *accounts})
    before, after = wanted.get("namePrefix") or "", wanted.get("nameSuffix") or ""
    for item in items if before or after else ():
        if item.obj["kind"] not in _UNNAMED:
            item.rename(f"{before}{name_of(item.obj)}{after}")
    labels = [{"pairs": wanted.get("commonLabels"), "includeSelectors": True}, *(wanted.get("labels") or ())]
    for item in items:
        for row in labels:
            _label(item, row["pairs"] or {}, bool(row.get("includeSelectors")), bool(row.get("includeTemplates")))
        _mark(item, "annotations", wanted.get("commonAnnotations") or {})
        for image in wanted.get("images") or ():
            _set_image(item.obj.get("spec"), image)


def _place(item: _Item, namespace: str, accounts: set[str]) -> None:
    if item.obj["kind"] == "Namespace":
        item.rename(namespace)
    elif item.resource is None or item.resource.namespaced:
        item.obj["metadata"]["namespace"] = namespace
    for one in item.obj.get("subjects") or ():
        if one.get("kind") == "ServiceAccount" and one.get("name") in accounts:
            one["namespace"] = namespace


def _add(target: Object, field: str, pairs: Mapping[str, str]) -> None:
    if pairs:
        target[field] = {**(target.get(field) or {}), **pairs}


def _mark(item: _Item, field: str, pairs: Mapping[str, str]) -> None:
    """Add labels or annotations to the object and to its templates."""
    _add(item.obj["metadata"], field, pairs)
    spec, resource = item.obj.get("spec"), item.resource
    if pairs and resource and resource.template and isinstance(spec, dict):
        if "jobTemplate" in spec:
            _add(spec["jobTemplate"].setdefault("metadata", {}), field, pairs)
        _add(template_of(resource, item.obj).setdefault("metadata", {}), field, pairs)


def _label(item: _Item, pairs: Mapping[str, str], in_selectors: bool, in_templates: bool) -> None:
    if not in_selectors and not in_templates:
        _add(item.obj["metadata"], "labels", pairs)
        return
    _mark(item, "labels", pairs)
    spec, resource = item.obj.get("spec"), item.resource
    if not in_selectors or not isinstance(spec, dict) or resource is None:
        return
    if resource.kind == "Service":
        _add(spec, "selector", pairs)
    elif pairs and resource.template and (resource.group == "apps" or "selector" in spec):
        _add(spec.setdefault("selector", {}), "matchLabels", pairs)


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
    tag, digest = image.get("newTag"), image.get("digest")
    version = f":{tag}" * bool(tag) + f"@{digest}" * bool(digest) or "".join(filter(None, match.groups()))
    return f"{image.get('newName') or image['name']}{version}"


_Known = Mapping[tuple[str, str], list[_Item]]


def _refer(items: list[_Item]) -> None:
    """Give references the names that objects have now."""
    known: dict[tuple[str, str], list[_Item]] = {}
    for item in items:
        for name in item.names:
            known.setdefault((item.obj["kind"], name), []).append(item)
    for item in items:
        for key in set(item.obj) - {"data", "metadata"}:
            _visit(item.obj, key, known, namespace_of(item.obj))


def _visit(node: Object, key: str, known: _Known, namespace: str) -> None:
    kind, *fields = _TABLES["references"].get(key, "").split() or [""]
    if kind and not fields and isinstance(node[key], str):
        node[key] = _current(known, kind, node[key], namespace)
    for item in node[key] if isinstance(node[key], list) else [node[key]]:
        for field in fields if isinstance(item, dict) else ():
            if isinstance(item.get(field), str):
                of_kind = str(item.get("kind")) if kind == "*" else kind
                item[field] = _current(known, of_kind, item[field], item.get("namespace") or namespace)
        for inner in item if isinstance(item, dict) else ():
            _visit(item, inner, known, namespace)


def _current(known: _Known, kind: str, name: str, namespace: str) -> str:
    """The last name of the object that had this one, in the same namespace if it is in any."""
    places = {namespace, ""} if namespace in ("", "default") else {namespace}
    found = known.get((kind, name), ())
    names = (item.names[-1] for item in found if kind.startswith("Cluster") or namespace_of(item.obj) in places)
    return next(names, name)
