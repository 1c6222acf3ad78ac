"""`kubectl why`: a plugin for the real kubectl that explains why Pods don't get their images.

It runs the reader's own kubectl for reading only: Pods, their ServiceAccounts, events and owners, and the name, type
and keys of Secrets. Objects that the reader may not read are named, and the rest is explained.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kubesim.command import fail, finish
from kubesim.command.why import ALL_HELP, answer_about
from kubesim.why.hide.redact import printable
from kubesim.why.read.load import ExportError
from kubesim.why.tell.report import FORMS

PROGRAM = "kubectl why"
_ABOUT = (
    "Explain why Pods don't get their images: a Pod by its name, or all that wait. Your own kubectl reads the Pod, its "
    "ServiceAccount, events and owner, and of Secrets the name, type and keys. It changes nothing, and nothing is sent."
)
# kubectl's flags that are passed on to it.
_PASSED = ("context", "kubeconfig", "cluster", "user", "as", "as-group", "server", "token", "request-timeout")
# Passed flags whose value -v doesn't print.
_KEPT_BACK = ("token",)
_MOST_PODS = 300
# The largest number of namespaces: more don't fit on one screen.
_MOST_PLACES = 20
# The API groups of the kinds that create Pods, by apiVersion.
_OWNERS = {"apps/v1": "apps", "batch/v1": "batch"}
# A go-template for a Secret's type and keys, without values.
_SECRET = "{{.type}}{{range $key, $value := .data}} {{$key}}{{end}}"
# The placeholder for a value that kubectl wasn't asked for.
_HIDDEN = "***"
# Parts of the reasons of containers that wait for their image.
_PULLS = ("Image", "ErrImagePull", "RegistryUnavailable", "SignatureValidationFailed", "InvalidImageName")
Object = dict[str, Any]


class Refused(Exception):
    """kubectl failed without output. The message is its stderr."""


class Kubectl:
    """Runs the reader's own kubectl."""

    def __init__(self, flags: Sequence[str], *, is_verbose: bool) -> None:
        self._flags = flags
        self._is_verbose = is_verbose
        # kubectl's lines about forbidden objects, as an ordered set.
        self.forbidden: dict[str, None] = {}

    def run(self, *words: str) -> str:
        """Run kubectl and return its stdout. Raises Refused."""
        program = shutil.which("kubectl")
        if program is None:
            raise Refused("kubesim: there's no kubectl in the PATH")
        command = [program, *words, *self._flags]
        if self._is_verbose:
            print(f"$ {shlex.join(['kubectl', *words, *_without_values(self._flags)])}", file=sys.stderr, flush=True)
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        said = ran.stderr.decode("utf-8", "replace").strip()
        self.forbidden |= {line: None for line in said.splitlines() if "(Forbidden)" in line}
        if ran.returncode and not ran.stdout:
            raise Refused(said)
        return ran.stdout.decode("utf-8", "replace")

    def objects(self, *words: str) -> list[Object]:
        """Run `kubectl get` and return the objects. Raises Refused."""
        return list(_objects(self.run("get", *words, "-o", "json", "--ignore-not-found")))

    def found(self, *words: str) -> list[Object] | None:
        """Run `kubectl get` and return the objects, or None if kubectl refuses. `forbidden` then has its message."""
        try:
            return self.objects(*words)
        except Refused:
            return None


def _without_values(flags: Sequence[str]) -> Iterator[str]:
    for flag in flags:
        name, _, _value = flag.removeprefix("--").partition("=")
        yield f"--{name}={_HIDDEN}" if name in _KEPT_BACK else flag


def _objects(text: str) -> Iterator[Object]:
    """The objects in kubectl's JSON, with a list's items one by one, without managedFields."""
    if text.strip():
        found = json.loads(text)
        for item in found.get("items", [found]):
            item.get("metadata", {}).pop("managedFields", None)
            yield item


class Case(NamedTuple):
    """The objects read for some Pods. `knows_secrets`: each listed Secret was found, or is known to be missing."""

    objects: list[Object]
    knows_secrets: bool


def collect(kubectl: Kubectl, pods: list[Object], *, with_secrets: bool) -> Case:
    """Read the objects related to the Pods, as far as the reader may."""
    objects = [*pods]
    knows_secrets = True
    places: dict[str, list[Object]] = {}
    for pod in pods:
        places.setdefault(pod["metadata"].get("namespace", "default"), []).append(pod)
    for place, here in places.items():
        at = ("-n", place)
        accounts = {pod["spec"].get("serviceAccountName") or "default" for pod in here}
        found = kubectl.found("serviceaccount", *sorted(accounts), *at) or []
        secrets = _read_secrets(kubectl, place, _pull_secrets([*here, *found]), with_secrets=with_secrets)
        knows_secrets &= secrets is not None
        objects += [*found, *(secrets or ()), *_events(kubectl, place, here), *_owners(kubectl, place, here)]
    return Case(objects, knows_secrets)


def _pull_secrets(objects: Iterable[Object]) -> list[str]:
    """The different pull secrets that Pods and ServiceAccounts list."""
    lists = ((obj.get("spec", {}).get("imagePullSecrets") or obj.get("imagePullSecrets") or ()) for obj in objects)
    return sorted({item["name"] for items in lists for item in items if item.get("name")})


def _read_secrets(kubectl: Kubectl, place: str, names: Sequence[str], *, with_secrets: bool) -> list[Object] | None:
    """Read the Secrets that exist, by default without values. None if the reader may not get them."""
    if with_secrets:
        return kubectl.found("secret", *names, "-n", place) if names else []
    found = []
    for name in names:
        try:
            told = kubectl.run("get", "secret", name, "-n", place, "--ignore-not-found", "-o", f"go-template={_SECRET}")
        except Refused:
            return None
        if told:
            kind, *keys = told.split(" ")
            values = dict.fromkeys(keys, _HIDDEN)
            found.append(
                {"kind": "Secret", "metadata": {"name": name, "namespace": place}, "type": kind, "data": values}
            )
    return found


def _events(kubectl: Kubectl, place: str, pods: Sequence[Object]) -> list[Object]:
    """The events of the Pods."""
    names = {pod["metadata"]["name"] for pod in pods}
    about = "involvedObject.kind=Pod"
    if len(names) == 1:
        about += f",involvedObject.name={next(iter(names))}"
    events = kubectl.found("events", "-n", place, "--field-selector", about) or []
    return [event for event in events if event.get("involvedObject", {}).get("name") in names]


def _owners(kubectl: Kubectl, place: str, objects: Sequence[Object]) -> list[Object]:
    """The owners of the objects, and the owners of these."""
    found: list[Object] = []
    for _ in range(2):  # two levels: a Deployment's ReplicaSet, a CronJob's Job
        owners: Mapping[str, None] = dict.fromkeys(filter(None, map(_owner, objects)))
        objects = (owners and kubectl.found(*owners, "-n", place)) or []
        found += objects
    return found


def _owner(obj: Object) -> str:
    """An object's controller as an argument of kubectl, "replicaset.apps/web-1"; "" for custom kinds or none."""
    for owner in obj["metadata"].get("ownerReferences", ()):
        if owner.get("controller") and (group := _OWNERS.get(owner.get("apiVersion", ""))):
            return f"{owner['kind'].lower()}.{group}/{owner['name']}"
    return ""


def waits(pod: Object) -> bool:
    """True if a Pod waits for an image, or is Pending."""
    status = pod.get("status", {})
    lists = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    states = [item.get("state", {}).get("waiting") or {} for name in lists for item in status.get(name) or ()]
    reasons = [state.get("reason", "") for state in states]
    return any(part in reason for reason in reasons for part in _PULLS) or status.get("phase") == "Pending"


# The command


def main(words: Sequence[str] | None = None) -> int:
    """Explain one Pod, or all that wait. The exit status is 1 if kubectl failed."""
    options = _parser().parse_args(words)
    return finish(lambda: _explain(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=_ABOUT)
    parser.add_argument(
        "pod", nargs="?", default="", metavar="POD", help="without one, all Pods that wait for an image"
    )
    parser.add_argument("-n", "--namespace", metavar="NAME", help="as kubectl has it")
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="the Pods of all namespaces")
    for name in _PASSED:
        parser.add_argument(f"--{name}", metavar="VALUE", action="append", help="passed on to kubectl")
    parser.add_argument("-v", "--verbose", action="store_true", help="print each command that is run")
    help_ = "read the values of pull secrets, too, to compare their registries; no password is shown"
    parser.add_argument("--with-secrets", action="store_true", help=help_)
    forms = "markdown for a ticket, json for a program"
    parser.add_argument("-o", "--output", default="text", choices=FORMS, help=forms)
    parser.add_argument("--all", action="store_true", help=ALL_HELP)
    parser.add_argument("--answer", default="", choices=("yes", "no"), help="to the question of an explanation")
    return parser


def _flags(options: argparse.Namespace) -> list[str]:
    """The flags to pass on to kubectl."""
    return [f"--{name}={value}" for name in _PASSED for value in getattr(options, name.replace("-", "_")) or ()]


def _explain(options: argparse.Namespace) -> int:
    """Read the Pods and what belongs to them, and print the explanation. Returns the exit status."""
    kubectl = Kubectl(_flags(options), is_verbose=options.verbose)
    place = ["-n", options.namespace] if options.namespace else []
    pod = options.pod.removeprefix("pods/").removeprefix("pod/").removeprefix("po/")
    if "/" in pod:
        return fail(f"which Pod? {PROGRAM} POD explains one, {PROGRAM} alone all that wait")
    try:
        if pod:
            pods = [next(_objects(kubectl.run("get", "pod", pod, *place, "-o", "json")))]
        else:
            place = ["-A"] if options.all_namespaces else place
            pods = _first(list(filter(waits, kubectl.objects("pods", *place))))
    except Refused as refused:
        print("\n".join(map(printable, str(refused).splitlines())), file=sys.stderr)
        return 1
    if not pods:
        print("No Pod waits for an image.")
        return 0
    case = collect(kubectl, pods, with_secrets=options.with_secrets)
    for line in kubectl.forbidden:
        print(f"kubesim: explained without it: {printable(line).partition('(Forbidden): ')[2]}", file=sys.stderr)
    try:
        text = json.dumps({"kind": "List", "items": case.objects})
        answer_about([text], pod, options.answer, options.output, whole=options.all, has_secrets=case.knows_secrets)
    except ExportError as error:
        return fail(str(error))
    return 0


def _first(pods: list[Object]) -> list[Object]:
    """The Pods to explain, of the first namespaces. The number of Pods left out is printed."""
    places = sorted({pod["metadata"].get("namespace", "") for pod in pods})[:_MOST_PLACES]
    kept = [pod for pod in pods if pod["metadata"].get("namespace", "") in places][:_MOST_PODS]
    if left := len(pods) - len(kept):
        print(f"kubesim: {left} more Pods wait: ask for a namespace with -n", file=sys.stderr)
    return kept


# Completion: kubectl runs the program kubectl_complete-why with the words so far, the last of them unfinished.


def complete(words: Sequence[str] | None = None) -> int:
    """Print the completions of the last word in the form that kubectl expects."""
    *before, last = (sys.argv[1:] if words is None else words) or [""]
    # 4 means: don't complete file names
    print(*(word for word in _candidates(before, last) if word.startswith(last)), ":4", sep="\n")
    return 0


def _candidates(before: list[str], last: str) -> Iterable[str]:
    flag = before[-1] if before else ""
    parser = _parser()
    if last.startswith("-"):
        return [option for action in parser._actions for option in action.option_strings if option.startswith("--")]
    if flag in ("-o", "--output"):
        return list(FORMS)
    if flag in ("-n", "--namespace"):
        return _names("namespaces", [])
    options, _ = parser.parse_known_args(before)
    return _names("pods", [*_flags(options), *(["-n", options.namespace] if options.namespace else [])])


def _names(resource: str, flags: list[str]) -> list[str]:
    template = '{{range .items}}{{.metadata.name}}{{"\\n"}}{{end}}'
    try:
        return Kubectl(flags, is_verbose=False).run("get", resource, "-o", f"go-template={template}").splitlines()
    except Refused:
        return []


if __name__ == "__main__":
    sys.exit(main())
