"""Why an image does not arrive: the whole stories, of a running cluster and of the export of it, which agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from kubesim.session import Session

ROOT = Path(__file__).resolve().parents[2]
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


def test_tab_completes_the_names_of_pods() -> None:
    session = Session()
    session.run(
        "kubectl create namespace blue; kubectl run web --image=nginx; kubectl run worker -n blue --image=nginx"
    )
    assert session.shell.complete("why w", 5) == ["web"]
    assert session.shell.complete("why -n blue w", 13) == ["worker"]
