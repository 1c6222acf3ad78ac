"""What kubectl does with templates, kept manifests, tokens, paths and parts of logs: whole screens."""

from __future__ import annotations

import base64
import json

import pytest

from tests.learner import Learner, rows

ROWS = rows(__file__)


@pytest.fixture
def learner() -> Learner:
    """A cluster with a Deployment, a ConfigMap that was applied, a Secret and a Pod that has written something."""
    learner = Learner()
    learner("kubectl create deployment shop --image=nginx")
    learner.session.write_file("m.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: map}, data: {level: low}}")
    learner("kubectl apply -f m.yaml")
    learner("kubectl create secret generic keys --from-literal=api.key=x --from-literal=other=y")
    learner("kubectl run talker --image=busybox -- sh -c 'echo one; sleep 5; echo two; sleep 1h'")
    learner.wait(20)
    return learner


def test_variables_are_set_shown_and_removed(learner: Learner) -> None:
    assert learner("kubectl set env deploy/shop MODE=dark LEVEL=3") == "deployment.apps/shop env updated\n"
    result = learner.session.run("kubectl set env deploy/shop --from=cm/map --prefix=MAP_ --keys=level")
    assert (result.stdout, result.stderr) == (
        "deployment.apps/shop env updated\n",
        "Warning: key level transferred to LEVEL\n",
    )
    assert learner("kubectl set env deploy/shop MODE-") == "deployment.apps/shop env updated\n"
    assert learner("kubectl set env deploy/shop --list") == (
        "# Deployment shop, container nginx\nLEVEL=3\n# MAP_LEVEL from configmap map, key level\n"
    )
    assert learner("kubectl set env deploy/shop LEVEL=3") == ""


@pytest.mark.parametrize(("line", "message"), ROWS["refusals"])
def test_refusals(learner: Learner, line: str, message: str) -> None:
    assert learner.fails(f"kubectl {line}") == message


def test_keys_that_are_no_names_are_reported(learner: Learner) -> None:
    result = learner.session.run("kubectl set env deploy/shop --from=secret/keys --list")
    assert result.stderr == "Warning: key api.key transferred to API_KEY\nWarning: key other transferred to OTHER\n"
    assert result.stdout.splitlines()[1] == "# API_KEY from secret keys, key api.key"


def test_needs_are_set_as_the_server_writes_them(learner: Learner) -> None:
    line = "kubectl set resources deploy/shop --limits=cpu=0.5,memory=1024Mi --requests=cpu=100m"
    assert learner(line) == "deployment.apps/shop resource requirements updated\n"
    shown = learner("kubectl get deploy shop -o jsonpath='{.spec.template.spec.containers[0].resources}'")
    assert json.loads(shown) == {"limits": {"cpu": "500m", "memory": "1Gi"}, "requests": {"cpu": "100m"}}


def test_a_token_says_whose_it_is(learner: Learner) -> None:
    head, claims, signature = learner("kubectl create token default --audience=shop --duration=20m").split(".")
    message = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (message["sub"], message["aud"]) == ("system:serviceaccount:default:default", ["shop"])
    assert message["exp"] - message["iat"] == 1200
    assert len(signature) == 342
    assert head


def test_the_api_answers_as_it_is(learner: Learner) -> None:
    assert learner("kubectl get --raw /readyz") == "ok"
    assert json.loads(learner("kubectl get --raw /api/v1/namespaces/default/configmaps/map"))["data"] == {
        "level": "low"
    }
    refused = learner.fails("kubectl get --raw /api/v1/secrets --as=jane")
    assert refused.startswith('Error from server (Forbidden): secrets is forbidden: User "jane" cannot list resource')


def test_parts_of_a_log(learner: Learner) -> None:
    assert learner("kubectl logs talker --limit-bytes=2") == "on"
    assert learner("kubectl logs talker --tail=1 --since=1h") == "two\n"
    assert learner("kubectl logs talker --since=1s") == ""
    stamped = learner("kubectl logs talker --timestamps").splitlines()
    assert [line.partition(" ")[2] for line in stamped] == ["one", "two"]
    assert all(len(line.partition(" ")[0]) == len("2026-11-24T14:00:00.123456789Z") for line in stamped)


def test_events_are_watched(learner: Learner) -> None:
    shown = learner("kubectl events --for=pod/talker --watch --request-timeout=5s").splitlines()
    assert shown[0].split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert {line.split()[3] for line in shown[1:]} == {"Pod/talker"}
