"""A task from its start state to its goal, on a learner's cluster."""

from dataclasses import replace

import pytest

from kubesim.lessons.task import Task, begin, check, is_started, solve
from kubesim.session import Session
from tests.lessons.examples import TASKS

TASK = TASKS["green"]


def looked_at(session):
    """What each condition of the task printed, and whether it holds."""
    return [(reading.printed, reading.holds) for reading in check(TASK, session)]


def test_a_task_from_start_to_end():
    session = Session()
    assert not is_started(TASK, session)
    assert begin(TASK, session) == []
    assert is_started(TASK, session)
    assert session.workspace.read_text("note.txt") == "hello\n"
    assert looked_at(session) == [
        ("configmap/kube-root-ca.crt\nconfigmap/old", False),
        ("configmap/old", True),
    ]
    session.run(TASK.solution[0])
    assert [holds for _, holds in looked_at(session)] == [True, True]


def test_starting_over_undoes_what_was_done_in_the_namespace_and_leaves_the_rest():
    session = Session()
    begin(TASK, session)
    session.run(TASK.solution[0])
    session.run("kubectl create configmap mine --from-literal=a=b")
    begin(TASK, session)
    assert [reading.holds for reading in check(TASK, session)] == [False, True]
    assert session.run("kubectl get configmap mine -o name").stdout == "configmap/mine\n"
    assert session.shell.history == [
        TASK.solution[0],
        "kubectl create configmap mine --from-literal=a=b",
        "kubectl get configmap mine -o name",
    ]


def test_a_file_of_the_learners_is_kept_and_named():
    session = Session()
    session.write_file("note.txt", "mine\n")
    assert begin(TASK, session) == ["note.txt"]
    assert session.workspace.read_text("note.txt") == "mine\n"


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("note.txt", lambda path: path.mkdir()),
        ("note.txt", lambda path: path.symlink_to("/etc/hostname")),
        ("note.txt", lambda path: path.symlink_to("note.txt")),
        ("in/note.txt", lambda path: path.parent.write_text("mine")),
    ],
    ids=["folder", "link", "link to itself", "file for a folder"],
)
def test_an_obstacle_in_place_of_a_file_is_kept_and_named(name, block, tmp_path):
    block(tmp_path / name)
    session = Session(tmp_path)
    assert begin(replace(TASK, files={name: "hello\n"}), session) == [name]
    assert session.run("kubectl get cm old -n green -o name").stdout == "configmap/old\n"


def test_the_start_state_is_made_from_the_tasks_own_files_whatever_the_learner_did_to_theirs():
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old, namespace: green}\n"
    task = Task(
        "own", "Own", ("green",), "", (), (), (), "", {"in/old.yaml": manifest}, ("kubectl apply -f in/old.yaml",)
    )
    session = Session()
    begin(task, session)
    session.write_file("in/old.yaml", "spoiled: [")
    assert begin(task, session) == ["in/old.yaml"]
    assert session.run("kubectl get configmap old -n green -o name").stdout == "configmap/old\n"
    assert session.workspace.read_text("in/old.yaml") == "spoiled: ["


def test_a_check_is_not_led_astray_by_the_learners_shell():
    session = Session()
    begin(TASK, session)
    session.run(TASK.solution[0])
    session.run("alias kubectl=echo")
    session.run("kubectl config set-context --current --namespace=green")
    assert all(reading.holds for reading in check(TASK, session))


def test_the_solved_task_is_a_session_of_its_own():
    session = solve(TASK)
    assert all(reading.holds for reading in check(TASK, session))
