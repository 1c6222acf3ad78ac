"""Contents of files: objects with wrong values in any field, broken YAML, patches, Docker's config files."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml
from hypothesis import strategies as st

from kubesim.api import resources, schema
from kubesim.api.schema import Type

from .garbage import WORDS, garbage, wrong
from .lines import recorded_files

# A valid object of each type, from words.yaml.
MANIFESTS: dict[resources.Resource, dict[str, Any]] = {
    resource: found
    for found in WORDS["manifests"]
    if (resource := resources.find_kind(found["apiVersion"], found["kind"]))
}
# Types of which a test tries a wrong value in every field.
DEEPLY_CHECKED = (resources.POD, resources.SECRET, resources.SERVICE_ACCOUNT, resources.DEPLOYMENT)

# The keys of maps and indexes of lists that lead to a field.
FieldPath = tuple[str | int, ...]


def field_paths(kind: Type, seen: tuple[str, ...] = ()) -> Iterator[FieldPath]:
    """The path of every field of a type: through item 0 of lists, key "x" of maps, and no type within itself.

    `seen` has the names of the types on the way.
    """
    if kind.kind in ("list", "map") and kind.element:
        step: str | int = 0 if kind.kind == "list" else "x"
        yield (step,)
        for path in field_paths(kind.element, seen):
            yield (step, *path)
    if kind.kind == "struct" and kind.name not in seen:
        for name, field in schema.fields(kind).items():
            yield (name,)
            for path in field_paths(field.type, (*seen, kind.name)):
                yield (name, *path)


@cache
def all_paths(resource: resources.Resource) -> list[FieldPath]:
    """Every path of a resource's objects."""
    return list(field_paths(schema.type_of(resource)))


def placed(value: Any, path: FieldPath, new: Any) -> Any:
    """A copy of `value` with `new` at `path`. Maps and lists that the path needs and `value` lacks are added."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(value) if isinstance(value, list) and value else [None]
        return [placed(items[0], rest, new), *items[1:]]
    found = value if isinstance(value, dict) else {}
    return {**found, step: placed(found.get(step), rest, new)}


@st.composite
def objects(draw: st.DrawFn, mistakes: int = 2) -> dict[str, Any]:
    """An object with wrong values in up to `mistakes` fields, and sometimes an unknown field."""
    resource = draw(st.sampled_from(list(MANIFESTS)))
    obj: Any = MANIFESTS[resource]
    for _ in range(draw(st.integers(0, mistakes))):
        obj = placed(obj, draw(st.sampled_from(all_paths(resource))), draw(wrong))
    if draw(st.integers(0, 5)) == 0:
        obj = {**obj, draw(garbage): draw(wrong)}
    return obj


def dumped(value: Any) -> str:
    """A value as JSON, which is YAML, too. NaN and lone surrogates become text that JSON doesn't allow."""
    return json.dumps(value)


@st.composite
def manifest_texts(draw: st.DrawFn) -> str:
    """A manifest, with up to three pieces of YAML or garbage inserted."""
    plain = st.one_of(
        objects().map(dumped),
        objects().map(lambda obj: yaml.safe_dump(_plain(obj))),
        st.sampled_from(recorded_files()),
        st.lists(objects(1), max_size=3).map(
            lambda items: dumped({"apiVersion": "v1", "kind": "List", "items": items})
        ),
        st.lists(objects(1), max_size=3).map(lambda items: "\n---\n".join(map(dumped, items))),
    )
    text = draw(plain)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = (
            text[:at] + draw(st.one_of(st.sampled_from(WORDS["yaml"]), garbage)) + text[at + draw(st.integers(0, 3)) :]
        )
    return text


def _plain(value: Any) -> Any:
    """A copy of a value in the types that PyYAML can write: lists for tuples, text for other keys."""
    return json.loads(json.dumps(value))


# Patches: paths of fields, JSON pointers, operations of JSON Patch.
_pod_paths = st.sampled_from(all_paths(resources.POD))
_pointers = ["/metadata/labels", "/spec/containers/0", "/spec/containers/-", "/a/b", "", "/", "~", "/~2"]
_operations = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "x", None]),
        "path": st.one_of(
            st.sampled_from(_pointers), _pod_paths.map(lambda path: "/" + "/".join(map(str, path))), wrong
        ),
    },
    optional={"value": wrong, "from": st.one_of(st.sampled_from(["/metadata", "/spec", "x"]), wrong)},
)
patch_documents = st.one_of(
    wrong,
    objects(),
    st.builds(lambda path, value: placed({}, path, value), _pod_paths, wrong),
    st.lists(st.one_of(wrong, _operations), max_size=3),
)

# The value of `auth` in Docker's config files.
_AUTH = base64.b64encode(b"myuser:mypassword").decode()
_entries = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "auth": st.one_of(st.sampled_from([_AUTH, _AUTH[:-3], "bm9jb2xvbg==", "/w==", "=", "*"]), wrong),
            "username": st.one_of(st.just("myuser"), wrong),
            "password": st.one_of(st.just("mypassword"), wrong),
            "email": wrong,
            "identitytoken": wrong,
        },
    ),
    wrong,
)
_servers = st.one_of(
    st.sampled_from(["registry.example.com", "https://registry.example.com/v1/", "*.example.com", "[", "a:b:c"]),
    st.sampled_from(["registry.example.com:", "http://[::1", "https://", "registry.example.com/../..", "*", "*.*.*"]),
    st.sampled_from(["[a-", "\\"]),
    garbage,
)
docker_configs = st.one_of(
    st.fixed_dictionaries(
        {"auths": st.one_of(st.dictionaries(_servers, _entries, max_size=3), wrong)},
        optional={"credHelpers": wrong, "credsStore": wrong, "HttpHeaders": wrong},
    ).map(dumped),
    st.dictionaries(_servers, _entries, max_size=3).map(dumped),
    wrong.map(dumped),
    garbage,
)
