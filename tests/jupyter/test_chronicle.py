import pytest

from kubesim.jupyter import chronicle
from tests.jupyter.conftest import refused
from tests.jupyter.pictures import SVG, pictures

RUN = "kubectl run web --image=registry.example.com/myapp:1.0"


def faces(seat, namespace="default", pod="web"):
    bundle = chronicle.chronicle(seat, namespace, pod)
    return bundle["text/plain"], bundle["text/html"]


def test_the_moments_and_the_attempts_are_listed(seat):
    seat.run(RUN)
    seat.advance(40)
    plain, page = faces(seat)
    assert plain == (
        "What happened to Pod web in namespace default\n"
        "13:59:00         0 s  the beginning\n"
        "13:59:00         0 s  kubectl run web --image=registry.example.com/myapp:1.0\n"
        "13:59:01         1 s  web is ErrImagePull\n"
        "13:59:14        14 s  web is ImagePullBackOff\n"
        "13:59:27        28 s  web is ErrImagePull\n"
        "13:59:40        40 s  now\n"
        "Attempts to get the image\n"
        "  13:59:00 ErrImagePull, back-off 10 s\n"
        "  13:59:14 ErrImagePull, back-off 20 s"
    )
    assert "<tr><td>13:59:14</td><td>14 s</td><td>web is ImagePullBackOff</td></tr>" in page
    assert ". 13:59:14 ErrImagePull, back-off 20 s" in page


def test_the_cluster_of_the_learner_never_changes(seat):
    seat.run(RUN)
    seat.advance(40)
    before = seat.session.cluster.copy()
    faces(seat)
    assert seat.session.cluster.clock.now == before.clock.now
    assert seat.session.cluster.api.revision == before.api.revision


def test_the_back_off_is_drawn_from_the_attempts(seat):
    seat.run(RUN)
    seat.advance(640)
    _, page = faces(seat)
    [(alt, picture)] = pictures(page)
    widths = [float(bar.get("width")) for bar in picture.iter(f"{SVG}rect")]
    assert widths == sorted(widths)
    assert round(widths[-1] / widths[0]) == 30
    assert [words.text.split(", ")[1] for words in picture.iter(f"{SVG}text")] == [
        f"back-off {pause}" for pause in ("10 s", "20 s", "40 s", "1 min 20 s", "2 min 40 s", "5 min")
    ]
    assert alt.startswith("The growing back-off. 13:59:00 ErrImagePull, back-off 10 s. ")


def test_a_namespace_has_no_attempts(seat):
    plain, page = faces(seat, pod="")
    assert plain == "What happened to namespace default\n13:59:00         0 s  the beginning"
    assert "Attempts" not in page


def test_what_a_learner_typed_is_text(seat):
    seat.run("kubectl run '<i>' --image=x; kubectl create configmap a --from-literal='<i>=1'; kubectl delete pod web")
    assert "<i>" not in faces(seat, pod="<i>")[1]


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        ("", "What happened to namespace default"),
        ("web", "What happened to Pod web in namespace default"),
        ("pod/web -n shop", "What happened to Pod web in namespace shop"),
        (" -n shop ", "What happened to namespace shop"),
    ],
)
def test_the_magic_takes_a_pod_and_a_namespace(arguments, title, seat, monkeypatch):
    shown = []
    monkeypatch.setattr(chronicle, "display", lambda bundle, raw: shown.append(bundle))
    chronicle.timeline(arguments, seat)
    assert shown[0]["text/plain"].startswith(title + "\n")


def test_the_magic_says_what_it_takes(seat):
    usage = "the past of which Pod? %timeline [POD] [-n NAMESPACE]"
    assert refused(chronicle.timeline, "web --now", seat) == usage
