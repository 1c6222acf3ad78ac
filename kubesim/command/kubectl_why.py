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
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from kubesim.command import fail, run_guarded
from kubesim.command.why import ALL_HELP, print_explanation
from kubesim.why.hide.redact import printable
from kubesim.why.read.load import ExportError
from kubesim.why.tell.report import FORMS

PROGRAM = "kubectl why"
_ABOUT = (
    "Explain why Pods don't get their images: a Pod by its name, or all that wait. Your own kubectl reads the Pod, its "
    "ServiceAccount, events and owner, and of Secrets the name, type and keys. It changes nothing, and nothing is sent."
)
# kubectl's flags that are passed on to it.
_PASSED_FLAGS = ("context", "kubeconfig", "cluster", "user", "as", "as-group", "server", "token", "request-timeout")
# Passed flags whose value -v doesn't print.
_SECRET_FLAGS = ("token",)
_MOST_PODS = 300
# The largest number of namespaces: more don't fit on one screen.
_MOST_NAMESPACES = 20
# The API groups of the kinds that create Pods, by apiVersion.
_OWNER_GROUPS = {"apps/v1": "apps", "batch/v1": "batch"}
# A go-template for a Secret's type and keys, without values.
_SECRET_TEMPLATE = "{{.type}}{{range $key, $value := .data}} {{$key}}{{end}}"
# The placeholder for a value that kubectl wasn't asked for.
_HIDDEN = "***"
# Parts of the reasons of containers that wait for their image.
_PULL_REASONS = ("Image", "ErrImagePull", "RegistryUnavailable", "SignatureValidationFailed", "InvalidImageName")
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
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        stderr = result.stderr.decode("utf-8", "replace").strip()
        self.forbidden |= {line: None for line in stderr.splitlines() if "(Forbidden)" in line}
        if result.returncode and not result.stdout:
            raise Refused(stderr)
        return result.stdout.decode("utf-8", "replace")

    def get(self, *words: str) -> list[Object]:
        """Run `kubectl get` and return the objects. Raises Refused."""
        return list(_objects(self.run("get", *words, "-o", "json", "--ignore-not-found")))

    def get_if_allowed(self, *words: str) -> list[Object] | None:
        """Run `kubectl get` and return the objects, or None if kubectl refuses. `forbidden` then has its message."""
        try:
            return self.get(*words)
        except Refused:
            return None


def _without_values(flags: Sequence[str]) -> Iterator[str]:
    """The flags as -v prints them, with a placeholder for the values of _SECRET_FLAGS."""
    for flag in flags:
        name, _, _value = flag.removeprefix("--").partition("=")
        yield f"--{name}={_HIDDEN}" if name in _SECRET_FLAGS else flag


def _objects(text: str) -> Iterator[Object]:
    """The objects in kubectl's JSON, with a list's items one by one, without managedFields."""
    if text.strip():
        document = json.loads(text)
        for item in document.get("items", [document]):
            item.get("metadata", {}).pop("managedFields", None)
            yield item


class Export(NamedTuple):
    """The objects read for some Pods. `has_secrets`: each listed Secret was found, or is known to be missing."""

    objects: list[Object]
    has_secrets: bool


def collect(kubectl: Kubectl, pods: list[Object], *, reads_values: bool) -> Export:
    """Read what is related to the Pods, as far as the reader may. `reads_values` is about the values of Secrets."""
    objects = list(pods)
    has_secrets = True
    by_namespace: dict[str, list[Object]] = {}
    for pod in pods:
        by_namespace.setdefault(_namespace_of(pod), []).append(pod)
    for namespace, neighbors in by_namespace.items():
        names = {pod["spec"].get("serviceAccountName") or "default" for pod in neighbors}
        accounts = kubectl.get_if_allowed("serviceaccount", *sorted(names), "-n", namespace) or []
        listed = _pull_secrets([*neighbors, *accounts])
        secrets = _read_secrets(kubectl, namespace, listed, reads_values=reads_values)
        has_secrets &= secrets is not None
        objects += [*accounts, *(secrets or ())]
        objects += [*_events(kubectl, namespace, neighbors), *_owners(kubectl, namespace, neighbors)]
    return Export(objects, has_secrets)


def _namespace_of(pod: Object) -> str:
    namespace: str = pod["metadata"].get("namespace", "default")
    return namespace


def _pull_secrets(objects: Iterable[Object]) -> list[str]:
    """The names of the pull secrets that Pods and ServiceAccounts list, each once."""
    lists = ((obj.get("spec", {}).get("imagePullSecrets") or obj.get("imagePullSecrets") or ()) for obj in objects)
    return sorted({item["name"] for items in lists for item in items if item.get("name")})


def _read_secrets(kubectl: Kubectl, namespace: str, names: Sequence[str], *, reads_values: bool) -> list[Object] | None:
    """Read the Secrets that exist, by default without values. None if the reader may not get them."""
    if reads_values:
        return kubectl.get_if_allowed("secret", *names, "-n", namespace) if names else []
    secrets = []
    only_keys = ("-n", namespace, "--ignore-not-found", "-o", f"go-template={_SECRET_TEMPLATE}")
    for name in names:
        try:
            type_and_keys = kubectl.run("get", "secret", name, *only_keys)
        except Refused:
            return None
        if type_and_keys:
            secret_type, *keys = type_and_keys.split(" ")
            meta = {"name": name, "namespace": namespace}
            data = dict.fromkeys(keys, _HIDDEN)
            secrets.append({"kind": "Secret", "metadata": meta, "type": secret_type, "data": data})
    return secrets


def _events(kubectl: Kubectl, namespace: str, pods: Sequence[Object]) -> list[Object]:
    """The events of the Pods."""
    names = {pod["metadata"]["name"] for pod in pods}
    selector = "involvedObject.kind=Pod"
    if len(names) == 1:
        selector += f",involvedObject.name={next(iter(names))}"
    events = kubectl.get_if_allowed("events", "-n", namespace, "--field-selector", selector) or []
    return [event for event in events if event.get("involvedObject", {}).get("name") in names]


def _owners(kubectl: Kubectl, namespace: str, objects: Sequence[Object]) -> list[Object]:
    """The owners of the objects, and the owners of these."""
    owners: list[Object] = []
    for _ in range(2):  # two levels: a Deployment's ReplicaSet, a CronJob's Job
        arguments = dict.fromkeys(filter(None, map(_owner, objects)))
        if not arguments:
            break
        objects = kubectl.get_if_allowed(*arguments, "-n", namespace) or []
        owners += objects
    return owners


def _owner(obj: Object) -> str:
    """An object's controller as an argument of kubectl, "replicaset.apps/web-1"; "" for custom kinds or none."""
    for owner in obj["metadata"].get("ownerReferences", ()):
        if owner.get("controller") and (group := _OWNER_GROUPS.get(owner.get("apiVersion", ""))):
            return f"{owner['kind'].lower()}.{group}/{owner['name']}"
    return ""


def waits_for_image(pod: Object) -> bool:
    """True if a Pod waits for an image, or is Pending."""
    status = pod.get("status", {})
    lists = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    states = [item.get("state", {}).get("waiting") or {} for name in lists for item in status.get(name) or ()]
    reasons = [state.get("reason", "") for state in states]
    return any(part in reason for reason in reasons for part in _PULL_REASONS) or status.get("phase") == "Pending"


def main(words: Sequence[str] | None = None) -> int:
    """Explain one Pod, or all that wait. The exit status is 1 if kubectl failed."""
    options = _parser().parse_args(words)
    return run_guarded(lambda: _explain(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=_ABOUT)
    parser.add_argument(
        "pod", nargs="?", default="", metavar="POD", help="without one, all Pods that wait for an image"
    )
    parser.add_argument("-n", "--namespace", metavar="NAME", help="as kubectl has it")
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="the Pods of all namespaces")
    for name in _PASSED_FLAGS:
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
    return [f"--{name}={value}" for name in _PASSED_FLAGS for value in getattr(options, name.replace("-", "_")) or ()]


def _in_namespace(options: argparse.Namespace) -> list[str]:
    """The flags of kubectl that choose the namespace."""
    return ["-n", options.namespace] if options.namespace else []


def _explain(options: argparse.Namespace) -> int:
    """Read the Pods and what belongs to them, and print the explanation. Returns the exit status."""
    kubectl = Kubectl(_flags(options), is_verbose=options.verbose)
    pod = options.pod.removeprefix("pods/").removeprefix("pod/").removeprefix("po/")
    if "/" in pod:
        return fail(f"which Pod? {PROGRAM} POD explains one, {PROGRAM} alone all that wait")
    try:
        pods = _read_pods(kubectl, pod, options)
    except Refused as refused:
        print("\n".join(map(printable, str(refused).splitlines())), file=sys.stderr)
        return 1
    if not pods:
        print("No Pod waits for an image.")
        return 0
    export = collect(kubectl, pods, reads_values=options.with_secrets)
    for line in kubectl.forbidden:
        print(f"kubesim: explained without it: {printable(line).partition('(Forbidden): ')[2]}", file=sys.stderr)
    try:
        text = json.dumps({"kind": "List", "items": export.objects})
        print_explanation(
            [text], pod, options.answer, options.output, whole=options.all, has_secrets=export.has_secrets
        )
    except ExportError as error:
        return fail(str(error))
    return 0


def _read_pods(kubectl: Kubectl, name: str, options: argparse.Namespace) -> list[Object]:
    """Read the Pod with this name, or without a name those that wait for an image. Raises Refused."""
    if name:
        return [next(_objects(kubectl.run("get", "pod", name, *_in_namespace(options), "-o", "json")))]
    where = ["-A"] if options.all_namespaces else _in_namespace(options)
    waiting = list(filter(waits_for_image, kubectl.get("pods", *where)))
    pods = _first_pods(waiting)
    if left_out := len(waiting) - len(pods):
        print(f"kubesim: {left_out} more Pods wait: ask for a namespace with -n", file=sys.stderr)
    return pods


def _first_pods(pods: list[Object]) -> list[Object]:
    """At most _MOST_PODS of the Pods, from at most _MOST_NAMESPACES namespaces."""
    namespaces = sorted(set(map(_namespace_of, pods)))[:_MOST_NAMESPACES]
    return [pod for pod in pods if _namespace_of(pod) in namespaces][:_MOST_PODS]


def complete(words: Sequence[str] | None = None) -> int:
    """Print the completions of the last word in the form that kubectl expects.

    kubectl runs the program kubectl_complete-why with the words so far, the last of them unfinished.
    """
    *before, last = (sys.argv[1:] if words is None else words) or [""]
    # 4 means: don't complete file names
    print(*(word for word in _candidates(before, last) if word.startswith(last)), ":4", sep="\n")
    return 0


def _candidates(before: list[str], last: str) -> Iterable[str]:
    """Words that may replace `last` after the words `before`. The caller drops those that begin otherwise."""
    flag = before[-1] if before else ""
    parser = _parser()
    if last.startswith("-"):
        return [option for action in parser._actions for option in action.option_strings if option.startswith("--")]
    if flag in ("-o", "--output"):
        return list(FORMS)
    if flag in ("-n", "--namespace"):
        return _names("namespaces", [])
    options, _ = parser.parse_known_args(before)
    return _names("pods", [*_flags(options), *_in_namespace(options)])


def _names(resource: str, flags: list[str]) -> list[str]:
    template = '{{range .items}}{{.metadata.name}}{{"\\n"}}{{end}}'
    try:
        return Kubectl(flags, is_verbose=False).run("get", resource, "-o", f"go-template={template}").splitlines()
    except Refused:
        return []


if __name__ == "__main__":
    sys.exit(main())
