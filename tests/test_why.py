"""Why an image does not arrive: the whole stories, of a running cluster and of the export of it, which agree."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.flow import ExportError, decode, explain
from kubesim.session import Session

ROOT = Path(__file__).resolve().parent.parent
USER = "--docker-username=myuser --docker-password=mypassword"
CREATE = f"kubectl create secret docker-registry regcred --docker-server=registry.example.com {USER}"
ACCOUNT = """kubectl patch serviceaccount default -p '{"imagePullSecrets":[{"name":"regcred"}]}'"""
EXPORT = "kubectl get pod,serviceaccount,secret -A -o yaml"
IMAGE = "registry.example.com/myapp:1.0"
NEEDS = "1. The container app needs registry.example.com/myapp:1.0, from the registry registry.example.com.\n"
NO_LIST = "2. The Pod lists no pull secret, and neither does its ServiceAccount default.\n"
OWN_LIST = "2. The Pod has a list of pull secrets of its own: regcred.\n"
FITS = "3. Secret regcred in the namespace default: found. Its entry registry.example.com is for the image.\n"
NO_WORD = (
    "The kubelet asked registry.example.com without user and password. The answer: no basic auth credentials. It wants "
    "a user and a password, and got none.\n"
)
AS_USER = (
    '4. The kubelet asked registry.example.com as user "myuser", with the entry registry.example.com of the Secret '
    "regcred"
)
NEW = (
    "kubectl create secret docker-registry {} --docker-server=registry.example.com --docker-username='<user>' "
    "--docker-password='<the right password>'"
)
OVERWRITE = f"Mend it:\n  $ {NEW.format('regcred')} --dry-run=client -o yaml | kubectl apply -f -\n"
NAME_IT = (
    r"  $ kubectl get pod web -o yaml | sed 's/^spec:$/spec:\n  imagePullSecrets:\n  - name: regcred/' | kubectl "
    "replace --force -f -\n"
)
PRIVATE = (
    "What is wrong: registry.example.com/myapp is private (or not there: a registry does not tell), and the Pod names "
    "no pull secret in spec.imagePullSecrets. A Pod's list cannot change, so the Pod is made anew.\nMend it:\n"
)
GOT_IT = "The image is on the node and the container may start.\n"
UNKNOWN = "What cannot be known from outside:\n"
WHO = "  - whether a password is right and who may have the image: only the registry knows that\n"
HOLDS = "  - what registry.example.com holds: only the registry knows that\n"
NODE = "  - whether the image is on the node already, and which Pods may use it there: only the node knows that\n"
LIMITS = UNKNOWN + WHO + HOLDS + NODE
WANTED = "it should be what kubectl get prints with -o yaml or -o json"


class Case(NamedTuple):
    """Lines before the Pod, what the Pod has, lines after it; the live story, and what the export's has instead."""

    before: tuple[str, ...]
    secrets: tuple[str, ...]
    live: str
    limits: str = LIMITS
    image: str = IMAGE
    after: tuple[str, ...] = ()
    instead: tuple[tuple[str, str], ...] = ()
    policy: str = "IfNotPresent"
    subject: str = ""


CASES = {
    "it works": Case(
        (CREATE,), ("regcred",), NEEDS + OWN_LIST + FITS + AS_USER + ", and got the image.\n" + GOT_IT, ""
    ),
    "no secret": Case((), (), NEEDS + NO_LIST + "3. " + NO_WORD + PRIVATE + f"  $ {NEW.format('regcred')}\n" + NAME_IT),
    "a Secret that nobody names": Case(
        (CREATE,),
        (),
        NEEDS
        + NO_LIST
        + "3. Not looked for, because the Pod does not list it: regcred.\n4. "
        + NO_WORD
        + PRIVATE
        + NAME_IT,
    ),
    "wrong name": Case(
        (CREATE,),
        ("regcreds",),
        NEEDS
        + "2. The Pod has a list of pull secrets of its own: regcreds.\n"
        + "3. Secret regcreds in the namespace default: not found in the Pod's namespace.\n"
        + "4. Not looked for, because the Pod does not list it: regcred.\n5. "
        + NO_WORD
        + "What is wrong: There is no Secret regcreds in the namespace default. There is one named regcred: did you "
        + "mean that?\nMend it:\n"
        + "  $ kubectl get pod web -o yaml | sed 's/- name: regcreds$/- name: regcred/' | kubectl replace --force -f -"
        + "\n",
        LIMITS + "  - whether the cluster has what the export lacks: Secret regcreds\n",
        instead=(("not found in the Pod's namespace", "not in the export"),),
    ),
    "other namespace": Case(
        ("kubectl create namespace shop", f"{CREATE} -n shop"),
        ("regcred",),
        NEEDS
        + OWN_LIST
        + "3. Secret regcred in the namespace default: not found in the Pod's namespace. The one in the namespace shop "
        + "does not count.\n4. "
        + NO_WORD
        + "What is wrong: The Secret regcred is in the namespace shop. A Pod can use Secrets of its own namespace only."
        + "\nMend it:\n  $ kubectl get secret regcred -n shop -o yaml | sed 's/namespace: shop/namespace: default/' | "
        + "kubectl apply -f -\n",
        LIMITS + "  - whether the cluster has what the export lacks: Secret regcred\n",
        instead=(("not found in the Pod's namespace", "not in the export"),),
    ),
    "wrong type": Case(
        ("kubectl create secret generic regcred --from-literal=password=mypassword",),
        ("regcred",),
        NEEDS
        + OWN_LIST
        + "3. Secret regcred in the namespace default: found, but its type is Opaque: the kubelet passes over it.\n4. "
        + NO_WORD
        + "What is wrong: The Secret regcred is of the type Opaque. The kubelet passes over every pull secret that is "
        + "not of the type kubernetes.io/dockerconfigjson.\nMend it:\n  $ kubectl delete secret regcred\n"
        + f"  $ {NEW.format('regcred')}\n",
    ),
    "wrong server": Case(
        (CREATE.replace("registry.example.com", "ghcr.io"),),
        ("regcred",),
        NEEDS
        + OWN_LIST
        + "3. Secret regcred in the namespace default: found. It holds credentials for ghcr.io, but the image is at "
        + "registry.example.com.\n4. "
        + NO_WORD
        + "What is wrong: The Secret regcred holds credentials for ghcr.io, but the image is at registry.example.com.\n"
        + OVERWRITE,
    ),
    "wrong path": Case(
        (CREATE.replace("=registry.example.com", "=registry.example.com/team"),),
        ("regcred",),
        NEEDS
        + OWN_LIST
        + "3. Secret regcred in the namespace default: found. It holds credentials for registry.example.com/team: only "
        + "for repositories that begin so. The image is registry.example.com/myapp.\n4. "
        + NO_WORD
        + "What is wrong: The Secret regcred holds credentials for registry.example.com/team: only for repositories "
        + "that begin so. The image is registry.example.com/myapp.\n"
        + OVERWRITE,
    ),
    "docker.io for a private registry": Case(
        (CREATE.replace("--docker-server=registry.example.com ", ""),),
        ("regcred",),
        NEEDS
        + OWN_LIST
        + "3. Secret regcred in the namespace default: found. It holds credentials for https://index.docker.io/v1/, "
        + "that is Docker Hub, which kubectl assumes without --docker-server; but the image is at "
        + "registry.example.com.\n4. "
        + NO_WORD
        + "What is wrong: The Secret regcred holds credentials for https://index.docker.io/v1/, that is Docker Hub, "
        + "which kubectl assumes without --docker-server; but the image is at registry.example.com.\n"
        + OVERWRITE,
    ),
    "not JSON": Case(
        (
            'echo \'{"auths":{"registry.example.com":{"auth":"mypassword!"}}}\' > config.json',
            "kubectl create secret docker-registry regcred --from-file=.dockerconfigjson=config.json",
        ),
        ("regcred",),
        NEEDS
        + OWN_LIST
        + "3. Secret regcred in the namespace default: found, but it cannot be read: illegal base64 data at input byte "
        + "10. The kubelet then uses none of the Pod's pull secrets.\n"
        + "What is wrong: What the Secret regcred holds cannot be read: illegal base64 data at input byte 10. The "
        + "kubelet then uses none of the Pod's pull secrets.\n"
        + OVERWRITE,
        UNKNOWN + NODE,
    ),
    "wrong password": Case(
        (CREATE.replace("mypassword", "notmypassword"),),
        ("regcred",),
        NEEDS
        + OWN_LIST
        + FITS
        + AS_USER
        + ". The answer: 401 Unauthorized. It does not know this user with this password.\n"
        + 'What is wrong: registry.example.com does not know the user "myuser" of the Secret regcred with that '
        + "password: 401 Unauthorized.\n"
        + OVERWRITE,
    ),
    "wrong tag": Case(
        (CREATE,),
        ("regcred",),
        NEEDS.replace("1.0", "v1")
        + OWN_LIST
        + FITS
        + AS_USER
        + ". The answer: not found. It let the kubelet in, but has nothing of that name and tag.\n"
        + "What is wrong: The registry let the kubelet in, but registry.example.com/myapp has no tag v1. It has 1.0, "
        + "2.0, latest.\nMend it:\n  $ kubectl set image pod/web app=registry.example.com/myapp:latest\n",
        UNKNOWN + HOLDS + NODE,
        image="registry.example.com/myapp:v1",
        instead=(
            (". It has 1.0, 2.0, latest.", ", or there is no such repository."),
            ("app=registry.example.com/myapp:latest", "app='<an image that exists>'"),
        ),
    ),
    "unknown host": Case(
        (),
        (),
        NEEDS.replace("registry.example.com", "registry.nowhere.test")
        + NO_LIST
        + "3. The kubelet asked registry.nowhere.test without user and password. The answer: no such host. There is no "
        + "host of that name, as seen from the node.\n"
        + "What is wrong: There is no host registry.nowhere.test, so there is nobody to ask for the image.\nMend it:\n"
        + "  $ kubectl set image pod/web app='<registry>/<repository>:<tag>'\n",
        UNKNOWN + NODE,
        image="registry.nowhere.test/myapp:1.0",
    ),
    "ServiceAccount patched after the Pod": Case(
        (CREATE,),
        (),
        NEEDS
        + "2. The Pod lists no pull secret. Its ServiceAccount default lists regcred, but a Pod gets that list only "
        + "when it is made, and this Pod is older.\n"
        + "3. Not looked for, because the Pod does not list it: regcred.\n4. "
        + NO_WORD
        + "What is wrong: The Pod names no pull secret. Its ServiceAccount default does, but a Pod gets that list only "
        + "at the moment it is made, and this Pod is older.\nMend it:\n"
        + "  $ kubectl get pod web -o yaml | kubectl replace --force -f -\n",
        after=(ACCOUNT,),
    ),
    "the ServiceAccount's list": Case(
        (CREATE, ACCOUNT),
        (),
        NEEDS
        + "2. The Pod lists the pull secrets regcred: it got that list from its ServiceAccount default, when it was "
        + "made.\n"
        + FITS
        + AS_USER
        + ", and got the image.\n"
        + GOT_IT,
        "",
    ),
    "own list hides the ServiceAccount's": Case(
        (CREATE, ACCOUNT, CREATE.replace("regcred", "mine").replace("mypassword", "notmypassword")),
        ("mine",),
        NEEDS
        + "2. The Pod has a list of pull secrets of its own: mine. So the list of its ServiceAccount default (regcred) "
        + "does not count.\n"
        + FITS.replace("regcred", "mine")
        + "4. Not looked for, because the Pod does not list it: regcred.\n"
        + AS_USER.replace("regcred", "mine").replace("4.", "5.")
        + ". The answer: 401 Unauthorized. It does not know this user with this password.\n"
        + "What is wrong: The Pod has a list of its own (mine), and that replaces the list of the ServiceAccount "
        + "default, whose regcred would do.\nMend it:\n"
        + "  $ kubectl get pod web -o yaml | sed 's/- name: mine$/- name: regcred/' | kubectl replace --force -f -\n",
    ),
    "secret made after the Pod": Case(
        (),
        ("regcred",),
        NEEDS
        + OWN_LIST
        + "3. Secret regcred in the namespace default: not found in the Pod's namespace.\n4. "
        + NO_WORD
        + "5. Since then, Secret regcred has changed: found. Its entry registry.example.com is for the image.\n"
        + "Nothing is wrong any more: the kubelet tries again by itself, after its pause of at most 5 minutes.\n",
        after=(CREATE,),
        instead=(
            ("not found in the Pod's namespace.", "at that time not found yet, or with other content."),
            ("Nothing is wrong", "As far as the export shows, nothing is wrong"),
        ),
    ),
    "cached image refused": Case(
        (
            CREATE.replace("regcred", "theirs"),
            f"kubectl run first --image={IMAGE} --overrides="
            """'{"spec":{"imagePullSecrets":[{"name":"theirs"}]}}'""",
            "sleep 6",
        ),
        (),
        NEEDS
        + NO_LIST
        + "3. Not looked for, because the Pod does not list it: theirs.\n"
        + "4. The image is on the node, but it was pulled with credentials that this Pod does not bring. So the "
        + "kubelet has to ask the registry.\n5. "
        + NO_WORD
        + PRIVATE
        + NAME_IT.replace("regcred", "theirs"),
        instead=(
            (
                "4. The image is on the node, but it was pulled with credentials that this Pod does not bring. "
                "So the kubelet has to ask the registry.\n5. ",
                "4. ",
            ),
        ),
    ),
    "never pulled": Case(
        (),
        (),
        NEEDS
        + NO_LIST
        + "3. The image pull policy is Never, so the kubelet does not ask the registry.\n"
        + "What is wrong: imagePullPolicy: Never forbids the kubelet to pull, and the image is not on the node.\n"
        + "Mend it:\n  $ kubectl get pod web -o yaml | sed 's/imagePullPolicy: Never$/imagePullPolicy: IfNotPresent/' "
        + "| kubectl replace --force -f -\n",
        UNKNOWN + NODE,
        policy="Never",
        instead=(
            (
                "is not on the node.",
                "is not on the node. Or it is there, but not for this Pod, which brings no credentials: it names no "
                "pull secret.",
            ),
        ),
    ),
}


def cluster_of(case: Case) -> Session:
    """A cluster in which the case has happened."""
    session = Session()
    spec = {
        "imagePullSecrets": [{"name": name} for name in case.secrets],
        "containers": [{"name": "app", "image": case.image, "imagePullPolicy": case.policy}],
    }
    if not case.secrets:
        del spec["imagePullSecrets"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}
    session.write_file("pod.json", json.dumps(pod))
    for line in (*case.before, "kubectl apply -f pod.json", "sleep 6", *case.after):
        result = session.run(line)
        assert result.exit_code == 0, result.screen
    return session


@pytest.mark.parametrize("name", CASES)
def test_the_story_and_that_of_the_export(name: str) -> None:
    case = CASES[name]
    session = cluster_of(case)
    subject = f"{case.image} for default/web, container app\n"
    told = session.run("why web")
    assert (told.stdout, told.stderr, told.exit_code) == (subject + case.live, "", 0)
    expected = case.live
    for here, there in case.instead:
        assert here in expected
        expected = expected.replace(here, there)
    if name in ("it works", "the ServiceAccount's list"):  # nobody exports who asked the registry for what
        expected = "\n".join(line for line in expected.split("\n") if not line.startswith("4."))
    exported = session.run(f"{EXPORT} | kubesim why -f - --pod web")
    assert (exported.stdout, exported.stderr) == (subject + expected + case.limits, "")
    assert session.run(f"{EXPORT.replace('yaml', 'json')} | kubesim why -f - --pod web") == exported
    assert "mypassword" not in told.stdout + exported.stdout


def test_telling_changes_nothing() -> None:
    session = cluster_of(CASES["wrong password"])
    revision = session.cluster.api.revision
    assert session.run("why web").stdout == session.run("why pod/web -n default -c app").stdout
    assert session.cluster.api.revision == revision


@pytest.mark.parametrize(
    ("line", "stdout", "stderr", "status"),
    [
        ("why", "", "kubesim: which Pod? why POD [-n NAMESPACE] [-c CONTAINER]\n", 1),
        ("why a b", "", "kubesim: which Pod? why POD [-n NAMESPACE] [-c CONTAINER]\n", 1),
        (
            "why webb",
            "default/webb\nWhat is wrong: There is no Pod webb in the namespace default. There is one named web.\n"
            "Mend it:\n  $ kubectl get pod web\n",
            "",
            1,
        ),
        (
            "kubectl config set-context --current --namespace=shop > /dev/null; why web",
            "shop/web\nWhat is wrong: There is no Pod web in the namespace shop. There is one in default.\nMend it:\n"
            "  $ kubectl get pod web\n",
            "",
            1,
        ),
        ("kubesim why", "", "Usage: kubesim why -f FILE [--pod NAME]\n", 2),
        ("kubesim why -f nope.yaml", "", "kubesim: nope.yaml: No such file or directory\n", 1),
        ("echo | kubesim why -f -", "", "kubesim: -: there is no Pod in it\n", 1),
        (f"{EXPORT} | kubesim why -f - --pod nope", "", "kubesim: -: there is no Pod nope in it\n", 1),
        (
            "kubectl describe pod web | kubesim why -f -",
            "",
            f"kubesim: -: line 21 of it is neither YAML nor JSON: {WANTED}\n",
            1,
        ),
    ],
)
def test_calls(line: str, stdout: str, stderr: str, status: int) -> None:
    result = cluster_of(CASES["no secret"]).run(line)
    assert (result.stdout, result.stderr, result.exit_code) == (stdout, stderr, status)


def secret(content: object, name: str = "regcred", kind: str = "kubernetes.io/dockerconfigjson", **meta: str) -> object:
    """A Secret as an export has it."""
    key = ".dockercfg" if kind.endswith("cfg") else ".dockerconfigjson"
    blob = base64.b64encode(json.dumps(content).encode()).decode()
    return {"kind": "Secret", "metadata": {"name": name, **meta}, "type": kind, "data": {key: blob}}


def pod(message: str, reason: str = "ErrImagePull", image: str = IMAGE, **more: object) -> dict[str, object]:
    """A Pod whose status repeats what the kubelet said."""
    state = {"waiting": {"reason": reason, "message": message}}
    spec = {"containers": [{"name": "app", "image": image}], "imagePullSecrets": [{"name": "regcred"}]}
    status = {"containerStatuses": [{"name": "app", "state": state}]}
    return {"kind": "Pod", "metadata": {"name": "web", **more}, "spec": spec, "status": status}


GOOD = {"auths": {"registry.example.com": {"username": "me", "password": "hunter2hunter2"}}}
OLDER = (
    f'rpc error: code = Unknown desc = failed to pull and unpack image "{IMAGE}": failed to resolve reference '
    f'"{IMAGE}": '
)
HEAD = "unexpected status from HEAD request to https://registry.example.com/v2/myapp/manifests/1.0: "


@pytest.mark.parametrize(
    ("message", "step", "wrong"),
    [
        (
            f'Back-off pulling image "{IMAGE}": ErrImagePull: {OLDER}{HEAD}401 UNAUTHORIZED',
            "The answer: 401 UNAUTHORIZED. It does not know this user with this password.",
            'registry.example.com does not know the user "me" of the Secret regcred with that password: 401 '
            "Unauthorized.",
        ),
        (
            f"{OLDER}{HEAD}403 Forbidden",
            "The answer: 403 Forbidden. This user may not have the image. (Some registries say so of a wrong password, "
            "too.)",
            'registry.example.com knows the user "me" of the Secret regcred, but does not let it read this repository, '
            "or has no such repository.",
        ),
        (
            f"{OLDER}failed to do request: Head https://registry.example.com/v2/: dial tcp 10.0.0.1:443: i/o timeout",
            "The answer: i/o timeout. No answer came in time: is there a firewall or a proxy between the node and the "
            "registry?",
            "registry.example.com: No answer came in time: is there a firewall or a proxy between the node and the "
            "registry?",
        ),
        (
            f"{OLDER}tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "The answer: tls: failed to verify certificate: x509: certificate signed by unknown authority. The node "
            "does not trust the certificate of the registry.",
            "registry.example.com: The node does not trust the certificate of the registry.",
        ),
        (
            f'Back-off pulling image "{IMAGE}"',
            "The status does not say what the registry answered.",
            "The Secrets fit the image, and the status does not say what the registry answered.",
        ),
    ],
)
def test_what_other_registries_and_older_runtimes_say(message: str, step: str, wrong: str) -> None:
    told = explain("\n---\n".join(json.dumps(item) for item in (pod(message), secret(GOOD))))
    assert step in told
    assert f"\nWhat is wrong: {wrong}\nMend it:\n" in told
    assert "the export lacks: ServiceAccount default" in told


def test_an_event_tells_what_the_status_leaves_out() -> None:
    event = {
        "kind": "Event",
        "metadata": {"name": "web.1"},
        "involvedObject": {"name": "web", "namespace": "default"},
        "message": f'Failed to pull image "{IMAGE}": {OLDER}{HEAD}401 Unauthorized',
    }
    items = [pod(f'Back-off pulling image "{IMAGE}"', "ImagePullBackOff"), secret(GOOD), event]
    assert "The answer: 401 Unauthorized." in explain(json.dumps({"kind": "List", "items": items}))


@pytest.mark.parametrize(
    ("answer", "revision", "wrong"),
    [
        ("401 Unauthorized", "7", 'What is wrong: registry.example.com does not know the user "me"'),
        ("401 Unauthorized", "9", "As far as the export shows, nothing is wrong any more"),
        ("404 Not Found", "9", "What is wrong: The registry let the kubelet in, but"),
    ],
)
def test_a_secret_written_after_the_status_has_not_been_tried(answer: str, revision: str, wrong: str) -> None:
    items = (pod(f"{OLDER}{HEAD}{answer}", resourceVersion="8"), secret(GOOD, resourceVersion=revision))
    assert f"\n{wrong}" in explain("\n---\n".join(map(json.dumps, items)))


def test_a_registry_that_says_401_to_those_who_bring_nothing() -> None:
    told = explain(json.dumps(pod(f"{OLDER}{HEAD}401 UNAUTHORIZED")) + json.dumps(secret({})))
    assert "The answer: 401 UNAUTHORIZED. It wants a user and a password, and got none.\n" in told


@pytest.mark.parametrize(
    ("owner", "mended"),
    [
        ({"kind": "ReplicaSet", "name": "web-5f7"}, "kubectl patch deployment web "),
        ({"kind": "StatefulSet", "name": "db"}, "kubectl patch statefulset db "),
        ({"kind": "Job", "name": "once"}, "kubectl get pod web "),
    ],
)
def test_what_has_the_template_is_mended(owner: dict[str, object], mended: str) -> None:
    labels = {"pod-template-hash": "5f7"}
    made = pod("no basic auth credentials", labels=labels, ownerReferences=[{**owner, "controller": True}])
    made["spec"] = {"containers": [{"name": "app", "image": IMAGE}]}
    assert f"\n  $ {mended}" in explain(json.dumps(made))


def test_a_token_is_no_user_name_and_a_message_no_place_for_a_password() -> None:
    auths = {
        "registry.example.com": {"username": "ghp_0123456789abcdef", "password": "x-oauth-basic"},
        "ghcr.io": {"username": "me", "password": "hunter2hunter2"},
    }
    told = explain(json.dumps(pod(f"{OLDER}a plugin said hunter2hunter2")) + json.dumps(secret({"auths": auths})))
    assert 'as user "masked", with the entry registry.example.com' in told
    assert "The answer: a plugin said masked.\n" in told


def test_an_export_without_secrets_says_so() -> None:
    told = explain(json.dumps(pod("no basic auth credentials")))
    assert (
        "What is wrong: There is no Secret regcred in the namespace default. Or the Secrets were not exported, for the "
        "export has none at all of that namespace.\n"
    ) in told


def test_pods_of_one_owner_are_told_of_once() -> None:
    def replica(name: str) -> dict[str, object]:
        owner = {"kind": "ReplicaSet", "name": "web-5f7", "controller": True}
        labels = {"pod-template-hash": "5f7"}
        return pod("no basic auth credentials") | {
            "metadata": {"name": name, "labels": labels, "ownerReferences": [owner]}
        }

    fine = {"kind": "Pod", "metadata": {"name": "fine"}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}}
    fine["status"] = {"containerStatuses": [{"name": "a", "imageID": "x", "state": {"running": {}}}]}
    names = ("web-5f7-a", "web-5f7-b", "web-5f7-c")
    told = explain("\n---\n".join(json.dumps(item) for item in (*map(replica, names), secret({}), fine)))
    assert told.count("What is wrong") == 1
    assert "\nThe same: web-5f7-b, web-5f7-c\n\nPods that wait for no image: default/fine\n" in told


def test_an_old_style_in_the_new_type_and_the_reverse() -> None:
    new = explain(json.dumps(pod("no basic auth credentials")) + json.dumps(secret(GOOD["auths"])))
    assert "found. It holds credentials for no registry: its .dockerconfigjson has no auths.\n" in new
    old = explain(
        json.dumps(pod("no basic auth credentials")) + json.dumps(secret(GOOD, kind="kubernetes.io/dockercfg"))
    )
    assert "the type kubernetes.io/dockercfg has no auths: the registries stand at the top.\n" in old


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [hunter2hunter2", f"line 2 of it is neither YAML nor JSON: {WANTED}"),
        ("kind: Pod\nmetadata: {name: a}\nspec: hunter2hunter2", "Pod.spec is no map"),
        ("kind: Pod\nmetadata: {name: a}\nspec: {containers: {a: b}}", "Pod.spec.containers is no list"),
        ("kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: [b]}]}", "Pod.spec.containers[].name is no text"),
        ("kind: Pod\nmetadata: {name: a}", "a Pod has no containers"),
        ("kind: Pod\nmetadata: {}", "a Pod has no name"),
        ("kind: Secret\nmetadata: {name: a}\ndata: {hunter2hunter2: {}}", "Secret.data.* is no text"),
        ("[]", f"it has no kind: {WANTED}"),
        ("\0", f"it is neither YAML nor JSON: {WANTED}"),
        ("[" * 5000, f"line 1 of it is neither YAML nor JSON: {WANTED}"),
        ('{"a":' * 50000, f"line 1 of it is neither YAML nor JSON: {WANTED}"),
        ("kind: &a List\nitems: [*a]", "it has YAML aliases (*name), which kubectl never prints"),
        ("x" * (3 * 1024 * 1024 + 1), "it has more than 3 MiB: export one namespace, or name the objects"),
    ],
)
def test_malformed_exports(text: str, words: str) -> None:
    with pytest.raises(ExportError) as caught:
        explain(text)
    assert str(caught.value) == words


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 60))]
    started = time.monotonic()
    with pytest.raises(ExportError, match="aliases"):
        explain("\n".join(lines))
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_every_origin(encoding: str, tmp_path: Path) -> None:
    text = json.dumps([pod("no basic auth credentials"), secret({})][0]).replace("web", "wéb")
    path = tmp_path / "case.json"
    path.write_bytes(text.encode(encoding))
    ran = subprocess.run(
        [sys.executable, "-m", "kubesim", "why", "-f", str(path)],
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        check=False,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (explain(text), "", 0)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"\xc3", "it is no text"), (b"x: [", f"line 2 of it is neither YAML nor JSON: {WANTED}"), (None, "")],
)
def test_refusals_on_the_command_line(data: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    if data is not None:
        path.write_bytes(data)
    ran = subprocess.run(
        [sys.executable, "-m", "kubesim", "why", "-f", str(path)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )
    words = words or "No such file or directory"
    assert (ran.stdout, ran.stderr, ran.returncode) == ("", f"kubesim: {path}: {words}\n", 1)


def test_a_text_too_long_is_not_decoded() -> None:
    with pytest.raises(ExportError, match="more than 3 MiB"):
        decode(b"x" * (3 * 1024 * 1024 + 1))


def test_an_export_of_three_mebibytes_takes_seconds() -> None:
    items = [pod(f"{OLDER}{HEAD}401 Unauthorized") | {"metadata": {"name": f"web-{n}"}} for n in range(3000)]
    items += [secret(GOOD, f"regcred-{n}") for n in range(5500)]
    text = json.dumps({"kind": "List", "items": items})
    assert 2.5 * 1024 * 1024 < len(text) < 3 * 1024 * 1024
    started = time.process_time()
    assert explain(text).endswith("\n\nAnd 2950 more that wait for an image: ask for one with --pod NAME\n")
    assert time.process_time() - started < 20


PASSWORD = "hunter2hunter2"
AUTH = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
LEAKS = (
    {"username": "me", "password": PASSWORD},
    {"auth": AUTH},
    {"username": PASSWORD, "password": PASSWORD},
    {"auth": base64.b64encode(f"{PASSWORD}:".encode()).decode()},
    {"auth": f"me:{PASSWORD}"},
    {"username": "me", "password": PASSWORD, "email": 7},
    {"username": "me", "password": PASSWORD, "auth": "%"},
)
HOSTS = ("registry.example.com", f"https://me:{PASSWORD}@registry.example.com", "x?token=" + PASSWORD, "*.com", "")
MESSAGES = (
    f"{OLDER}{HEAD}401 Unauthorized",
    f"{OLDER}Get https://me:{PASSWORD}@registry.example.com/v2/?token={PASSWORD}: 403 Forbidden",
    f"authorization: Bearer {PASSWORD}{PASSWORD}",
    "no basic auth credentials",
    "insufficient_scope: authorization failed",
    "",
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("regcred"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def exports(draw: st.DrawFn) -> str:
    """An export with the password in many places, some of its parts replaced by anything."""
    auths = {draw(st.sampled_from(HOSTS)): draw(st.sampled_from(LEAKS))}
    content = draw(st.sampled_from([{"auths": auths}, auths, f"me:{PASSWORD}", [PASSWORD], {"auths": [PASSWORD]}]))
    reason = draw(st.sampled_from(["ErrImagePull", "ImagePullBackOff", "ContainerCreating", "ErrImageNeverPull", "x"]))
    image = draw(st.sampled_from([IMAGE, "nginx", f"me:{PASSWORD}@registry.example.com/app", "A B"]))
    annotation = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"stringData":"{PASSWORD}"}}'}
    made = pod(draw(st.sampled_from(MESSAGES)), reason, image, annotations=annotation)  # type: ignore[arg-type]
    kinds = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg", "Opaque"]
    held = secret(content, kind=draw(st.sampled_from(kinds)))
    account = {"kind": "ServiceAccount", "metadata": {"name": "default"}, "imagePullSecrets": [{"name": "regcred"}]}
    items = [made, held, account]
    if draw(st.booleans()):
        spoil(draw, draw(st.sampled_from(items)))
    if draw(st.booleans()):
        items[1]["data"] = {".dockerconfigjson": f"{PASSWORD}!", "password": PASSWORD}  # type: ignore[index]
    return "\n---\n".join(json.dumps(item) for item in items)


def spoil(draw: st.DrawFn, value: object) -> None:
    """Put anything in the place of one part of it."""
    while isinstance(value, dict | list) and value:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = draw(st.sampled_from(keys))
        if draw(st.booleans()) or not isinstance(value[key], dict | list):  # type: ignore[index]
            value[key] = draw(ANYTHING)  # type: ignore[index]
            return
        value = value[key]  # type: ignore[index]


@given(exports())
@settings(deadline=None, max_examples=400)
def test_no_export_raises_or_shows_a_password(text: str) -> None:
    try:
        told = explain(text)
    except ExportError as error:
        told = str(error)
    assert PASSWORD not in told
    assert AUTH not in told
    assert base64.b64encode(PASSWORD.encode()).decode() not in told


@given(st.text(max_size=200))
@settings(deadline=None)
def test_no_text_raises(text: str) -> None:
    with pytest.raises(ExportError):
        explain(text)


def test_tab_completes_the_names_of_pods() -> None:
    session = Session()
    session.run(
        "kubectl create namespace blue; kubectl run web --image=nginx; kubectl run worker -n blue --image=nginx"
    )
    assert session.shell.complete("why w", 5) == ["web"]
    assert session.shell.complete("why -n blue w", 13) == ["worker"]
