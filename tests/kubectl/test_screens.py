"""Sessions (screens/) and descriptions (describe.yaml), screen by screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubesim import Session
from kubesim.api import load_yaml
from kubesim.api.clock import parse_time
from kubesim.api.resources import RESOURCES
from kubesim.kubectl import describers
from tools import golden

HERE = Path(__file__).parent
DESCRIBED = load_yaml(HERE / "describe.yaml")


@pytest.mark.parametrize("path", sorted((HERE / "screens").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_session_prints_its_screens(path: Path) -> None:
    """The screens are those of kubesim; what a real cluster printed is in tests/golden."""
    surprises = golden.surprises(path.stem, golden.play(golden.load(path)), {})
    if surprises:
        pytest.fail("\n\n".join(surprises), pytrace=False)


@pytest.mark.parametrize("entry", DESCRIBED, ids=lambda entry: entry["name"])
def test_an_object_is_described(entry: dict[str, Any]) -> None:
    screen = describers.describe(entry["object"], entry.get("related", {}), parse_time(entry["now"]))
    assert screen == entry["screen"].replace("~", " ")


def test_a_cluster_is_copied_in_the_middle_of_its_work() -> None:
    session = Session()
    for line in (
        "kubectl create cronjob tick --image=busybox --schedule='* * * * *' -- sleep 90",
        "kubectl create job bad --image=busybox -- sh -c 'exit 1'",
        "kubectl create clusterrolebinding all --clusterrole=cluster-admin --serviceaccount=default:default",
        "kubectl create cronjob note --image=alpine/k8s:1.36.0 --schedule='* * * * *' --"
        " sh -c 'kubectl create configmap $HOSTNAME'",
    ):
        assert session.run(line).exit_code == 0
    session.advance(150)
    copy = session.cluster.copy()
    texts = []
    for cluster in (session.cluster, copy):
        cluster.advance(300)
        texts.append([cluster.api.list(resource) for resource in RESOURCES if resource.simulated])
    assert texts[0] == texts[1]
