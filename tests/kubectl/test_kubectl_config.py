"""kubectl config: what its commands say, and what the kubeconfig is then."""

from __future__ import annotations

import pytest

from tests.learner import Learner

CURRENT = "kubernetes-admin@kubernetes"
FILE = "/workspace/.kube/config"
HEAD = "CURRENT   NAME                          CLUSTER      AUTHINFO           NAMESPACE\n"
VIEW = """apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: DATA+OMITTED
    server: https://127.0.0.1:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
{namespace}    user: kubernetes-admin
  name: {name}
current-context: {name}
kind: Config
users:
- name: kubernetes-admin
  user:
    client-certificate-data: DATA+OMITTED
    client-key-data: DATA+OMITTED
"""


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ("config view", VIEW.format(name=CURRENT, namespace="")),
        ("config view -o jsonpath={.users[*].name}", "kubernetes-admin"),
        ("config view -o name", "config/<unknown>\n"),
        ("config get-clusters", "NAME\nkubernetes\n"),
        ("config get-users", "NAME\nkubernetes-admin\n"),
        ("config set-context --current -n dev", f'Context "{CURRENT}" modified.\n'),
        (
            "config set-context --current -n dev; kubectl config view",
            VIEW.format(name=CURRENT, namespace="    namespace: dev\n"),
        ),
        ("config set-context --current -n kube-system; kubectl get cm x", 'configmaps "x" not found\n'),
        (
            "config set-context dev --namespace=dev --cluster=kubernetes --user=kubernetes-admin; "
            "kubectl config use-context dev; kubectl config get-contexts",
            'Context "dev" created.\nSwitched to context "dev".\n'
            + HEAD
            + "*         dev                           kubernetes   kubernetes-admin   dev\n"
            + f"          {CURRENT}   kubernetes   kubernetes-admin   \n",
        ),
        (
            "config set-context dev; kubectl config use dev; kubectl config view --minify",
            'Context "dev" created.\nSwitched to context "dev".\napiVersion: v1\nclusters: null\ncontexts:\n'
            '- context:\n    cluster: ""\n    user: ""\n  name: dev\ncurrent-context: dev\nkind: Config\nusers: null\n',
        ),
        (
            f"config delete-context {CURRENT}; kubectl config current-context",
            f"deleted context {CURRENT} from {FILE}\n{CURRENT}\n",
        ),
        (
            f"config set contexts.{CURRENT}.namespace a.b; kubectl config view --minify -o jsonpath={{..namespace}}",
            f'Property "contexts.{CURRENT}.namespace" set.\na.b',
        ),
        (
            "config set-credentials me --token=abc; kubectl config view -o jsonpath={.users[1]}; "
            "kubectl config view --raw -o jsonpath={.users[1]}",
            'User "me" set.\n{"name":"me","user":{"token":"REDACTED"}}{"name":"me","user":{"token":"abc"}}',
        ),
        (
            "config set-cluster dev --server=https://1.2.3.4 --insecure-skip-tls-verify; "
            "kubectl config view -o jsonpath={.clusters[0]}",
            'Cluster "dev" set.\n{"cluster":{"insecure-skip-tls-verify":true,"server":"https://1.2.3.4"},"name":"dev"}',
        ),
    ],
)
def test_settings(learner: Learner, lines: str, shown: str) -> None:
    assert learner.session.run(f"kubectl {lines}").screen.endswith(shown)


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("config get-contexts -o wide", "--output wide is not available in kubectl config get-contexts; resetting to "
         "default output format"),
        ("config set-context", "you must specify a non-empty context name or --current"),
        ("config set-context x --current", "you cannot specify both a context name and --current"),
        ("config delete-context x", f"cannot delete context x, not in {FILE}"),
        ("config delete-user", "user to delete is required\nSee 'kubectl config delete-user -h' for help and examples"),
        ("config set foo bar", "unable to parse foo after [] at api.Config"),
        ("config set-credentials x --token=a --username=b", "you cannot specify more than one authentication method at "
         "the same time: --token, --username/--password"),
        ("config view x", "unexpected arguments: [x]\nSee 'kubectl config view -h' for help and examples"),
        ("config view --minify --context=x", "cannot locate context x"),
    ],
)  # fmt: skip
def test_refusals(learner: Learner, line: str, refusal: str) -> None:
    assert learner.fails(f"kubectl {line}") == f"error: {refusal}\n"


@pytest.mark.parametrize("line", ["use-context", "set a", "set-cluster"])
def test_help_is_shown_where_the_arguments_are_too_few(learner: Learner, line: str) -> None:
    result = learner.session.run(f"kubectl config {line}")
    assert f"\nUsage:\n  kubectl config {line.split()[0]} " in result.stdout
    assert result.stderr == f"error: Unexpected args: [{line.partition(' ')[2]}]\n"
    assert result.exit_code == 1


def test_a_context_that_leads_nowhere(learner: Learner) -> None:
    learner("kubectl config set-context bare")
    learner("kubectl config set-context stranger --cluster=kubernetes --user=me")
    assert learner.fails("kubectl get pods --context=bare") == (
        "The connection to the server localhost:8080 was refused - did you specify the right host or port?\n"
    )
    assert learner.fails("kubectl get pods --context=stranger") == (
        'kubesim: the cluster does not know the user "me" of this context\n'
    )
    assert learner("kubectl create ns x --context=bare --dry-run=client") == "namespace/x created (dry run)\n"
