from xml.etree import ElementTree

import pytest

from kubesim.jupyter import timemachine
from kubesim.jupyter.current import Seat
from kubesim.jupyter.timemachine import TimeMachine
from kubesim.session import Session

RUN = "kubectl run web --image=registry.example.com/myapp:1.0"


@pytest.fixture
def seat(tmp_path):
    seat = Seat(Session(tmp_path))
    seat.run(RUN)
    seat.advance(40)
    return seat


@pytest.fixture
def machine(seat):
    machine = TimeMachine(seat, "default", "web")
    machine._on_message(machine, {"do": "look"}, [])
    return machine


def test_it_does_not_follow_before_a_page_shows_it(seat):
    machine = TimeMachine(seat, "default", "web")
    before = machine.stops
    seat.advance(100)
    assert machine.stops == before
    machine._on_message(machine, {"do": "look"}, [])
    assert machine.stops[-1][1] == "a pause of 100 s"


def test_the_moments_are_a_table_where_no_widget_lives(machine):
    assert machine.plain() == (
        "Time machine of Pod web in namespace default\n"
        "13:59:00         0 s  the beginning\n"
        "13:59:00         0 s  kubectl run web --image=registry.example.com/myapp:1.0\n"
        "13:59:01         1 s  web: ErrImagePull\n"
        "13:59:14        14 s  web: ImagePullBackOff\n"
        "13:59:27        28 s  web: ErrImagePull\n"
        "13:59:40        40 s  a pause of 40 s\n"
        "Attempts to get the image\n"
        "  13:59:00 ErrImagePull, back-off 10 s\n"
        "  13:59:14 ErrImagePull, back-off 20 s"
    )
    page = machine.static_html()
    assert "<tr><td>13:59:14</td><td>14 s</td><td>web: ImagePullBackOff</td></tr>" in page
    assert "<ol><li>13:59:00 ErrImagePull, back-off 10 s</li>" in page


def test_it_opens_at_the_end_and_goes_back(machine):
    assert machine.view["stop"] == 5
    assert machine.view["words"] == "13:59:40, 40 s after the beginning: a pause of 40 s"
    assert machine.view["pods"].startswith("NAME   READY   STATUS         RESTARTS   AGE\nweb    0/1     ErrImagePull")
    machine.go(3)
    assert "ImagePullBackOff" in machine.view["pods"]
    assert "Back-off pulling image" in machine.view["events"]
    assert "failed" in machine.view["flow"]
    machine.go(0)
    assert machine.view["pods"] == "No resources found in default namespace.\n"
    assert machine.view["events"] == "No resources found in default namespace.\n"
    assert "There is no Pod web in the namespace default." in machine.view["flow"]


def test_the_cluster_of_the_learner_never_changes(machine, seat):
    before = seat.run("kubectl get pods,events -o yaml").stdout
    for stop in range(len(machine.stops)):
        machine.go(stop)
    assert seat.run("kubectl get pods,events -o yaml").stdout == before


def test_it_follows_at_the_end_and_stays_in_the_past(machine, seat):
    seat.advance(100)
    assert machine.view["words"].endswith(": a pause of 100 s")
    machine.go(2)
    before = machine.stops
    seat.advance(100)
    assert machine.view["words"].endswith(": web: ErrImagePull")
    seat.undo()
    assert machine.stops == before
    seat.restart()
    assert [label for _, label, _ in machine.stops] == ["the beginning"]
    assert machine.view["pods"] == "No resources found in default namespace.\n"


def test_the_back_off_is_drawn_from_the_attempts(machine, seat):
    seat.advance(600)
    drawn = machine.view["tries"]
    picture = ElementTree.fromstring(drawn[: drawn.index("</svg>") + 6])
    widths = [float(bar.get("width")) for bar in picture.iter("rect")]
    assert widths == sorted(widths)
    assert round(widths[-1] / widths[0]) == 30
    assert [words.text.split(", ")[1] for words in picture.iter("text")] == [
        f"back-off {pause}" for pause in ("10 s", "20 s", "40 s", "1 min 20 s", "2 min 40 s", "5 min")
    ]
    assert picture.get("aria-label").startswith("The growing back-off. 13:59:00 ErrImagePull, back-off 10 s. ")


def test_a_namespace_has_no_flow(seat):
    machine = TimeMachine(seat, "default")
    assert (machine.view["flow"], machine.view["tries"]) == ("", "")
    assert machine.plain().startswith("Time machine of namespace default\n")


def test_what_a_learner_typed_is_text(seat):
    seat.run("kubectl run '<b>' --image=x; kubectl create configmap a --from-literal='<i>=1'; kubectl delete pod web")
    machine = TimeMachine(seat, "default", "<b>")
    assert "<b>" not in machine.static_html().replace("<b>Attempts", "")
    assert "<b>'" not in machine.view["flow"] + machine.view["tries"]


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        ("", ("default", "")),
        ("web", ("default", "web")),
        ("pod/web -n shop", ("shop", "web")),
        (" -n shop ", ("shop", "")),
    ],
)
def test_the_magic_takes_a_pod_and_a_namespace(arguments, target, seat, monkeypatch):
    shown = []
    monkeypatch.setattr(timemachine, "display", shown.append)
    timemachine.show(arguments, seat)
    assert (shown[0]._namespace, shown[0]._pod) == target


def test_the_magic_says_what_it_takes(seat, capsys):
    timemachine.show("web --now", seat)
    assert capsys.readouterr().out == "kubesim: the past of which Pod? %timemachine [POD] [-n NAMESPACE]\n"


def test_a_message_that_makes_no_sense_is_survived(machine):
    machine._on_message(machine, {"do": "go"}, [])
    machine._on_message(machine, {"do": "go", "stop": 99}, [])
    assert machine.view["stop"] == 5
