"""A cluster: its objects when it's fresh, seeds, copies, garbage, and the end of Pods."""

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

# The names in a fresh cluster's default namespace and outside of namespaces, without those that begin with "system:".
FRESH = {
    "clusterrolebindings": ["cluster-admin"],
    "clusterroles": ["admin", "cluster-admin", "edit", "view"],
    "configmaps": ["kube-root-ca.crt"],
    "namespaces": ["default", "kube-node-lease", "kube-public", "kube-system"],
    "nodes": ["sim-worker"],
    "serviceaccounts": ["default"],
    "services": ["kubernetes"],
}

# Lines that use every part of a cluster.
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


def contents(cluster: Cluster) -> dict[str, list[str]]:
    """The names in a cluster, as in FRESH."""
    found = {
        resource.plural: [obj["metadata"]["name"] for obj in cluster.api.list(resource, "default")]
        for resource in RESOURCES
    }
    own = {plural: [name for name in names if not name.startswith("system:")] for plural, names in found.items()}
    return {plural: names for plural, names in own.items() if names}


def test_a_fresh_cluster_has_these_objects() -> None:
    assert contents(Cluster()) == FRESH


def test_the_uids_depend_on_the_seed_alone() -> None:
    def uids(seed: int) -> list[str]:
        api = Cluster(seed).api
        of_events = {obj["metadata"]["uid"] for obj in api.list(EVENT)}  # these depend on times
        return [uid for kind in RESOURCES for obj in api.list(kind) if (uid := obj["metadata"]["uid"]) not in of_events]

    assert uids(1) == uids(1)
    assert not set(uids(1)) & set(uids(2))


def test_an_idle_cluster_writes_nothing() -> None:
    cluster = Cluster()
    cluster.advance(3600)  # until the events of its start have expired
    before = cluster.api.revision
    cluster.advance(3600)
    assert cluster.api.revision == before


def everything(cluster: Cluster) -> list[object]:
    """All objects, traces of pulls, and the time."""
    return [*(cluster.api.list(resource) for resource in RESOURCES), cluster.kubelet.traces, cluster.clock.now]


def test_a_copy_goes_on_like_the_original_and_independently() -> None:
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
    """Everything reachable from a thing, as a value that doesn't change with the thing.

    `known` has the objects that were visited, by identity.
    """
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


def test_a_session_changes_no_copy_and_no_other_session() -> None:
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


def test_a_copy_has_no_listeners() -> None:
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


def test_advancing_time_leaves_no_reference_cycles(learner: Learner) -> None:
    for image in ("nginx", "registry.example.com/myapp:1.0", "harbor.corp.example/myapp:1.0"):
        learner.apply(image.partition(".")[0], container(image))
    learner("kubectl create job once --image=busybox -- false")
    learner.wait(1)  # loads what is loaded on first use
    with uncollected():
        gc.collect()
        learner.wait(900)
        assert gc.collect() == 0


class Opcodes:
    """A counter of Python's bytecode instructions, a measure of work that doesn't depend on the machine."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, _arg: object) -> Opcodes:
        frame.f_trace_opcodes = True
        self.count += event == "opcode"
        return self

    def of(self, action: Callable[[], object]) -> int:
        """The number of instructions of an action."""
        before = self.count
        kept = sys.gettrace()
        sys.settrace(self)
        try:
            action()
        finally:
            sys.settrace(kept)
        return self.count - before


@pytest.mark.parametrize("image", ["nginx", PRIVATE])
def test_the_work_of_deleting_a_pod_does_not_grow_with_the_number_of_pods(learner: Learner, image: str) -> None:
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


def test_a_static_pod_cannot_be_deleted(learner: Learner) -> None:
    result = learner.session.run("kubectl delete pod -n kube-system etcd-sim-worker --grace-period=5")
    what = "deleting etcd-sim-worker, which the kubelet runs from a file of its own,"
    assert (result.exit_code, result.screen) == (1, f"kubesim: {what} is not part of this simulator\n")


def test_a_handler_of_sigterm_with_output_does_not_shorten_the_end_of_a_pod() -> None:
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


def test_a_pod_deleted_while_it_starts_starts_no_container(learner: Learner) -> None:
    reasons = []
    for pause in (0, 0.14):  # during the start of its sandbox, and during the pull
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
