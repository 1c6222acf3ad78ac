"""One Pod that several files tell of, and one text that tells of several Pods."""

from __future__ import annotations

import json

import pytest

from kubesim.why.export import explain_as_text
from tests.why.test_exports import FAILED, pod, subjects
from tests.why.test_stories import IMAGE

MISSED = "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed."
ROW = "shop  3m  Warning  {}  pod/{}  {}\n"
EVENTS = "".join(
    ROW.format("FailedToRetrieveImagePullSecret", name, MISSED) + ROW.format("Failed", name, FAILED)
    for name in ("web-1", "web-2", "web-3")
)


@pytest.mark.parametrize("name", ["web-1", "web-2", "web-3"])
def test_any_pod_of_several_with_the_same_cause_can_be_asked_about(name: str) -> None:
    others = [other for other in ("web-1", "web-2", "web-3") if other != name]
    together = f"Same cause on 3 Pods: {', '.join([name, *others])}\n"
    assert together in explain_as_text(EVENTS, name, whole=True)
    first = explain_as_text(EVENTS, whole=True).replace("web-1", "web-x").replace("web-2, web-3", "y, z")
    assert explain_as_text(EVENTS, name, whole=True).replace(name, "web-x").replace(", ".join(others), "y, z") == first


@pytest.mark.parametrize("name", ["web-1", "web-2"])
@pytest.mark.parametrize("is_text_first", [False, True])
def test_an_exported_pod_and_its_events_in_a_text_are_told_as_one(name: str, is_text_first: bool) -> None:
    """One file has the Pod's own list and the other the registry's answer; their order does not matter."""
    waits = pod(f'Back-off pulling image "{IMAGE}"', "ImagePullBackOff", name=name, namespace="shop")
    waits["spec"] = {"containers": [{"name": "app", "image": IMAGE}]}
    about = {"name": name, "namespace": "shop"}
    answered = {"kind": "Event", "metadata": about, "involvedObject": about, "message": FAILED}
    table = "\n".join(line for line in EVENTS.split("\n") if MISSED not in line)
    texts = [json.dumps(waits), table]
    both = explain_as_text(texts[::-1] if is_text_first else texts, name, whole=True)
    assert both == explain_as_text(json.dumps(waits) + json.dumps(answered), name, whole=True)


def test_an_exported_pod_and_others_with_the_same_cause_are_told_once() -> None:
    waits = pod(f'Back-off pulling image "{IMAGE}"', "ImagePullBackOff", name="web-1", namespace="shop")
    told = explain_as_text([json.dumps(waits), EVENTS], whole=True)
    assert subjects(told) == [f"{IMAGE} for shop/web-1, container app"]
    assert told.count("Same cause on 3 Pods: web-1, web-2, web-3\n") == 1


def test_a_text_that_was_read_in_part_is_mentioned_beside_an_exported_pod_too() -> None:
    waits = pod(f'Back-off pulling image "{IMAGE}"', "ImagePullBackOff", name="web-1", namespace="shop")
    row = ROW.format("Failed", "web-1", FAILED)
    long = "".join(row.replace("myapp", f"app{'x' * 200}{number}") for number in range(1000)) + row
    told = explain_as_text([json.dumps(waits), long], "web-1", whole=True)
    assert f"\n{IMAGE} for shop/web-1, container app\n" in told
    assert "\nkubesim: the text is long, so " in told
