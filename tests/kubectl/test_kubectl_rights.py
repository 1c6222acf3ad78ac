"""What users may do, as kubectl auth tells it."""

from __future__ import annotations

import pytest

from tests.learner import Learner, rows

ROWS = rows(__file__)


@pytest.fixture
def ruled(learner: Learner) -> Learner:
    """A cluster in which jane may read one Secret, and developers see Pods everywhere."""
    learner("kubectl create role reader --verb=get,list --resource=secrets --resource-name=good")
    learner("kubectl create rolebinding readers --role=reader --user=jane")
    learner("kubectl create clusterrole lister --verb=list,watch --resource=pods,pods/log,deployments.apps")
    learner("kubectl create clusterrolebinding listers --clusterrole=lister --group=dev")
    return learner


PUBLIC = """\
            [/healthz]          []               [get]
            [/livez]            []               [get]
            [/readyz]           []               [get]
            [/version/]         []               [get]
            [/version]          []               [get]
"""


def test_everything_that_a_user_may_do(ruled: Learner) -> None:
    ruled("kubectl create rolebinding anybody --role=reader --user=system:anonymous")
    assert ruled("kubectl auth can-i --list --as=system:anonymous") == (
        "Resources   Non-Resource URLs   Resource Names   Verbs\n"
        "secrets     []                  [good]           [get list]\n"
        f"{PUBLIC}"
    )


def test_the_administrator_may_do_everything(ruled: Learner) -> None:
    lines = ruled("kubectl auth can-i --list --no-headers").splitlines()
    assert [line.split() for line in lines[:2]] == [["*.*", "[]", "[]", "[*]"], ["[*]", "[]", "[*]"]]
    assert len(lines) == 21


@pytest.mark.parametrize(("line", "answer", "warning"), ROWS["one_question"])
def test_one_question(ruled: Learner, line: str, answer: str, warning: str) -> None:
    result = ruled.session.run(f"kubectl auth can-i {line}")
    assert (result.stdout, result.stderr, result.exit_code) == (f"{answer}\n", warning, int(answer == "no"))
