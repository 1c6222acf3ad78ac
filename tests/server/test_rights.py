"""No response contains what its user may not read, and each refusal has the API server's sentence.

There is an object of every kind in the namespace `team`, whose name and contents are words that nothing else has. Three
users try every verb on it, with kubectl and over the API: one who may only get Pods, one with the role `view`, and one
who is `admin` of another namespace. USERS repeats their rights, independently of the cluster's roles.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from kubesim import Session
from kubesim.api.resources import EVENT, RESOURCES, Resource
from kubesim.cluster.apiserver.authorization import ADMIN
from kubesim.cluster.apiserver.impersonation import impersonate
from kubesim.server import API
from kubesim.server.request import Request, Response
from kubesim.server.watch import Watch

# The kinds that are tried, and pieces of their objects.
KINDS = [resource for resource in RESOURCES if resource.simulated]
TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"a": "b"}},
    "spec": {"containers": [{"name": "c", "image": "nginx"}]},
}
ONCE = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}
WORKLOAD = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
ROLE_REF = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "nobody"}
LOGGING = ["sh", "-c", "echo word-''log; sleep 9d"]
# The fields of an object besides its metadata, by the kind's plural.
BODIES: dict[str, Any] = {
    "configmaps": {"data": {"key": "word-configmaps"}},
    "controllerrevisions": {"revision": 1, "data": {"word": "word-controllerrevisions"}},
    "cronjobs": {"spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": ONCE}}}},
    "clusterrolebindings": {"roleRef": ROLE_REF},
    "daemonsets": {"spec": {"selector": WORKLOAD["selector"], "template": TEMPLATE}},
    "deployments": {"spec": WORKLOAD},
    "endpointslices": {"addressType": "IPv4", "endpoints": []},
    "events": {"involvedObject": {"kind": "Pod", "namespace": "team"}, "message": "word-events"},
    "jobs": {"spec": {"suspend": True, "template": ONCE}},
    "pods": {
        "spec": {
            "containers": [{"name": "c", "image": "busybox", "command": ["sh", "-c", "echo word-''log; sleep 9d"]}]
        }
    },
    "replicasets": {"spec": WORKLOAD},
    "rolebindings": {"roleRef": ROLE_REF},
    "secrets": {"stringData": {"key": "word-secrets"}},
    "services": {"spec": {"ports": [{"port": 80}]}},
    "statefulsets": {"spec": {**WORKLOAD, "serviceName": "s"}},
}
# The plurals that the role `view` may read, with the subresource log.
VIEWED = {
    *("configmaps", "controllerrevisions", "cronjobs", "daemonsets", "deployments", "endpoints", "endpointslices"),
    *("events", "jobs", "namespaces", "pods", "replicasets", "serviceaccounts", "services", "statefulsets", "log"),
}

# The words of all objects, without "word-".
WORDS = [*(resource.plural for resource in KINDS), "log"]
# Command lines for an object, with the verbs of their requests to the API server. A verb may be followed by the name in
# the request; otherwise, "list" and "create" have none, and other verbs have the object's. In a line, N is the object's
# name, T its type, and F a file with it.
NAMED = {
    "kubectl get T N": ["get"],
    "kubectl get T N -o yaml": ["get"],
    "kubectl get T": ["list"],
    "kubectl get T -o json": ["list"],
    "kubectl get T --field-selector metadata.name=N": ["list N"],
    "kubectl get T N -w --request-timeout=1": ["get", "watch N"],
    "kubectl get -f F -o name": ["get"],
    "kubectl describe T N": ["get"],
    "kubectl describe T": ["list"],
    "kubectl describe T name": ["get name", "list"],
    "kubectl label T N new=b": ["get", "patch"],
    "kubectl annotate T --all a=b": ["list"],
    'kubectl patch T N -p \'{"metadata": {"labels": {"c": "d"}}}\'': ["get", "patch"],
    "kubectl delete T N": ["delete"],
    "kubectl delete T --all": ["list"],
    "kubectl wait T N --for=create": ["get"],
    "kubectl apply -f F": ["get", "patch"],
    "kubectl diff -f F": ["get", "patch"],
    "kubectl create -f F": ["create"],
    "kubectl edit T N": ["get"],
}
# Command lines for parts of objects, with the plural, the verb and the subresource of their requests.
PARTS = {
    "kubectl logs name-pods": ("pods", "get", "log"),
    "kubectl exec name-pods -- ls": ("pods", "create", "exec"),
    "kubectl scale deploy name-deployments --replicas=0": ("deployments", "patch", "scale"),
    "kubectl debug name-pods --image=busybox": ("pods", "patch", "ephemeralcontainers"),
}
# Commands for each kind of workload, and commands about several kinds.
OTHERS = (
    *("rollout history", "rollout status", "rollout restart", "rollout undo"),
    *("set image c=x", "set serviceaccount"),
)
ALONE = (
    *("get all", "get all,secrets,cm -o yaml", "get events -o wide", "events", "events -A"),
    *("describe pods,secrets,sa", "describe nodes", "describe namespaces"),
    *("cluster-info", "auth can-i --list", "auth whoami", "run p --image=nginx"),
)
# The values of the header Accept.
FORMS = ("application/json", "application/json;as=Table;v=v1;g=meta.k8s.io")


class Rights(NamedTuple):
    """A user, and that user's rights in the namespace `team`: the plurals that are readable, and the verbs."""

    user: str
    readable: frozenset[str]
    verbs: frozenset[str]

    def may(self, verb: str, plural: str, namespace: str) -> bool:
        """True if the user may do this with objects of that plural."""
        return verb in self.verbs and plural in self.readable and namespace == "team"


# The users who try.
USERS = [
    Rights("getter", frozenset({"pods"}), frozenset({"get"})),
    Rights("viewer", frozenset(VIEWED), frozenset({"get", "list", "watch"})),
    Rights("stranger", frozenset(), frozenset()),
]


def name_of(resource: Resource) -> str:
    """The name of the kind's object."""
    return {"namespaces": "team", "nodes": "sim-worker"}.get(resource.plural, f"name-{resource.plural}")


def namespace_of(resource: Resource, name: str = "") -> str:
    """The namespace for which a request is authorized: for a Namespace, it's that Namespace itself."""
    if resource.plural == "namespaces":
        return name
    return "team" if resource.namespaced else ""


@pytest.fixture(scope="module")
def session() -> Session:
    """A session with the object of every kind, events about them, and the users' roles."""
    session = Session()
    session.run("kubectl create namespace team; kubectl create namespace other")
    objects: list[dict[str, Any]] = []
    for resource in KINDS:
        meta = {"name": name_of(resource), "annotations": {"word": f"word-{resource.plural}"}}
        if resource.namespaced:
            meta["namespace"] = "team"
        obj: dict[str, Any] = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta}
        objects.append({**obj, **BODIES.get(resource.plural, {})})
    exists = [obj for obj in objects if obj["kind"] in ("Namespace", "Node")]
    for obj in exists:
        plural = f"{obj['kind'].lower()}s"
        assert session.run(f"kubectl annotate {plural} {obj['metadata']['name']} word=word-{plural}").exit_code == 0
    session.write_file(
        "all.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": [o for o in objects if o not in exists]})
    )
    for obj in objects:
        session.write_file(f"{obj['kind']}.json", json.dumps(obj))
    done = session.run("kubectl create -f all.json; sleep 10")
    assert done.exit_code == 0, done.stderr
    for resource in KINDS:  # each has an event about it
        place = "team" if resource.namespaced else ""
        about = session.cluster.api.get(resource, place, name_of(resource))["metadata"]
        subject = {"kind": resource.kind, "name": "x", "namespace": place, "uid": about["uid"]}
        event = {"apiVersion": "v1", "kind": "Event", "involvedObject": subject, "message": "word-events"}
        event["metadata"] = {"name": f"about-{resource.plural}", "namespace": place or "default"}
        session.cluster.api.create(EVENT, event)
    for line in (
        "kubectl create role getter -n team --verb=get --resource=pods",
        "kubectl create rolebinding getter -n team --role=getter --user=getter",
        "kubectl create rolebinding viewer -n team --clusterrole=view --user=viewer",
        "kubectl create rolebinding stranger -n other --clusterrole=admin --user=stranger",
    ):
        assert session.run(line).exit_code == 0
    return session


def leaks(text: str, rights: Rights, *typed: str) -> set[str]:
    """The unreadable plurals whose words, also in base64, are in a text. The names in `typed` don't count."""
    secret = {plural for plural in WORDS if plural not in rights.readable}
    words = {f"word-{plural}": plural for plural in secret}
    words |= {base64.b64encode(word.encode()).decode(): plural for word, plural in words.items()}
    words |= {f"name-{plural}": plural for plural in secret if f"name-{plural}" not in typed}
    return {plural for word, plural in words.items() if re.search(rf"{re.escape(word)}(?![a-z])", text)}


def refusal(rights: Rights, verb: str, resource: Resource, name: str, place: str, part: str = "") -> str:
    """The API server's sentence about a forbidden request."""
    subject = resource.qualified + (f' "{name}"' if name else "")
    plural = f"{resource.plural}/{part}" if part else resource.plural
    scope = f'in the namespace "{place}"' if place else "at the cluster scope"
    return (
        f'{subject} is forbidden: User "{rights.user}" cannot {verb} resource "{plural}" '
        f'in API group "{resource.group}" {scope}'
    )


def verb_and_name(request: str, resource: Resource) -> tuple[str, str]:
    """The verb and the name of a request in NAMED."""
    verb, _, name = request.partition(" ")
    if name:
        return verb, name_of(resource) if name == "N" else name
    return verb, "" if verb in ("list", "create") else name_of(resource)


@pytest.mark.parametrize("rights", USERS, ids=lambda rights: rights.user)
@pytest.mark.parametrize("resource", KINDS, ids=lambda resource: resource.plural)
def test_kubectl_shows_only_what_the_user_may_read(session: Session, resource: Resource, rights: Rights) -> None:
    name, plural = name_of(resource), resource.plural
    for line, requests in NAMED.items():
        typed = line.replace("T", resource.qualified, 1).replace("N", name).replace("F", f"{resource.kind}.json")
        if resource.namespaced:
            typed += " -n team"
        result = session.run(f"{typed} --as={rights.user}")
        assert not leaks(result.screen, rights, name), result.screen
        attempts = [verb_and_name(request, resource) for request in requests]
        for verb, named in attempts:
            place = namespace_of(resource, named)
            if not rights.may(verb, plural, place):
                assert refusal(rights, verb, resource, named, place) in result.stderr, f"{typed}\n{result.screen}"
                assert result.exit_code, typed
                break
    result = session.run(f"kubectl get {resource.qualified} -A --as={rights.user}")
    assert result.stderr == f"Error from server (Forbidden): {refusal(rights, 'list', resource, '', '')}\n"
    assert not result.stdout


@pytest.mark.parametrize("rights", USERS, ids=lambda rights: rights.user)
@pytest.mark.parametrize("line", PARTS)
def test_kubectl_needs_the_right_to_a_part_of_an_object(session: Session, line: str, rights: Rights) -> None:
    plural, verb, part = PARTS[line]
    resource = next(item for item in KINDS if item.plural == plural)
    result = session.run(line.replace("kubectl", f"kubectl -n team --as={rights.user}", 1))
    assert not leaks(result.screen, rights, name_of(resource)), result.screen
    if rights.may("get", plural, "team"):
        expected = refusal(rights, verb, resource, name_of(resource), "team", part)
    else:
        expected = refusal(rights, "get", resource, name_of(resource), "team")
    if part == "log" and "log" in rights.readable:
        assert result.stdout == "word-log\n"
    else:
        assert expected in result.stderr, result.screen


@pytest.mark.parametrize("rights", USERS, ids=lambda rights: rights.user)
def test_commands_about_several_kinds_show_only_what_the_user_may_read(session: Session, rights: Rights) -> None:
    kinds = ("deployment", "statefulset", "daemonset", "replicaset")
    lines = {f"{words} {kind}/name-{kind}s": [f"name-{kind}s"] for words in OTHERS for kind in kinds}
    lines |= {line: [] for line in ALONE}
    lines |= {f"{verb} -f all.json": [f"name-{plural}" for plural in WORDS] for verb in ("describe", "get")}
    lines["create secret generic name-secrets"] = ["name-secrets"]
    for line, typed in lines.items():
        result = session.run(f"kubectl {line} -n team --as={rights.user}")
        assert not leaks(result.screen, rights, *typed), f"{line}\n{result.screen}"


def requests(resource: Resource) -> Iterator[tuple[str, str, str, str, Any]]:
    """Requests for the kind's object: method, path with query, verb, name ("" for none), and body."""
    root = "/api/v1" if not resource.group else f"/apis/{resource.group}/{resource.version}"
    every = f"{root}/namespaces/team/{resource.plural}" if resource.namespaced else f"{root}/{resource.plural}"
    name = name_of(resource)
    yield "GET", f"{every}/{name}", "get", name, b""
    yield "GET", every, "list", "", b""
    yield "GET", f"{every}?fieldSelector=metadata.name={name}", "list", name, b""
    yield "GET", f"{every}?watch=1", "watch", "", b""
    yield "GET", f"{every}?watch=1&fieldSelector=metadata.name={name}", "watch", name, b""
    yield "DELETE", f"{every}/{name}", "delete", name, b""
    yield "DELETE", every, "deletecollection", "", b""
    yield "POST", every, "create", "", {"metadata": {"name": name}}
    yield "PUT", f"{every}/{name}", "update", name, {"metadata": {"name": name}}
    yield "PATCH", f"{every}/{name}", "patch", name, {"metadata": {"labels": {"c": "d"}}}


@pytest.mark.parametrize("rights", USERS, ids=lambda rights: rights.user)
@pytest.mark.parametrize("resource", KINDS, ids=lambda resource: resource.plural)
def test_the_served_api_shows_only_what_the_user_may_read(session: Session, resource: Resource, rights: Rights) -> None:
    api = API(session.cluster)
    user = impersonate(ADMIN, rights.user)
    for method, target, verb, name, body in requests(resource):
        for form in FORMS:
            headers = {"accept": form, "content-type": "application/json"}
            if method == "PATCH":
                headers["content-type"] = "application/merge-patch+json"
            path, _, query = target.partition("?")
            pairs = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
            raw = json.dumps(body).encode() if body else b""
            answer = api.answer(Request(user, method, path, pairs, headers, raw))
            text = answer.lines().decode() if isinstance(answer, Watch) else answer.body.decode()
            assert not leaks(text, rights, name_of(resource)), f"{method} {target}\n{text}"
            if rights.may(verb, resource.plural, namespace_of(resource, name)):
                assert isinstance(answer, Watch) or answer.code == 200, f"{method} {target}\n{text}"
                continue
            assert isinstance(answer, Response)
            assert answer.code in (403, 405), f"{method} {target}\n{text}"
            if answer.code == 403:
                sentence = refusal(rights, verb, resource, name, namespace_of(resource, name))
                assert json.loads(text)["message"] == sentence
    api.history.close()


@pytest.mark.parametrize("rights", USERS, ids=lambda rights: rights.user)
def test_the_served_api_needs_the_right_to_a_part_of_an_object(session: Session, rights: Rights) -> None:
    api, user = API(session.cluster), impersonate(ADMIN, rights.user)
    pod, deployment = (
        "/api/v1/namespaces/team/pods/name-pods",
        "/apis/apps/v1/namespaces/team/deployments/name-deployments",
    )
    for method, path, verb, plural, part in (
        ("GET", f"{pod}/log", "get", "pods", "log"),
        ("GET", f"{pod}/ephemeralcontainers", "get", "pods", "ephemeralcontainers"),
        ("GET", f"{pod}/status", "get", "pods", "status"),
        ("GET", f"{deployment}/scale", "get", "deployments", "scale"),
        ("GET", f"{deployment}/status", "get", "deployments", "status"),
        ("PUT", f"{deployment}/scale", "update", "deployments", "scale"),
    ):
        resource = next(item for item in KINDS if item.plural == plural)
        answer = api.answer(
            Request(user, method, path, {}, {"content-type": "application/json"}, b"{}" * (method != "GET"))
        )
        assert isinstance(answer, Response)
        text = answer.body.decode()
        assert not leaks(text, rights, name_of(resource)), text
        if rights.user == "viewer" and method == "GET" and part != "ephemeralcontainers":
            assert answer.code == 200, text
        else:
            assert json.loads(text)["message"] == refusal(rights, verb, resource, name_of(resource), "team", part)
    api.history.close()


@pytest.mark.parametrize("line", ["auth can-i get pods", "auth can-i --list"])
def test_anonymous_users_get_no_review_of_their_rights(session: Session, line: str) -> None:
    kind, group = {
        "auth can-i get pods": ("selfsubjectaccessreviews", "authorization.k8s.io"),
        "auth can-i --list": ("selfsubjectrulesreviews", "authorization.k8s.io"),
    }[line]
    why = f'User "system:anonymous" cannot create resource "{kind}" in API group "{group}" at the cluster scope'
    result = session.run(f"kubectl {line} --as=system:anonymous")
    assert result.screen == f"Error from server (Forbidden): {kind}.{group} is forbidden: {why}\n"


def test_waiting_without_the_right_to_list_and_watch_is_refused(session: Session) -> None:
    """The real kubectl would repeat its request and log each refusal."""
    result = session.run("kubectl wait pod/name-pods -n team --for=condition=Ready --as=getter")
    why = "waiting without the rights to list and to watch pods is not part of this simulator"
    assert (result.screen, result.exit_code) == (f"kubesim: {why}\n", 1)
