"""Classes of input that make kubectl work long: what doubles, what nests, what is long, what is odd.

Each makes the lines of one case from a source of chance; `FILE` is where its file stands, if it has one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable

FILE = "work.yaml"
Case = tuple[str, str]
"""A command line, and what its file holds."""

_SIGNS = [" ", ",", "=", "!", "(", ")", "a", "a=b", "a in (b)", "!a", ", ", "in", "a,", "(((", "a notin (b,", "-", "/"]


def selector(chance: random.Random) -> Case:
    """`-l` and `--field-selector`, with one or two signs over and over."""
    text = "".join(chance.choices(_SIGNS, k=chance.randint(1, 2))) * chance.choice([10, 5_000, 100_000])
    flag = chance.choice(["-l", "-l", "--field-selector"])
    command = chance.choice(["get pods", "delete pods", "label pods x=y", "logs", "get all", "wait --for=create pod"])
    return f"kubectl {command} {flag} '{text[:400_000]}'", ""


_STEPS = [
    "..*",
    ".*",
    "[*]",
    "[0,0,0,0]",
    "[0:9]",
    ".items",
    "..",
    "[?(@.metadata)]",
    "[?(@.kind=='Pod')]",
    "['items']",
]


def jsonpath(chance: random.Random) -> Case:
    """Unions, descents and filters one after the other, in ranges in ranges."""
    path = "{" + "".join(chance.choices(_STEPS, k=chance.randint(1, 12))) + "}"
    union = f"{{.items[{','.join(['0'] * chance.choice([3, 500, 20_000]))}]{chance.choice(_STEPS)}}}"
    ranges = chance.choice([1, 6, 200])
    nested = chance.choice(["{range .items[*]}", "{range ..*}", "{range $..*}"]) * ranges + "x" * 50 + "{end}" * ranges
    text = chance.choice([path, path, union, nested, "{" + "[" * chance.choice([9, 50_000]), path * 2_000])
    flag = chance.choice(["-o jsonpath=", "-o jsonpath-as-json=", "-o custom-columns=A:", "--sort-by="])
    return f"kubectl get {chance.choice(['pods', 'all,secrets'])} {flag}'{text}'", ""


_DOUBLES = ['printf "%s%s" $x $x', "println $x $x", 'printf "%q" $x', 'printf "%s%999d" $x 1', 'printf "%v" $']


def go_template(chance: random.Random) -> Case:
    """Strings that double, ranges in ranges, calls in calls."""
    double = f'{{{{$x := "ab"}}}}{f"{{{{$x = {chance.choice(_DOUBLES)}}}}}" * chance.choice([3, 40, 400])}{{{{$x}}}}'
    depth = chance.choice([2, 12, 900])
    ranges = f"{{{{range {chance.choice(['.items', '$.items', '$'])}}}}}" * depth + "x{{$}}" + "{{end}}" * depth
    calls = "{{" + "(not " * depth + "1" + ")" * depth + "}}"
    looped = f'{{{{$x := "ab"}}}}{{{{range .items}}}}{{{{$x = {chance.choice(_DOUBLES)}}}}}{{{{end}}}}{{{{len $x}}}}'
    wide = '{{printf "' + "%999d" * chance.choice([10, 20_000]) + '" 1}}'
    text = chance.choice([double, double, ranges, calls, looped, wide, "{{" * depth, "{{if 1}}" * depth])
    return f"kubectl get pods -o go-template='{text}'", ""


def words(chance: random.Random) -> Case:
    """Very many arguments, and flags that are very long."""
    count, name = (
        chance.choice([10, 3_000, 60_000]),
        chance.choice(["web", "pod/web", "x", "a=b", "-A", "-l=a", "web,"]),
    )
    verb = chance.choice(
        ["get pods", "describe pod", "label pod", "get", "delete pod", "set image deploy/shop", "wait"]
    )
    many = f"kubectl {verb} {' '.join([name] * min(count, 400_000 // len(name)))}"
    flag = chance.choice(["get pods -", "get pods -L ", "config set ", "get ", "logs web --since=", "explain pods."])
    unit = chance.choice(["A", "a,", "1s", "1h1m", ".5m", "pods,", "x.", "9", "spec."])
    return chance.choice([many, f"kubectl {flag}{unit * count}"]), ""


def json_patch(chance: random.Random) -> Case:
    """Copies of copies, and very many operations."""
    copy = {"op": "copy", "from": "/data", "path": "/data/a"}
    add = {"op": "add", "path": "/data/a", "value": "x" * chance.choice([1, 100_000])}
    inside = {"op": "copy", "from": "/metadata", "path": chance.choice(["/metadata/a", "/data/a", "/-", ""])}
    kinds = [copy, add, inside, {"op": "test", "path": "", "value": {}}, {"op": "move", "from": "/data", "path": "/x"}]
    patch = json.dumps(
        [chance.choice(kinds[:3]) for _ in range(chance.choice([2, 22, 60]))] + chance.choices(kinds, k=2)
    )
    local = chance.choice(["", "--dry-run=client", "--dry-run=server"])
    return f"kubectl patch cm settings --type=json {local} --patch-file={FILE}", patch


def manifest(chance: random.Random) -> Case:
    """YAML that unfolds, nests, is long, or has tags."""
    count = chance.choice([3, 300, 30_000])
    aliases = "a0: &a0 [x, x, x]\n" + "".join(
        f"a{n + 1}: &a{n + 1} {chance.choice(['[*a{n}, *a{n}, *a{n}]', '{{<<: [*a{n}, *a{n}]}}'])}\n".replace(
            "{n}", str(n)
        )
        for n in range(min(count, 30))
    )
    tag = chance.choice(["!!binary", "!!set", "!!omap", "!!pairs", "!!timestamp", "!!float", "!!int", "!x", "!!null"])
    value = chance.choice(
        ["x", '"?"', "{a, b}", "[a: b]", "1e999", ".inf", "-.nan", "2001-01-01", "9" * count, "1:" * count]
    )
    data = chance.choice(
        [aliases, "{a: " * count + "1" + "}" * count, f"a: {tag} {value}\n", "[" * count, "- " * count, "? " * count]
    )
    indented = "".join(f"  {line}\n" for line in data.splitlines())
    kind = chance.choice(["v1\nkind: ConfigMap", "v1\nkind: Event", "apps/v1\nkind: Deployment", "v1\nkind: Pod"])
    text = f"apiVersion: {kind}\nmetadata: {{name: x}}\n{chance.choice(['data', 'spec', 'message'])}:\n{indented}"
    return f"kubectl {chance.choice(_TAKES_FILE)} -f {FILE}", chance.choice([text, data])


_TAKES_FILE = ["apply", "create", "diff", "replace", "delete", "label --local x=y", "set image --local a=b", "get"]
_TAKES_FILE += ["set env --local A=b", "set resources --local --limits=cpu=1", "set serviceaccount --local bob"]

_ODD = ["null", "[]", "{}", "3", "x", "true", "[3]", "[null]", "{a: b}", "[{}]", "[{name: a}]", '""', "1.5", "-1"]
_FIELDS = [
    "spec",
    "spec.template",
    "spec.template.spec",
    "spec.template.spec.containers",
    "spec.containers",
    "metadata",
]
_FIELDS += ["involvedObject", "metadata.labels", "metadata.annotations", "status", "data", "spec.jobTemplate", "rules"]
_KINDS = ["v1 Pod", "v1 Event", "apps/v1 Deployment", "batch/v1 CronJob", "v1 List", "v1 Secret", "v1 Service"]
_KINDS += ["rbac.authorization.k8s.io/v1 Role", "apps/v1 StatefulSet", "v1 Namespace", "batch/v1 Job"]


def odd_type(chance: random.Random) -> Case:
    """An object with one field of the wrong type, or without it, and what shows it afterwards."""
    version, kind = chance.choice(_KINDS).split()
    *path, last = chance.choice(_FIELDS).split(".")
    name = "{name: odd}" if [*path, last][0] != "metadata" else ""
    lines = [f"{'  ' * depth}{key}:\n" for depth, key in enumerate(path)]
    lines.append(f"{'  ' * len(path)}{last}: {chance.choice(_ODD)}\n")
    text = f"apiVersion: {version}\nkind: {kind}\n{f'metadata: {name}' if name else ''}\n{''.join(lines)}"
    show = "kubectl get all,events; kubectl events; kubectl describe pods"
    return f"kubectl {chance.choice(_TAKES_FILE)} -f {FILE}; {show}; kubectl describe -f {FILE}", text


CLASSES: dict[str, Callable[[random.Random], Case]] = {
    made.__name__: made for made in (selector, jsonpath, go_template, words, json_patch, manifest, odd_type)
}
