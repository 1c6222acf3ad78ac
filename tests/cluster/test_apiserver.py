"""The API server: stored objects, deletions, watches, dry runs, budgets and tokens; reads change nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import Clock, Identity
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object
from kubesim.api.resources import (
    CONFIG_MAP,
    NAMESPACE,
    NODE,
    POD,
    RESOURCES,
    SERVICE_ACCOUNT,
)
from kubesim.cluster.apiserver import APIServer, Change, Client, Component
from kubesim.cluster.apiserver.checks import WriteOptions
from kubesim.cluster.apiserver.deletion import DeleteOptions
from kubesim.cluster.apiserver.tokens import _sign
from tests.learner import Learner, container

Act = Callable[[Component], Any]

META = {"name": "c", "namespace": "default"}
NEEDED = "is forbidden: this namespace may not be deleted"
MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"  # with an old version
)
UNKNOWN = 'cannot be handled as a ConfigMap: strict decoding error: unknown field "color"'
# The claims of a token, and the reference to the ServiceAccount in them.
REFERENCE = '{"name":"default","uid":"1"}'
ISSUER = "https://kubernetes.default.svc.cluster.local"
CLAIMS = (
    f'{{"aud":["{ISSUER}"],"exp":4000000000,"iat":1,"iss":"{ISSUER}","jti":"","nbf":1,"sub":"",'
    f'"kubernetes.io":{{"namespace":"default","serviceaccount":{REFERENCE}}}}}'
)


def config(name: str, **data: str) -> Object:
    """A ConfigMap with that data."""
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def pod(**spec: Any) -> Object:
    """The Pod web, with these fields in its spec."""
    meta = {"name": "web", "namespace": "default"}
    spec = {"containers": [{"name": "app", "image": "nginx:1.27"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


@pytest.fixture
def clock() -> Clock:
    """A clock at 2026-11-24 14:00 UTC."""
    return Clock(datetime(2026, 11, 24, 14, tzinfo=UTC))


@pytest.fixture
def api(clock: Clock) -> Component:
    """An API server with the default namespace and its ServiceAccount alone, as its components use it."""
    api = APIServer(clock, Identity(0)).as_component()
    api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    account = {"name": "default", "namespace": "default"}
    api.create(SERVICE_ACCOUNT, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    return api


def named(name: str, namespace: str = "default") -> Object:
    """An empty ConfigMap of that name."""
    return {**config(name), "metadata": {"name": name, "namespace": namespace}}


def refusal(act: Callable[[], Any]) -> tuple[int, str]:
    """The code and the message of the StatusError that `act` must raise."""
    with pytest.raises(StatusError) as caught:
        act()
    return caught.value.code, caught.value.message


def state(api: Component) -> str:
    """All stored objects and the revision, as a text to compare."""
    return json.dumps([api.revision, *([api.list(item) for item in RESOURCES])], sort_keys=True)


def test_a_new_object_gets_uid_version_and_time_and_the_given_one_is_not_changed(api: Component) -> None:
    given = config("c", a="1")
    given["metadata"] |= {"uid": "mine", "resourceVersion": "99", "creationTimestamp": "2001-01-01T00:00:00Z"}
    before = json.dumps(given)
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
    assert json.dumps(given) == before


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
def test_a_write_without_a_change_keeps_the_version_and_notifies_no_watch(api: Component, act: Act) -> None:
    old = api.create(CONFIG_MAP, config("c", a="1"))
    seen: list[Change] = []
    api.subscribe(seen.append)
    assert act(api) is old
    assert seen == []


def test_deleting_a_running_pod_only_sets_its_deletion_timestamp(api: Component) -> None:
    api.create(POD, pod(nodeName="sim-worker"))
    marked = api.delete(POD, "default", "web", DeleteOptions(20))["metadata"]
    assert (marked["deletionTimestamp"], marked["deletionGracePeriodSeconds"]) == ("2026-11-24T14:00:20Z", 20)
    sooner = api.delete(POD, "default", "web", DeleteOptions(5))["metadata"]
    assert sooner["deletionTimestamp"] == "2026-11-24T14:00:05Z"
    assert api.delete(POD, "default", "web", DeleteOptions(60))["metadata"] == sooner
    api.delete(POD, "default", "web", DeleteOptions(0))
    assert api.find(POD, "default", "web") is None


@pytest.mark.parametrize(
    ("grace", "end", "seconds"),
    [
        (None, "2026-11-24T14:01:00Z", 60),
        (61, "2026-11-24T14:01:00Z", 60),
        (60, "2026-11-24T14:01:00Z", 60),
        (58, "2026-11-24T14:00:58Z", 58),
        (20, "2026-11-24T14:00:20Z", 20),
        (5, "2026-11-24T14:00:05Z", 5),
        (4, "2026-11-24T14:00:05Z", 1),
        (0, "2026-11-24T14:00:05Z", 0),
    ],
)
def test_a_second_deletion_can_only_shorten_the_grace_period(
    api: Component, clock: Clock, grace: int | None, end: str, seconds: int
) -> None:
    api.create(POD, pod(nodeName="sim-worker"))
    api.patch(POD, "default", "web", {"metadata": {"finalizers": ["example.com/hold"]}})
    first = api.delete(POD, "default", "web", DeleteOptions(60))["metadata"]
    clock.advance(5)
    second = api.delete(POD, "default", "web", DeleteOptions(grace))["metadata"]
    assert (second["deletionTimestamp"], second["deletionGracePeriodSeconds"]) == (end, seconds)
    assert (first["generation"], second["generation"]) == (2, 2)


@pytest.mark.parametrize("state", [{"spec": {"nodeName": ""}}, {"status": {"phase": "Succeeded"}}])
def test_a_pod_that_no_node_runs_is_deleted_at_once(api: Component, state: Object) -> None:
    stored = api.create(POD, pod(nodeName="sim-worker"))
    api.put(POD, {**stored, **{key: {**stored[key], **value} for key, value in state.items()}})
    api.delete(POD, "default", "web")
    assert api.find(POD, "default", "web") is None


def test_watchers_see_changes_in_their_order_until_they_stop(api: Component) -> None:
    seen: list[tuple[str, str, object]] = []
    stop = api.subscribe(lambda change: seen.append((change.type, change.obj["metadata"]["name"], change.old)), POD)
    api.create(CONFIG_MAP, config("c"))
    first = api.create(POD, pod())
    second = api.patch(POD, "default", "web", {"metadata": {"labels": {"a": "b"}}})
    assert first["metadata"].get("labels") is None
    api.delete(POD, "default", "web")
    stop()
    api.create(POD, pod())
    assert seen == [("ADDED", "web", None), ("MODIFIED", "web", first), ("DELETED", "web", second)]


def test_lists_are_ordered_by_namespace_and_name_and_each_change_has_its_revision(api: Component) -> None:
    api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}})
    made = [api.create(CONFIG_MAP, named(*where)) for where in (("x", "default"), ("z", "a"), ("y", "a"))]
    revisions = [int(obj["metadata"]["resourceVersion"]) for obj in made]
    assert revisions == list(range(api.revision - 2, api.revision + 1))
    assert [obj["metadata"]["name"] for obj in api.list(CONFIG_MAP)] == ["y", "z", "x"]
    assert [obj["metadata"]["name"] for obj in api.list(CONFIG_MAP, "a")] == ["y", "z"]
    assert (api.list(CONFIG_MAP, "c"), api.list(NODE)) == ([], [])


@pytest.mark.parametrize(
    "act",
    [
        lambda api: api.create(CONFIG_MAP, config("new"), WriteOptions(dry_run=True)),
        lambda api: api.update(CONFIG_MAP, config("c", a="2"), WriteOptions(dry_run=True)),
        lambda api: api.patch(CONFIG_MAP, "default", "c", {"data": {"a": "2"}}, options=WriteOptions(dry_run=True)),
        lambda api: api.delete(CONFIG_MAP, "default", "c", DeleteOptions(dry_run=True)),
    ],
)
def test_a_dry_run_returns_the_object_and_stores_nothing(api: Component, act: Act) -> None:
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
def test_a_command_that_reads_changes_no_object(learner: Learner, line: str) -> None:
    learner.apply("web", container("nginx"))
    learner("kubectl create deployment web --image=nginx")
    learner.wait(30)
    before = state(learner.api)
    learner.session.run(line)
    assert state(learner.api) == before


@pytest.mark.parametrize(
    "act",
    [
        lambda client: client.list(CONFIG_MAP),
        lambda client: client.list(CONFIG_MAP, labels="app=web"),
        lambda client: client.watch(CONFIG_MAP, print, None, labels="app=web"),
        lambda client: client.patch(
            CONFIG_MAP, "default", "c", [{"op": "replace", "path": "/data/a", "value": "1"}], "json"
        ),
    ],
)
def test_a_call_spends_its_budget_on_selected_and_patched_objects(api: Component, act: Callable[[Client], Any]) -> None:
    for name in "abc":
        api.create(CONFIG_MAP, config(name, a="1"))
    act(api.for_call(print, Budget(1000)))
    with pytest.raises(TooMuchError):
        act(api.for_call(print, Budget(5)))
    act(api)


@pytest.mark.parametrize(
    "claims",
    [
        "{bad",
        "5",
        '"a"',
        "[1]",
        '{"x":1}',
        "[" * 1000,
        CLAIMS.replace("4000000000", '"4000000000"'),
        CLAIMS.replace(REFERENCE, "[]"),
        CLAIMS.replace('"uid":"1"', '"uid":{}'),
        CLAIMS.replace('"namespace":"default"', '"namespace":[]'),
        CLAIMS.replace("kubernetes.io", "kubernetes"),
    ],
)
def test_a_signed_token_with_malformed_claims_is_refused(api: Component, claims: str) -> None:
    api.put(SERVICE_ACCOUNT, {"metadata": {"name": "default", "namespace": "default", "uid": "1"}})
    api.with_token(_sign(CLAIMS))
    assert refusal(lambda: api.with_token(_sign(claims))) == (401, "Unauthorized")
