import pytest

from kubesim.jupyter import task
from kubesim.jupyter.current import Seat
from kubesim.jupyter.task import TaskCard
from kubesim.lessons import Condition, Task
from kubesim.session import Session

CREATE = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com --docker-username=myuser "
    "--docker-password=mypassword"
)
TASK = Task(
    id="other-place",
    title="The right Secret in the wrong place",
    namespaces=("shop", "warehouse"),
    text="Get the Pod `web` in `shop`\nto run.",
    files={
        "web.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n"
        "  imagePullSecrets: [{name: regcred}]\n"
        "  containers: [{name: app, image: registry.example.com/myapp:1.0}]\n"
    },
    start=(f"{CREATE} -n warehouse", "kubectl apply -n shop -f web.yaml"),
    goal=(
        Condition("kubectl get secret -n shop -o name", "No Secret yet.", "The Secret is there.", "secret/regcred"),
        Condition(
            "kubectl get pod web -n shop -o jsonpath={.status.phase}", "It does not run yet.", "It runs.", "Running"
        ),
    ),
    hints=("Copy it.",),
    solution=(f"{CREATE} -n shop",),
    done="Well done, `web` runs.",
    wait=60,
)


@pytest.fixture
def seat(tmp_path):
    return Seat(Session(tmp_path))


@pytest.fixture
def card(seat):
    return TaskCard(TASK, seat)


def press(card, do):
    card._hear(card, {"do": do, "answer": None}, [])
    return card.feedback


def test_the_start_state_is_made_when_the_card_is_shown(card, seat):
    assert seat.session.run("kubectl get pod web -n shop -o name").stdout == "pod/web\n"


def test_showing_it_again_keeps_the_work(card, seat):
    seat.run("kubectl create configmap mine -n shop --from-literal=a=b")
    TaskCard(TASK, seat)
    assert seat.run("kubectl get configmap mine -n shop -o name").stdout == "configmap/mine\n"


def test_a_check_says_what_is_missing_and_then_that_it_is_done(card, seat):
    feedback = press(card, "check")
    assert (feedback["verdict"], feedback["word"]) == ("wrong", "Not yet (0 of 2 reached)")
    assert [note["ok"] for note in feedback["notes"]] == [False, False]
    assert feedback["notes"][0]["html"] == "No Secret yet."
    for line in TASK.solution:
        seat.run(line)
    feedback = press(card, "check")
    assert feedback["word"] == "Not yet (1 of 2 reached)"
    seat.advance(60)
    feedback = press(card, "check")
    assert (feedback["verdict"], feedback["word"]) == ("right", "Well done")
    assert feedback["notes"][-1] == {"ok": True, "html": "Well done, <code>web</code> runs."}


def test_starting_over_asks_first(card, seat):
    seat.run("kubectl create configmap mine -n shop --from-literal=a=b")
    feedback = press(card, "restart")
    assert feedback["warning"] == (
        "Starting over makes anew: the namespace <code>shop</code> and everything in it, the namespace "
        "<code>warehouse</code> and everything in it, your changes to the file <code>web.yaml</code>. "
        "Everything else stays."
    )
    assert [label for _, label in feedback["buttons"]] == ["Yes, start over", "No, keep my work"]
    assert "warning" not in press(card, "keep")
    assert seat.run("kubectl get configmap mine -n shop -o name").stdout == "configmap/mine\n"
    press(card, "restart")
    assert "warning" not in press(card, "begin")
    assert seat.run("kubectl get configmap mine -n shop").exit_code == 1


def test_after_a_restart_of_the_cluster_a_check_sets_the_task_up_again(card, seat):
    seat.restart()
    feedback = press(card, "check")
    assert "set up again" in feedback["notes"][0]["html"]
    assert seat.run("kubectl get pod web -n shop -o name").stdout == "pod/web\n"


def test_the_solution_can_be_shown(card):
    assert "--docker-password=mypassword" in press(card, "reveal")["reveal"]


def test_the_faces_of_a_task(card):
    bundle = card._repr_mimebundle_()[0]
    assert bundle["text/plain"] == (
        "Task: The right Secret in the wrong place\n"
        "Get the Pod `web` in `shop` to run.\n"
        "Reach this:\n"
        "  - The Secret is there.\n"
        "  - It runs."
    )
    assert "<details><summary>A solution</summary>" in bundle["text/html"]


def test_watchers_hear_of_the_start_state(seat):
    heard = []
    seat.on_change(lambda: heard.append(1))
    TaskCard(TASK, seat)
    assert heard == [1]


def test_show(seat, capsys, monkeypatch):
    shown = []
    monkeypatch.setattr(task, "display", shown.append)
    monkeypatch.setattr(task, "load_tasks", lambda: {TASK.id: TASK})
    task.show("", seat)
    assert capsys.readouterr().out == "kubesim: there is no task ''; there are: other-place\n"
    task.show("other-place", seat)
    assert shown[0].plain().startswith("Task: The right Secret in the wrong place\n")
