"""A fresh cluster: what is in it, and that a seed decides everything."""

from __future__ import annotations

import gc
import random
import sys
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType

import pytest

from kubesim.api.garbage import uncollected
from kubesim.api.resources import EVENT, NAMESPACE, POD, RESOURCES, Resource
from kubesim.cluster import Cluster
from kubesim.server.watch import History as WatchHistory
from kubesim.session import Session
from tests.learner import PRIVATE, Learner, container

FRESH = {
    "clusterrolebindings": ["cluster-admin"],
    "clusterroles": ["admin", "cluster-admin", "edit", "view"],
    "configmaps": ["kube-root-ca.crt"],
    "namespaces": ["default", "kube-node-lease", "kube-public", "kube-system"],
    "nodes": ["sim-worker"],
    "serviceaccounts": ["default"],
    "services": ["kubernetes"],
}


def contents(cluster: Cluster) -> dict[str, list[str]]:
    found = {
        resource.plural: [obj["metadata"]["name"] for obj in cluster.api.list(resource, "default")]
        for resource in RESOURCES
    }
    own = {plural: [name for name in names if not name.startswith("system:")] for plural, names in found.items()}
    return {plural: names for plural, names in own.items() if names}


def test_what_a_fresh_cluster_holds() -> None:
    assert contents(Cluster()) == FRESH


def test_a_seed_decides_everything() -> None:
    def uids(seed: int) -> list[str]:
        api = Cluster(seed).api
        of_events = {obj["metadata"]["uid"] for obj in api.list(EVENT)}  # which follow from when they were written
        return [uid for kind in RESOURCES for obj in api.list(kind) if (uid := obj["metadata"]["uid"]) not in of_events]

    assert uids(1) == uids(1)
    assert not set(uids(1)) & set(uids(2))


def test_nothing_happens_while_nobody_asks_for_anything() -> None:
    cluster = Cluster()
    cluster.advance(3600)  # after which the events of its start have expired
    before = cluster.api.revision
    cluster.advance(3600)
    assert cluster.api.revision == before


def everything(cluster: Cluster) -> list[object]:
    return [*(cluster.api.list(resource) for resource in RESOURCES), cluster.kubelet.traces, cluster.clock.now]


def test_a_copy_goes_on_as_the_original_does_and_is_independent_of_it() -> None:
    session = Session()
    session.run("kubectl create deployment web --image=registry.example.com/myapp:1.0 --replicas=2")
    session.run("kubectl run job --image=nginx -- sh -c 'sleep 3; exit 1'")
    for seconds in (0, 0.1, 0.5, 1, 5, 40, 600):
        session.advance(seconds)
        copy = session.cluster.copy()
        assert everything(copy) == everything(session.cluster)
        copy.advance(300)
        assert everything(copy) != everything(session.cluster)
        session.advance(300)
        assert everything(copy) == everything(session.cluster)


def picture(thing: object, known: dict[int, object]) -> object:
    """All that a thing holds, as a value that stays when the thing changes."""
    if thing is None or isinstance(thing, str | int | float | bytes | datetime | Resource | Path):
        return thing
    is_code = isinstance(thing, MethodType | FunctionType | BuiltinFunctionType | type | partial)
    if id(thing) in known or is_code or "Lock" in str(type(thing)):
        return str(type(thing))
    known[id(thing)] = thing
    if isinstance(thing, Mapping):
        return [(picture(key, known), picture(value, known)) for key, value in thing.items()]
    if isinstance(thing, list | tuple | deque):
        return [picture(item, known) for item in thing]
    if isinstance(thing, set | frozenset):
        return sorted(map(repr, thing))
    if isinstance(thing, random.Random):
        return thing.getstate()
    names = [*getattr(thing, "__slots__", ()), *getattr(thing, "__dict__", ())]
    return [(name, picture(getattr(thing, name), known)) for name in names if name != "_own"]


LINES = """
kubectl create secret docker-registry regcred --docker-server=registry.example.com --docker-username=jane \
  --docker-password=tiger
kubectl create deployment refused --image=registry.example.com/myapp:1.0 --replicas=2
kubectl create deployment web --image=nginx --replicas=2
kubectl run crash --image=busybox -- sh -c 'date; sleep 2; exit 1'
kubectl create job once --image=busybox -- true
kubectl create cronjob tick --image=busybox --schedule='* * * * *' -- date
kubectl patch serviceaccount default -p '{"imagePullSecrets":[{"name":"regcred"}]}'
kubectl exec deploy/web -- sh -c 'cat /etc/hosts'
kubectl rollout restart deployment refused
kubectl set image deployment/web nginx=nginx:1.27
kubectl scale deployment web --replicas=5
kubectl delete deployment refused
kubectl create namespace blue
kubectl delete namespace blue
kubectl delete job,cronjob,pod --all
node proxy http://proxy.corp.example:3128
"""


def test_what_happens_in_a_session_changes_no_copy_and_no_other_session() -> None:
    other, session = Session(), Session()
    copies = [(other.cluster, picture(other.cluster, {}))]
    for line in LINES.replace("\\\n", "").strip().splitlines():
        assert session.run(line).exit_code == 0, line
        copy = session.cluster.copy()
        copies.append((copy, picture(copy, {})))
        session.advance(20)
        copy.copy().advance(400)
    session.advance(400)
    for copy, before in copies:
        assert picture(copy, {}) == before


def test_nobody_watches_a_copy() -> None:
    cluster = Cluster()
    history = WatchHistory(cluster, jumps=False, undone=0)
    copy = cluster.copy()
    copy.api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue"}})
    assert history.since(cluster.api.revision) == []


def test_a_fresh_cluster_has_the_same_registries(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    path.write_text("{}")
    cluster = Cluster(registries=path).copy().fresh()
    assert cluster.registries.network.world.registries == ()


def test_time_leaves_no_cycle_behind_for_the_search_that_it_switches_off(learner: Learner) -> None:
    for image in ("nginx", "registry.example.com/myapp:1.0", "harbor.corp.example/myapp:1.0"):
        learner.apply(image.partition(".")[0], container(image))
    learner("kubectl create job once --image=busybox -- false")
    learner.wait(1)  # what is read when it is first needed
    with uncollected():
        gc.collect()
        learner.wait(900)
        assert gc.collect() == 0


class Opcodes:
    """Counts the steps of Python's own machine, which says what work was done on any other one."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, _arg: object) -> Opcodes:
        frame.f_trace_opcodes = True
        self.count += event == "opcode"
        return self

    def of(self, action: Callable[[], object]) -> int:
        before = self.count
        kept = sys.gettrace()
        sys.settrace(self)
        try:
            action()
        finally:
            sys.settrace(kept)
        return self.count - before


@pytest.mark.parametrize("image", ["nginx", PRIVATE])
def test_what_it_takes_to_delete_a_pod_does_not_grow_with_the_pods(learner: Learner, image: str) -> None:
    learner("kubectl create secret docker-registry login --docker-username=jane --docker-password=tiger")
    learner("""kubectl patch secret login -p '{"immutable":true}'""")
    for number in range(120):
        learner.apply(f"p{number}", container(image), imagePullSecrets=[{"name": "login"}], nodeName="sim-worker")
    learner.wait(2)
    pods = learner.api.list(POD, "default")
    costs = [Opcodes().of(partial(learner.api.remove, POD, pod)) for pod in pods]
    first, last = sum(costs[:20]), sum(costs[-20:])
    assert first <= 1.1 * last
    assert not any(namespace == "default" for namespace, _, _ in learner.kubelet.traces)
    assert learner.kubelet.starter.secrets.kept == {}


def test_a_static_pod_stays(learner: Learner) -> None:
    result = learner.session.run("kubectl delete pod -n kube-system etcd-sim-worker --grace-period=5")
    what = "deleting etcd-sim-worker, which the kubelet runs from a file of its own,"
    assert (result.exit_code, result.screen) == (1, f"kubesim: {what} is not part of this simulator\n")


def test_last_words_do_not_hasten_the_end_of_a_pod() -> None:
    gone = []
    for last_words in ("echo bye; exit 0", "exit 0"):
        session = Session()
        session.run(
            f"kubectl run a --image=busybox -- sh -c 'trap \"{last_words}\" TERM; while true; do sleep 1; done'"
        )
        session.advance(5)
        before = session.cluster.clock.now
        assert session.run("kubectl delete pod a").exit_code == 0
        gone.append(session.cluster.clock.now - before)
    assert gone[0] == gone[1]


def test_nothing_starts_in_a_pod_that_is_deleted_while_it_starts(learner: Learner) -> None:
    reasons = []
    for pause in (0, 0.14):  # while its sandbox starts, and while its image is pulled
        learner("kubectl run web --image=nginx")
        learner.wait(pause)
        learner("kubectl delete pod web --wait=false")
        learner.wait(3)
        reasons.append(learner("kubectl get events -o jsonpath='{.items[*].reason}'"))
        assert learner.session.cluster.api.find(POD, "default", "web") is None
        learner("kubectl delete events --all")
    assert reasons == ["Scheduled", "Scheduled Pulling"]


def test_a_sidecar_is_restarted_with_its_new_image(learner: Learner) -> None:
    sidecar = container("nginx:1.27", "s", restartPolicy="Always")
    learner.apply("web", container("nginx:1.27"), initContainers=[sidecar])
    learner.wait(10)
    learner("kubectl set image pod/web s=nginx:1.28")
    learner.wait(60)
    (status,) = learner.get(POD, "web")["status"]["initContainerStatuses"]
    assert (status["image"], status["restartCount"]) == ("docker.io/library/nginx:1.28", 1)
    assert ("Killing", 1) in learner.events("web")
    message = learner("kubectl get events --field-selector=reason=Killing -o jsonpath='{.items[*].message}'")
    assert message == "Init container s definition changed"
