"""A mistake in a table is refused, and the refusal names the row.

Each test changes one thing in the content of a table: it misspells a key, or a word that code looks up, or removes a
row. The table's `check` must then fail. It reads the content as the table's owner does, and compares it with the code
that refers to it. Add a table of your package to TABLES.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import kubesim
from kubesim.api import decoding, schema, typed
from kubesim.api.resources import RESOURCES, Resource, find_kind
from kubesim.api.schema import Type, fields
from kubesim.cluster import bootstrap
from kubesim.cluster.apiserver import notes
from kubesim.cluster.apiserver.printers import FORMATTERS
from kubesim.cluster.kubelet import containers
from kubesim.cluster.registry import worldfile
from kubesim.kubectl import catalogue
from kubesim.kubectl.describers import screens, volumes
from tools import supported
from tools.commands import all_commands

PACKAGE = Path(kubesim.__file__).parent

# Objects that were checked, by their identity: a change of a table copies only the objects around the changed place.
SOUND: dict[int, Any] = {}
# Fields that internal structs have and external structs have elsewhere, in lower case, by struct.
MOVED = {"PodSecurityContext": {"hostnetwork", "hostpid", "hostipc", "shareprocessnamespace", "hostusers"}}
# Structs that kubectl creates with typed clients, and structs that it never writes, because only the server sets them.
CREATED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CronJob",
    "DeleteOptions",
    "Deployment",
    "Job",
    "Namespace",
    "Pod",
    "Role",
    "RoleBinding",
    "Secret",
    "SelfSubjectAccessReview",
    "SelfSubjectReview",
    "SelfSubjectRulesReview",
    "Service",
    "ServiceAccount",
}
UNWRITTEN = {
    "DeploymentStrategy",
    "LabelSelectorRequirement",
    "NamespaceSpec",
    "ObjectReference",
    "PodFailurePolicy",
    "PodSecurityContext",
    "SuccessPolicy",
}
# The keys and indexes that lead to a value.
Place = tuple[Any, ...]
# Variables of the functions that describe an object, with the paths of their values in the object.
HOLDERS = {"obj": "", "spec": "spec.", "status": "status.", "job_spec": "spec.jobTemplate.spec."}


class Table(NamedTuple):
    """A table, and the function that must fail for a changed content.

    `rows` are the paths of the maps and lists that hold rows. The other fields are regular expressions: `words` of the
    paths of texts with words that code looks up, `word` of such a word, and `free` of the parts of paths below which
    any text is allowed, so that only recordings can check it.
    """

    path: str
    check: Callable[[Any], object]
    rows: tuple[str, ...] = ("",)
    words: str = "nothing"
    word: str = r"[\w.]*\w"
    free: str = "nothing"


@cache
def content(path: str) -> Any:
    """The parsed content of a table, whose path is relative to the package."""
    return json.loads((PACKAGE / path).read_text("utf-8"))


@cache
def types() -> dict[str, Type]:
    """Every struct within the objects of simulated kinds and of reviews, by name."""
    found: dict[str, Type] = {}
    roots = [schema.type_of(item) for item in RESOURCES if is_read(item)]
    todo = [*roots, schema.meta_type("Status"), schema.meta_type("DeleteOptions")]
    while todo:
        kind = todo.pop()
        while kind.element:
            kind = kind.element
        if kind.kind == "struct" and kind.name not in found:
            found[kind.name] = kind
            todo += [field.type for field in fields(kind).values()]
    return found


@cache
def structs() -> dict[str, set[str]]:
    """The names of the fields of every struct in types()."""
    return {name: set(fields(kind)) for name, kind in types().items()}


def is_read(resource: Resource) -> bool:
    """True for a kind whose objects the API server decodes."""
    return resource.simulated or resource.kind.endswith("Review")


def leads_somewhere(struct: Type, path: str, row: str) -> None:
    """Assert that objects of the type have the path, such as "spec.replicas". `row` is named in the failure."""
    kind = struct
    for name in path.split(".") if path else ():
        if kind.kind == "map":
            return
        assert name in fields(kind), f"{row}: there is no {path}, for {kind.name} has no {name}"
        kind = fields(kind)[name].type


def check_kinds(rows: Any) -> None:
    """Every path of a row leads to a field, formatters exist, and all kinds that Kubernetes lists are there."""
    made = typed.read(tuple[Resource, ...], rows, "kinds.json")
    there = {(item.api_version, item.kind) for item in made}
    for item in made:
        struct = schema.type_of(item)
        for heading, text in item.columns.items():
            formatter, *paths = text.split()
            assert formatter in FORMATTERS, f"{item.kind}, {heading}: {formatter}"
            for path in paths:
                leads_somewhere(struct, path, f"{item.kind}, {heading}")
        for path in set(item.fields) - {"status.successful"}:  # which upstream invented for field selectors
            leads_somewhere(struct, path, item.kind)
        leads_somewhere(struct, ".".join(item.template), item.kind)
        for wait in item.rollout.waits if item.rollout else ():
            for path in filter(None, (wait.number, wait.expected, wait.less)):
                leads_somewhere(struct, path, item.kind)
        if item.status:
            status = {"apiVersion": item.api_version, "kind": item.kind, "status": item.status}
            decoding.decode(item, status, True)
        assert set(item.parts) <= {"ephemeralcontainers", "log", "scale"}, item
    assert served() <= there, served() - there


@cache
def served() -> set[tuple[str, str]]:
    """API version and kind of all that Kubernetes serves in the groups of kinds.json, from lightkube's models."""
    found = set()
    for item in RESOURCES:
        name = f"lightkube.models.{item.group.split('.')[0] or 'core'}_{item.version}"
        spec = importlib.util.find_spec("lightkube")
        folder = Path(next(iter(spec.submodule_search_locations or ()))) if spec else Path()
        text = (folder / "models" / f"{name.rpartition('.')[2]}.py").read_text("utf-8")
        for kind in re.findall(r"^class (\w+(?=List)|\w+Review|Binding)(?:List)?\(", text, re.M):
            if re.search(rf"^class {kind}\(.*?^    apiVersion: ", text, re.M | re.S):
                found.add((item.api_version, kind))
    return found - {("apps/v1", "Scale")}


def struct_in(struct: str, name: str) -> str:
    """The name of the struct that the list `name` of a struct holds; "" if it holds none."""
    kind = fields(types()[struct])[name].type
    return kind.element.name if kind.element else ""


def check_gotypes(content: Any) -> None:
    """Every struct and field that the table names exists, and every list of names is used."""
    table = typed.read(schema._GoTypes, content, "gotable.json")
    known = structs()
    names = set().union(*known.values())
    texts = (table.int64, table.pointers, table.values, table.retain_keys)
    listed = [*chain(*(text.split() for text in texts)), *table.maps, *table.go_names]
    merged = [field for text in table.merged_by.values() for field in text.split()]
    for key in (*listed, *table.named_strings, *merged):
        struct, dot, name = key.rpartition(".")
        assert name in (known.get(struct, ()) if dot else names), f"gotable.json: no struct has {key}"
    for key, text in table.merged_by.items():
        for place in text.split() if key else ():
            struct, _, name = place.partition(".")
            assert key in known[struct_in(struct, name)], f"gotable.json: items of {place} have no {key}"
    embedded: set[str] = set()
    for struct, order in table.order.items():
        if struct not in known:
            continue
        parts = {name for name in order.split() if name[0].isupper()}
        assert parts <= table.order.keys(), f"gotable.json, {struct}: {order}"
        embedded |= parts
        own = set(order.split()) - parts | set(chain(*(table.order[part].split() for part in parts)))
        assert own <= known[struct] | {"selfLink"}, f"gotable.json, {struct}: {order}"
    assert table.order.keys() <= known.keys() | embedded, (
        f"gotable.json: there is no {table.order.keys() - known.keys()}"
    )
    for word in table.initials.split():
        assert any(re.match(f"{word}(?![a-z])", name) for name in names), f"gotable.json: no field begins with {word}"
    for key, gap in table.gaps.items():
        struct, _, name = key.partition(".")
        assert name in known.get(struct, ()), f"gotable.json: no struct has {key}"
        lost = re.search(r"\s+".join(map(re.escape, gap.split())), schema.source(types()[struct]))
        assert lost is not None, f"gotable.json: {key} has no {gap!r}"
        assert lost[0] != gap, f"gotable.json: the package has {gap!r}"
    unused = table.enums.keys() - set(table.named_strings.values())
    assert not unused, f"gotable.json: no field is a {unused}"


def walk_inert(kind: Type, steps: tuple[tuple[str, ...], ...], row: str) -> None:
    """Assert that the type has every field that `steps`, the alternatives at each level, lead to."""
    for step in steps[:1]:
        for name in step:
            inner = kind
            while inner.kind == "list" and inner.element:
                inner = inner.element
            if inner.kind == "map":
                return
            assert name in fields(inner), f"{row}: {inner.name} has no {name}"
            walk_inert(fields(inner)[name].type, steps[1:], row)


def check_inert(rows: Any) -> None:
    """Every path of a row leads to a field, and docs/supported.md lists it."""
    made = typed.read(tuple[notes.Inert, ...], rows, "inert.json")
    page = re.sub(r"\s+", " ", supported.page())
    section = page.partition("## Fields that are only stored")[2].partition(" ## ")[0]
    assert section.count(" * ") >= 1
    for row in made:
        for name in sum(row.path, ()):
            assert name in section, f"docs/supported.md: {name}"
        for kind in row.kinds:
            items = [item for item in RESOURCES if item.kind == kind]
            assert items, f"{row.warning}: there is no {kind}"
            walk_inert(schema.type_of(items[0]), row.path, row.warning)
        assert row.warning in section, row.warning
    for line in section.split(" * ")[1:]:
        kinds = set(re.findall(r"\w+", line.partition(":")[0]))
        assert any(row.warning in line and kinds >= set(row.kinds) for row in made), f"docs/supported.md: {line}"


def check_objects(objects: list[Any]) -> None:
    """Every object is of a known kind, and has only fields of that kind."""
    for obj in objects:
        if SOUND.get(id(obj)) is obj:
            continue
        resource = find_kind(obj["apiVersion"], obj["kind"])
        assert resource, f"{obj['metadata']['name']}: {obj['kind']}"
        decoding.decode(resource, obj, True)
        SOUND[id(obj)] = obj


def check_bootstrap(table: Any) -> None:
    """Every object is valid."""
    made = typed.read(bootstrap._Objects, table, "bootstrap.json")
    check_objects(list(made))


def check_kube_system(table: Any) -> None:
    """Every object is valid, no object that others need is missing, and the images are those of the Pods."""
    made = typed.read(bootstrap.KubeSystem, table, "kube_system.json")
    objects = list(made.objects)
    check_objects(objects)
    text = json.dumps(objects)
    there = {(obj["kind"], obj["metadata"]["name"]) for obj in objects}
    accounts = {("ServiceAccount", name) for name in re.findall(r'"serviceAccountName": "([^"]+)"', text)}
    maps = {("ConfigMap", name) for name in re.findall(r'"configMap": {[^}]*"name": "([^"]+)"', text)}
    others = {("Deployment", "coredns"), ("DaemonSet", "kube-proxy"), ("Service", "kube-dns"), ("ConfigMap", "coredns")}
    control_plane = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    others |= {("Pod", f"{name}-sim-worker") for name in control_plane}
    missing = (accounts | maps | others) - there
    assert not missing, f"kube_system.json lacks {missing}"
    used = set(re.findall(r'"image": "([^"]+)"', text)) | {"registry.k8s.io/pause:3.10.2"}
    assert used == set(made.images), used ^ set(made.images)


def check_rbac(table: Any) -> None:
    """Every object is valid, and every bound role exists."""
    made = typed.read(bootstrap._Policy, table, "rbac.json")
    objects = [*made.user_roles, *made.other_objects]
    check_objects(objects)
    roles = {obj["metadata"]["name"] for obj in objects if obj["kind"] == "ClusterRole"}
    bound = {obj["roleRef"]["name"] for obj in objects if obj["kind"] == "ClusterRoleBinding"}
    assert bound <= roles, f"rbac.json binds {bound - roles}"


def all_images() -> Iterator[Any]:
    """The images of all built-in registries."""
    for registry in worldfile.builtin().registries:
        for repository in registry.repositories.values():
            yield from (*repository.tags.values(), *(image for image, _ in repository.lines))


def check_bases(table: Any) -> None:
    """Every dialect and every base is used, and exists."""
    containers.read_bases(table)
    used = {dialect for row in table["bases"].values() for dialect in row["shells"].values()}
    assert used == set(table["dialects"]), used ^ set(table["dialects"])
    images = {image.base for image in all_images()} | {"control-plane", "unknown"}
    assert images == set(table["bases"]), images ^ set(table["bases"])


def check_internal(table: Any) -> None:
    """Each struct is within another one or printed whole, and has only fields of the external struct."""
    shown = {"EphemeralContainer", "PodSpec", "RoleRef", "RollingStrategy", "SecurityContext", "ServicePort"}
    held = shown | {"StatefulSetStrategy"}
    for struct, members in table.items():
        for name, zero in members.items():
            if isinstance(zero, str) and zero[:1].isalpha() and zero != "map":
                assert zero.rstrip("!") in table, f"internal.json, {struct}.{name}: there is no {zero}"
                held.add(zero.rstrip("!"))
        if struct in structs():
            lower = {name.lower() for name in structs()[struct]} | MOVED.get(struct, set())
            odd = {name for name in members if name.lower() not in lower}
            assert not odd, f"internal.json: {struct} has no {odd}"
    assert held == set(table), held ^ set(table)


def check_protobuf(table: Any) -> None:
    """Each struct has only its own fields, and no struct that kubectl writes is missing."""
    for struct, names in table.items():
        struct = {"ProbeHandler": "Probe", "VolumeSource": "Volume"}.get(struct, struct)  # parts of these
        known = structs().get(struct)
        for name in names.values():
            if name.startswith("+"):
                assert name[1:] in table, f"protobuf.json, {struct}: there is no {name}"
            elif known:
                assert name in known, f"protobuf.json: {struct} has no {name}"
                kind = fields(types()[struct])[name].type
                kind = kind.element or kind
                is_written = kind.kind != "struct" or kind.name in {*table, *UNWRITTEN} or kind.name.endswith("Status")
                assert is_written, f"protobuf.json lacks {kind.name}"
    lacking = CREATED - set(table)
    assert not lacking, f"protobuf.json lacks {lacking}"


def listed_in(page: str, subject: str) -> str:
    """The part of docs/supported.md that lists the absent commands of a group, such as `kubectl create`."""
    section = page.partition("Not simulated: * ")[2].partition(" Accepted without effect")[0]
    return section.partition(f"`{subject}`: ")[2].partition(" * ")[0]


def check_flags(page: str, subject: str, table: Any, row: Any) -> None:
    """The line of `subject` in docs/supported.md lists the flags of a command's row, and each flag has a help text."""
    flags = list(table.flags(catalogue.Row(**row)))
    everywhere = set(re.findall("--([a-z-]+)", page.partition("every command that has them:")[2].partition(" * ")[0]))
    allowed, _, refused = page.partition(f"* {subject} ")[2].partition(" * ")[0].partition("; refused: ")
    for text, is_simulated in ((allowed, True), (refused, False)):
        listed = set(re.findall("--([a-z-]+)", text))
        names = {flag.name for flag in flags if flag.simulated is is_simulated} - (everywhere - listed)
        assert names == listed, f"docs/supported.md, {subject} {names ^ listed}"
    assert all(flag.help for flag in flags if flag.simulated), f"{subject} a flag has no help"


def check_commands(table: Any) -> None:
    """The commands are those that modules register, and docs/supported.md lists the flags of each command."""
    made = typed.read(catalogue.Table, table, "commands.json")
    registered = {"", *(" ".join(command.path) for command in all_commands())}
    assert registered == set(made.commands), registered ^ set(made.commands)
    page = re.sub(r"\s+", " ", supported.page())
    words = {word: modules for group in made.groups.values() for word, modules in group.items()}
    first_words = {path.split()[0] for path in made.commands if path}
    simulated = {word for word, modules in words.items() if modules}
    assert simulated == first_words, simulated ^ first_words
    assert words.keys() - simulated == set(made.absent[""]), set(words) ^ simulated ^ set(made.absent[""])
    for group, absent in made.absent.items():
        listed = set(re.findall(r"[\w-]+", listed_in(page, f"kubectl {group}".strip())))
        assert set(absent) == listed, f"docs/supported.md, {group}: {set(absent) ^ listed}"
    subjects = re.findall(r"\* `kubectl ([\w -]+)`", page.partition("Not simulated: * ")[2].partition(" Accepted")[0])
    assert {"", *subjects} == set(made.absent), {"", *subjects} ^ set(made.absent)
    check_flags(page, "every command:", made, made.everywhere)
    for path, row in made.commands.items():
        if not row.get("is_group"):
            check_flags(page, f"`kubectl {path}`:", made, row)
        typed.read(catalogue.Row, row, "commands.json")


# All tables that are tested.
TABLES = [
    Table(
        "api/kinds.json",
        check_kinds,
        words=r"columns|\.fields\.|\.template|rollout\.waits\.\d+\.(number|expected|less)",
    ),
    Table(
        "api/gotypes.json",
        check_gotypes,
        words="int64|pointers|values|retain_keys|merged_by|order|initials",
        free="special|merged_by.",
    ),
    Table("cluster/apiserver/inert.json", check_inert, words=r"\.path\.|\.kinds\.", word=".+"),
    Table("cluster/bootstrap.json", check_bootstrap, free="labels|annotations|data|allocatable|capacity"),
    Table(
        "cluster/kube_system.json",
        check_kube_system,
        ("images", "objects"),
        free=r"labels|annotations|data|\w*Selector|requests|limits|selector",
    ),
    Table("cluster/rbac.json", check_rbac, free="labels|annotations|matchLabels"),
    Table("cluster/kubelet/bases.json", check_bases, ("bases", "dialects"), free=r"dialects\.\w+\..*|files|shells"),
    Table("cluster/apiserver/validation/internal.json", check_internal),
    Table("kubectl/commands.json", check_commands, ("commands", "sets", "shared", "absent"), free="suggested"),
    Table("server/protobuf.json", check_protobuf, words=r"\.\d+$"),
]


def places(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value within maps and lists, at any depth, with its place. `place` is that of `value`."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*place, key), inner
        if isinstance(inner, dict | list):
            yield from places(inner, (*place, key))


def changed(whole: Any, place: Place, edit: Callable[[Any, Any], None]) -> Any:
    """A copy of `whole` in which `edit` has changed the map or list around the value at a place.

    All values beside the place are the same objects as in `whole`, which SOUND relies on.
    """
    copied = dict(whole) if isinstance(whole, dict) else list(whole)
    if place[1:]:
        copied[place[0]] = changed(whole[place[0]], place[1:], edit)
    else:
        edit(copied, place[0])
    return copied


def remove(holder: Any, key: Any) -> None:
    """Remove a value from the map or list that holds it."""
    del holder[key]


def misspell(holder: Any, key: Any) -> None:
    """Append an x to a key of a map."""
    holder[f"{key}x"] = holder.pop(key)


def slips(table: Table) -> Iterator[tuple[str, str, Any]]:
    """Changed contents of a table: the change in words, the word that the failure must have, and the content."""
    whole = content(table.path)
    for place, value in places(whole):
        path, key = ".".join(map(str, place)), place[-1]
        if re.search(rf"(^|\.)({table.free})(\.|$)", path):
            continue
        if ".".join(map(str, place[:-1])) in table.rows:
            yield f"{path} is gone", key if isinstance(key, str) else row_name(value), changed(whole, place, remove)
        if isinstance(key, str) and key[:1].islower() and " " not in key:
            yield f"{path} is misspelled", key, changed(whole, place, misspell)
        if isinstance(value, str) and re.search(table.words, f".{path}"):
            for word in re.findall(table.word, value):
                slipped = re.sub(rf"(?<![\w.]){re.escape(word)}(?![\w.])", word + "x", value)
                put = partial(replace, value=slipped)
                yield f"{word} in {path} is misspelled", word, changed(whole, place, put)


def replace(holder: Any, key: Any, value: Any) -> None:
    """Replace a value in the map or list that holds it."""
    holder[key] = value


def row_name(row: dict[str, Any]) -> str:
    """The word that identifies a row of a list."""
    return str((row.get("metadata") or {}).get("name") or row.get("kind") or row.get("warning"))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.path))
def test_a_mistake_in_a_table_fails_and_the_failure_names_the_row(table: Table) -> None:
    table.check(content(table.path))
    silent = []
    for done, word, slipped in slips(table):
        try:
            table.check(slipped)
        except Exception as error:
            if word in f"{type(error).__name__} {error}":
                continue
            done += f", and the row is not named: {error}"
        silent.append((done, word))
    assert silent == []


def paths_in(function: Callable[..., Any], holders: Mapping[str, str]) -> Iterator[str]:
    """The paths that a function reads, as in `at(obj, "spec.replicas")` and `status.get("replicas")`."""
    for node in ast.walk(ast.parse(inspect.getsource(function))):
        if not isinstance(node, ast.Call):
            continue
        match node.func, node.args:
            case ast.Name(id="at"), [ast.Name(id=holder), ast.Constant(value=str(path))] if holder in holders:
                yield f"{holders[holder]}{path}"
            case ast.Attribute(value=ast.Name(id=holder), attr="get"), [ast.Constant(value=str(path))] if (
                holder in holders
            ):
                yield f"{holders[holder]}{path}"


def test_each_kind_has_a_description() -> None:
    kept = {item.kind for item in RESOURCES if item.simulated} - {"ControllerRevision", "Event", "Service"}
    assert set(screens.SCREENS) == kept
    plurals = {item.plural for item in RESOURCES}
    assert {plural for screen in screens.SCREENS.values() for plural in screen.related} <= plurals


@pytest.mark.parametrize("kind", screens.SCREENS)
def test_each_path_of_a_description_leads_to_a_field(kind: str) -> None:
    struct = schema.type_of(next(item for item in RESOURCES if item.kind == kind))
    paths = list(paths_in(screens.SCREENS[kind].lines, HOLDERS))
    assert paths or kind == "ServiceAccount"
    for path in paths:
        leads_somewhere(struct, path, kind)


def test_each_source_of_a_volume_has_a_description() -> None:
    stored = {name for row in notes.INERT if row.path[:-1] == (("spec",), ("volumes",)) for name in row.path[-1]}
    known = structs()["Volume"] - (stored - {"emptyDir", "hostPath", "nfs", "persistentVolumeClaim"}) - {"name"}
    assert set(volumes.SOURCES) == known
    assert set(volumes.PROJECTIONS) == structs()["VolumeProjection"] - {"clusterTrustBundle", "podCertificate"}
    for struct, sources in (("Volume", volumes.SOURCES), ("VolumeProjection", volumes.PROJECTIONS)):
        for field, describe in sources.items():
            for path in paths_in(describe, {"source": ""}):
                leads_somewhere(fields(types()[struct])[field].type, path, field)
