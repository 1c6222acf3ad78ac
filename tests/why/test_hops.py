"""The hops of a pull: what each says while the pull goes on, and once it has succeeded or failed."""

import dataclasses

import pytest

from kubesim.session import Session
from kubesim.session.flow import trace_flow
from kubesim.why.tell.hops import conceal
from kubesim.why.tell.report import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, WAITING, Flow
from tests.why.making import ACCOUNT, CREATE, make, pod


def states(flow):
    """The state of each hop by its key."""
    return {hop.key: hop.state for hop in flow.hops}


def test_the_text_of_a_pull_with_a_secret():
    session = make([CREATE], pod(secrets=["regcred"]))
    assert trace_flow(session.cluster, "default", "web").text() == (
        "registry.example.com/myapp:1.0 for default/web, container app\n"
        "✓ kubectl: Pod web is in default\n"
        "✓ Pod spec: imagePullSecrets: regcred; in its own spec\n"
        "✓ Secret: regcred (kubernetes.io/dockerconfigjson) holds registry.example.com\n"
        "✓ kubelet: asked with regcred\n"
        "✓ Registry: registry.example.com lets user myuser in\n"
        "✓ Image: registry.example.com/myapp:1.0 is on the node\n"
        "The image is on the node and the container may start."
    )


def test_the_text_of_a_refused_pull():
    session = make([CREATE], pod(secrets=["regcreds"]))
    assert trace_flow(session.cluster, "default", "web").text() == (
        "registry.example.com/myapp:1.0 for default/web, container app\n"
        "✓ kubectl: Pod web is in default\n"
        "✓ Pod spec: imagePullSecrets: regcreds; in its own spec\n"
        "✗ Secret: regcreds: not found\n"
        "○ kubelet: asked without credentials\n"
        "✗ Registry: registry.example.com requires credentials, and none were sent (because of the Secret)\n"
        "· Image: not reached; registry.example.com/myapp:1.0\n"
        "What's wrong: There's no Secret regcreds in the default namespace. There's one named regcred. "
        "Did you mean that one?\n"
        "How to fix it:\n"
        "  $ kubectl get pod web -o yaml | sed 's/- name: regcreds$/- name: regcred/' | kubectl replace --force -f -"
    )


def test_a_secret_deleted_since_the_last_attempt_is_told_in_the_past():
    pulled = make([CREATE], pod(secrets=["regcred"]))
    refused = make([CREATE.replace("mypassword", "old")], pod(secrets=["regcred"]))
    lines = []
    for session in (pulled, refused):
        session.run("kubectl delete secret regcred")
        lines.append(trace_flow(session.cluster, "default", "web").text().splitlines()[3])
    assert lines == [
        "✓ Secret: regcred (kubernetes.io/dockerconfigjson) held registry.example.com, and has been deleted since",
        "✗ Secret: regcred: not found, deleted since the last attempt",
    ]


def test_a_public_image_needs_no_secret():
    flow = trace_flow(make([], pod(image="nginx")).cluster, "default", "web")
    assert states(flow) == {
        "kubectl": PASSED,
        "secret": NOT_NEEDED,
        "spec": PASSED,
        "kubelet": PASSED,
        "registry": PASSED,
        "image": PASSED,
    }


def test_an_image_on_the_node_needs_no_registry():
    session = make([CREATE], pod(secrets=["regcred"]))
    session.write_file("second.yaml", pod("second", secrets=["regcred"]))
    session.run("kubectl apply -f second.yaml")
    session.advance(6)
    flow = trace_flow(session.cluster, "default", "second")
    assert states(flow)["registry"] == NOT_NEEDED
    assert flow.hops[3].words == ("found the image on the node, and the Pod may use it",)
    assert flow.cause is None


def test_a_pod_without_a_list_gets_that_of_its_service_account():
    session = make([CREATE, ACCOUNT], pod())
    flow = trace_flow(session.cluster, "default", "web")
    assert flow.cause is None
    assert [(hop.title, hop.words) for hop in flow.hops[1:3]] == [
        ("ServiceAccount", ("default lists regcred",)),
        ("Pod spec", ("imagePullSecrets: regcred", "from the ServiceAccount default")),
    ]


def test_a_pod_with_a_list_of_its_own_does_not_need_that_of_its_service_account():
    other = CREATE.replace("regcred", "mine")
    session = make([CREATE, other, ACCOUNT], pod(secrets=["mine"]))
    flow = trace_flow(session.cluster, "default", "web")
    assert flow.cause is None
    assert states(flow)["account"] == NOT_NEEDED


def test_before_the_first_attempt_there_is_no_cause():
    session = make([CREATE], pod(secrets=["regcred"]), wait=0)
    flow = trace_flow(session.cluster, "default", "web")
    assert flow.cause is None
    assert states(flow)["kubelet"] == NOT_REACHED
    assert flow.outcome == "The kubelet hasn't tried to pull the image yet."


def test_a_wrong_password_is_told_before_the_kubelet_has_tried_it():
    session = make([], pod(secrets=["regcred"]))
    session.run(CREATE.replace("mypassword", "mypasswrod"))
    flow = trace_flow(session.cluster, "default", "web")
    who = 'user "myuser" of the Secret regcred'
    wrong = f"registry.example.com doesn't accept the {who} with that password: 401 Unauthorized."
    assert (flow.cause.hop, flow.cause.problem) == (
        "registry",
        f"{wrong} The kubelet hasn't tried that yet, and will find out at its next attempt.",
    )
    session.advance(300)
    assert trace_flow(session.cluster, "default", "web").cause.problem == wrong


def test_when_the_cause_is_gone_the_flow_waits_for_the_next_attempt():
    session = make([], pod(secrets=["regcred"]), wait=30)
    session.run(CREATE)
    flow = trace_flow(session.cluster, "default", "web")
    assert flow.cause is None
    assert "tries again on its own" in flow.outcome
    assert states(flow)["registry"] == NOT_REACHED
    session.advance(300)
    assert set(states(trace_flow(session.cluster, "default", "web")).values()) == {PASSED}


@pytest.mark.parametrize(
    ("namespace", "name", "problem", "fix"),
    [
        ("default", "webb", "There's no Pod webb in the default namespace. There's one named web.", "get pod web"),
        ("shop", "web", "There's no Pod web in the shop namespace. There's one in default.", "get pod web"),
        ("shop", "x", "There's no Pod x in the shop namespace.", "get pods -n shop"),
    ],
)
def test_for_a_missing_pod_another_one_or_a_list_is_proposed(namespace, name, problem, fix):
    session = make([], pod(image="nginx"))
    flow = trace_flow(session.cluster, namespace, name)
    assert (flow.cause.hop, flow.cause.problem, flow.cause.fix) == ("kubectl", problem, (f"kubectl {fix}",))
    assert [hop.state for hop in flow.hops] == [FAILED, *[NOT_REACHED] * 5]


@pytest.mark.parametrize("name", ["web", "deployment/web"])
def test_for_a_deployment_one_of_its_pods_is_proposed(name):
    session = make(["kubectl create deployment web --image=nginx"])
    pod = session.run("kubectl get pods -o name").stdout.strip().removeprefix("pod/")
    flow = trace_flow(session.cluster, "default", name)
    assert flow.cause.problem == f"There's no Pod {name} in the default namespace. There's one named {pod}."
    assert flow.cause.fix == (f"kubectl get pod {pod}",)


def test_for_a_missing_container_those_of_the_pod_are_named():
    session = make([], pod(image="nginx"))
    flow = trace_flow(session.cluster, "default", "web", "side")
    assert flow.cause.problem == "The Pod web has no container side. It has app."


def test_of_several_containers_the_failing_one_is_shown():
    extra = "  initContainers:\n  - name: init\n    image: nginx\n    command: [sh, -c, 'exit 0']\n"
    session = make([], pod(extra=extra), wait=20)
    assert trace_flow(session.cluster, "default", "web").subject.endswith("container app")
    assert trace_flow(session.cluster, "default", "web", "init").cause is None


def test_a_flow_cannot_be_changed():
    session = make([CREATE], pod(secrets=["regcred"]))
    flow = trace_flow(session.cluster, "default", "web")
    assert isinstance(flow, Flow)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(flow, "outcome", "")  # noqa: B010  # mypy knows, too


def test_a_pull_with_credentials_of_the_node_is_told_from_that_of_a_public_image():
    session = Session()
    session.run("node login registry.example.com -u myuser -p mypassword; sleep 300")
    session.run("kubectl run web --image=registry.example.com/myapp:1.0; sleep 5")
    hops = {hop.key: (hop.state, hop.words) for hop in trace_flow(session.cluster, "default", "web").hops}
    assert hops["secret"] == (NOT_NEEDED, ("the node has credentials of its own",))
    assert hops["kubelet"] == (PASSED, ("asked as myuser, with credentials of the node itself",))


def test_a_flow_has_the_request_and_the_answer_of_the_last_attempt():
    sent = {}
    for name, commands in {"right": [CREATE], "wrong": [CREATE.replace("mypassword", "old")], "none": []}.items():
        flow = trace_flow(make(commands, pod(secrets=["regcred"])).cluster, "default", "web")
        sent[name] = (*flow.sent, flow.answered)
    assert sent == {
        "right": ("HEAD myapp:1.0", "Basic myuser:•••", "200 OK"),
        "wrong": ("HEAD myapp:1.0", "Basic myuser:•••", "401 Unauthorized"),
        "none": ("HEAD myapp:1.0", "no user, no password", "401 Unauthorized"),
    }


def test_a_hop_that_failed_because_of_the_cause_says_so():
    flow = trace_flow(make([], pod(secrets=["regcred"])).cluster, "default", "web")
    assert [(hop.key, hop.is_cause, hop.because) for hop in flow.hops if hop.state == FAILED] == [
        ("secret", True, ""),
        ("registry", False, "Secret"),
    ]


def test_the_kubelet_of_a_pull_that_will_recover_waits():
    session = make([], pod(secrets=["regcred"]))
    session.run(CREATE)
    flow = trace_flow(session.cluster, "default", "web")
    assert states(flow)["kubelet"] == WAITING
    assert flow.answered == "401 Unauthorized, last time"


def test_a_concealed_flow_shows_neither_the_cause_nor_the_hops_around_it():
    flow = conceal(trace_flow(make([], pod(secrets=["regcred"])).cluster, "default", "web"), FAILED, "ErrImagePull")
    assert flow.cause is None
    assert [hop.line for hop in flow.hops] == [
        "✓ kubectl: Pod web is in default",
        "? Pod spec: to find out",
        "? Secret: to find out",
        "✗ kubelet: ErrImagePull",
        "? Registry: to find out",
        "· Image: not reached; registry.example.com/myapp:1.0",
    ]
