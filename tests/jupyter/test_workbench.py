"""The workbench without a page: the hops of a pull, the list of objects, a task's goals, and the messages sent."""

import pytest
from anywidget import AnyWidget

from kubesim.jupyter import explore, flowview, why
from kubesim.jupyter.card import Widget
from kubesim.jupyter.challenge import ChallengeCard
from kubesim.jupyter.playground import Playground
from kubesim.jupyter.prediction import PredictionCard
from kubesim.jupyter.progress import ProgressMap
from kubesim.jupyter.quiz import QuizCard
from kubesim.jupyter.road import blank
from kubesim.jupyter.task import TaskCard
from kubesim.jupyter.workbench import MOST_OBJECTS, workbench
from kubesim.lessons import load_predictions, load_quizzes, load_tasks
from kubesim.lessons.clusters import RoundId
from tests.jupyter.conftest import press

# Commands that run a Pod, create its pull secret, and let the ServiceAccount list that.
RUN = "kubectl run web --image=registry.example.com/myapp:1.0"
CREATE = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword"
)
PATCH = """kubectl patch serviceaccount default -p '{"imagePullSecrets":[{"name":"regcred"}]}'"""


@pytest.fixture
def bench(seat):
    """The seat's workbench."""
    return workbench(seat)


def kinds(widget=Widget):
    """All subclasses of a class."""
    for kind in widget.__subclasses__():
        yield kind
        yield from kinds(kind)


def holds_none(value):
    """True if a value, or any value within it, is None."""
    if isinstance(value, dict):
        return any(map(holds_none, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_none, value))
    return value is None


def name_of(kind):
    """A class as module and name: a test that reloads the package leaves a second class of each name."""
    return kind.__module__, kind.__qualname__


def test_no_synced_trait_holds_none(seat, bench):
    """Pyodide hands None to the page as undefined, which a widget doesn't expect."""
    quizzes = {quiz.kind: quiz for quiz in load_quizzes().values()}
    cards = [QuizCard([quiz], seat) for quiz in quizzes.values()]
    cards += [
        PredictionCard(load_predictions()["touch-the-pod"], seat),
        ProgressMap(seat),
        TaskCard(load_tasks()["store-credentials"], seat),
        ChallengeCard(RoundId(1), seat),
        Playground(seat),
        explore.make("match", seat),
        bench,
        why.Paste(seat),
    ]
    own = [kind for kind in kinds() if kind.__module__.startswith("kubesim.") and not kind.__subclasses__()]
    assert set(map(name_of, map(type, cards))) == set(map(name_of, own))
    seat.run(RUN)
    bench.feed("nano new.yaml")
    for card in cards:
        traits = set(card.keys) - set(AnyWidget.class_trait_names(sync=True))
        assert traits
        assert [name for name in traits if holds_none(getattr(card, name))] == []
        press_any(card)
        assert [name for name in traits if holds_none(getattr(card, name))] == []


def press_any(card):
    """Send a card the messages of several buttons."""
    for do in ("check", "hint", "next", "refresh", "close"):
        card._on_message(card, {"do": do, "answer": [0]}, [])


def test_a_seat_has_one_workbench(seat):
    assert workbench(seat) is workbench(seat)


def test_the_hops_are_those_of_the_pod_in_focus_or_of_the_newest_pod(seat, bench):
    assert bench.path == {"title": "", **blank()}
    seat.run(f"{RUN}; sleep 5; kubectl run db --image=nginx")
    assert (bench.path["title"], bench.path["broken"]) == ("db in default", False)
    press_focus(bench, "web")
    assert (bench.path["title"], bench.path["broken"]) == ("web in default", True)
    assert [one["title"] for one in bench.path["stations"] if one["rank"] == "cause"] == ["Pod spec"]
    assert (bench.path["sent"], bench.path["answered"]) == (
        "HEAD myapp:1.0, no user, no password",
        "401 Unauthorized",
    )
    assert "kubectl create secret docker-registry" in bench.path["advice"]
    assert bench.path["story"].startswith("<ol><li>")
    seat.run("kubectl delete pod web --now")
    assert bench.path["title"] == "db in default"
    seat.restart()
    assert bench.path == {"title": "", **blank()}


def press_focus(bench, pod):
    """Send the message that moves the workbench to a Pod."""
    bench._on_message(bench, {"do": "focus", "namespace": "default", "pod": pod}, [])


def test_the_hops_follow_changes_and_announce_them(seat, bench):
    seat.run(RUN)
    seat.advance(6)
    assert bench.path["news"].startswith("Pod spec: failed.")
    seat.run(f"{CREATE}; {PATCH}; kubectl delete pod web --now; {RUN}")
    seat.advance(6)
    assert bench.path["news"] == "The image is on the node and the container may start."


def test_the_objects_are_listed_by_namespace_up_to_a_limit(seat, bench):
    seat.run(f"kubectl create namespace shop; {RUN} -n shop; {CREATE} -n shop; {PATCH}")
    seat.advance(2)
    assert bench.objects == [
        ("default", [("ServiceAccount", "default", "pulls with regcred", "")], 0),
        (
            "shop",
            [
                ("Pod", "web", "0/1 ErrImagePull", "✗"),
                ("Secret", "regcred", "dockerconfigjson", ""),
                ("ServiceAccount", "default", "", ""),
            ],
            0,
        ),
    ]
    seat.run("kubectl create deployment many --image=nginx --replicas=90")
    seat.run("kubectl create namespace zz")
    assert [(name, len(rows), more) for name, rows, more in bench.objects] == [
        ("default", MOST_OBJECTS, 12),
        ("shop", 0, 3),
        ("zz", 0, 1),
    ]


def test_owners_of_pods_are_listed(seat, bench):
    seat.run("kubectl create deployment web --image=nginx; kubectl create job once --image=busybox")
    seat.run("kubectl create cronjob nightly --image=busybox --schedule='0 3 * * *'")
    seat.advance(9)
    [(_, rows, _)] = bench.objects
    assert [row[::2] for row in rows if row[0] not in ("Pod", "ServiceAccount")] == [
        ("Deployment", "1/1"),
        ("CronJob", "0 3 * * *"),
        ("Job", "Complete"),
    ]


def test_a_past_attempt_has_its_time_and_that_of_the_next_one(seat, bench):
    seat.run(f"""{RUN} --overrides='{{"spec":{{"imagePullSecrets":[{{"name":"regcred"}}]}}}}'; sleep 5""")
    first = {key: bench.path[key] for key in ("attempt", "past", "next")}
    assert first["attempt"].startswith("web ")
    assert (first["past"], first["next"]) == ("13:59:00", "13:59:10")
    seat.run(CREATE)
    assert bench.path["past"] == "13:59:00, before the Secret regcred existed"
    seat.advance(60)
    assert bench.path["attempt"].startswith("web ")
    assert bench.path["attempt"] != first["attempt"]
    assert (bench.path["past"], bench.path["next"]) == ("", "")


def test_a_past_attempt_says_that_its_secret_was_deleted_or_recreated_since(seat, bench):
    seat.run(CREATE.replace("mypassword", "old"))
    seat.run(f"""{RUN} --overrides='{{"spec":{{"imagePullSecrets":[{{"name":"regcred"}}]}}}}'; sleep 5""")
    seat.run("kubectl delete secret regcred")
    assert bench.path["past"] == "13:59:00, before the Secret regcred was deleted"
    seat.run(CREATE)
    assert bench.path["past"] == "13:59:00, before the Secret regcred was recreated"


def test_a_past_attempt_says_that_its_secret_was_changed_since(seat, bench):
    seat.run(CREATE.replace("registry.example.com", "other.example.com"))
    seat.run(f"""{RUN} --overrides='{{"spec":{{"imagePullSecrets":[{{"name":"regcred"}}]}}}}'; sleep 5""")
    assert bench.path["past"] == "13:59:00"
    seat.run(f"{CREATE} --dry-run=client -o yaml | kubectl apply -f -")
    assert bench.path["past"] == "13:59:00, before the Secret regcred was changed"


def test_during_a_task_older_objects_are_not_listed(seat, bench):
    seat.run(f"kubectl create namespace shop; {RUN} -n shop; {RUN}; sleep 5")
    task = load_tasks()["store-credentials"]
    TaskCard(task, seat)
    assert [namespace for namespace, *_ in bench.objects] == list(task.namespaces)
    seat.run("kubectl run mine --image=nginx; sleep 5")
    assert {name: [row[1] for row in rows] for name, rows, _ in bench.objects}["default"] == ["mine"]
    for line in task.solution:
        seat.run(line)
    assert [namespace for namespace, *_ in bench.objects] == sorted(["default", "shop", *task.namespaces])


def test_the_goals_of_the_open_task_are_ticked_off(seat, bench):
    task = load_tasks()["store-credentials"]
    TaskCard(task, seat)
    assert bench.goals["title"] == task.title
    assert (bench.goals["done"], {goal["ok"] for goal in bench.goals["goals"]}) == (False, {False})
    for line in task.solution:
        seat.run(line)
    assert bench.goals["done"]


def test_a_task_shows_state_and_goal_and_compares_its_commands(seat, bench):
    task = load_tasks()["first-fix-alone"]
    TaskCard(task, seat)
    running = bench.goals["goals"][1]
    assert (running["ok"], running["goal"]) == (False, "Running registry.example.com/myapp:1.0")
    assert running["now"] == "Pending registry.example.com/myapp:1.0"
    assert "goal" not in bench.goals["goals"][0]  # its check compares no single text
    assert "comparison" not in bench.goals
    seat.run("kubectl create namespace detour; kubectl get pods")
    for line in (*task.solution, "kubectl get pods -n market", "sleep 330"):
        seat.run(line)
    assert bench.goals["goals"][1]["now"] == running["goal"]
    assert bench.goals["comparison"] == "2 commands. The shortest solution has 1."
    assert "kubectl create secret docker-registry market-creds" in bench.goals["solution"]
    seat.undo()
    assert "comparison" not in bench.goals


def test_a_broken_cluster_shows_no_goal_beside_its_state(seat, bench):
    press(ChallengeCard(RoundId(1), seat), "next")
    assert all("goal" not in line for line in bench.goals["goals"])


def test_a_station_before_the_cause_is_reached_or_not_needed(seat, bench):
    seat.run("kubectl run web --image=nginx:nowhere; sleep 5")
    states = [(one["title"], one["state"]) for one in bench.path["stations"]]
    assert states[2:4] == [("Secret", "not needed"), ("kubelet", "passed")]
    assert [title for title, state in states if state == "stuck here"] == ["Image"]


def test_the_challenge_hides_the_cause_until_it_is_paid_for(seat, bench):
    seat.run(RUN)
    card = ChallengeCard(RoundId(1), seat)
    assert "story" in bench.path
    press(card, "next")
    assert bench.path["concealed"].startswith("What blocks the pull is for you to find. The button Why?")
    assert not {"story", "advice", "news"} & bench.path.keys()
    assert {one["rank"] for one in bench.path["stations"]} == {""}
    press(card, "why")
    assert "story" in bench.path
    press(card, "next")
    assert "story" not in bench.path
    press(card, "reveal")
    assert "story" in bench.path


def test_a_task_hides_the_cause_until_it_is_solved(seat, bench):
    task = load_tasks()["first-fix-alone"]
    TaskCard(task, seat)
    seat.advance(6)
    assert [(one["title"], one["state"]) for one in bench.path["stations"]] == [
        ("kubectl", "passed"),
        ("Pod spec", "to find out"),
        ("Secret", "to find out"),
        ("kubelet", "ErrImagePull"),
        ("Registry", "to find out"),
        ("Image", "not reached"),
    ]
    assert bench.path["stations"][3]["words"] == "ErrImagePull"
    assert "not found" not in str(bench.path)
    for line in task.solution:
        seat.run(line)
    seat.advance(360)
    assert {one["state"] for one in bench.path["stations"]} == {"passed"}


def test_a_command_without_changes_sends_only_its_output_and_the_time(seat, bench, monkeypatch):
    seat.run(RUN)
    seat.advance(6)
    bench._on_message(bench, {"do": "start", "id": "1", "wall": 0}, [])
    sent = []
    monkeypatch.setattr(bench, "_send", lambda message, **_: sent.append(message))
    bench._on_message(bench, {"do": "enter", "id": "2", "text": "sleep 1", "wall": 0}, [])
    assert [message["method"] for message in sent] == ["update", "custom"]
    assert set(sent[0]["state"]) == {"time"}
    assert sent[1]["content"] == {"gone": 0, "entries": [("command", "sleep 1")], "history": ["sleep 1"], "re": "2"}


def test_pictures_on_the_page_are_not_drawn_again_with_each_command(seat, monkeypatch):
    seat.run(RUN)
    workbench(seat)
    for _ in range(50):
        workbench(seat)
        flowview.picture(seat, "default", "web")
    drawn = []
    monkeypatch.setattr(flowview, "trace_flow", lambda *_: drawn.append("a picture"))
    monkeypatch.setattr("kubesim.jupyter.workbench.road", lambda *_: drawn.append("the bench") or {})
    seat.run("kubectl get pods")
    assert drawn == ["the bench"]


@pytest.mark.parametrize(
    ("message", "times"),
    [
        ({"do": "enter", "text": "kubectl get pods", "wall": 9}, 1),
        ({"do": "enter", "text": "kubectl get pods\n" * 40, "wall": 9}, 1),
        ({"do": "enter", "text": "", "wall": 9}, 1),
        ({"do": "advance", "seconds": 10}, 1),
        ({"do": "undo"}, 1),
        ({"do": "focus", "namespace": "default", "pod": "web"}, 1),
        ({"do": "complete", "text": "kubectl get po", "cursor": 14}, 0),
        ({"do": "news"}, 0),
        ({"do": "check", "text": "kind: Pod"}, 0),
        ({"do": "asks", "lines": ["%quiz start-no-secret"]}, 0),
    ],
)
def test_the_hops_are_computed_once_for_a_change_and_never_for_a_question(seat, bench, monkeypatch, message, times):
    seat.run(RUN)
    seat.run("kubectl create namespace shop")
    drawn = []
    monkeypatch.setattr("kubesim.jupyter.workbench.road", lambda *_: drawn.append("the path") or {})
    bench._on_message(bench, {**message, "id": "1"}, [])
    assert len(drawn) == times


def an_open_task(seat):
    """The card of a task that was begun."""
    return TaskCard(load_tasks()["store-credentials"], seat)


def an_open_challenge(seat):
    """The card of a round whose first task was begun."""
    card = ChallengeCard(RoundId(1), seat)
    press(card, "open", number=0)
    return card


@pytest.mark.parametrize("make", [an_open_task, an_open_challenge])
def test_the_hops_are_computed_once_for_a_command_during_a_task(seat, bench, monkeypatch, make):
    card = make(seat)
    seat.run(RUN)
    drawn = []
    monkeypatch.setattr("kubesim.jupyter.workbench.road", lambda *_: drawn.append("the path") or {})
    bench._on_message(bench, {"do": "enter", "text": "kubectl get pods", "wall": 9, "id": "1"}, [])
    assert drawn == ["the path"]
    press(card, "hint")
    assert drawn == ["the path"]


def test_the_workbench_reports_which_lines_of_the_notebook_are_done(seat, bench):
    quiz = next(quiz for quiz in load_quizzes().values() if quiz.kind == "choice")
    right = next(number for number, choice in enumerate(quiz.choices) if choice.right)
    lines = [f"%quiz {quiz.id}", "%task store-credentials", "%predict touch-the-pod"]
    bench._on_message(bench, {"do": "asks", "lines": lines}, [])
    assert bench.done == []
    card = QuizCard([quiz], seat)
    press(card, "check", answer=[(right + 1) % len(quiz.choices)])
    assert bench.done == []
    press(card, "check", answer=[right])
    seat.progress.keep_task("store-credentials")
    assert bench.done == lines[:2]
