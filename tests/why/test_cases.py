"""Failed pulls in other clusters, modelled on public threads: what the explanation must say, and must never say.

Names and secrets are invented. A case in cases/ is a short form of an export (one Pod, its list of pull secrets, its
Secrets as `server: [user, password]`, its ServiceAccounts and their lists, events, and other objects), or the `text` of
a describe, of events or of a message. The functions that take a case return its objects.
"""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kubesim.api import load_yaml
from kubesim.why.export import explain_as_text

# All cases by name, those that are exports, and the time at which their Pods were created.
CASES = {
    case["name"]: case for path in sorted((Path(__file__).parent / "cases").glob("*.yaml")) for case in load_yaml(path)
}
OBJECTS = {name: case for name, case in CASES.items() if "text" not in case}
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


def stamp(hours: float) -> str:
    """The API Time that is that many hours after NOW."""
    return (NOW + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def encoded(value: object) -> str:
    """A value as JSON in base64."""
    return base64.b64encode(json.dumps(value).encode()).decode()


def message_of(case: dict[str, Any]) -> str:
    """The message of the waiting container: the kubelet's, with the case's own unless it's `silent`."""
    image = case["image"]
    host, _, rest = image.partition("/")
    head = f"unexpected status from HEAD request to https://{host}/v2/{rest.rpartition(':')[0]}/manifests/1: "
    message = case.get("message", "").replace("{head}", head)
    if case.get("silent") or "reason" in case:
        return message if not case.get("silent") else f'Back-off pulling image "{image}"'
    return f'Back-off pulling image "{image}": ErrImagePull: {message}'


def pod_of(case: dict[str, Any]) -> dict[str, Any]:
    """The case's Pod."""
    state: dict[str, Any] = {"reason": case.get("state", case.get("reason", "ImagePullBackOff"))}
    if "state" not in case:
        state["message"] = message_of(case)
    kind, _, owner = case.get("owner", "").partition("/")
    metadata = {"name": case.get("pod", "api-x2x2x"), "namespace": "shop", "labels": case.get("labels", {})}
    metadata |= {"creationTimestamp": stamp(0), "resourceVersion": "500"}
    metadata["ownerReferences"] = [{"kind": kind, "name": owner, "controller": True}] if owner else []
    if "applied" in case:
        metadata["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(case["applied"])}
    spec = {
        "containers": [{"name": "app", "image": case["image"], "imagePullPolicy": case.get("policy", "IfNotPresent")}],
        "imagePullSecrets": [{"name": name} for name in case.get("list", ())],
        "serviceAccountName": case.get("account", "default"),
        "nodeName": case.get("node", "node-1"),
        "volumes": [{"name": name, "image": {"reference": image}} for name, image in case.get("volumes", {}).items()],
    }
    status = {"name": "app", "image": case["image"], "imageID": "", "state": {"waiting": state}}
    if "ended" in case:
        status |= {"imageID": "sha256:1", "lastState": {"terminated": {"reason": "Error", "message": case["ended"]}}}
    return {"kind": "Pod", "metadata": metadata, "spec": spec, "status": {"containerStatuses": [status]}}


def accounts_of(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The case's ServiceAccounts, by default "default" without a list."""
    for name, names in case.get("accounts", {"default": []}).items():
        metadata = {"name": name, "namespace": "shop"}
        yield {"kind": "ServiceAccount", "metadata": metadata, "imagePullSecrets": [{"name": each} for each in names]}


def entry(case: dict[str, Any], user: str, password: str) -> dict[str, str]:
    """An entry of a Secret. The password "{token}" stands for a token of Amazon ECR, which expires."""
    if password == "{token}":
        password = encoded({"payload": "x", "expiration": int(NOW.timestamp()) + case["expires"]})
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"username": user, "password": password, "auth": auth}


def secrets_of(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The case's Secrets, with its mistakes: `raw` content, encoded `twice`, `newer` than the Pod's status."""
    kind = case.get("type", "kubernetes.io/dockerconfigjson")
    for full, held in case.get("secrets", {}).items():
        namespace, _, name = full.rpartition("/")
        content = held if case.get("raw") else {"auths": {host: entry(case, *pair) for host, pair in held.items()}}
        blob = encoded(content)
        if case.get("twice"):
            blob = base64.b64encode(blob.encode()).decode()
        metadata: dict[str, Any] = {"name": name, "namespace": namespace or "shop"}
        metadata["creationTimestamp"] = stamp(-case.get("age", 0))
        if "written" in case:
            metadata["managedFields"] = [{"time": stamp(-case["written"] - 1)}, {"time": stamp(-case["written"])}]
        metadata["resourceVersion"] = "900" if case.get("newer") else "100"
        key = ".dockercfg" if kind.endswith("dockercfg") else ".dockerconfigjson"
        is_fixed = case.get("immutable", False)
        yield {"kind": "Secret", "metadata": metadata, "type": kind, "immutable": is_fixed, "data": {key: blob}}


def events_of(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The case's events, each from a text "REASON: MESSAGE"."""
    about = {"kind": "Pod", "name": case.get("pod", "api-x2x2x"), "namespace": "shop"}
    for number, event in enumerate(case.get("events", ())):
        reason, _, message = event.partition(": ")
        metadata = {"name": f"e{number}", "namespace": "shop"}
        more = {"involvedObject": about, "reason": reason, "message": message, "lastTimestamp": stamp(0.1)}
        yield {"kind": "Event", "metadata": metadata, **more}


def export_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects of a case."""
    return [pod_of(case), *accounts_of(case), *secrets_of(case), *events_of(case), *case.get("also", ())]


def told(objects: list[dict[str, Any]]) -> str:
    """The explanation of an export of these objects, in one line."""
    return " ".join(explain_as_text(json.dumps({"kind": "List", "items": objects}), whole=True).split())


def matching(patterns: list[str], text: str) -> list[str]:
    """Those of the patterns that are found in a text."""
    return [pattern for pattern in patterns if re.search(pattern, text, re.IGNORECASE)]


@pytest.mark.parametrize("name", CASES)
def test_the_explanation_of_a_case_says_what_it_must_and_nothing_that_it_must_not(name: str) -> None:
    case = CASES[name]
    text = " ".join(explain_as_text(case["text"], whole=True).split()) if "text" in case else told(export_of(case))
    assert set(case["must"]) - set(matching(case["must"], text)) == set(), text
    assert matching(case.get("never", []), text) == [], text
    assert "kubectl describe" not in text
    assert re.search(r"wrong \((certain|most likely|one of these|can't tell)\)|nothing is wrong anymore", text), text


def other_host(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects with another registry in the Pod alone."""
    text = (
        json.dumps(objects[0])
        .replace(".example", ".test")
        .replace("ghcr.io", "reg.test")
        .replace("quay.io", "reg.test")
    )
    return [json.loads(text), *objects[1:]]


def other_order(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects in reverse order."""
    return objects[::-1]


def another_secret(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects with one more Secret, listed first, for an unrelated registry."""
    pod = copy.deepcopy(objects[0])
    if pod["spec"]["imagePullSecrets"]:
        pod["spec"]["imagePullSecrets"].insert(0, {"name": "aaa"})
    blob = encoded({"auths": {"unrelated.example.org": {"username": "a", "password": "bbbbbbbbb"}}})
    extra = {"kind": "Secret", "metadata": {"name": "aaa", "namespace": "shop"}, "data": {".dockerconfigjson": blob}}
    return [pod, *objects[1:], {**extra, "type": "kubernetes.io/dockerconfigjson"}]


def no_events(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects without events and without the registry's answer in the status, as in older clusters."""
    pod = copy.deepcopy(objects[0])
    for status in pod["status"]["containerStatuses"]:
        waiting = status["state"]["waiting"]
        if "Back-off" in waiting.get("message", ""):
            waiting["message"] = waiting["message"].partition(": ErrImagePull")[0]
    return [pod, *(item for item in objects[1:] if item["kind"] != "Event")]


def no_secrets(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects without Secrets."""
    return [item for item in objects if item["kind"] != "Secret"]


def three_containers(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects with two running containers around the waiting one."""
    pod = copy.deepcopy(objects[0])
    for name, place in (("a-proxy", 0), ("z-agent", 2)):
        pod["spec"]["containers"].insert(place, {"name": name, "image": "busybox:1", "imagePullPolicy": "Always"})
        running = {"name": name, "imageID": "x", "state": {"running": {"startedAt": stamp(0)}}}
        pod["status"]["containerStatuses"].insert(place, running)
    return [pod, *objects[1:]]


def judge(case: dict[str, Any], change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], text: str) -> None:
    """Assert that `text`, the explanation of a case changed by `change`, isn't certain and wrong."""
    assert matching([item for item in case.get("never", []) if item != "certain"], text) == [], text
    if "(certain)" in text and change not in (other_host, another_secret):
        ideas = [item for item in case["must"] if item not in ("most likely", "one of these")]
        assert matching(ideas, text) if change is no_secrets else len(matching(ideas, text)) == len(ideas), text
    if change is no_secrets:
        assert not re.search("There is no Secret", text) or case.get("events"), text
        assert "has the type" not in text


@pytest.mark.parametrize("name", OBJECTS)
def test_changed_evidence_gives_no_certain_wrong_cause(name: str) -> None:
    objects = export_of(OBJECTS[name])
    for change in (other_host, other_order, another_secret, no_events, no_secrets, three_containers):
        judge(OBJECTS[name], change, told(change(objects)))
