"""kubectl kustomize, and the objects of -k: resources, generated Secrets, images and a namespace.

Mirrors sigs.k8s.io/kustomize api, v5.8, for the fields of `_Kustomization`. Of what kustomize refuses, only the
mistakes that are made every day have its own words.
"""

# ruff: noqa: N815  # the records' fields are called as in the file

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from kubesim.api import load_record, typed
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import find_kind
from kubesim.gotext.gofmt import quote
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.content import nonempty, short_hash
from kubesim.kubectl.documents import documents, items_of, parse_document
from kubesim.kubectl.errors import KubectlError, ManifestError, NotSimulated, refuse_if, reworded
from kubesim.kubectl.formats import to_yaml


class _Table(NamedTuple):
    """kustomize.json; another word in it is an error."""

    absent: Sequence[str]  # fields that kustomize has and kubesim refuses
    references: Mapping[str, Sequence[str]]  # by a field that refers to a Secret, where the name stands
    order: Sequence[str]  # of kinds in what is built


_TABLE = load_record(__file__, "kustomize.json", _Table)


_API = "kustomize.config.k8s.io/v1beta1"


class _Image(NamedTuple):
    """What replaces parts of the references to an image."""

    name: str = ""
    newName: str = ""
    newTag: str = ""
    digest: str = ""


class _Generator(NamedTuple):
    """What a Secret is made of."""

    name: str = ""
    namespace: str = ""
    type: str = "Opaque"
    literals: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class _Kustomization(NamedTuple):
    """What the file says, as far as it is simulated; but for its metadata, which has no effect."""

    apiVersion: str = _API
    kind: str = "Kustomization"
    resources: tuple[str, ...] = ()
    namespace: str = ""
    images: tuple[_Image, ...] = ()
    secretGenerator: tuple[_Generator, ...] = ()


_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_IMAGE_FIELDS = {"containers": "image", "initContainers": "image", "image": "reference"}  # by what they are in
_LINE_WIDTH = 70  # of base64 in a generated Secret
_LINE = re.compile(f".{{1,{_LINE_WIDTH}}}")


@dataclass
class _Item:
    """An object on its way. Others know it by `name`; where `is_hashed`, a hash of its content goes behind that."""

    obj: Object
    name: str
    is_hashed: bool = False

    @property
    def rank(self) -> tuple[int, str, str, str]:
        """Where it stands among the others."""
        kind = self.obj["kind"]
        order = _TABLE.order
        place = order.index(kind) if kind in order else len(order)
        return place, kind, namespace_of(self.obj), name_of(self.obj)


_YAML_COST = 40  # steps for a letter of YAML


def _refused(problem: str) -> NotSimulated:
    return NotSimulated(f"kustomize refuses this: {problem}; its own words are not part of this simulator")


@command("kustomize", is_offline=True)
def kustomize(call: Call) -> None:
    refuse_if(len(call.args) > 1, "specify one path to kustomization.yaml")
    call.say(build(call, call.args[0] if call.args else "."))


def build(call: Call, folder: str) -> str:
    """The objects of a folder with a kustomization, as YAML. Raises KubectlError and NotSimulated."""
    files = call.context.workspace
    if folder.startswith(("http://", "https://", "git@", "github.com/")):
        raise NotSimulated(f"there is no network here, so {folder} cannot be read")
    path = files.absolute(folder)
    refuse_if(not files.exists(folder), f"must build at directory: not a valid directory: {_gone(call, path, folder)}")
    refuse_if(not files.is_dir(folder), f"must build at directory: '{folder}': file is not directory")
    items = _layer(call, path)
    for item in items:
        if item.is_hashed:
            content = {key: item.obj[key] for key in ("kind", "type", "data")}
            item.obj["metadata"]["name"] += f"-{short_hash({'name': '', **content})}"
    _update_references(items)
    items.sort(key=lambda item: item.rank)
    return "---\n".join(to_yaml(item.obj) for item in items)


def _layer(call: Call, folder: PurePosixPath) -> list[_Item]:
    """What one kustomization makes of its resources."""
    kustomization = _read(call, folder)
    items: list[_Item] = []
    for entry in kustomization.resources:
        items += _accumulated(call, folder, entry)
    for generator in kustomization.secretGenerator:
        items.append(_generated(call, folder, generator))
    names = [(item.obj["kind"], namespace_of(item.obj), item.name) for item in items]
    if len(set(names)) < len(names):
        raise _refused("two objects of one kind have the same name")
    for item in items:
        if kustomization.namespace:
            _move(item, kustomization.namespace)
        for image in kustomization.images:
            _set_image(item, image)
    return items


def _read(call: Call, folder: PurePosixPath) -> _Kustomization:
    """The kustomization of a folder. Raises KubectlError, and NotSimulated for fields that are left out here."""
    files = call.context.workspace
    names = [name for name in _FILES if files.exists(f"{folder}/{name}")]
    refuse_if(
        not names,
        f"unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{folder}'",
    )
    refuse_if(len(names) > 1, f"Found multiple kustomization files under: {folder}\n")
    with reworded(ValueError, "invalid Kustomization: "):
        content = _without_nulls(parse_document(_read_paid(call, f"{folder}/{names[0]}"))) or {}
    if not isinstance(content, dict):
        raise _refused(f"{names[0]} is no map")
    fields = {}
    says_something = False  # as an empty list does
    for name, value in content.items():
        if name not in ("apiVersion", "kind") and value != "":
            says_something = True
        is_known = name in _Kustomization._fields or name == "metadata" or name in _TABLE.absent
        refuse_if(not is_known, f"invalid Kustomization: json: unknown field {quote(name)}")
        if name != "metadata":
            fields[name] = value
    try:
        with reworded(typed.UnknownFieldError, "in this simulator, ", NotSimulated):
            kustomization: _Kustomization = typed.read(_Kustomization, fields, "kustomization")
    except ValueError as error:
        raise _refused(str(error)) from None
    if kustomization.apiVersion != _API or kustomization.kind != "Kustomization":
        raise _refused(f"{names[0]} is of another kind or version")
    refuse_if(not says_something, f"{names[0]} is empty")
    return kustomization


def _without_nulls(value: Any) -> Any:
    """The same without the fields that are null, as if they weren't there."""
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return list(map(_without_nulls, value)) if isinstance(value, list) else value


def _read_paid(call: Call, path: str) -> str:
    """The text of a file, which may be named again and again. Raises TooMuchError."""
    text = call.context.workspace.read_text(path)
    call.context.budget.spend(_YAML_COST * len(text))
    return text


def _gone(call: Call, path: PurePosixPath, typed: object) -> str:
    """Which part of a path is the first that doesn't exist, as filepath.EvalSymlinks reports it."""
    exists = call.context.workspace.exists
    missing = path
    for folder in path.parents[:-1]:  # from the inside out
        if not exists(str(folder)):
            missing = folder
    return f"evalsymlink failure on '{typed}' : lstat {missing}: no such file or directory"


def _accumulated(call: Call, folder: PurePosixPath, entry: str) -> list[_Item]:
    """The objects of a file, or of another kustomization. Raises KubectlError, in kustomize's long sentences."""
    files = call.context.workspace
    path = files.absolute(str(folder / entry))
    if "://" in entry:
        raise NotSimulated(f"there is no network here, so {entry} cannot be read")
    head = f"accumulating resources: accumulation err='accumulating resources from '{entry}': "
    if not files.exists(str(path)):
        gone = _gone(call, path, path)
        raise KubectlError(f"{head}{gone}': must build at directory: not a valid directory: {gone}")
    if files.is_dir(str(path)):
        with reworded(
            KubectlError, f"{head}'{path}' must resolve to a file': couldn't make target for path '{path}': "
        ):
            return _layer(call, path)
    if not path.is_relative_to(folder):
        raise _refused(f"{entry} is outside of {folder}")
    return [_item(obj, entry) for obj in _objects(_read_paid(call, str(path)), entry)]


def _objects(text: str, entry: str) -> list[Any]:
    """What a file holds. Raises KubectlError."""
    try:
        return list(chain.from_iterable(items_of(document.value) for document in documents(text)))
    except ManifestError as error:
        problem = str(error).removeprefix("error converting YAML to JSON: ")
        raise KubectlError(
            f"accumulating resources: accumulating resources from '{entry}': MalformedYAMLError: {problem} "
            f"in File: {entry}"
        ) from None


def _item(obj: Any, entry: str) -> _Item:
    has_type = isinstance(obj, dict) and isinstance(obj.get("kind"), str) and isinstance(obj.get("apiVersion"), str)
    if not has_type or not name_of(obj):
        raise _refused(f"an object in {entry} has no apiVersion, kind or name")
    return _Item({**obj, "metadata": dict(metadata(obj))}, name_of(obj))


def _generated(call: Call, folder: PurePosixPath, generator: _Generator) -> _Item:
    """A generated Secret, its values in base64, and that in lines where it is long."""
    name = generator.name
    refuse_if(not name, "a configmap must have a name")  # kustomize's words for Secrets, too
    data: dict[str, str] = {}
    for key, value in chain(_of_literals(generator.literals), _of_files(call, folder, generator.files)):
        refuse_if(key in data, f"configmap {name} illegally repeats the key `{key}`")
        data[key] = base64.b64encode(value).decode()
        if len(data[key]) >= _LINE_WIDTH:
            data[key] = _LINE.sub(r"\g<0>\n", data[key])
    meta = nonempty({"name": name, "namespace": generator.namespace})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data, "type": generator.type or "Opaque"}
    return _Item(secret, name, is_hashed=True)


def _of_literals(literals: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The keys and values of KEY=VALUE. Raises KubectlError."""
    head = f"loading KV pairs: literal sources [{' '.join(literals)}]: "
    for text in literals:
        key, equals, value = text.partition("=")
        refuse_if(not equals or not key, f"{head}invalid literal source {text}, expected key=value")
        is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        yield key, (value[1:-1] if is_quoted else value).encode()


def _of_files(call: Call, folder: PurePosixPath, sources: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The keys and contents of PATH or KEY=PATH. Raises KubectlError and NotSimulated."""
    head = f"loading KV pairs: file sources: [{' '.join(sources)}]: "
    files = call.context.workspace
    for text in sources:
        key, equals, name = text.rpartition("=")
        if "=" in key or not name or (equals and not key):
            raise _refused(f"{text} is neither PATH nor KEY=PATH")
        path = files.absolute(str(folder / name))
        refuse_if(not files.exists(str(path)), head + _gone(call, path, path))
        if not path.is_relative_to(folder):
            raise _refused(f"{name} is outside of {folder}")
        refuse_if(files.is_dir(str(path)), f"{head}'{path}' must resolve to a file")
        yield key or path.name, files.read_bytes(str(path))


def _move(item: _Item, namespace: str) -> None:
    """Put an object into a namespace."""
    resource = find_kind(item.obj["apiVersion"], item.obj["kind"])
    if item.obj.get("subjects"):
        raise NotSimulated("the namespace of a kustomization with role bindings is not part of this simulator")
    if item.obj["kind"] == "Namespace":
        item.obj["metadata"]["name"] = namespace
    elif resource is None or resource.namespaced:
        item.obj["metadata"]["namespace"] = namespace


def _maps(value: Any, field: str = "") -> Iterator[tuple[str, Object]]:
    """Every map in a value, with the field that holds it or the list that it is in."""
    if isinstance(value, list):
        for item in value:
            yield from _maps(item, field)
    elif isinstance(value, dict):
        yield field, value
        for name, item in value.items():
            yield from _maps(item, name)


def _set_image(item: _Item, image: _Image) -> None:
    """Change every container's image, and every image volume's, of a name.

    Mirrors api/filters/imagetag/legacy.go and api/internal/konfig/builtinpluginconsts/images.go.
    """
    for field, holder in _maps(item.obj.get("spec")):
        name = _IMAGE_FIELDS.get(field, "")
        if isinstance(holder.get(name), str):
            holder[name] = _renamed(holder[name], image)


def _renamed(text: str, image: _Image) -> str:
    """A reference as an entry of `images` changes it, if that has its name."""
    if not image.name:
        return text
    match = re.fullmatch(rf"{re.escape(image.name)}(?P<version>(:[\w.{{}}-]*)?(@sha256:[\w.{{}}-]*)?)", text)
    if not match:
        return text
    version = ""
    if image.newTag:
        version += f":{image.newTag}"
    if image.digest:
        version += f"@{image.digest}"
    return f"{image.newName or image.name}{version or match['version']}"


def _update_references(items: list[_Item]) -> None:
    """Give references to generated objects the names that these have now."""
    generated = [item for item in items if item.is_hashed]
    for item in items:
        content = {key: value for key, value in item.obj.items() if key not in ("data", "metadata")}
        for field, holder in _maps(content):
            for name in _TABLE.references.get(field, ()):
                if isinstance(holder.get(name), str):
                    holder[name] = _current_name(generated, holder[name], namespace_of(item.obj))


def _current_name(generated: list[_Item], name: str, namespace: str) -> str:
    """The name of the generated Secret that is called so in this namespace; the same name where there is none."""
    places = {namespace, ""} if namespace in ("", "default") else {namespace}
    for item in generated:
        if item.name == name and namespace_of(item.obj) in places:
            return name_of(item.obj)
    return name
