"""The one door: what is let in, what is refused, who is told, and that reading changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kubesim.api.clock import Clock, Identity
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object
from kubesim.api.resources import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, RESOURCES, SECRET, SERVICE_ACCOUNT, Resource
from kubesim.cluster.apiserver import APIServer, Change
from kubesim.cluster.apiserver.authorization import User
from tests.learner import Learner, container

Act = Callable[[APIServer], Any]


def config(name: str, **data: str) -> Object:
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def pod(**spec: Any) -> Object:
    meta = {"name": "web", "namespace": "default"}
    spec = {"containers": [{"name": "app", "image": "nginx:1.27"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


@pytest.fixture
def api() -> APIServer:
    api = APIServer(Clock(datetime(2026, 11, 24, 14, tzinfo=UTC)), Identity(0))
    api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    account = {"name": "default", "namespace": "default"}
    api.create(SERVICE_ACCOUNT, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    return api


def refusal(act: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(StatusError) as caught:
        act()
    return caught.value.code, caught.value.message


# --- create


def test_a_new_object_gets_an_identity_and_a_version(api: APIServer) -> None:
    given = config("c", a="1")
    given["metadata"] |= {"uid": "mine", "resourceVersion": "99", "creationTimestamp": "2001-01-01T00:00:00Z"}
    stored = api.create(CONFIG_MAP, given)
    uid = stored["metadata"]["uid"]
    assert uid != "mine"
    assert stored == {
        **config("c", a="1"),
        "metadata": {
            "creationTimestamp": "2026-11-24T14:00:00Z",
            "name": "c",
            "namespace": "default",
            "resourceVersion": str(api.revision),
            "uid": uid,
        },
    }


def test_a_client_cannot_write_the_status(api: APIServer) -> None:
    stored = api.create(POD, {**pod(), "status": {"phase": "Running", "podIP": "10.0.0.1"}})
    assert stored["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_what_is_given_is_not_changed(api: APIServer) -> None:
    given = pod()
    before = json.dumps(given)
    api.create(POD, given)
    assert json.dumps(given) == before


def test_a_name_may_be_generated(api: APIServer) -> None:
    given = config("")
    given["metadata"] = {"generateName": "c-", "namespace": "default"}
    names = {api.create(CONFIG_MAP, given)["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("c-") and len(name) == 7 for name in names)


def test_string_data_is_encoded_and_never_read_back(api: APIServer) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"}}
    stored = api.create(SECRET, {**secret, "data": {"a": "eA==", "b": "eA=="}, "stringData": {"a": "y"}})
    assert stored["data"] == {"a": "eQ==", "b": "eA=="}
    assert "stringData" not in stored


@pytest.mark.parametrize(
    ("resource", "obj", "code", "message"),
    [
        (CONFIG_MAP, config("default"), 409, 'configmaps "default" already exists'),
        (
            CONFIG_MAP,
            {**config("c"), "metadata": {"name": "c", "namespace": "nope"}},
            404,
            'namespaces "nope" not found',
        ),
        (
            CONFIG_MAP,
            {**config("c"), "color": "red"},
            400,
            'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "color"',
        ),
        (POD, pod(containers=[]), 422, 'Pod "web" is invalid: spec.containers: Required value'),
        (
            POD,
            pod(serviceAccountName="nope"),
            403,
            'pods "web" is forbidden: error looking up service account default/nope: serviceaccount "nope" not found',
        ),
    ],
)
def test_refused(api: APIServer, resource: Resource, obj: Object, code: int, message: str) -> None:
    api.create(CONFIG_MAP, config("default"))
    before = api.revision
    assert refusal(lambda: api.create(resource, obj)) == (code, message)
    assert api.revision == before


def test_unknown_fields_are_dropped_where_nobody_is_strict(api: APIServer) -> None:
    stored = api.create(CONFIG_MAP, {**config("c"), "color": "red"}, strict=False)
    assert "color" not in stored


# --- update


def test_an_update_must_be_of_the_present_version(api: APIServer) -> None:
    old = api.create(CONFIG_MAP, config("c", a="1"))
    api.update(CONFIG_MAP, {**old, "data": {"a": "2"}})
    assert refusal(lambda: api.update(CONFIG_MAP, {**old, "data": {"a": "3"}})) == (
        409,
        'Operation cannot be fulfilled on configmaps "c": the object has been modified; please apply your changes to '
        "the latest version and try again",
    )
    assert api.get(CONFIG_MAP, "default", "c")["data"] == {"a": "2"}


def test_without_a_version_the_last_one_wins(api: APIServer) -> None:
    api.create(CONFIG_MAP, config("c", a="1"))
    assert api.update(CONFIG_MAP, config("c", a="2"))["data"] == {"a": "2"}


def test_an_update_of_another_object_of_that_name_is_refused(api: APIServer) -> None:
    api.create(CONFIG_MAP, config("c"))
    other = config("c")
    other["metadata"]["uid"] = "other"
    code, message = refusal(lambda: api.update(CONFIG_MAP, other))
    assert code == 409
    assert "Precondition failed: UID in precondition: other" in message


@pytest.mark.parametrize(
    "act",
    [
        lambda api: api.update(CONFIG_MAP, config("c", a="1")),
        lambda api: api.patch(CONFIG_MAP, "default", "c", {"data": {"a": "1"}}),
        lambda api: api.patch(CONFIG_MAP, "default", "c", {"data": {"b": None}}, "merge"),
        lambda api: api.patch(CONFIG_MAP, "default", "c", [], "json"),
        lambda api: api.update_status(CONFIG_MAP, config("c"), None),
    ],
)
def test_a_change_that_changes_nothing_keeps_the_version_and_tells_nobody(api: APIServer, act: Act) -> None:
    old = api.create(CONFIG_MAP, config("c", a="1"))
    told: list[Change] = []
    api.subscribe(told.append)
    assert act(api) is old
    assert told == []


def test_the_generation_counts_changes_of_the_spec_alone(api: APIServer) -> None:
    def generation() -> int:
        value: int = api.get(POD, "default", "web")["metadata"]["generation"]
        return value

    api.create(POD, pod())
    api.patch(POD, "default", "web", {"metadata": {"labels": {"a": "b"}}})
    api.update_status(POD, pod(), {"phase": "Running"})
    assert generation() == 1
    api.patch(POD, "default", "web", {"spec": {"containers": [{"name": "app", "image": "nginx:1"}]}})
    assert generation() == 2


def test_a_client_cannot_change_what_the_server_keeps(api: APIServer) -> None:
    old = api.create(CONFIG_MAP, config("c"))
    change = {"metadata": {"creationTimestamp": None, "labels": {"a": "b"}}}
    meta = api.patch(CONFIG_MAP, "default", "c", change)["metadata"]
    kept = ("creationTimestamp", "uid")
    assert [meta[key] for key in kept] == [old["metadata"][key] for key in kept]
    assert meta["labels"] == {"a": "b"}


@pytest.mark.parametrize(
    ("change", "kind", "data"),
    [
        ({"data": {"b": "2", "a": None}}, "strategic", {"b": "2"}),
        ({"data": {"b": "2"}}, "merge", {"a": "1", "b": "2"}),
        ([{"op": "replace", "path": "/data/a", "value": "2"}], "json", {"a": "2"}),
    ],
)
def test_patches(api: APIServer, change: Any, kind: str, data: dict[str, str]) -> None:
    api.create(CONFIG_MAP, config("c", a="1"))
    assert api.patch(CONFIG_MAP, "default", "c", change, kind)["data"] == data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metadata": {"name": "d"}}, "the name of the object does not match the name on the URL"),
        ({"metadata": {"namespace": "x"}}, "the namespace of the object does not match the namespace on the URL"),
    ],
)
def test_a_patch_cannot_move_an_object(api: APIServer, change: Object, message: str) -> None:
    api.create(CONFIG_MAP, config("c"))
    assert refusal(lambda: api.patch(CONFIG_MAP, "default", "c", change)) == (400, message)


# --- delete


def test_deleting_a_running_pod_only_marks_it(api: APIServer) -> None:
    api.create(POD, pod(nodeName="sim-worker"))
    marked = api.delete(POD, "default", "web", grace_period=20)["metadata"]
    assert (marked["deletionTimestamp"], marked["deletionGracePeriodSeconds"]) == ("2026-11-24T14:00:20Z", 20)
    sooner = api.delete(POD, "default", "web", grace_period=5)["metadata"]
    assert sooner["deletionTimestamp"] == "2026-11-24T14:00:05Z"
    assert api.delete(POD, "default", "web", grace_period=60)["metadata"] == sooner
    api.delete(POD, "default", "web", grace_period=0)
    assert api.find(POD, "default", "web") is None


@pytest.mark.parametrize("state", [{"spec": {"nodeName": ""}}, {"status": {"phase": "Succeeded"}}])
def test_a_pod_that_no_node_runs_goes_at_once(api: APIServer, state: Object) -> None:
    stored = api.create(POD, pod(nodeName="sim-worker"))
    api.record(POD, {**stored, **{key: {**stored[key], **value} for key, value in state.items()}})
    api.delete(POD, "default", "web")
    assert api.find(POD, "default", "web") is None


def test_a_namespace_that_ends_takes_nothing_new(learner: Learner) -> None:
    learner("kubectl create ns team")
    learner("kubectl run web --image=nginx -n team")
    learner.wait(5)
    learner("kubectl delete ns team --wait=false")
    assert learner.fails("kubectl create cm c -n team") == (
        'error: failed to create configmap: configmaps "c" is forbidden: unable to create new content in namespace '
        "team because it is being terminated\n"
    )
    assert learner("kubectl get ns team --no-headers").split()[:2] == ["team", "Terminating"]
    learner.wait(40)  # five seconds before anything is done, and the Pod takes its 30
    assert learner.fails("kubectl get ns team") == 'Error from server (NotFound): namespaces "team" not found\n'


# --- who may, who is told, what stays


@pytest.mark.parametrize(
    ("act", "what"),
    [
        (lambda api, user: api.get(SECRET, "default", "s", user=user), 'secrets "s" is forbidden: User "x" cannot get'),
        (lambda api, user: api.list(SECRET, user=user), 'secrets is forbidden: User "x" cannot list'),
        (lambda api, user: api.create(CONFIG_MAP, config("c"), user=user), 'configmaps is forbidden: User "x"'),
        (lambda api, user: api.update(CONFIG_MAP, config("c"), user=user), 'configmaps "c" is forbidden: User "x"'),
        (
            lambda api, user: api.patch(SECRET, "", "s", {}, user=user),
            'secrets "s" is forbidden: User "x" cannot patch',
        ),
        (lambda api, user: api.delete(SECRET, "", "s", user=user), 'secrets "s" is forbidden: User "x" cannot delete'),
    ],
)
def test_every_verb_is_authorized_before_anything_is_told(api: APIServer, act: Any, what: str) -> None:
    code, message = refusal(lambda: act(api, User("x")))
    assert code == 403
    assert message.startswith(what)


def test_watchers_are_told_in_order_of_the_changes_and_until_they_stop(api: APIServer) -> None:
    told: list[tuple[str, str, object]] = []
    stop = api.subscribe(lambda change: told.append((change.type, change.obj["metadata"]["name"], change.old)), POD)
    api.create(CONFIG_MAP, config("c"))
    first = api.create(POD, pod())
    second = api.patch(POD, "default", "web", {"metadata": {"labels": {"a": "b"}}})
    api.delete(POD, "default", "web")
    stop()
    api.create(POD, pod())
    assert told == [("ADDED", "web", None), ("MODIFIED", "web", first), ("DELETED", "web", second)]


def state(api: APIServer) -> str:
    """Everything that is stored, and the revision."""
    return json.dumps([api.revision, *([api.list(item) for item in RESOURCES])], sort_keys=True)


@pytest.mark.parametrize(
    "act",
    [
        lambda api: api.create(CONFIG_MAP, config("new"), dry_run=True),
        lambda api: api.update(CONFIG_MAP, config("c", a="2"), dry_run=True),
        lambda api: api.patch(CONFIG_MAP, "default", "c", {"data": {"a": "2"}}, dry_run=True),
        lambda api: api.delete(CONFIG_MAP, "default", "c", dry_run=True),
    ],
)
def test_a_dry_run_answers_and_stores_nothing(api: APIServer, act: Act) -> None:
    api.create(CONFIG_MAP, config("c", a="1"))
    before = state(api)
    assert act(api)["kind"] == "ConfigMap"
    assert state(api) == before


@pytest.mark.parametrize(
    "line",
    [
        *("kubectl get all -A", "kubectl get all,cm,secrets,sa,events,nodes,ns -o yaml", "kubectl get pods -w"),
        *("kubectl get pods -o wide --sort-by=.metadata.name", "kubectl get pods -l app=web -o json"),
        *("kubectl describe pods", "kubectl describe deploy web", "kubectl describe node sim-worker"),
        *("kubectl logs web", "kubectl exec web -- env", "kubectl events", "kubectl explain pod.spec"),
        *("kubectl rollout history deploy web", "kubectl rollout status deploy web", "kubectl auth can-i get pods"),
        *("kubectl diff -f web.json", "kubectl apply -f web.json --dry-run=server", "kubectl get pod nope"),
        *("kubectl run x --image=nginx --dry-run=server -o yaml", "kubectl delete pod web --dry-run=server"),
    ],
)
def test_reading_never_changes_anything(learner: Learner, line: str) -> None:
    learner.apply("web", container("nginx"))
    learner("kubectl create deployment web --image=nginx")
    learner.wait(30)
    before = state(learner.api)
    learner.session.run(line)
    assert state(learner.api) == before


def test_a_deployments_status_is_the_controllers(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx")
    learner.wait(10)
    before = learner.get(DEPLOYMENT, "web")["status"]
    learner("""kubectl patch deploy web --type=merge -p '{"status":{"replicas":9}}'""")
    assert learner.get(DEPLOYMENT, "web")["status"] == before
