"""Several mistakes in one line, and several objects of which some are wrong: what kubectl tells of, and when."""

from __future__ import annotations

import pytest

from tests.learner import Learner

SEVERAL = """apiVersion: v1
kind: ConfigMap
metadata: {name: there}
---
apiVersion: v1
kind: Gadget
metadata: {name: odd}
---
kind: Secret
metadata: {name: headless}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: never-read}
"""
OUTPUT = (
    'error: unable to match a printer suitable for the output format "nope", allowed formats are: go-template,'
    "go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,yaml\n"
)
CONTEXT = 'error: context "no" does not exist\n'
NO_CONTEXT = "Error in configuration: context was not found for specified context: no\n"
GROUPS = "requesting uid, groups or user-extra for {}without impersonating a user\n"
DRY_RUN = 'error: Invalid dry-run value (maybe). Must be "none", "server", or "client".\n'
VALIDATE = 'error: invalid - validate option "nope"; must be one of: strict (or true), warn, ignore (or false)\n'
NO_PATH = 'the path "no.yaml" does not exist\n'
NOT_FOUND = 'Error from server (NotFound): configmaps "no" not found\n'


@pytest.fixture(scope="module")
def learner() -> Learner:
    """A cluster with a ConfigMap, and a file whose documents are right, unknown, without a version, and never read."""
    learner = Learner()
    learner("kubectl create configmap there --from-literal=a=b")
    learner.session.write_file("several.yaml", SEVERAL)
    return learner


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("get pods --context=no", NO_CONTEXT),
        ("get pods --context=no -n x", CONTEXT),
        ("get pods --as-group=g", "error: " + GROUPS.format("kubernetes-admin ")),
        ("edit cm there -o name", 'error: unable to match a printer suitable for the output format "name", allowed '
         "formats are: json,kyaml,yaml\n"),
    ],
)  # fmt: skip
def test_where_a_mistake_is_found(learner: Learner, line: str, message: str) -> None:
    assert learner.fails(f"kubectl {line}") == message


def test_what_cannot_be_read_is_reported_after_what_cannot_be_done(learner: Learner) -> None:
    assert learner.fails("kubectl create -f several.yaml") == (
        'Error from server (AlreadyExists): error when creating "several.yaml": configmaps "there" already exists\n'
        'resource mapping not found for name: "odd" namespace: "" from "several.yaml": no matches for kind "Gadget" '
        'in version "v1"\nensure CRDs are installed first\nerror validating "several.yaml": error validating data: '
        "apiVersion not set; if you choose to ignore these errors, turn validation off with --validate=false\n"
    )
    assert learner("kubectl get sa -o name") == "serviceaccount/default\n"


def test_an_error_does_not_end_a_command(learner: Learner) -> None:
    result = learner.session.run("kubectl label cm no there c=d")
    assert (result.stdout, result.stderr) == ("configmap/there labeled\n", NOT_FOUND)


def test_several_objects_are_edited_together(learner: Learner) -> None:
    learner("kubectl create configmap other --from-literal=a=c")
    learner("export KUBE_EDITOR='sed -i s/a:.b/a:\\ z/'")
    assert learner("kubectl edit cm other there") == "configmap/other skipped\nconfigmap/there edited\n"
    assert learner("kubectl get cm there other -o jsonpath='{.items[*].data.a}'") == "z c"


def test_conditions_are_waited_for_one_after_the_other(learner: Learner) -> None:
    learner("kubectl run web --image=nginx")
    line = "kubectl wait pod/web --timeout=60s --for=condition=Ready --for=jsonpath='{.status.phase}'=Running"
    assert learner(line) == 2 * "pod/web condition met\n"


def test_a_forced_apply_does_not_wait_for_the_end_of_a_pod(learner: Learner) -> None:
    learner("kubectl run held --image=nginx")
    learner("kubectl get pod held -o yaml | sed 's/image: nginx/command: [sleep]\\n    image: nginx/' > held.yaml")
    refused = learner.session.run("kubectl apply --force -f held.yaml")
    assert refused.stderr.endswith('for: "held.yaml": context deadline exceeded\n')


def test_following_a_log_waits_for_the_container(learner: Learner) -> None:
    learner("kubectl run denied --image=registry.example.com/myapp:1.0")
    learner("sleep 5")
    message = learner.fails("kubectl logs -f denied").splitlines()
    assert message[0] == 'container "denied" in pod "denied" is waiting to start: image can\'t be pulled'
    assert (len(message), message[-1]) == (21, "error: context deadline exceeded")
