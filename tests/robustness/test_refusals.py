"""Bad input that was once answered wrongly, with the whole answer of today."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kubesim import Session
from kubesim.api.resources import POD
from kubesim.cluster.apiserver import admission

ROWS = yaml.safe_load(Path(__file__).with_name("refusals.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ROWS["files"], ids=lambda row: row["screen"][:60])
def test_a_bad_file_gets_the_whole_answer(row: dict[str, str]) -> None:
    session = Session()
    session.write_file("x.yaml", row["text"])
    assert session.run("kubectl apply -f x.yaml").screen == row["screen"]


@pytest.mark.parametrize("row", ROWS["lines"], ids=lambda row: row["line"][:60])
def test_a_bad_line_gets_the_whole_answer(row: dict[str, str]) -> None:
    session = Session()
    session.run(row.get("before", ""))
    assert session.run(row["line"]).screen == row["screen"]


def test_a_last_applied_annotation_without_an_object_is_refused() -> None:
    session = Session()
    session.write_file("x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    session.run("kubectl apply -f x.yaml")
    session.run("kubectl annotate --overwrite cm c kubectl.kubernetes.io/last-applied-configuration=[]")
    assert session.run("kubectl apply -f x.yaml").screen == (
        "kubesim: an annotation kubectl.kubernetes.io/last-applied-configuration that holds no object is not part of "
        "this simulator\n"
    )
    session.run("kubectl annotate --overwrite cm c kubectl.kubernetes.io/last-applied-configuration=null")
    assert session.run("kubectl apply -f x.yaml").screen == "configmap/c configured\n"


def test_a_full_cluster_refuses_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MAX_PODS", 12)
    session = Session()
    session.run("kubectl create deployment web --image=nginx --replicas=2147483647; sleep 60")
    assert len(session.cluster.api.list(POD)) == 12
    assert session.run("kubectl run one --image=nginx").screen == (
        'Error from server (Forbidden): pods "one" is forbidden: kubesim keeps at most 12 Pods\n'
    )
    assert session.run("kubectl delete deployment web; sleep 60; kubectl get pods").screen == (
        'deployment.apps "web" deleted from default namespace\nNo resources found in default namespace.\n'
    )
