"""Play recordings of a real cluster against kubesim and show what differs.

    python tools/golden.py [NAME ...]    of all recordings in tests/golden and its folders, or of those named
    python tools/golden.py real [NAME …] the same with the real kubectl, which talks to the served cluster
    python tools/golden.py table         write docs/fidelity.md: how many commands agree, with either kubectl
    python tools/golden.py add FILE      take a new recording in, after checking its form

What no two clusters share (uids, times, addresses and the like) is masked on both sides. Column gaps are compared
exactly, unless a masked word in the output may have moved the columns; the lines under `Events:` are a set, because a
real kubelet's order within a second is chance.
"""

from __future__ import annotations

import difflib
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kubesim.api import load_yaml

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "golden"
FAILURES = FOLDER / "failures"  # pulls that fail for other reasons than credentials
BREADTH = FOLDER / "breadth"  # what kubectl says of other things than pulls
OWN = (FAILURES, BREADTH)  # played by kubesim's kubectl only: the real one would wait, or print what depends on chance
WORLD = FOLDER / "registries.yaml"  # the recorded registries and images
sys.path.insert(0, str(FOLDER.parent.parent))

from kubesim import Session  # noqa: E402 (kubesim need not be installed)
from tools.realkubectl import RealSession  # noqa: E402

Recording = dict[str, Any]

_NODE_DEBUG = "debugging a node isn't simulated, so its Pod is missing"
_LEFT_OUT = "objects of this type are left out"
_KUSTOMIZE = "of kustomize, prefixes, labels and patches are left out"
_NO_SUBJECT = "kubectl set subject and auth reconcile, which were left out, had changed it"
_NO_SET = "kubectl set selector and set resources, which were left out, had changed it"
_CLAIMS = "claims are left out, so the StatefulSet with volumeClaimTemplates is refused"
_SCHEDULED = "affinity between Pods, topology spread and scheduling gates aren't simulated, which a warning says"
_MEMORY = "how much memory a process needs isn't simulated"
# Recorded commands that kubesim answers differently, by recording, each with the reason.
KNOWN: dict[str, dict[str, str]] = {
    "cronjob": {
        "kubectl describe cronjob tick": "the recorded session began eight seconds before a full minute",
    },
    "debug": {
        "kubectl debug node/sim-worker --image=busybox -- sh -c 'echo on the node'": _NODE_DEBUG,
        "kubectl get pods --no-headers -o custom-columns=N:.metadata.name | sed -E 's/sim-worker-.*/sim-worker-X/'": (
            _NODE_DEBUG
        ),
    },
    "describe-kinds": {
        "kubectl get apiservices | head -4": _LEFT_OUT,
        "kubectl get csinodes,volumeattachments": _LEFT_OUT,
        "kubectl get leases -n kube-node-lease": _LEFT_OUT,
    },
    "kustomize": {
        "kubectl kustomize prod": _KUSTOMIZE,
        "kubectl kustomize patched": _KUSTOMIZE,
        "kubectl kustomize bad": _KUSTOMIZE,
        "kubectl apply -k prod": _KUSTOMIZE,
        "kubectl get all,cm,secret -n prod -l env=prod": _KUSTOMIZE,
        "kubectl diff -k prod": _KUSTOMIZE,
        "kubectl get -k prod": _KUSTOMIZE,
        "kubectl delete -k prod": _KUSTOMIZE,
    },
    "oom": {
        "kubectl get pods": _MEMORY,
        "kubectl describe pod hungry | sed -n '/State/,/Restart/p'": _MEMORY,
    },
    "pod-runtime": {
        "kubectl exec term -- ps | awk '{print $1,$4,$5}' | head -2": (
            "the busybox that was recorded is Debian's, whose ps has no column TIME"
        ),
        "kubectl attach nosuch": "the command isn't simulated, so it is refused before the Pod is looked for",
    },
    "rbac-auth": {
        "kubectl auth can-i --list -n dev --as=system:serviceaccount:dev:ci": (
            "OpenShift's build lets everybody read /.well-known"
        ),
        "kubectl describe role reader -n dev": _NO_SUBJECT,
        "kubectl describe rolebinding ci-reader -n dev": _NO_SUBJECT,
        "kubectl create clusterrole agg --aggregation-rule=x=y": "aggregated roles aren't simulated",
    },
    "set-commands": {
        "kubectl set image deployment/web nginx=nginx:1.28 --local": "--local isn't simulated",
        "kubectl set env deployment/web --list --resolve": "--resolve isn't simulated",
        "kubectl get service web -o jsonpath='{.spec.selector}{\"\\n\"}'": _NO_SET,
        "kubectl describe rolebinding view": _NO_SUBJECT,
        "kubectl get deployment web -o yaml": _NO_SET,
        "kubectl describe deployment web": _NO_SET,
    },
    "statefulset-update": {
        "kubectl apply -f vct.yaml": _CLAIMS,
        "kubectl get pods -l app=store": _CLAIMS,
        "kubectl describe pod store-0 | sed -n '/^Events/,$p'": _CLAIMS,
        "kubectl describe sts store": _CLAIMS,
        "kubectl delete sts store": _CLAIMS,
    },
    "taints-unschedulable": {
        "kubectl apply -f sel.yaml": _SCHEDULED,
        "kubectl get pods -o wide": _SCHEDULED,
        "kubectl get events --field-selector reason=FailedScheduling "
        "-o custom-columns=POD:.involvedObject.name,MESSAGE:.message | sort": _SCHEDULED,
        "kubectl describe pod gated | sed -n '/^Conditions/,$p'": _SCHEDULED,
        "kubectl describe pod spread | sed -n '/^Node-Sel/,$p'": _SCHEDULED,
        "kubectl describe node sim-worker | sed -n '/^Non-terminated/,/^Allocated/p'": _SCHEDULED,
    },
    "delete-replace": {
        "kubectl get pods": "how long a Pod stays after its containers have ended differed from one run to the next",
    },
    "events-cmd": {
        "kubectl get events -o wide --field-selector involvedObject.name=good": (
            "the recorded scheduler ran on a machine called default-scheduler-vm"
        ),
    },
    "formats": {
        "kubectl get secrets -A": "lists Secrets that other recorded sessions had left behind",
        "kubectl get ns --show-labels": "lists namespaces that other recorded sessions had left behind",
    },
    "image-volume": {
        "kubectl exec reader -- cat /data/etc/marker": (
            "the file in the image ends in a newline here, in an earlier recording it does not"
        ),
    },
    "typos-change": {
        "kubectl port-forward": "the command isn't simulated, so it is refused before its arguments are looked at",
    },
    "yaml-dumps": {
        "kubectl get endpointslices -l kubernetes.io/service-name=web -o yaml": (
            "whether a Service's controller sees a Pod's address before the Pod is ready is a matter of milliseconds"
        ),
    },
    "status-429": {
        "kubectl get pod limited -o jsonpath='{.status.containerStatuses[0].state.waiting.message}{\"\\n\"}'": (
            "some seconds after an attempt, the message flips between that of the pull and that of the back-off"
        ),
    },
}

# The same of the real kubectl: what it says of the place and the credential that the served cluster has.
KNOWN_REAL = {
    "context-and-cluster": {
        "kubectl config view": "the served cluster has a port of its own, and a token lets in",
        "kubectl cluster-info": "the served cluster has a port of its own",
    },
    **KNOWN,
}

_AGE = r"(?:\d+(?:\.\d+)?(?:ms|µs|[smhd]))+"
_ID = "[bcdfghjklmnpqrstvwxz2456789]"  # the letters of generated names
_MASKS = [
    (re.compile(pattern), shown)
    for pattern, shown in (
        (r"\b[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ (\w+\.go):\d+\]", r"<klog \1>"),
        (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uid>"),
        (r"(?<=sha256:)[0-9a-f]{12,64}", "<digest>"),
        (r"\b[0-9a-f]{64}\b", "<container>"),
        (r"(resourceVersion\"?: ?)\"?\d+\"?", r"\1<version>"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", "<time>"),
        (r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "<time>"),
        (r"\b(?:10\.\d+|192\.0)\.\d+\.\d+\b", "<ip>"),
        (rf"(?<=[a-z0-9])-{_ID}{{8,10}}(-{_ID}{{5}})?\b", "-<hash>"),
        (rf"(?<=[a-z0-9])-{_ID}{{5}}\b", "-<id>"),
        (r"(?<=[a-z])-\d{8}\b", "-<minute>"),
        (r"(?<=Image size: )\d+", "<n>"),
        (r"(?<=[a-z0-9])\.[0-9a-f]{16}\b", ".<event>"),
        (r"(pod-template-hash\"?[=:] ?\"?)[a-z0-9]{8,10}", r"\1<hash>"),
        (rf" \(x\d+ over {_AGE}\)", " <times>"),
        (rf"(?<![\w.=-]){_AGE}(?![\w-])", "<age>"),
    )
]


def difference(recorded: str, got: str, title: str) -> str:
    """A unified diff of two outputs, whole; "" where they are the same as far as two clusters can be."""
    (want, one), (have, other) = _masked(recorded), _masked(got)
    before, after = _screen(want, one or other), _screen(have, one or other)
    return "\n".join(difflib.unified_diff(before, after, f"{title} recorded", f"{title} by kubesim", lineterm="", n=1))


def _masked(text: str) -> tuple[str, bool]:
    """`text` with a name for everything that differs between clusters, and whether there was anything."""
    count = 0
    for pattern, shown in _MASKS:
        text, found = pattern.subn(shown, text)
        count += found
    return text, count > 0


def _screen(text: str, is_masked: bool) -> list[str]:
    """The lines to compare: gaps alike where a masked word may have moved the columns, events in order, each once.

    OpenShift's build of Kubernetes, which was recorded, publishes a ConfigMap that plain Kubernetes doesn't have.
    """
    lines = [line for line in text.split("\n") if "openshift-service-ca.crt" not in line]
    if is_masked:
        lines = [re.sub(r"(?<=\S) {2,}", "  ", line.replace(" <times>", "")) for line in lines]
    ordered: list[str] = []
    events: list[str] | None = None
    for line in [*lines, "."]:
        if events is not None and (not line or line.startswith("  ")):
            events.append(line)
            continue
        ordered += sorted(set(events or ()))
        events = [] if line.startswith("Events:") else None
        ordered.append(line)
    return ordered[:-1]


def load(path: Path) -> Recording:
    """The recording in a file."""
    recording: Recording = load_yaml(path)
    return recording


def play(recording: Recording, session: Session | None = None) -> Iterator[tuple[str, str]]:
    """Each command of a recording as it is played in a fresh session, and how the answer differs ("": not at all)."""
    beside = find(recording["name"]).with_name("world.yml")
    world = beside if beside.is_file() else WORLD
    session = session or Session(registries=world, node=recording.get("node"))
    for step in recording["steps"]:
        if "file" in step:
            session.write_file(step["file"], step["text"])
        elif "sleep" in step:
            session.advance(step["sleep"])
        else:
            answer = _answer(session, step)
            if not step.keys() & _NOT_COMPARED:
                yield step["run"], answer


def _answer(session: Session, step: dict[str, Any]) -> str:
    result = session.run(step["run"])
    parts = [difference(step[name], getattr(result, name), name) for name in ("stdout", "stderr")]
    if result.exit_code != step["exit"]:
        parts.append(f"exit status {step['exit']} recorded, {result.exit_code} by kubesim")
    return "\n".join(filter(None, parts))


def play_real(recording: Recording) -> list[tuple[str, str]]:
    """As `play`, by the real kubectl; this takes its time."""
    with RealSession(registries=WORLD) as session:
        return list(play(recording, session))


def surprises(name: str, played: Iterable[tuple[str, str]], all_known: dict[str, dict[str, str]]) -> list[str]:
    """What is not as `all_known` says: each unknown difference, and each known one that is none any more."""
    known = all_known.get(name, {})
    answers = list(played)
    differing = {command for command, differs in answers if differs}
    found = []
    for command, differs in answers:
        if differs and command not in known:
            found.append(f"$ {command}\n{differs}")
        elif command in known.keys() - differing:
            found.append(f"$ {command}\nmatches now: take it out of KNOWN in tools/golden.py")
    return found


_NOT_COMPARED = {"varies", "outside"}
"""What marks a step that is only played: a real cluster has several answers to it, or kubesim leaves its kind out."""
_STEPS: tuple[dict[str, type | tuple[type, ...]], ...] = (
    {"file": str, "text": str},
    {"sleep": (int, float)},
    {"run": str, "exit": int, "stdout": str, "stderr": str},
)


def mistakes(recording: Any) -> list[str]:
    """What is wrong with the form of a recording."""
    if not isinstance(recording, dict) or not isinstance(recording.get("steps"), list):
        return ["a recording is a map with a list of steps"]
    wrong = [f"{key} is missing" for key in ("name", "title", "recorded_on") if not recording.get(key)]
    for number, step in enumerate(recording["steps"], 1):
        if not isinstance(step, dict) or not any(_is_step(step, form) for form in _STEPS):
            wrong.append(f"step {number} is neither file and text, nor sleep, nor run with exit, stdout and stderr")
    return wrong


def _is_step(step: dict[str, Any], form: dict[str, type | tuple[type, ...]]) -> bool:
    return set(step) - {"at"} - _NOT_COMPARED == set(form) and all(
        isinstance(step[key], kind) for key, kind in form.items()
    )


def add(source: Path) -> list[str]:
    """Copy a recording in under its own name; return why not, if so."""
    recording = load(source)
    wrong = mistakes(recording)
    if not wrong:
        shutil.copyfile(source, FOLDER / f"{recording['name']}.yaml")
    return wrong


def show(names: Sequence[str], *, real: bool = False) -> bool:
    """Print what differs in the named recordings, or in all; say whether anything does that is not known."""
    surprised = False
    everything = recorded() if real else [*recorded(), *recorded(*OWN)]
    for recording in [load(find(name)) for name in names or everything]:
        known = (KNOWN_REAL if real else KNOWN).get(recording["name"], {})
        for command, differs in play_real(recording) if real else play(recording):
            if differs:
                surprised |= command not in known
                print(f"{recording['name']} $ {command}\n{known.get(command, differs)}\n")
    return surprised


def recorded(*folders: Path) -> list[str]:
    """The names of all recordings in some folders, or in the first one."""
    paths = [path for folder in folders or (FOLDER,) for path in sorted(folder.glob("*.yaml"))]
    return [path.stem for path in paths if path.name != WORLD.name]


def find(name: str) -> Path:
    """The file of the recording called `name`."""
    paths = [folder / f"{name}.yaml" for folder in (FOLDER, *OWN)]
    return next((path for path in paths if path.is_file()), paths[0])


def play_all_real() -> dict[str, Future[list[tuple[str, str]]]]:
    """Every recording played by the real kubectl, several at a time: most of it is waiting."""
    pool = ThreadPoolExecutor(5)
    names = sorted(recorded(), key=lambda name: "request-timeout" not in (FOLDER / f"{name}.yaml").read_text("utf-8"))
    futures = {name: pool.submit(play_real, load(FOLDER / f"{name}.yaml")) for name in names}
    pool.shutdown(wait=False)
    return futures


def table(real: dict[str, list[tuple[str, str]]]) -> str:
    """docs/fidelity.md, from what the real kubectl answered."""
    rows = [(name, list(play(load(FOLDER / f"{name}.yaml"))), real[name]) for name in recorded()]
    counts = [(name, len(own), agreeing(own), agreeing(other)) for name, own, other in rows]
    total = ("**all**", *(sum(column) for column in list(zip(*counts, strict=True))[1:]))
    lines = [f"| {name} | {commands} | {own} | {other} |" for name, commands, own, other in [*counts, total]]
    for name in recorded(*OWN):
        own = list(play(load(find(name))))
        lines.append(f"| {name} | {len(own)} | {agreeing(own)} | - |")
    known = [f"* `{command}`: {why}." for found in KNOWN_REAL.values() for command, why in found.items()]
    return _PAGE.format(rows="\n".join(lines), known="\n".join(known))


def agreeing(played: Iterable[tuple[str, str]]) -> int:
    """How many commands were answered as recorded."""
    return sum(not differs for _, differs in played)


_PAGE = """# Fidelity

`python tools/golden.py table` generates this page, and a test keeps it up to date.

Each recording was played on a real cluster and then twice here: by kubesim's own kubectl, and by the real kubectl
v1.36.4 that talks over HTTPS to the served cluster. The numbers say how many commands were answered as on the real
cluster, whole screens and exit status. Left out is what differs between any two clusters: uids, resource versions,
times, ages, addresses, digests, random suffixes, counts of events.

The recorded control plane was OpenShift's build of Kubernetes v1.36.2, as MicroShift carries its sources, with kubectl
v1.36.4. It publishes the ConfigMap `openshift-service-ca.crt`, which plain Kubernetes doesn't have, so its lines are
left out on both sides.

The recordings below the total are of pulls that fail for reasons other than credentials, and of what kubectl says of
other things. Only kubesim's kubectl plays them. The registries in them were a small server, also those that are called
like Docker Hub, GitHub, GitLab, Quay, Amazon ECR and Harbor: it gave the statuses after public reports, and what the
container runtime and the kubelet make of them was recorded.

`python tools/differential.py` generates command lines and compares the two kubectls. Lines with two mistakes aren't
compared, because which of the two is reported first isn't simulated.

In every recording, containers run as root. What another user may not read or write, and how `id` shows it, is from the
sources of Kubernetes (`pkg/volume`), containerd (`pkg/oci`), busybox, dash and coreutils.

`metadata.managedFields` isn't kept, so `--show-managed-fields` adds nothing, and server-side apply, which
depends on it, is refused. It would almost double the size of each object (3.0 of a Pod's 3.4 kB, 1.4 of a Deployment's
1.6 kB), and each write would take half as long again (0.06 of 0.13 ms), for something that kubectl hides.

| recording | commands | kubesim's kubectl | the real kubectl |
|---|---|---|---|
{rows}

What differs, and why (the first two only with the real kubectl):

{known}

## How sure `kubesim why` is

What an explanation says of its own certainty, against texts that it wasn't written for. Each was answered once before
anything was changed for it. The first rows are texts of our own in `tests/why/` (`texts.yaml` in the forms of
`forms.yaml`, `unseen.yaml`), with what must and must not be said of each; since then, all of them are tests. The last
nine rows are texts that people pasted into public threads; their words aren't ours to keep, so
`tests/why/threads.yaml` has texts of our own in the forms that were read wrongly.

| right at first sight | texts | certain | most likely | one of these | not understood |
|---|---|---|---|---|---|
| 71 sayings, each in 29 forms | 2059 | 565 of 565 | 617 of 696 (89 %) | 638 of 645 (99 %) | 153 |
| texts of one form | 32 | 12 of 13 | 9 of 9 | 7 of 8 | 2 |
| more texts of one form | 87 | 19 of 21 | 14 of 16 | 35 of 43 | 4 |
| 45 texts of forms that none of those had | 45 | 7 of 11 | 7 of 12 | 8 of 14 | 8 |
| public threads | 64 | 14 of 17 | 7 of 10 | 20 of 30 | 7 |
| public threads, after those were taught | 46 | 9 of 12 | 14 of 19 | 11 of 11 | 4 |
| public threads, after those, too | 31 | 9 of 9 | 1 of 1 | 10 of 16 | 5 |
| more public threads | 81 | 19 of 22 | 22 of 26 | 21 of 27 | 6 |
| and more, after those were taught | 33 | 10 of 12 | 6 of 9 | 9 of 9 | 3 |
| and more, after those, too | 19 | 2 of 2 | 7 of 8 | 9 of 9 | 0 |
| public threads of more programs (`pack`, Argo CD, Flux, Tekton, …) | 77 | 10 of 15 | 19 of 23 | 21 of 34 | 5 |
| and more, after those were taught | 20 | 2 of 4 | 3 of 4 | 11 of 12 | 0 |
| and more, after those, too | 10 | 0 of 0 | 4 of 4 | 3 of 4 | 2 |

"Right" asks for more than the cause: the image, the Pod and its namespace where the text has them, evidence that is
the sentence itself, and a fix that this reader can carry out. By the cause alone, "certain" was right in 88 of the 93
answers about public threads (95 %). Of the other five, one called a controller's request that of a node, and one
helm's that of a controller; one sent a reader to the registry for a layer that the node's own store lacked, one took a
missing ServiceAccount for a missing image, and one a refusal with a web page for something that is no registry. In the
last six sets, "most likely" was right about the cause in 64 of 74 (86 %): three of the other ten took what an old
Docker says of a private image for a missing tag, two a part that the node's store lacked for one. Of all 381 texts, 273
were right in everything (three more say that nothing is wrong with a pull, and `why` didn't say otherwise).
Sayings in several forms aren't independent of each other, so the sum of the rows says little.

What `why` can't read is a picture, a text in which the error itself was cut away (it then says which command shows
it), an error in a language other than English, and, of a text of more than 120,000 characters, the middle of its
lines about images: it says how many of them it left out.
"""
PAGE = FOLDER.parent.parent / "docs" / "fidelity.md"


def main(words: Sequence[str]) -> int:
    """Run the command line; the exit status is 1 where something unknown differs or a form is wrong, 2 as usage."""
    if words[:1] == ["add"]:
        wrong = [f"{name}: {text}" for name in words[1:] for text in add(Path(name))]
        print("".join(f"{line}\n" for line in wrong), end="")
        return int(bool(wrong))
    real = words[:1] == ["real"]
    if words == ["table"]:
        PAGE.write_text(table({name: future.result() for name, future in play_all_real().items()}), encoding="utf-8")
        return 0
    words = words[1:] if real else words
    if any(not find(name).is_file() for name in words):
        print(__doc__)
        return 2
    return int(show(words, real=real))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
