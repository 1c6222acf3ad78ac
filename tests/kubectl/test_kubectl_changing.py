"""create, run, apply, replace, diff, edit, delete, label, patch, set and scale: what is message and what is done."""

from __future__ import annotations

import base64
import json

import pytest

from kubesim.api.objects import Object
from kubesim.api.resources import CONFIG_MAP, POD, ROLE, SECRET, SERVICE_ACCOUNT
from tests.learner import Learner, container, rows

ROWS = rows(__file__)

# --- create and run


@pytest.mark.parametrize(("line", "message"), ROWS["creating"])
def test_creating(learner: Learner, line: str, message: str) -> None:
    assert learner(f"kubectl {line}") == message


@pytest.mark.parametrize(("options", "entry"), ROWS["a_registry_secret"])
def test_a_registry_secret(learner: Learner, options: str, entry: Object) -> None:
    learner(f"kubectl create secret docker-registry r --docker-username=u --docker-password='p:\"ä' {options}")
    secret = learner.get(SECRET, "r")
    stored = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    ((server, extra),) = entry.items()
    auth = base64.b64encode('u:p:"ä'.encode()).decode()
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    assert stored == {"auths": {server: {"username": "u", "password": 'p:"ä', "auth": auth, **extra}}}


def test_values_from_files_folders_and_lists(learner: Learner) -> None:
    learner.session.write_file("conf/a.txt", "A\n")
    learner.session.write_file("conf/b.txt", "B\n")
    learner.session.write_file("vars.env", "# comment\nX=1\n\nY=a=b\n")
    learner("kubectl create cm one --from-file=conf --from-file=c=conf/a.txt --from-literal=d=e=f")
    learner("kubectl create cm two --from-env-file=vars.env")
    assert learner.get(CONFIG_MAP, "one")["data"] == {"a.txt": "A\n", "b.txt": "B\n", "c": "A\n", "d": "e=f"}
    assert learner.get(CONFIG_MAP, "two")["data"] == {"X": "1", "Y": "a=b"}


def test_rules_of_a_role_are_grouped_and_keep_subresources(learner: Learner) -> None:
    learner("kubectl create role r --verb=get --verb=list --resource=pods,pods/log,deployments.apps")
    assert learner.get(ROLE, "r")["rules"] == [
        {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
    ]


def test_a_dry_run_is_a_manifest_to_apply(learner: Learner) -> None:
    line = "kubectl create secret generic s --from-literal=a={} --dry-run=client -o yaml | kubectl apply -f -"
    assert [learner(line.format(value)) for value in "bbc"] == [
        "secret/s created\n",
        "secret/s unchanged\n",
        "secret/s configured\n",
    ]


def test_run_puts_words_and_overrides_into_the_pod(learner: Learner) -> None:
    overrides = json.dumps({"spec": {"imagePullSecrets": [{"name": "regcred"}]}})
    learner(f"kubectl run x --image=busybox --env=A=b --overrides='{overrides}' --command -- sh -c 'exit 0'")
    spec = learner.get(POD, "x")["spec"]
    assert spec["imagePullSecrets"] == [{"name": "regcred"}]
    assert spec["containers"][0]["command"] == ["sh", "-c", "exit 0"]
    assert spec["containers"][0]["env"] == [{"name": "A", "value": "b"}]
    assert learner.get(POD, "x")["metadata"]["labels"] == {"run": "x"}


# --- apply, replace, diff, edit


def manifest(**data: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data})


def test_apply_removes_what_left_the_manifest_and_keeps_what_others_added(learner: Learner) -> None:
    learner.session.write_file("c.json", manifest(a="1", b="2"))
    learner("kubectl apply -f c.json")
    learner("""kubectl patch cm c -p '{"data":{"theirs":"9"}}'""")
    learner.session.write_file("c.json", manifest(a="3"))
    assert learner("kubectl apply -f c.json") == "configmap/c configured\n"
    assert learner.get(CONFIG_MAP, "c")["data"] == {"a": "3", "theirs": "9"}


def test_apply_warns_of_an_object_that_was_not_applied(learner: Learner) -> None:
    learner("kubectl create cm c --from-literal=a=1")
    learner.session.write_file("c.json", manifest(a="1"))
    result = learner.session.run("kubectl apply -f c.json")
    assert result.stdout == "configmap/c configured\n"
    assert result.stderr.startswith("Warning: resource configmaps/c is missing the kubectl.kubernetes.io/last-applied-")


def test_apply_takes_folders_and_several_documents(learner: Learner) -> None:
    learner.session.write_file("app/b.yaml", manifest().replace('"c"', '"b"') + "\n---\n" + manifest())
    learner.session.write_file("app/a.json", manifest().replace('"c"', '"a"'))
    learner.session.write_file("app/notes.txt", "not read")
    learner.session.write_file("app/below/d.yml", manifest().replace('"c"', '"d"'))
    assert learner("kubectl apply -f app") == "configmap/a created\nconfigmap/b created\nconfigmap/c created\n"
    assert learner("kubectl apply -R -f app/").splitlines()[-1] == "configmap/d created"
    assert learner("kubectl delete -f app").count(" deleted from default namespace\n") == 3


def test_the_namespace_of_a_manifest_and_of_the_command_line_must_agree(learner: Learner) -> None:
    learner.session.write_file("c.yaml", manifest().replace('"c"', '"c", "namespace": "kube-public"'))
    assert learner("kubectl apply -f c.yaml") == "configmap/c created\n"
    assert learner.fails("kubectl apply -f c.yaml -n default") == (
        'error: the namespace from the provided object "kube-public" does not match the namespace "default". '
        "You must pass '--namespace=kube-public' to perform this operation.\n"
    )


def test_a_change_that_is_refused_may_be_forced(learner: Learner) -> None:
    learner.apply("web", container("nginx", env=[{"name": "A", "value": "1"}]))
    learner.wait(3)
    uid = learner.get(POD, "web")["metadata"]["uid"]
    learner('sed -i \'s/"value": "1"/"value": "2"/\' web.json')
    assert 'The Pod "web" is invalid: spec: Forbidden: pod updates' in learner.fails("kubectl apply -f web.json")
    assert learner("kubectl replace --force --grace-period=0 -f web.json --timeout=60s").endswith("pod/web replaced\n")
    assert learner.get(POD, "web")["metadata"]["uid"] != uid


def test_replace_refuses_an_old_version(learner: Learner) -> None:
    learner("kubectl get sa default -o yaml > sa.yaml")
    learner("kubectl annotate sa default a=b")
    assert learner.fails("kubectl replace -f sa.yaml").startswith(
        'Error from server (Conflict): error when replacing "sa.yaml": Operation cannot be fulfilled on serviceaccounts'
    )


def test_diff_shows_what_apply_would_do(learner: Learner) -> None:
    learner.session.write_file("c.json", manifest(a="1"))
    learner("kubectl apply -f c.json")
    assert learner("kubectl diff -f c.json") == ""
    learner.session.write_file("c.json", manifest(a="2"))
    result = learner.session.run("kubectl diff -f c.json")
    assert result.exit_code == 1
    assert [line for line in result.stdout.splitlines() if line[1:5] == "  a:"] == ['-  a: "1"', '+  a: "2"']


def test_edit_sends_what_the_editor_made(learner: Learner) -> None:
    learner("kubectl create cm c --from-literal=a=old")
    assert learner('KUBE_EDITOR="sed -i s/old/new/" kubectl edit cm c') == "configmap/c edited\n"
    assert learner.get(CONFIG_MAP, "c")["data"] == {"a": "new"}
    result = learner.session.run("KUBE_EDITOR=true kubectl edit cm c")
    assert (result.stderr, result.exit_code) == ("Edit cancelled, no changes made.\n", 0)
    assert learner("ls") == ""


@pytest.mark.parametrize("change", ["s/Opaque/Other/", "s/^data:/datum:/", "s/old/[/"])
def test_an_edit_that_cannot_be_saved_is_kept(learner: Learner, change: str) -> None:
    learner("kubectl create secret generic s --from-literal=old=1")
    result = learner.session.run(f'KUBE_EDITOR="sed -i {change}" kubectl edit secret s')
    copy = "/workspace/.kubectl-edit-1-s.yaml"
    assert (result.stdout, result.exit_code, result.stderr) == (
        "",
        1,
        'error: secrets "s" is invalid\n'
        f'A copy of your changes has been stored to "{copy}"\n'
        "error: Edit cancelled, no valid changes were saved.\n",
    )
    assert change.split("/")[2] in learner(f"cat {copy}")


def test_what_was_saved_in_the_live_editor_and_refused_is_kept(learner: Learner) -> None:
    learner("kubectl create secret generic s --from-literal=old=1")
    asked = learner.session.run("kubectl edit secret s").edit
    assert asked
    learner.session.write_file(asked.path, asked.draft.replace("Opaque", "Other"))
    result = learner.session.run(asked.then)
    assert result.stderr == (
        f'A copy of your changes has been stored to "/workspace/{asked.path}"\n'
        'The Secret "s" is invalid: type: Invalid value: "Other": field is immutable\n'
    )
    assert learner("ls -A") == f"{asked.path}\n"
    learner.session.write_file(asked.path, asked.draft.replace("old", "new"))
    assert learner(asked.then) == "secret/s edited\n"
    assert learner("ls -A") == ""


# --- delete


def test_delete_twice(learner: Learner) -> None:
    learner("kubectl create secret generic s")
    assert learner("kubectl delete secret s") == 'secret "s" deleted from default namespace\n'
    assert learner.fails("kubectl delete secret s") == 'Error from server (NotFound): secrets "s" not found\n'
    assert learner("kubectl delete secret s --ignore-not-found") == ""
    assert learner("kubectl delete secrets --all") == "No resources found\n"


def test_delete_goes_on_after_what_is_missing(learner: Learner) -> None:
    learner("kubectl create secret generic s")
    result = learner.session.run("kubectl delete secret nope s")
    assert result.stdout == 'secret "s" deleted from default namespace\n'
    assert result.stderr == 'Error from server (NotFound): secrets "nope" not found\n'


@pytest.mark.parametrize(("options", "message"), ROWS["deleting"])
def test_deleting(learner: Learner, options: str, message: str) -> None:
    learner.apply("web", container("nginx"))
    learner.wait(3)
    assert learner(f"kubectl delete pod web {options}") == message
    assert learner.status("web") == ("Running" if "dry" in options else "Terminating")


# --- label, annotate, patch, set


def test_labels(learner: Learner) -> None:
    for name in ("a", "b"):
        learner(f"kubectl create sa {name}")
    assert learner("kubectl label sa a b x=1") == "serviceaccount/a labeled\nserviceaccount/b labeled\n"
    assert learner("kubectl label sa a x=1") == "serviceaccount/a not labeled\n"
    assert learner.fails("kubectl label sa a x=2") == "error: 'x' already has a value (1), and --overwrite is false\n"
    assert learner("kubectl label sa --all --overwrite x=2").count(" labeled\n") == 3
    assert learner("kubectl label sa a x- y-") == 'label "y" not found.\nserviceaccount/a unlabeled\n'
    assert learner("kubectl label sa -l x=2 z=1 -o name") == "serviceaccount/b\nserviceaccount/default\n"
    assert learner("kubectl label sa a --list") == ""
    assert learner.get(SERVICE_ACCOUNT, "b")["metadata"]["labels"] == {"x": "2", "z": "1"}


@pytest.mark.parametrize(("options", "message", "secrets"), ROWS["patches_of_an_account"])
def test_patches_of_an_account(learner: Learner, options: str, message: str, secrets: list[str]) -> None:
    learner("""kubectl patch sa default -p '{"imagePullSecrets":[{"name":"a"}]}'""")
    assert learner(f"kubectl patch sa default {options}") == f"serviceaccount/default {message}\n"
    account = learner.get(SERVICE_ACCOUNT, "default")
    assert [entry["name"] for entry in account.get("imagePullSecrets", [])] == secrets


def test_a_patch_with_a_field_that_is_unknown_warns(learner: Learner) -> None:
    result = learner.session.run("""kubectl patch sa default -p '{"imagePullSecret":[{"name":"a"}]}'""")
    assert (result.stdout, result.stderr) == (
        "serviceaccount/default patched (no change)\n",
        'Warning: unknown field "imagePullSecret"\n',
    )


def test_set_changes_the_template(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx")
    assert learner("kubectl set image deploy web nginx=nginx:1.27") == "deployment.apps/web image updated\n"
    assert learner("kubectl set image deploy web nginx=nginx:1.27") == ""
    assert learner("kubectl set sa deploy web bot") == "deployment.apps/web serviceaccount updated\n"
    assert learner("kubectl get deploy web -o jsonpath='{..image} {..serviceAccountName}'") == "nginx:1.27 bot"
