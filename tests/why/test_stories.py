"""Why an image does not arrive: the whole stories, of a running cluster and of the export of it, which agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kubesim.api import load_yaml
from kubesim.session import Session
from kubesim.session.usage import FILE_USAGE

ROOT = Path(__file__).resolve().parents[2]
EXPORT = "kubectl get pod,serviceaccount,secret -A -o yaml"
IMAGE = "registry.example.com/myapp:1.0"
WANTED = "it should be what kubectl get prints with -o yaml or -o json"
CASES = load_yaml(Path(__file__).with_name("stories.yaml"))


def cluster_of(case: dict[str, Any]) -> Session:
    """A cluster in which the case has happened."""
    session = Session()
    container = {
        "name": "app",
        "image": case.get("image", IMAGE),
        "imagePullPolicy": case.get("policy", "IfNotPresent"),
    }
    spec: dict[str, Any] = {"containers": [container]}
    if "secrets" in case:
        spec["imagePullSecrets"] = [{"name": name} for name in case["secrets"]]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}
    session.write_file("pod.json", json.dumps(pod))
    for line in (*case.get("before", ()), "kubectl apply -f pod.json", "sleep 6", *case.get("after", ())):
        result = session.run(line)
        assert result.exit_code == 0, result.screen
    return session


@pytest.mark.parametrize("name", CASES)
def test_the_story_and_that_of_the_export(name: str) -> None:
    case = CASES[name]
    session = cluster_of(case)
    here = session.run("why web")
    assert (here.stdout, here.stderr, here.exit_code) == (case["live"], "", 0)
    exported = session.run(f"{EXPORT} | kubesim why -f - --pod web --all")
    assert (exported.stdout, exported.stderr) == (case["export"], "")
    assert session.run(f"{EXPORT.replace('yaml', 'json')} | kubesim why -f - --pod web --all") == exported
    assert "mypassword" not in here.stdout + exported.stdout


def test_telling_changes_nothing() -> None:
    session = cluster_of(CASES["wrong password"])
    revision = session.cluster.api.revision
    assert session.run("why web").stdout == session.run("why pod/web -n default -c app").stdout
    assert session.cluster.api.revision == revision


@pytest.mark.parametrize(
    ("line", "stdout", "stderr", "status"),
    [
        ("why", "", "kubesim: which Pod? why POD [-n NAMESPACE] [-c CONTAINER] [-o markdown|json]\n", 1),
        ("why a b", "", "kubesim: which Pod? why POD [-n NAMESPACE] [-c CONTAINER] [-o markdown|json]\n", 1),
        (
            "why webb",
            "default/webb\nWhat's wrong: There's no Pod webb in the default namespace. There's one named web.\n"
            "How to fix it:\n  $ kubectl get pod web\n",
            "",
            1,
        ),
        (
            "kubectl config set-context --current --namespace=shop > /dev/null; why web",
            "shop/web\nWhat's wrong: There's no Pod web in the shop namespace. There's one in default.\n"
            "How to fix it:\n  $ kubectl get pod web\n",
            "",
            1,
        ),
        ("kubesim why", "", f"Usage: {FILE_USAGE}\n", 2),
        ("kubesim why -f pod.json --answer perhaps", "", f"Usage: {FILE_USAGE}\n", 2),
        ("kubesim why -f nope.yaml", "", "kubesim: nope.yaml: No such file or directory\n", 1),
        ("echo kind: Secret | kubesim why -f -", "", "kubesim: -: a Secret has no name\n", 1),
        (f"{EXPORT} | kubesim why -f - --pod nope", "", "kubesim: -: there is no Pod nope in it\n", 1),
        (
            f"echo kind: Secret > bad; {EXPORT} > good; kubesim why -f bad -f good",
            "",
            "kubesim: bad: a Secret has no name\n",
            1,
        ),
        (
            "echo kind: Service > a; echo kind: Role > b; kubesim why -f a -f b",
            "",
            "kubesim: a, b: there is no Pod in it\n",
            1,
        ),
        ("echo kind: Secret | kubesim why -f - -f -", "", "kubesim: -: a Secret has no name\n", 1),
    ],
)
def test_calls(line: str, stdout: str, stderr: str, status: int) -> None:
    result = cluster_of(CASES["no secret"]).run(line)
    assert (result.stdout, result.stderr, result.exit_code) == (stdout, stderr, status)


def test_what_is_piped_into_why_is_explained_as_a_text() -> None:
    session = cluster_of(CASES["no secret"])
    described = session.run("kubectl describe pod web | why")
    assert described.stdout == session.run("kubectl describe pod web | kubesim why -f -").stdout
    assert "private or doesn't exist" in described.stdout
    assert described.exit_code == 0
    assert session.run("echo nothing | why -o xml").exit_code == 2


def test_tab_completes_the_names_of_pods() -> None:
    session = Session()
    session.run(
        "kubectl create namespace blue; kubectl run web --image=nginx; kubectl run worker -n blue --image=nginx"
    )
    assert session.shell.complete("why w", 5) == ["web"]
    assert session.shell.complete("why -n blue w", 13) == ["worker"]
