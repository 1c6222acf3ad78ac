"""Input lines: kubectl's real verbs, flags, kinds and names, mixed with garbage; shell lines; spoiled recordings."""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from kubesim.api import load_yaml, resources
from kubesim.gotext.pflag import Flag
from kubesim.kubectl.catalogue import GLOBAL
from kubesim.kubectl.command import Command
from tools.commands import all_commands

from .garbage import garbage

RECORDINGS = Path(__file__).parents[1] / "golden"

# A step of a recording: ("run", a line), ("sleep", seconds), or the name of a file and its text.
Step = tuple[str, str]


@cache
def recordings() -> list[list[Step]]:
    """The steps of every recording."""
    found = (load_yaml(path) for path in sorted(RECORDINGS.glob("*.yaml")))
    return [list(map(_step, recording["steps"])) for recording in found if "steps" in recording]


def _step(step: dict[str, Any]) -> Step:
    """A step of a recording: a file that is written, a line that is run, or a pause."""
    if "file" in step:
        return step["file"], step["text"]
    return ("run", step["run"]) if "run" in step else ("sleep", str(step["sleep"]))


@cache
def recorded_lines() -> list[str]:
    """Every line of the recordings."""
    return list(dict.fromkeys(text for steps in recordings() for name, text in steps if name == "run"))


@cache
def recorded_files() -> list[str]:
    """The text of every file of the recordings."""
    steps = (step for steps in recordings() for step in steps)
    return list(dict.fromkeys(text for name, text in steps if name not in ("run", "sleep")))


# Words for resources: every name of each type, and forms that kubectl takes or refuses.
kinds = st.sampled_from(
    [name for resource in resources.RESOURCES for name in (resource.plural, resource.singular, *resource.short_names)]
    + ["all", "pods,secrets", "deployments.apps", "deployments.v1.apps", "pod/web", "pods/log", "secret/good", "foos"]
)
# Names of objects: those of the cluster that probe.WORLD fills, and one that is none.
names = st.sampled_from(
    [
        *("web", "denied", "done", "crash", "shop", "good", "plain", "settings", "builder", "reader", "readers"),
        *("default", "team", "sim-worker", "kubernetes", "kube-root-ca.crt", "kube-system", "nosuch"),
    ]
)
_FILES = ["pod.yaml", "many.yaml", "broken.yaml", "config.json", "folder", "nosuch.yaml", "-", ".", "/etc/passwd"]
_FORMATS = ["wide", "yaml", "json", "name", "jsonpath={.metadata.name}", "jsonpath={range .items[*]}{.kind}{end}"]
_FORMATS += ["custom-columns=A:.metadata.name", "go-template={{.kind}}", "kyaml"]
_FORMATS += ["go-template={{range .items}}{{index .data 1}}{{end}}", "go-template", "custom-columns=A", "jsonpath={["]
# Values of flags, by flag.
_VALUES = {
    "namespace": ["default", "team", "kube-system", "nosuch"],
    "output": _FORMATS,
    "filename": _FILES,
    "from-file": ["config.json", ".dockerconfigjson=config.json", "a=broken.yaml", "folder", "=x"],
    "selector": ["app=web", "app in (web,shop)", "!app", "app!=web", "a=b,c"],
    "field-selector": ["status.phase=Running", "metadata.name=web", "spec.nodeName!=", "foo=bar"],
    "sort-by": [".metadata.name", "{.spec}", ".status.containerStatuses[0].restartCount", ".nope"],
    "patch": ['{"metadata":{"labels":{"a":"b"}}}', '[{"op":"add","path":"/metadata/labels/x","value":"y"}]', "a: b"],
    "type": ["json", "merge", "strategic", "Opaque", "kubernetes.io/dockerconfigjson"],
    "dry-run": ["client", "server", "none"],
    "as": ["jane", "system:serviceaccount:default:builder", "system:anonymous"],
    "image": ["nginx", "registry.example.com/myapp:1.0", "busybox:1.36", "UPPER", "a b"],
    "restart": ["Always", "Never", "OnFailure"],
    "for": ["condition=Ready", "delete", "jsonpath={.status.phase}=Running", "create", "condition=Ready=false"],
    "from-literal": ["a=b", "a", "=b", "a=b=c"],
    "overrides": ['{"spec":{"restartPolicy":"Never"}}', "[]", "{"],
    "docker-server": ["registry.example.com", "https://index.docker.io/v1/"],
    "cascade": ["background", "foreground", "orphan"],
    "verb": ["get", "list,watch", "*"],
    "resource": ["pods", "secrets", "deployments.apps", "pods/log", "*"],
    "subresource": ["status", "scale"],
}
# Values of other flags, by the type of the value.
_BY_KIND = {
    "switch": st.sampled_from(["true", "false", "T", "maybe"]),
    "number": st.sampled_from(["0", "1", "2", "-1", "5", "2147483647", "99999999999", "x"]),
    "duration": st.sampled_from(["1s", "0", "-1s", "1m30s", "1h", "99999h", "x", "1"]),
}


def _value(flag: Flag) -> st.SearchStrategy[str]:
    """A value for a flag, garbage one time in four."""
    usual = st.sampled_from(_VALUES[flag.name]) if flag.name in _VALUES else _BY_KIND.get(flag.kind, names)
    return st.one_of(usual, usual, usual, garbage)


@st.composite
def _flag_words(draw: st.DrawFn, command: Command) -> list[str]:
    """A flag that the command has, as one or two words."""
    flag = draw(st.sampled_from([*command.flags, *GLOBAL]))
    written = f"-{flag.short}" if flag.short and draw(st.booleans()) else f"--{flag.name}"
    if flag.bare is not None and draw(st.integers(0, 4)):
        return [written]
    return draw(st.sampled_from([[f"{written}={(value := draw(_value(flag)))}"], [written, value]]))


_operand = st.one_of(kinds, names, names, st.builds("{}/{}".format, kinds, names), garbage)
# Ends of command lines; one that is often empty.
_TAILS = [[], [], [], [], ["--", "sh", "-c", "echo hi; sleep 5; exit 2"], ["--", "cat", "/etc/marker"], ["--"], ["a=b"]]


@st.composite
def kubectl_words(draw: st.DrawFn) -> list[str]:
    """The words of a kubectl command, with flags that it has, kinds, names and garbage, in any order."""
    command = draw(st.sampled_from(all_commands()))
    operands = draw(st.lists(_operand, max_size=3))
    if draw(st.booleans()):
        operands = [draw(kinds), draw(names), *operands[:1]]
    pieces = [[word] for word in operands] + draw(st.lists(_flag_words(command), max_size=4))
    words = [word for piece in draw(st.permutations(pieces)) for word in piece]
    return ["kubectl", *command.path, *words, *draw(st.sampled_from(_TAILS))]


def _quoted(words: list[str]) -> str:
    """A command line of these words."""
    return " ".join(map(shlex.quote, words))


@st.composite
def mutated_lines(draw: st.DrawFn) -> str:
    """A recorded line in which up to three words, or letters, are removed, replaced or preceded by others."""
    line = draw(st.sampled_from(recorded_lines()))
    parts = line.split(" ") if draw(st.integers(0, 3)) else list(line)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(parts)))
        new = draw(st.lists(st.one_of(garbage, names, kinds), max_size=1))
        parts[at : at + draw(st.integers(0, 2))] = new
    return (" " if " " in line and len(parts) < len(line) else "").join(parts)


# Labels and annotations that components of the cluster read.
_KEYS = ["kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision", "pod-template-hash"]
_KEYS += ["kubernetes.io/change-cause", "kubectl.kubernetes.io/restartedAt", "app", "kubernetes.io/metadata.name"]
# Commands that set one of these keys to a value that the component doesn't expect.
marking_lines = st.builds(
    lambda verb, target, key, value: _quoted(["kubectl", verb, "--overwrite", *target.split(), f"{key}={value}"]),
    st.sampled_from(["annotate", "annotate", "label"]),
    st.sampled_from(
        ["pod web", "deployment shop", "rs --all", "pods --all", "secret good", "ns team", "node sim-worker"]
    ),
    st.sampled_from(_KEYS),
    st.one_of(
        garbage, st.sampled_from(["[]", "{", "null", '{"spec":[1]}', '{"metadata":{"annotations":{"a":1}}}', "-3"])
    ),
)

kubectl_lines = st.one_of(kubectl_words().map(_quoted), mutated_lines(), marking_lines)


# Changes of a recording's steps; most steps stay.
_FATES = ("omit", "spoil", "repeat", *["keep"] * 7)


@st.composite
def spoiled_recordings(draw: st.DrawFn) -> list[Step]:
    """A recording in which some steps are left out, repeated or spoiled: a tenth of them each."""
    steps = []
    for name, text in draw(st.sampled_from(recordings())):
        fate = draw(st.sampled_from(_FATES))
        if fate == "spoil" and name != "sleep":
            text = draw(spoiled(text))
        steps += [(name, text)] * {"omit": 0, "repeat": 2}.get(fate, 1)
    return steps


@st.composite
def spoiled(draw: st.DrawFn, text: str) -> str:
    """A text in which garbage is inserted once or twice, instead of up to four characters."""
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(garbage) + text[at + draw(st.integers(0, 4)) :]
    return text


# Operators between commands, and commands and beginnings of compound commands.
_GLUE = [" | ", " && ", " || ", "; ", "\n", " > out.txt; ", " | grep -c ", " 2>&1 | ", " & ", " < "]
_SHELL = ["echo a", "cat pod.yaml", "base64 -d", "sort -r", "head -1", "wc -l", "X=1", "for i in 1 2; do", "done", "fi"]
_SHELL += ["while true; do", "if true; then", "cat <<EOF", "EOF", "$(kubectl get pods -o name)", "sed s/a/b/"]
_SHELL += [
    "sleep 1",
    "kubectl get pods -o name",
    "xargs kubectl delete",
    "kubectl apply -f -",
    "export A=$B",
    "cd ..",
    "rm -r .",
]
shell_lines = st.lists(
    st.one_of(st.sampled_from(_SHELL), kubectl_lines, st.sampled_from(_GLUE), garbage), min_size=1, max_size=6
).map(" ".join)
