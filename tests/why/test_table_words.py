"""A mistake in signs.yaml, causes.yaml or hops.yaml is refused, every row is needed, and every word has a value.

A word is a placeholder or a condition of a row. Its value comes from the row's check, or from Words, which raises
KeyError for an unknown word.
"""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kubesim import why
from kubesim.api import load_yaml
from kubesim.api.objects import Object
from kubesim.pull.attempt import Attempt
from kubesim.why.export import Export
from kubesim.why.hide.oddities import Flaw
from kubesim.why.judge import checks
from kubesim.why.judge.asking import Asked
from kubesim.why.judge.causes_table import Causes, causes, read_causes
from kubesim.why.judge.checks import CHECKS
from kubesim.why.judge.facts import Facts
from kubesim.why.judge.reported import ReportedRegistries
from kubesim.why.judge.scene import Scene
from kubesim.why.judge.words import Words, common_words
from kubesim.why.read.signs_table import Signs, read_signs, signs
from kubesim.why.tables import Verdict
from kubesim.why.tell.hops_table import Hops, read_hops

# The package, the readers of the tables, and the tables' folders in the package.
ROOM = Path(why.__file__).parent
# The arguments of the rows of `commands`.
ARGUMENTS = set("abcABC")
READERS = {"signs": read_signs, "causes": read_causes, "hops": read_hops}
FOLDERS = {"signs": "read", "causes": "judge", "hops": "tell"}
# The clients of signs.yaml.
CLIENTS = {
    "crane",
    "rke2",
    "ECS",
    "GitHub Actions",
    "kubeadm",
    "gitlab-runner",
    "oc",
    "crictl",
    "ctr",
    "buildkit",
    "argocd",
    "flux",
    "kaniko",
    "pack",
    "docker",
    "helm",
    "podman",
    "apptainer",
    "skopeo",
    "buildah",
    "nerdctl",
}
# Commands from which credentials.py chooses.
OBTAIN = {"create_secret", "overwrite_secret", "have_secret"}
# Rows of signs.yaml to which nothing refers by name: some registries, nodes and all clients.
FREE = {"acr", "quay", "hub", "harbor", "nexus", "mcr", "k8s", "ecr_public", "desktop", *CLIENTS}
# Kinds that no sign has: code chooses them, also for messages without a sign.
OF_CODE = {"blocked_port", "gateway", "between", "other"}

CAUSES = (*causes().before_the_pull, *causes().after_a_failed_pull)


@cache
def content(name: str) -> Any:
    """The parsed content of a table."""
    return load_yaml(ROOM / FOLDERS[name] / f"{name}.yaml")


def placeholders(text: str) -> set[str]:
    """The words in {braces} of a text; of {owner[name]}, it is owner."""
    return {name.partition("[")[0] for _, name, _, _ in string.Formatter().parse(text) if name}


def of_rows(rows: Any) -> Iterator[str]:
    """The words of rows whose key has conditions, and whose value has texts with placeholders."""
    for needs, texts in rows.items():
        yield from needs.split()
        for text in [texts] if isinstance(texts, str) else texts:
            yield from placeholders(text)


def of_verdict(row: Verdict) -> Iterator[str]:
    """The words of a row of causes.yaml, or of a kind of signs.yaml, and of the alternatives in it."""
    yield from row.needs
    yield from row.also
    for text in (row.problem, row.tell, row.ask.text if row.ask else ""):
        yield from placeholders(text)
    for call in row.fix:
        for argument in call:
            yield from placeholders(argument)
    for other in (*row.others, *(row.ask[1:] if row.ask else ())):
        yield from of_verdict(other)


def asked_for(hops: Hops, causes: Causes, signs: Signs) -> Iterator[tuple[str, str]]:
    """Each word in the tables, after its place."""
    parts = [(part, rows) for part, rows in hops._asdict().items() if part not in ("hops", "right")]
    for part in ("mismatch", "style", "empty"):
        yield from ((f"causes.yaml, {part}", word) for word in of_rows(getattr(causes, part)))
    for part, rows in [*parts, *hops.hops.items()]:
        yield from ((f"hops.yaml, {part}", word) for word in of_rows(rows))
    for command, rows in causes.commands.items():
        yield from ((f"causes.yaml, {command}", word) for word in of_rows(rows))
    yield from (("causes.yaml, sentences", word) for word in of_rows(causes.sentences))
    for row in (*causes.before_the_pull, *causes.after_a_failed_pull):
        yield from ((f"causes.yaml, {row.check}", word) for word in of_verdict(row))
    for name, kind in signs.kinds.items():
        if kind.verdict:
            yield from ((f"signs.yaml, {name}", word) for word in of_verdict(kind.verdict))
    for name, client in signs.clients.items():
        commands = (client.pull, client.login, client.logout, client.logins, client.look)
        yield from ((f"signs.yaml, {name}", word) for text in commands for word in placeholders(text))
    for name, registry in signs.registries.items():
        yield from ((f"signs.yaml, {name}", word) for word in placeholders(registry.how))


@cache
def in_code() -> set[str]:
    """Each word to which code gives a value."""
    words = {*Flaw, *Attempt._fields, *Asked._fields, *ARGUMENTS}
    for path in ROOM.rglob("*.py"):
        words |= set(_keys(path))
    return words


def _keys(path: Path) -> Iterator[str]:
    """The text keys of all dictionaries that a file creates or changes."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Dict):
            for key in node.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value
        match node:
            case ast.Subscript(ctx=ast.Store(), slice=ast.Constant(value=str(stored))):
                yield stored


def given(signs: Signs) -> set[str]:
    """Each word to which code or a table gives a value."""
    return in_code() | common_words(signs).keys()


def check(**changed: Any) -> None:
    """Assert that the tables can be read, have no unknown words, and refer only to rows that exist.

    `changed` has other contents of tables, by name.
    """
    read = {name: reader(changed.get(name, content(name))) for name, reader in READERS.items()}
    signs, causes, hops = read["signs"], read["causes"], read["hops"]
    assert isinstance(signs, Signs)
    assert isinstance(causes, Causes)
    assert isinstance(hops, Hops)
    known = given(signs)
    unknown = [(where, word) for where, word in asked_for(hops, causes, signs) if word not in known]
    assert not unknown, unknown
    kinds = {sign.kind for sign in signs.signs} | OF_CODE
    assert kinds == set(signs.kinds), kinds ^ set(signs.kinds)
    rows = [*causes.before_the_pull, *causes.after_a_failed_pull]
    assert {row.check for row in rows} == set(CHECKS)
    verdicts = [*rows, *(kind.verdict for kind in signs.kinds.values() if kind.verdict)]
    assert all(row.grade in ("certain", "likely", "one") for row in verdicts)
    assert {row.hop for row in verdicts} <= set(causes.titles) == set(hops.hops)
    assert set(hops.right) == {"granted", "refused", ""}  # the states after CheckRight in the kubelet's TRANSITIONS
    assert {sign.registry for sign in signs.signs} | {"other"} <= {"any", *signs.registries}
    named = [other for row in verdicts for other in row.others if other in causes.alternatives.values()]
    assert len({other.problem for other in named}) == len(causes.alternatives)
    texts = str((causes.commands, rows, signs.kinds))
    assert [phrase for phrase in (*causes.on_a_machine, *causes.by_a_client) if phrase not in texts] == []
    assert set(causes.into_a_node) <= set(signs.nodes)
    verdicts += [other for row in verdicts for other in (*row.others, *(row.ask[1:] if row.ask else ()))]
    said = {word for row in verdicts for word in row.also}
    assert said == set(causes.sentences), said ^ set(causes.sentences)
    used = {call[0] for row in verdicts for call in row.fix} | {"collect", *OBTAIN}
    used |= {word for row in signs.registries.values() for word in (row.login, row.identity)} - {""}
    used = {name for name in used if not name.startswith("{")}
    assert used == set(causes.commands), used ^ set(causes.commands)


def test_the_tables_are_sound() -> None:
    check()


def dictionaries(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every dictionary in a table."""
    if isinstance(value, dict):
        yield path
        for key, item in value.items():
            yield from dictionaries(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from dictionaries(item, (*path, number))


def at(table: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        table = table[step]
    return table


def test_a_word_that_nobody_gives_raises() -> None:
    container = {"name": "app", "image": "quay.io/acme/web:1"}
    pod: Object = {"metadata": {"name": "web"}, "spec": {"containers": [container]}}
    facts = Facts(Scene(Export(()), {}, ReportedRegistries()), "shop", pod, container)
    words = Words(facts, {"given": "yes"})
    assert (words["given"], words["registry"], words["owner"]) == ("yes", "quay.io", None)
    assert set(words) == {"given", *common_words(signs())}
    assert len(words) == len(set(words))
    with pytest.raises(KeyError, match="registri"):
        words["registri"]


@pytest.mark.parametrize("name", READERS)
def test_a_misspelled_word_is_refused(name: str) -> None:
    for path in dictionaries(content(name)):
        for key in at(content(name), path):
            if key and key not in FREE:
                changed = deepcopy(content(name))
                row = at(changed, path)
                row[f"{key}z"] = row.pop(key)
                refuses(name, changed, (*path, key))


@pytest.mark.parametrize("name", READERS)
def test_a_missing_row_is_refused(name: str) -> None:
    lists: dict[str, list[tuple[str, ...]]] = {
        "signs": [("kinds",), ("registries",)],
        "causes": [("commands",), ("sentences",), ("alternatives",)],
        "hops": [(), ("hops",)],
    }
    for path in lists[name]:
        for key in at(content(name), path):
            changed = deepcopy(content(name))
            del at(changed, path)[key]
            if key not in FREE:
                refuses(name, changed, (*path, key))


def refuses(name: str, changed: Any, where: tuple[Any, ...]) -> None:
    """Assert that `check` fails for a table with that content, which was changed at `where`."""
    try:
        check(**{name: changed})
    except (ValueError, TypeError, AssertionError, KeyError):
        return
    pytest.fail(f"{name}.yaml may have a slip at {where}", pytrace=False)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("signs", (), {"signs": []}),
        ("signs", ("signs", 0), {"kind": "disk", "source": "x", "example": "y"}),
        ("signs", ("signs", 0), "no map"),
        ("signs", ("kinds", "resolver"), {"unasked": True, "no-such": 1}),
        ("causes", ("after_a_failed_pull", 0, "others"), ["no-such"]),
        ("causes", ("after_a_failed_pull", 0, "ask"), "no-such"),
    ],
)
def test_a_refusal_names_the_table_and_the_row(name: str, path: tuple[Any, ...], value: Any) -> None:
    table = deepcopy(content(name))
    if path:
        at(table, path[:-1])[path[-1]] = value
    row = path[1] if path[:1] == ("kinds",) else ""
    with pytest.raises(ValueError, match=f"{name}.yaml.*{row}"):
        READERS[name](table if path else value)


def calls_of(function: ast.FunctionDef) -> set[str]:
    """The names of the functions that a function calls."""
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {call.id for call in calls if isinstance(call, ast.Name)}


@cache
def functions() -> dict[str, ast.FunctionDef]:
    """The functions of checks.py and credentials.py, by name."""
    trees = [ast.parse((ROOM / "judge" / f"{name}.py").read_text("utf-8")) for name in ("checks", "credentials")]
    return {node.name: node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


def words_of(check_name: str) -> set[str]:
    """The words that a check gives its rows: the keys of dictionaries in it and in the functions that it calls."""
    words: set[str] = set()
    waiting, done = [check_name], set[str]()
    while waiting:
        name = waiting.pop()
        done.add(name)
        keys = (node.keys for node in ast.walk(functions()[name]) if isinstance(node, ast.Dict))
        for key in (key for each in keys for key in each):
            if isinstance(key, ast.Constant):
                words.add(str(key.value))
        waiting += (calls_of(functions()[name]) & functions().keys()) - done
    return words | set(Flaw) if "_oddities" in done else words


def given_by(words: ast.expr) -> set[str]:
    """The keys of a dictionary that a check returns; for an expression, "*" and its source."""
    if isinstance(words, ast.IfExp):
        return given_by(words.body)
    if isinstance(words, ast.Name):
        return set(getattr(checks, words.id))
    if not isinstance(words, ast.Dict):
        return {f"*{ast.unparse(words)}"}
    keys: set[str] = set()
    for key, value in zip(words.keys, words.values, strict=True):
        if isinstance(key, ast.Constant):
            keys.add(str(key.value))
        elif isinstance(value, ast.Name) and hasattr(checks, value.id):
            keys |= set(getattr(checks, value.id))
        else:
            keys.add(f"*{ast.unparse(value)}")
    return keys


@pytest.mark.parametrize("check_name", CHECKS)
def test_a_check_gives_the_same_words_at_every_return(check_name: str) -> None:
    """Otherwise a rare message could end in a KeyError, because a word of its row is missing."""
    returned = [node.value for node in ast.walk(functions()[check_name]) if isinstance(node, ast.Return)]
    words = [given_by(value) for value in returned if value and ast.unparse(value) != "None"]
    assert words
    assert all(each == words[0] for each in words), words


def common() -> set[str]:
    """The words that all rows have, and those of commands."""
    return {*common_words(signs()), *ARGUMENTS, "target", "workload", "old"}


@pytest.mark.parametrize("row", CAUSES, ids=lambda row: f"{row.check} {' '.join(row.needs)}")
def test_a_row_has_only_words_of_its_own_check_or_of_all_rows(row: Verdict) -> None:
    asked = set(of_verdict(row))
    for word in row.also:
        asked |= placeholders(causes().sentences[word])
    assert asked - common() - words_of(row.check) == set()
