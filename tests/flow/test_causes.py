"""Every kind of failure at its own hop, in its own words, with commands that really mend it."""

import re

import pytest

from kubesim.flow import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, trace_flow
from tests.flow.making import ACCOUNT, CREATE, config, from_file, make, pod

SUBSTITUTES = {
    "'<user>'": "myuser",
    "'<the right password>'": "mypassword",
    "'<registry>/<repository>:<tag>'": "nginx",
    "'<a valid image name>'": "nginx",
    "'<an image that exists>'": "nginx",
    "'<node>'": "sim-worker",
    "'<the right name>'": "nginx",
}


# name: (lines before, manifest, hop that fails, part of the problem)
FAILURES = {
    "no secret anywhere": ([], pod(), "spec", "the Pod names no pull secret"),
    "no secret named": ([CREATE], pod(), "spec", "the Pod names no pull secret"),
    "no secret named, one elsewhere": (
        ["kubectl create namespace shop", f"{CREATE} -n shop"],
        pod(),
        "spec",
        "the Pod names no pull secret",
    ),
    "a Secret of that name of no use": (
        ["kubectl create secret generic regcred --from-literal=a=b"],
        pod(),
        "spec",
        "the Pod names no pull secret",
    ),
    "missing": ([], pod(secrets=["regcred"]), "secret", "There is no Secret regcred in the namespace default."),
    "misspelled": (
        [CREATE],
        pod(secrets=["regcreds"]),
        "secret",
        "There is no Secret regcreds in the namespace default. There is one named regcred: did you mean that?",
    ),
    "other namespace": (
        ["kubectl create namespace shop", f"{CREATE} -n shop"],
        pod(secrets=["regcred"]),
        "secret",
        "The Secret regcred is in the namespace shop. A Pod can use Secrets of its own namespace only.",
    ),
    "opaque": (
        [
            f"echo '{config('registry.example.com')}' > config.json",
            "kubectl create secret generic regcred --from-file=.dockerconfigjson=config.json",
        ],
        pod(secrets=["regcred"]),
        "secret",
        "is of the type Opaque",
    ),
    "opaque with other keys": (
        ["kubectl create secret generic regcred --from-literal=username=myuser"],
        pod(secrets=["regcred"]),
        "secret",
        "is of the type Opaque",
    ),
    "unreadable": (
        from_file("registry.example.com", '"auth":"%%%"'),
        pod(secrets=["regcred"]),
        "secret",
        "cannot be read",
    ),
    "other server": (
        [CREATE.replace("registry.example.com", "ghcr.io")],
        pod(secrets=["regcred"]),
        "secret",
        "holds credentials for ghcr.io, but the image is at registry.example.com.",
    ),
    "no server": (
        [CREATE.replace("--docker-server=registry.example.com ", "")],
        pod(secrets=["regcred"]),
        "secret",
        "that is Docker Hub, which kubectl assumes without --docker-server",
    ),
    "almost the server": (
        [CREATE.replace("registry.example.com", "registry.exmaple.com")],
        pod(secrets=["regcred"]),
        "secret",
        "Almost the same name: look at the letters.",
    ),
    "other port": (
        from_file("registry.example.com:443"),
        pod(secrets=["regcred"]),
        "secret",
        "The port must be the same on both sides.",
    ),
    "other path": (
        from_file("registry.example.com/team"),
        pod(secrets=["regcred"]),
        "secret",
        "only for repositories that begin so. The image is registry.example.com/myapp.",
    ),
    "other server, a fitting one unnamed": (
        [CREATE, CREATE.replace("regcred", "wrong").replace("registry.example.com", "ghcr.io")],
        pod(secrets=["wrong"]),
        "secret",
        "The Secret regcred would fit, but the Pod does not name it.",
    ),
    "nothing in the entry": (from_file("registry.example.com", ""), pod(secrets=["regcred"]), "secret", "no password"),
    "wrong password": (
        [CREATE.replace("mypassword", "wrong")],
        pod(secrets=["regcred"]),
        "registry",
        "401 Unauthorized",
    ),
    "wrong user": ([CREATE.replace("myuser", "me")], pod(secrets=["regcred"]), "registry", 'user "me"'),
    "wrong tag": (
        [CREATE],
        pod(secrets=["regcred"], image="registry.example.com/myapp:v1.0"),
        "image",
        "registry.example.com/myapp has no tag v1.0. It has 1.0, 2.0, latest.",
    ),
    "wrong tag of a public image": ([], pod(image="nginx:9.9"), "image", "has no tag 9.9. It has 1.27, latest."),
    "wrong digest": (
        [CREATE],
        pod(secrets=["regcred"], image=f"registry.example.com/myapp@sha256:{64 * '0'}"),
        "image",
        f"has no digest sha256:{64 * '0'}. It has 1.0, 2.0, latest.",
    ),
    "no such repository": (
        [CREATE],
        pod(secrets=["regcred"], image="registry.example.com/yourapp:1.0"),
        "image",
        "has no tag 1.0, or there is no such repository.",
    ),
    "tag behind a slash": ([], pod(image="nginx/1.27"), "spec", "Is nginx:1.27 meant?"),
    "private tag behind a slash": (
        [CREATE],
        pod(secrets=["regcred"], image="registry.example.com/myapp/1.0"),
        "spec",
        "Is registry.example.com/myapp:1.0 meant?",
    ),
    "misspelled official image": ([], pod(image="ngnix"), "image", "Docker Hub has no official image ngnix."),
    "no such host": (
        [],
        pod(image="registry.nowhere.test/app:1"),
        "registry",
        "There is no host registry.nowhere.test",
    ),
    "almost the host": (
        [CREATE],
        pod(secrets=["regcred"], image="registry.exmaple.com/myapp:1.0"),
        "registry",
        "Did you mean registry.example.com? Look at the letters.",
    ),
    "nobody listens": (
        [CREATE],
        pod(secrets=["regcred"], image="registry.example.com:5000/myapp:1.0"),
        "registry",
        "Nobody listens at registry.example.com:5000.",
    ),
    "not an image name": ([], pod(image="NGINX:1.27"), "spec", '"NGINX:1.27" is not an image name.'),
    "not at all an image name": ([], pod(image="'a b'"), "spec", '"a b" is not an image name.'),
    "never pulled": (
        [],
        pod(image="nginx", container="    imagePullPolicy: Never\n"),
        "kubelet",
        "imagePullPolicy: Never forbids the kubelet to pull",
    ),
    "older than the ServiceAccount's list": ([CREATE], pod(), "spec", "this Pod is older"),
    "older than the list of a Secret that does not fit": (
        [CREATE.replace("--docker-server=registry.example.com ", "")],
        pod(),
        "spec",
        "That list would not help yet: regcred has no entry for the image.",
    ),
    "older than the list of a Secret that is not there": ([], pod(), "spec", "regcred has no entry for the image."),
    "older than the list of a Secret of no use": (
        ["kubectl create secret generic regcred --from-literal=a=b"],
        pod(),
        "spec",
        "the Pod names no pull secret in spec.imagePullSecrets.",
    ),
    "upper case in the server": (
        [CREATE.replace("=registry.example.com", "=Registry.example.com")],
        pod(secrets=["regcred"]),
        "secret",
        "compared letter by letter",
    ),
    "a tag in the entry": (
        from_file("registry.example.com/myapp:1.0"),
        pod(secrets=["regcred"]),
        "secret",
        "without a tag and without *.",
    ),
    "a star for several parts": (from_file("*.com"), pod(secrets=["regcred"]), "secret", "* stands for one part"),
    "without auths": (
        [line.replace('{"auths":', "").replace("}}}", "}}") for line in from_file("registry.example.com")],
        pod(secrets=["regcred"]),
        "secret",
        "its .dockerconfigjson has no auths.",
    ),
    "empty auths": (
        ["echo '{\"auths\":{}}' > config.json", *from_file("x")[1:]],
        pod(secrets=["regcred"]),
        "secret",
        "its .dockerconfigjson is empty.",
    ),
    "several entries": (
        from_file('ghcr.io":{},"quay.io'),
        pod(secrets=["regcred"]),
        "secret",
        "Mind that the command leaves only one of the 2 entries that the Secret has.",
    ),
    "a list of its own": (
        [
            CREATE,
            CREATE.replace("regcred", "bad").replace("mypassword", "wrong"),
            ACCOUNT,
        ],
        pod(secrets=["bad"]),
        "spec",
        "The Pod has a list of its own (bad), and that replaces the list of the ServiceAccount default",
    ),
    "no node": ([], pod(image="nginx", extra="  nodeSelector:\n    disk: ssd\n"), "kubelet", "a node with disk=ssd"),
}
AFTERWARDS = dict.fromkeys((name for name in FAILURES if name.startswith("older than")), ACCOUNT)


@pytest.fixture(params=FAILURES)
def broken(request):
    lines, manifest, hop, words = FAILURES[request.param]
    session = make(lines, manifest)
    if request.param in AFTERWARDS:
        assert session.run(AFTERWARDS[request.param]).exit_code == 0
    return session, hop, words


def filled_in(command):
    for placeholder, word in SUBSTITUTES.items():
        command = command.replace(placeholder, word)
    return command


def mend(session, flow):
    for command in flow.cause.mend:
        result = session.run(filled_in(command))
        assert result.exit_code == 0, f"{command}\n{result.screen}"
    session.advance(400)


def test_the_cause_is_named_at_its_hop(broken):
    session, hop, words = broken
    flow = trace_flow(session.cluster, "default", "web")
    assert (flow.cause.key, flow.cause.state) == (hop, FAILED)
    assert words in flow.cause.problem
    assert [item.key for item in flow.hops if item.problem] == [hop]
    assert flow.hops[-1].state == (FAILED if hop == "image" else NOT_REACHED)


def test_the_commands_mend_it(broken):
    session, _, _ = broken
    mend(session, trace_flow(session.cluster, "default", "web"))
    assert session.run("kubectl get pod web -o jsonpath={.status.phase}").stdout == "Running"
    flow = trace_flow(session.cluster, "default", "web")
    assert flow.cause is None
    assert {hop.state for hop in flow.hops} <= {PASSED, NOT_NEEDED}


def test_the_commands_that_an_export_of_it_asks_for_mend_it(broken):
    session, _, _ = broken
    told = session.run("kubectl get pod,sa,secret -A -o json | kubesim why -f - --pod web").stdout
    for command in re.findall(r"^  \$ (.*)$", told, re.MULTILINE):
        result = session.run(filled_in(command))
        assert result.exit_code == 0, f"{command}\n{result.screen}"
    session.advance(400)
    assert session.run("kubectl get pod web -o jsonpath={.status.phase}").stdout == "Running"


def test_drawing_changes_nothing(broken):
    session, _, _ = broken
    before = (session.cluster.clock.now, session.cluster.api.revision)
    first = trace_flow(session.cluster, "default", "web")
    assert trace_flow(session.cluster, "default", "web") == first
    assert (session.cluster.clock.now, session.cluster.api.revision) == before


@pytest.mark.parametrize("lines", [[], [CREATE]])
def test_in_another_namespace_the_commands_say_so(lines):
    session = make(["kubectl create namespace shop", *lines], pod(), namespace="shop")
    flow = trace_flow(session.cluster, "shop", "web")
    mend(session, flow)
    assert session.run("kubectl get pod web -n shop -o jsonpath={.status.phase}").stdout == "Running"
    assert trace_flow(session.cluster, "shop", "web").cause is None


DEPLOY = "kubectl create deployment web --image=registry.example.com/myapp:1.0"
PATCH = """kubectl patch deployment web -p '{"spec":{"template":{"spec":{"imagePullSecrets":[{"name":"%s"}]}}}}'"""


@pytest.mark.parametrize(
    "lines",
    [
        [DEPLOY],
        [CREATE, DEPLOY],
        [CREATE, DEPLOY, ACCOUNT],
        [CREATE, DEPLOY, PATCH % "regcreds"],
        [CREATE, DEPLOY.replace("1.0", "9"), ACCOUNT],
    ],
)
def test_a_deployments_pod_is_mended_through_its_deployment(lines):
    session = make(lines)
    for _ in range(2):  # the last case has two faults
        for name in session.run("kubectl get pods -o jsonpath={.items[*].metadata.name}").stdout.split():
            flow = trace_flow(session.cluster, "default", name)
            if flow.cause:
                mend(session, flow)
    assert session.run("kubectl get deployment web -o jsonpath={.status.readyReplicas}").stdout == "1"


def test_of_several_fitting_secrets_the_one_that_works_is_proposed():
    session = make([CREATE.replace("regcred", "a-bad-one").replace("mypassword", "wrong"), CREATE], pod())
    flow = trace_flow(session.cluster, "default", "web")
    assert "- name: regcred/" in flow.cause.mend[0]


def test_an_image_on_the_node_that_the_pod_has_no_right_to():
    session = make([CREATE], pod("first", secrets=["regcred"]))
    session.write_file("web.yaml", pod(container="    imagePullPolicy: Never\n"))
    session.run("kubectl apply -f web.yaml")
    session.advance(6)
    flow = trace_flow(session.cluster, "default", "web")
    assert flow.cause.key == "spec"
    mend(session, flow)
    assert session.run("kubectl get pod web -o jsonpath={.status.phase}").stdout == "Running"
