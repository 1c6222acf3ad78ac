"""Notebook 07: its quizzes and task with the answers of learners who missed a point, and with other right ones."""

import pytest

from kubesim.lessons import begin, check, judge, load_quizzes, load_tasks
from kubesim.session import Session

TASK, QUIZZES = load_tasks()["pin-the-image"], load_quizzes()
IMAGE, POLICY, PODS = TASK.goal
TODAY = "$(kubectl get pods -n kiosk -o jsonpath='{.items[0].status.containerStatuses[0].imageID}')"
TWO = "sha256:b8fa6dbb2fd6f585805f8bc5cf9a2bb9658ab11029d4f24b1cf0c75ea6921a92"
ONE = "registry.example.com/myapp@sha256:123e7277ac5f888b63b76f12c72c659340b4a47efafadcf91699b5db532bbaad"
UNKNOWN = f"registry.example.com/myapp@sha256:{'0' * 64}"


def set_image(image):
    return f"kubectl set image deployment/menu -n kiosk myapp={image}"


def set_policy(policy):
    patch = f'{{"spec":{{"template":{{"spec":{{"containers":[{{"name":"myapp","imagePullPolicy":"{policy}"}}]}}}}}}}}'
    return f"kubectl patch deployment menu -n kiosk -p '{patch}'"


def attempt(*lines):
    """The conditions that the task's check finds unmet after these lines and its wait."""
    session = Session()
    begin(TASK, session)
    for line in lines:
        result = session.run(line)
        assert result.exit_code == 0, result.screen
    session.advance(TASK.wait)
    return [reading.condition for reading in check(TASK, session) if not reading.holds]


@pytest.mark.parametrize(
    ("lines", "missing"),
    [
        (["kubectl rollout restart deployment menu -n kiosk"], [IMAGE, POLICY]),
        ([set_image(TODAY)], [POLICY]),
        ([set_policy("IfNotPresent")], [IMAGE]),
        ([set_image("registry.example.com/myapp:2.0"), set_policy("IfNotPresent")], [IMAGE]),
        ([set_image(ONE), set_policy("IfNotPresent")], [IMAGE]),
        ([set_image(TODAY), set_policy("Never")], [POLICY]),
        ([set_image(UNKNOWN), set_policy("IfNotPresent")], [IMAGE, PODS]),
        ([f"kubectl run menu -n kiosk --image={TODAY}"], [IMAGE, POLICY]),
    ],
    ids=["restart", "image", "policy", "tag", "other content", "never", "no such digest", "a Pod beside it"],
)
def test_half_a_solution_is_told_what_is_missing(lines, missing):
    assert attempt(*lines) == missing


@pytest.mark.parametrize(
    "lines",
    [
        [set_policy("IfNotPresent"), "sleep 60", set_image(TODAY)],
        [set_image(f"registry.example.com/myapp:2.0@{TWO}"), set_policy("IfNotPresent")],
    ],
    ids=["in the other order", "with a tag beside the digest"],
)
def test_other_ways_to_pin_are_right(lines):
    assert attempt(*lines) == []


@pytest.mark.parametrize(
    "line",
    [
        "kubectl rollout restart deploy/web",
        "kubectl delete pods -l app=web",
        "kubectl delete pods --all --now",
    ],
)
def test_however_the_pods_are_replaced(line):
    assert judge(QUIZZES["recall-restart"], line).right


@pytest.mark.parametrize(("answer", "number"), [("IfNotPresent", 0), ("if not present", 0), ("Never", 1), ("none", 2)])
def test_each_wrong_policy_has_an_answer_of_its_own(answer, number):
    quiz = QUIZZES["policy-that-stays"]
    assert [note.text for note in judge(quiz, answer).notes] == [quiz.replies[number].why]
