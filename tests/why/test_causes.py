"""Every kind of failure at its own hop, in its own words, with commands that really fix it."""

import json
import re
from pathlib import Path

import pytest

from kubesim.api import load_yaml
from kubesim.session.flow import trace_flow
from kubesim.why.tell.report import FAILED, NOT_NEEDED, NOT_REACHED, PASSED
from tests.why.making import ACCOUNT, CREATE, make, pod

SUBSTITUTES = {
    "'<user>'": "myuser",
    "'<the right password>'": "mypassword",
    "'<registry>/app:1'": "nginx",
    "'<a valid image name>'": "nginx",
    "'<an image that exists>'": "nginx",
    "'<node>'": "sim-worker",
    "'<the right name>'": "nginx",
}


FOLDER = Path(__file__).parent
FAILURES = load_yaml(FOLDER / "causes.yaml")

DEPLOY = "kubectl create deployment web --image=registry.example.com/myapp:1.0"
PATCH = """kubectl patch deployment web -p '{"spec":{"template":{"spec":{"imagePullSecrets":[{"name":"%s"}]}}}}'"""


@pytest.fixture(params=FAILURES)
def broken(request):
    """Each failure of the table, in a session."""
    row = FAILURES[request.param]
    given = dict(row.get("pod", {}))
    policy, selector = given.pop("policy", ""), given.pop("selector", {})
    given["container"] = f"    imagePullPolicy: {policy}\n" if policy else ""
    given["extra"] = f"  nodeSelector: {json.dumps(selector)}\n" if selector else ""
    session = make(row.get("before", ()), pod(**given))
    for line in row.get("after", ()):
        assert session.run(line).exit_code == 0
    return session, row["hop"], row["problem"]


@pytest.mark.parametrize(("image", "cause"), load_yaml(FOLDER / "troubles.yaml").items())
def test_a_registry_in_trouble_is_the_cause(image, cause):
    flow = trace_flow(make((), pod(image=image)).cluster, "default", "web")
    assert {"hop": flow.cause.hop, "problem": flow.cause.problem} == cause


def filled_in(command):
    """The command with a word in place of each placeholder."""
    for placeholder, word in SUBSTITUTES.items():
        command = command.replace(placeholder, word)
    return command


def fix(session, flow):
    """Run the commands that the flow proposes, and wait until they have taken effect."""
    for command in flow.cause.fix:
        result = session.run(filled_in(command))
        assert result.exit_code == 0, f"{command}\n{result.screen}"
    session.advance(400)


def test_the_cause_is_named_at_its_hop(broken):
    session, hop, problem = broken
    flow = trace_flow(session.cluster, "default", "web")
    assert [(item.key, item.state) for item in flow.hops if item.is_cause] == [(hop, FAILED)]
    assert flow.cause.problem == problem
    assert flow.hops[-1].state == (FAILED if hop == "image" else NOT_REACHED)


def test_the_commands_fix_it(broken):
    session, _, _ = broken
    fix(session, trace_flow(session.cluster, "default", "web"))
    assert session.run("kubectl get pod web -o jsonpath={.status.phase}").stdout == "Running"
    flow = trace_flow(session.cluster, "default", "web")
    assert flow.cause is None
    assert {hop.state for hop in flow.hops} <= {PASSED, NOT_NEEDED}


def test_the_commands_that_an_export_of_it_shows_fix_it(broken):
    session, _, _ = broken
    text = session.run("kubectl get pod,sa,secret -A -o json | kubesim why -f - --pod web").stdout
    for command in re.findall(r"^  \$ (.*)$", text, re.MULTILINE):
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
    fix(session, flow)
    assert session.run("kubectl get pod web -n shop -o jsonpath={.status.phase}").stdout == "Running"
    assert trace_flow(session.cluster, "shop", "web").cause is None


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
def test_a_deployments_pod_is_fixed_through_its_deployment(lines):
    session = make(lines)
    for _ in range(2):  # because the last case has two faults
        for name in session.run("kubectl get pods -o jsonpath={.items[*].metadata.name}").stdout.split():
            flow = trace_flow(session.cluster, "default", name)
            if flow.cause:
                fix(session, flow)
    assert session.run("kubectl get deployment web -o jsonpath={.status.readyReplicas}").stdout == "1"


def test_of_several_matching_secrets_the_one_that_works_is_proposed():
    session = make([CREATE.replace("regcred", "a-bad-one").replace("mypassword", "wrong"), CREATE], pod())
    flow = trace_flow(session.cluster, "default", "web")
    assert "- name: regcred/" in flow.cause.fix[0]


def test_an_image_on_the_node_that_the_pod_has_no_right_to():
    session = make([CREATE], pod("first", secrets=["regcred"]))
    session.write_file("web.yaml", pod(container="    imagePullPolicy: Never\n"))
    session.run("kubectl apply -f web.yaml")
    session.advance(6)
    flow = trace_flow(session.cluster, "default", "web")
    assert flow.cause.hop == "spec"
    fix(session, flow)
    assert session.run("kubectl get pod web -o jsonpath={.status.phase}").stdout == "Running"
