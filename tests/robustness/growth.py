"""Random inputs that take much work, or find errors: inputs that double, nest, are long, or are odd.

Each function of CLASSES makes a Case, with `dice` as its source of randomness. Pieces of inputs are in shapes.yaml and
in rows/growth.yaml.
"""

from __future__ import annotations

import json
import random
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from kubesim.api import load_yaml
from tests.learner import rows

from .grammar import sentence

ROWS = rows(__file__)

# The file of the workspace that a line reads.
FILE = "work.yaml"
SHAPES = load_yaml(Path(__file__).with_name("shapes.yaml"))
# An operation of JSON Patch; {} is a number.
_ADD = '{{"op":"add","path":"/metadata/labels/a{}","value":"b"}}'
# Pieces of selectors, of JSONPath, and of go-templates that double the variable $x.
_SIGNS = [" ", ",", "=", "!", "(", ")", "a", "a=b", "a in (b)", "!a", ", ", "in", "a,", "(((", "a notin (b,", "-", "/"]
_STEPS = ROWS["steps"]
_DOUBLES = ['printf "%s%s" $x $x', "println $x $x", 'printf "%q" $x', 'printf "%s%999d" $x 1', 'printf "%v" $']
# Commands of kubectl that take -f.
_TAKES_FILE = ["apply", "create", "diff", "replace", "delete", "label x=y", "set image a=b", "get"]
_TAKES_FILE += ["annotate a=b --overwrite", "set serviceaccount bob"]
# Values of wrong types, fields of objects, and types of objects.
_ODD = ["null", "[]", "{}", "3", "x", "true", "[3]", "[null]", "{a: b}", "[{}]", "[{name: a}]", '""', "1.5", "-1"]
_FIELDS = ROWS["fields"]
_FIELDS += ["involvedObject", "metadata.labels", "metadata.annotations", "status", "data", "spec.jobTemplate", "rules"]
_KINDS = ["v1 Pod", "v1 Event", "apps/v1 Deployment", "batch/v1 CronJob", "v1 List", "v1 Secret", "v1 Service"]
_KINDS += ["rbac.authorization.k8s.io/v1 Role", "apps/v1 StatefulSet", "v1 Namespace", "batch/v1 Job"]
# Lines that read FILE, and beginnings of texts in it.
_READERS = [f"kubectl {verb} -f {FILE}" for verb in _TAKES_FILE]
_READERS += [f"kubectl --kubeconfig={FILE} config view", f"why -f {FILE}", f'kubectl patch pod web -p "$(cat {FILE})"']
_READERS += [f"kubectl create secret docker-registry s --from-file=.dockerconfigjson={FILE}", f". ./{FILE}"]
_READERS += [f"kubectl create secret generic s --from-file={FILE}"]
_HEADS = ROWS["heads"]
# Paths in the default namespace, and types of patches, in requests to the served API.
_TARGETS = ["configmaps", "configmaps/settings", "pods", "pods/web", "pods/web/log", "pods/web/exec", "events"]
_TYPES = ["json-patch+", "merge-patch+", "strategic-merge-patch+", ""]
# The most bytes of all frames of a case. An input is generated in the process whose memory is limited.
MOST_BYTES = 4 << 20
# Lines that change a cluster, with {n} for a name, and {few} and {seconds} for numbers.
_EVENTS = ROWS["events"]
# The content of a Secret that no output may have.
HIDDEN = "a-word-that-must-not-be-read"


class Case(NamedTuple):
    """An input: a command line with the text of FILE; or the line and the text for another of attack.py's DOORS."""

    line: str
    text: str = ""
    door: str = "line"


def _placed(dice: random.Random, text: str) -> Case:
    """A line with the text in one of many places."""
    return Case(dice.choice(SHAPES["places"]).format(*[text] * 3))


def _size(dice: random.Random) -> int:
    """A number up to half a million, equally often of each magnitude. Nine of ten are below 10,000."""
    return int(2 ** dice.uniform(2, dice.choice((19, *[13] * 9))))


def _times(dice: random.Random, few: int, many: int, most: int) -> int:
    """One of three numbers of repetitions, the larger ones more rarely, because they take long."""
    return dice.choices((few, many, most), (12, 3, 1))[0]


def _nested(dice: random.Random) -> str:
    """Brackets in brackets, all of them closed, all but one, or none."""
    (opens, closes), depth = dice.choice(SHAPES["nests"]), _size(dice) // 4
    return str(opens * depth + dice.choice(("", "a", "1")) + closes * dice.choice((0, depth - 1, depth)))


def _long(dice: random.Random) -> str:
    """One or two units, repeated."""
    unit = dice.choice(SHAPES["units"]) + dice.choice(("", "", *SHAPES["units"]))
    return str(unit * (_size(dice) // len(unit) + 1))


def _odd(dice: random.Random) -> str:
    """Up to 40 units, brackets and rare characters in any order."""
    pieces = [*SHAPES["units"], *(mark for pair in SHAPES["nests"] for mark in pair)]
    pieces += ["\x7f", "\ud800", "<<<", "true", "x=1", "'"]
    return dice.choice(("", " ")).join(dice.choices(pieces, k=dice.randint(1, 40)))


def doubles(dice: random.Random) -> Case:
    """Input that doubles with each of a number of rounds: aliases, anchors, expansions."""
    number = dice.randint(5, _times(dice, 12, 20, 60))

    class Repeated(str):
        """A placeholder whose format is repeated: {0:unit} becomes unitunitunit."""

        def __format__(self, unit: str) -> str:
            return unit * number

    aliases = "".join(f"alias a{n + 1}='a{n} a{n}'\n" for n in range(number))
    additions = ",".join(map(_ADD.format, range(number)))
    anchors = "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(number))
    line = dice.choice(SHAPES["doubles"])
    return Case(line.format(number, Repeated(), aliases, additions, anchors, 10 ** dice.randint(1, 15)))


def nests(dice: random.Random) -> Case:
    """Nested brackets somewhere in a line."""
    return _placed(dice, _nested(dice))


def long(dice: random.Random) -> Case:
    """Long text somewhere in a line."""
    return _placed(dice, _long(dice))


def odd(dice: random.Random) -> Case:
    """Odd text somewhere in a line."""
    return _placed(dice, _odd(dice))


def value(dice: random.Random) -> Case:
    """An odd or long word, quoted for the shell, as an argument that may be any word."""
    text = dice.choice(["", "é", "%", "/", "~", "-", "\\", "null", "9" * 30, "1e999", "-1", *SHAPES["units"]])
    text = text * dice.choice((1, 1, _times(dice, 30, 900, 30_000))) + dice.choice(("", "", _odd(dice)))
    return Case(dice.choice(SHAPES["values"]).replace("{}", shlex.quote(text[:100_000])))


def selector(dice: random.Random) -> Case:
    """A selector of one or two pieces, repeated."""
    text = "".join(dice.choices(_SIGNS, k=dice.randint(1, 2))) * _times(dice, 10, 5_000, 100_000)
    flag = dice.choice(["-l", "-l", "--field-selector"])
    command = dice.choice(["get pods", "delete pods", "label pods x=y", "logs", "get all", "wait --for=create pod"])
    return Case(f"kubectl {command} {flag} '{text[:400_000]}'")


def jsonpath(dice: random.Random) -> Case:
    """JSONPath with many unions, descents and filters, or with nested ranges."""
    path = "{" + "".join(dice.choices(_STEPS, k=dice.randint(1, 12))) + "}"
    union = f"{{.items[{','.join(['0'] * _times(dice, 3, 500, 20_000))}]{dice.choice(_STEPS)}}}"
    ranges = _times(dice, 1, 6, 200)
    nested = dice.choice(["{range .items[*]}", "{range ..*}", "{range $..*}"]) * ranges + "x" * 50 + "{end}" * ranges
    text = dice.choice(
        [path, path, union, nested, "{" + "[" * _times(dice, 9, 999, 50_000), path * _times(dice, 2, 50, 2_000)]
    )
    flag = dice.choice(["-o jsonpath=", "-o custom-columns=A:", "--sort-by="])
    return Case(f"kubectl get {dice.choice(['pods', 'all,secrets'])} {flag}'{text}'")


def go_template(dice: random.Random) -> Case:
    """A go-template with strings that double, nested ranges, or nested calls."""
    double = f'{{{{$x := "ab"}}}}{f"{{{{$x = {dice.choice(_DOUBLES)}}}}}" * _times(dice, 3, 40, 400)}{{{{$x}}}}'
    depth = _times(dice, 2, 12, 900)
    ranges = f"{{{{range {dice.choice(['.items', '$.items', '$'])}}}}}" * depth + "x{{$}}" + "{{end}}" * depth
    calls = "{{" + "(not " * depth + "1" + ")" * depth + "}}"
    looped = f'{{{{$x := "ab"}}}}{{{{range .items}}}}{{{{$x = {dice.choice(_DOUBLES)}}}}}{{{{end}}}}{{{{len $x}}}}'
    wide = '{{printf "' + "%999d" * _times(dice, 10, 999, 20_000) + '" 1}}'
    text = dice.choice([double, double, ranges, calls, looped, wide, "{{" * depth, "{{if 1}}" * depth])
    return Case(f"kubectl get pods -o go-template='{text}'")


def words(dice: random.Random) -> Case:
    """A command with very many arguments, or with a very long flag."""
    count, name = (
        _times(dice, 10, 3_000, 60_000),
        dice.choice(["web", "pod/web", "x", "a=b", "-A", "-l=a", "web,"]),
    )
    verb = dice.choice(["get pods", "describe pod", "label pod", "get", "delete pod", "set image deploy/shop", "wait"])
    many = f"kubectl {verb} {' '.join([name] * min(count, 400_000 // len(name)))}"
    flag = dice.choice(["get pods -", "get pods -L ", "config use ", "get ", "explain pods."])
    unit = dice.choice(["A", "a,", "1s", "1h1m", ".5m", "pods,", "x.", "9", "spec."])
    return Case(dice.choice([many, f"kubectl {flag}{unit * count}"]))


def json_patch(dice: random.Random) -> Case:
    """A JSON patch with many operations, some of which are refused."""
    add = {"op": "add", "path": "/data/a", "value": "x" * _times(dice, 1, 999, 100_000)}
    inside = {"op": "replace", "path": dice.choice(["/metadata/a", "/data/a", "/-", ""]), "value": {"a": {}}}
    kinds = [add, inside, {"op": "remove", "path": "/data"}, {"op": "move", "from": "/data", "path": "/x"}]
    patch = json.dumps([dice.choice(kinds[:3]) for _ in range(_times(dice, 2, 22, 60))] + dice.choices(kinds, k=2))
    local = dice.choice(["", "--dry-run=client", "--dry-run=server"])
    return Case(f'kubectl patch cm settings --type=json {local} -p "$(cat {FILE})"', patch)


def manifest(dice: random.Random) -> Case:
    """A manifest with YAML that expands, nests, is long, or has tags."""
    count = dice.choice([_times(dice, 3, 300, 3_000), _times(dice, 3, 300, 30_000)])
    keys = "".join(f"k{number}: v\n" for number in range(count))
    aliases = "a0: &a0 [x, x, x]\n" + "".join(
        f"a{n + 1}: &a{n + 1} {dice.choice(['[*a{n}, *a{n}, *a{n}]', '{{<<: [*a{n}, *a{n}]}}'])}\n".replace(
            "{n}", str(n)
        )
        for n in range(min(count, 30))
    )
    tag = dice.choice(["!!binary", "!!set", "!!omap", "!!pairs", "!!timestamp", "!!float", "!!int", "!x", "!!null"])
    value = dice.choice(
        ["x", '"?"', "{a, b}", "[a: b]", "1e999", ".inf", "-.nan", "2001-01-01", "9" * count, "1:" * count]
    )
    data = dice.choice(
        [
            keys,
            "[" + "{a: b}, " * count + "]",
            aliases,
            "{a: " * count + "1" + "}" * count,
            f"a: {tag} {value}\n",
            "[" * count,
            "- " * count,
            "? " * count,
        ]
    )
    indented = "".join(f"  {line}\n" for line in data.splitlines())
    kind = dice.choice(["v1\nkind: ConfigMap", "v1\nkind: Event", "apps/v1\nkind: Deployment", "v1\nkind: Pod"])
    text = f"apiVersion: {kind}\nmetadata: {{name: x}}\n{dice.choice(['data', 'spec', 'message'])}:\n{indented}"
    return Case(f"kubectl {dice.choice(_TAKES_FILE)} -f {FILE}", dice.choice([text, data]))


def odd_type(dice: random.Random) -> Case:
    """An object with one field of a wrong type, and commands that show it afterwards."""
    version, kind = dice.choice(_KINDS).split()
    *path, last = dice.choice(_FIELDS).split(".")
    name = "{name: odd}" if [*path, last][0] != "metadata" else ""
    lines = [f"{'  ' * depth}{key}:\n" for depth, key in enumerate(path)]
    lines.append(f"{'  ' * len(path)}{last}: {dice.choice(_ODD)}\n")
    text = f"apiVersion: {version}\nkind: {kind}\n{f'metadata: {name}' if name else ''}\n{''.join(lines)}"
    show = "kubectl get all,events; kubectl events; kubectl describe pods"
    return Case(f"kubectl {dice.choice(_TAKES_FILE)} -f {FILE}; {show}; kubectl describe -f {FILE}", text)


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    """The map or list around each value in a document, with the value's key or index."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _spots(value[key])


def mutated(dice: random.Random) -> Case:
    """An object that has every field with an effect. Up to four values are missing or odd."""
    obj = json.loads(json.dumps(dice.choice(ROWS["valid"])))
    for _ in range(dice.randint(1, 4)):
        holder, key = dice.choice(list(_spots(obj)))
        if dice.random() < 0.2:
            del holder[key]
        else:
            holder[key] = yaml.safe_load(dice.choice([*_ODD, "9" * 30, "a/b:c", ".."]))
    show = f"sleep 70; kubectl get all; kubectl describe -f {FILE}; kubectl logs z; kubectl debug z --image=busybox"
    return Case(f"kubectl apply -f {FILE}; {show}; why z; kubectl delete all --all --force", yaml.safe_dump(obj))


def document(dice: random.Random) -> Case:
    """The beginning of a text in some format, with nested, long or odd text behind it, for one of its readers."""
    text = dice.choice(_HEADS) + dice.choice([_nested, _long, _odd])(dice)
    return Case(dice.choice(_READERS), text, dice.choice(["line", "line", "line", "progress", "export"]))


def request(dice: random.Random) -> Case:
    """A request to the served API with an extreme body or query."""
    count, kind = dice.choice([_times(dice, 3, 300, 3_000), _times(dice, 3, 300, 30_000)]), dice.choice(_TYPES)
    many = {f"k{number}": "v" for number in range(count)}
    field = dice.choice(["data", "spec", "labels", "items", "x"])
    made = {"metadata": {"name": f"m{dice.random()}"}, field: dice.choice([many, [many], [{}] * count, "x" * count])}
    patch = json.loads(json_patch(dice).text)[:count] if count < 1_000 else [{"op": "test", "path": ""}] * count
    body = dice.choice([json.dumps(made), json.dumps(patch), json.dumps(many), _nested(dice), _odd(dice)])
    query = dice.choice(["", "", f"?labelSelector={_odd(dice)}", f"?fieldSelector={'metadata.name=a,' * count}"])
    method = dice.choice(["GET", "POST", "PUT", "PATCH", "DELETE"])
    return Case(f"{method} {dice.choice(_TARGETS)}{query} application/{kind}json", body, "request")


def frames(dice: random.Random) -> Case:
    """WebSocket frames for a command that reads stdin: tiny ones, long ones, fragments, and bytes that are no frame."""
    count = _times(dice, 9, 3_000, 300_000)
    tiny = _repeated(_frame(b"\0x"), count)
    long = _frame(b"\0" + b"x" * count)
    pieces = _frame(b"\0x", first=0x02) + _repeated(_frame(b"x", first=0x00), count) + _frame(b"x", first=0x80)
    odd = bytes(dice.randrange(256) for _ in range(min(count, 3_000)))
    control = _frame(b"x" * dice.choice((0, 5, 126)), first=dice.choice((0x89, 0x8A, 0x88, 0x8F, 0xF2)))
    controls, empty = _repeated(control, count), _repeated(_frame(b""), count)
    parts = dice.choices([tiny, long, pieces, odd, controls, empty, _frame(b"\xff\0"), _frame(b"\xff")], k=3)
    query = dice.choice(["command=cat&stdin=1", "command=sh&stdin=1", "command=true", "command=cat&stdin=1&tty=1"])
    return Case(query, b"".join(parts)[:MOST_BYTES].decode("latin-1"), "frames")


def _repeated(frame: bytes, count: int) -> bytes:
    """A frame, repeated `count` times or up to MOST_BYTES."""
    return frame * min(count, MOST_BYTES // len(frame))


def _frame(content: bytes, first: int = 0x82) -> bytes:
    """A frame of a client: its first byte (final bit and type), length, a mask of zeros, and content."""
    size = len(content)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 1 << 16:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    return bytes([first]) + length + bytes(4) + content


def scenario(dice: random.Random) -> Case:
    """Between 5 and 45 lines that change a cluster or let time pass."""
    lines = []
    for _ in range(dice.randint(5, 45)):
        step = dice.choice(_EVENTS)
        few, many = _times(dice, 3, 40, 5_000), _times(dice, 20, 3_600, 90_000)
        lines.append(step.format(n=dice.choice("abc"), few=dice.randint(0, few), seconds=dice.randint(1, many)))
    return Case("\n".join(lines), door="lines")


def grammar(dice: random.Random) -> Case:
    """A valid, or nearly valid, line from the grammar."""
    return Case(sentence(dice, "line"))


def lived(dice: random.Random) -> Case:
    """Between 3 and 20 lines of a session with a history, with undo, redo and views of the past."""
    return Case("\0".join(sentence(dice, "lived") for _ in range(dice.randint(3, 20))), door="history")


def expansion(dice: random.Random) -> Case:
    """A container whose variables double, also in its arguments; or one with files of other users."""
    if dice.random() < 0.5:
        return owners(dice)
    rounds, text = _times(dice, 3, 18, 40), "x" * _times(dice, 3, 999, 50_000)
    env = [{"name": "V0", "value": text}]
    env += [{"name": f"V{n + 1}", "value": f"$(V{n})" * dice.randint(1, 3)} for n in range(rounds)]
    args = [f"$(V{dice.randint(0, rounds)})" * _times(dice, 1, 9, 2_000), f"$$(V{rounds})", "$(NOSUCH)"]
    container = {"name": "c", "image": "busybox", "command": ["echo"], "args": args, "env": env}
    spec = {"restartPolicy": "Never", "containers": [container]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "big"}, "spec": spec}
    shows = f"sleep 5; kubectl logs big | wc -c; kubectl describe pod big; kubectl delete -f {FILE} --force"
    return Case(f"kubectl apply -f {FILE}; {shows}", json.dumps(pod))


def owners(dice: random.Random) -> Case:
    """A container of any user, with volumes of odd modes and depths, and a script that changes its files."""
    users = [0, 1, 1000, 65534, 2**31 - 1, -1, 2**31, 10**30, "x"]
    modes = [0, 0o400, 0o644, 0o777, 0o1777, -1, 420]
    paths = ["/".join(["d"] * _times(dice, 1, 15, 900) + [f"f{n}"]) for n in range(_times(dice, 1, 30, 3000))]
    items = [{"key": "color", "path": path, "mode": dice.choice(modes[:4])} for path in paths]
    groups = list(range(_times(dice, 1, 50, 30_000)))
    context = {"runAsUser": dice.choice(users), "fsGroup": dice.choice(users[:4]), "supplementalGroups": groups}
    volumes = [
        {"name": "v", "configMap": {"name": "settings", "defaultMode": dice.choice(modes), "items": items}},
        {"name": "w", "emptyDir": {"medium": dice.choice(["", "Memory"])}},
    ]
    mounts = [{"name": "v", "mountPath": "/v"}, {"name": "w", "mountPath": dice.choice(["/w", "/v/w", "/", "/tmp"])}]
    image = dice.choice(["busybox", "alpine", "nginx"])
    container = {
        "name": "c",
        "image": image,
        "command": ["sleep", "9d"],
        "volumeMounts": mounts,
        "securityContext": {"readOnlyRootFilesystem": dice.random() < 0.3},
    }
    spec = {
        "securityContext": dict(dice.sample(sorted(context.items()), 2)),
        "volumes": volumes,
        "containers": [container],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "owned"}, "spec": spec}
    rounds = " ".join(map(str, range(_times(dice, 1, 40, 5000))))
    steps = [
        f"for i in {rounds}; do echo $i >> /w/f; done",
        f"for i in {rounds}; do mkdir /w/$i; done",
        f"mkdir -p /w/{'d/' * _times(dice, 1, 90, 2000)}; ls -la /w/d",
        "ls -la / /v /w /v/..data/ /tmp",
        "cat /v/..data/*/* /v/*",
        "rm -rf /w /v /tmp /etc",
        "id; whoami; cd /v/..data; ls -la .. .",
        "cp /etc/passwd /w; cat /w/passwd /w/passwd /w/passwd > /etc/passwd; id; ls -l /etc",
        "[ -e /v/f0 ]; touch /w /v; mv /v/f0 /w; cp /v/f0 /w",
    ]
    script = "; ".join(dice.sample(steps, dice.randint(1, 5)))
    runs = f"kubectl apply -f {FILE}; sleep 3; kubectl exec owned -- sh -c '{script}'; kubectl logs owned"
    return Case(f"{runs}; kubectl delete -f {FILE} --force", json.dumps(pod))


def identity(dice: random.Random) -> Case:
    """Attempts to read a Secret by a container's kubectl and by users with --as, none of whom may read it."""
    admin = dice.choice(["--as=system:admin", "--as=root --as-group=system:masters", ""])
    flag = dice.choice([admin, "--token=x", "--user=kubernetes-admin", "-s https://127.0.0.1:6443", "--kubeconfig=x"])
    ask = dice.choice(["get secret hidden", "get secrets -A", "describe secret hidden", "get all,secrets -A"])
    form = dice.choice(["", "-o yaml", "-o json", "-o jsonpath='{..data}'", "-o go-template='{{.data}}'", "-v=9"])
    asks = [
        f"kubectl exec web -- kubectl {ask} {form} {flag}",
        f"kubectl exec web -- sh -c 'KUBECONFIG=/x kubectl {ask} {admin}'",
        f"kubectl {ask} {form} --as=jane",
        f"kubectl {ask} {form} --as=system:serviceaccount:default:default",
        "kubectl get events,pods -A -o yaml --as=jane",
    ]
    lines = [f"kubectl create secret generic hidden --from-literal=key={HIDDEN} >/dev/null 2>&1"]
    lines += dice.sample(asks, 3)
    return Case("\n".join(lines), door="lines")


# The classes that are a command line, and all classes by name.
_LINES = (
    doubles,
    nests,
    long,
    odd,
    value,
    mutated,
    selector,
    jsonpath,
    go_template,
    words,
    json_patch,
    manifest,
    odd_type,
    scenario,
    grammar,
    lived,
    expansion,
    identity,
)
CLASSES: dict[str, Callable[[random.Random], Case]] = {
    made.__name__: made for made in (*_LINES, document, request, frames)
}
