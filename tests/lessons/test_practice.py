"""The broken cluster for each cause: it has that cause, and the table leaves none out."""

import pytest

from kubesim.api.resources import POD
from kubesim.lessons.clusters import every_cluster
from kubesim.lessons.practice import practice_cluster, practices
from kubesim.lessons.task import begin
from kubesim.session import Session
from kubesim.session.flow import trace_flow
from kubesim.why.judge.checks import CHECKS
from kubesim.why.read.signs_table import signs
from kubesim.why.tell.practice import practice, practice_of


def causes_in(session, namespaces):
    """The causes of the Pods that wait, by their names."""
    pods = [pod["metadata"] for namespace in namespaces for pod in session.cluster.api.list(POD, namespace)]
    flows = [trace_flow(session.cluster, pod["namespace"], pod["name"]) for pod in pods]
    return {flow.cause.name: flow.cause for flow in flows if flow.cause}


@pytest.mark.parametrize("name", practices())
def test_the_cluster_has_that_cause(name):
    cluster, session = practice_cluster(name), Session()
    begin(cluster, session)
    session.advance(60)
    causes = causes_in(session, cluster.namespaces)
    assert cluster.id in {practice().clusters.get(cause) for cause in causes}
    assert all(practice_of(cause) in practices() for cause in causes.values())


def test_every_cause_has_a_cluster_or_a_reason_why_not():
    table = practice()
    listed = [*table.clusters, *(name for names in table.without.values() for name in names)]
    assert sorted(listed) == sorted({*CHECKS, *signs().kinds, "answer"})
    assert set(table.clusters.values()) <= {cluster.id for cluster in every_cluster(1)}


def test_a_seed_gives_other_names():
    assert practice_cluster("missing", 2).text != practice_cluster("missing").text


def test_an_unknown_cause_has_none():
    with pytest.raises(KeyError):
        practice_cluster("nope")
