import re
import shutil
from xml.etree import ElementTree

import graphviz
import pytest

from kubesim.flow.causes import Cause
from kubesim.flow.report import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, About, Flow, Hop
from kubesim.jupyter import card, drawing, flow, workbench

CREATE = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword"
)
RUN = (
    "kubectl run web --image=registry.example.com/myapp:1.0 "
    '--overrides=\'{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}\''
)
SVG = "{http://www.w3.org/2000/svg}"
BROKEN = Flow(
    "<img> for default/web",
    (
        Hop("kubectl", "kubectl", PASSED, ("Pod <b>web</b>",)),
        Hop("secret", "Secret", FAILED, ("a & b: not found",), is_cause=True),
        Hop("spec", "Pod spec", NOT_NEEDED, ("in its own spec",)),
        Hop("kubelet", "kubelet", PASSED, ("asked without credentials",)),
        Hop("registry", "Registry", FAILED, ("refused",)),
        Hop("image", "Image", NOT_REACHED, ()),
    ),
    "",
    About("default", "web"),
    cause=Cause("secret", "There is no <i>Secret</i>.", ("kubectl 'a' < \"b\"",)),
)


@pytest.fixture
def without_dot(monkeypatch):
    def fail(*_args, **_options):
        raise graphviz.ExecutableNotFound(["dot"])

    monkeypatch.setattr(graphviz.Digraph, "pipe", fail)


@pytest.fixture
def shown(monkeypatch):
    widgets = []
    monkeypatch.setattr(workbench, "display", lambda bundle, raw: widgets.append(bundle))
    return widgets


def nodes(graph):
    return dict(re.findall(r"^\s*(\w+) \[label=(.*)\]$", graph.source, re.MULTILINE))


def test_states_differ_in_shape_line_and_word():
    drawn = nodes(drawing.dot(BROKEN))
    assert "shape=octagon" in drawn["secret"]
    assert "shape=box" in drawn["registry"]
    assert "rounded,filled" in drawn["kubectl"]
    assert "dashed" in drawn["image"]
    assert "dotted" in drawn["spec"]
    for hop in BROKEN.hops:
        assert f"<i>{hop.state}</i>" in drawn[hop.key]


def test_what_a_learner_wrote_is_never_markup():
    for text in (drawing.dot(BROKEN).source, drawing.chain(BROKEN), flow.advice(BROKEN)):
        assert "<b>web</b>" not in text
        assert "<i>Secret</i>" not in text
    assert "a &amp; b: not found" in drawing.dot(BROKEN).source


def groups(drawn):
    """The group of each hop, in order."""
    every = ElementTree.fromstring(drawn).iter(f"{SVG}g")
    return [group for group in every if "hop" in group.get("class", "").split()]


def states_and_words(drawn):
    """Of each hop: its state, and the words as a reader sees them."""
    return [
        (set(group.get("class").split()) - {"node", "hop"}, " ".join(group.itertext()).split())
        for group in groups(drawn)
    ]


def outlines(drawn):
    """Of each hop: how many corners its outline has, and whether the line is broken."""
    shapes = [next(part for part in group if part.tag != f"{SVG}text") for group in groups(drawn)]
    return [
        (len(set(shape.get("points", "").split())) or 4, shape.get("stroke-dasharray") is not None) for shape in shapes
    ]


def needs_dot():
    if shutil.which("dot") is None:
        pytest.skip("Graphviz's dot is not installed")


def both(monkeypatch):
    by_dot = drawing.svg(BROKEN)
    monkeypatch.setenv("PATH", "")
    return by_dot, drawing.svg(BROKEN)


def test_both_drawings_show_the_same_hops_in_order_with_states_shapes_and_words(monkeypatch):
    needs_dot()
    by_dot, by_us = both(monkeypatch)
    assert by_dot != by_us
    assert [state for state, _ in states_and_words(by_us)] == [{hop.state.replace(" ", "-")} for hop in BROKEN.hops]
    assert states_and_words(by_dot) == states_and_words(by_us)
    assert outlines(by_dot) == outlines(by_us)


def test_both_drawings_say_the_same_to_a_screen_reader_and_shrink_with_the_page(monkeypatch):
    needs_dot()
    for drawn in both(monkeypatch):
        root = ElementTree.fromstring(drawn)
        assert root.get("role") == "img"
        assert root.get("aria-label").startswith("Flow of <img> for default/web ✓ kubectl")
        assert root.get("style") == "max-width:100%;height:auto"
        assert "<title>" not in drawn


@pytest.mark.parametrize("status", [0, 1])
def test_the_warnings_of_dot_are_not_shown(tmp_path, monkeypatch, capfd, status):
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\necho 'Fontconfig error: out of memory' >&2\necho '<svg />'\nexit {status}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ("<rect " in drawing.svg(BROKEN)) is bool(status)
    assert capfd.readouterr().err == ""


FIT = "kubectl get pod web -o yaml | kubectl replace --force -f -"
LONG = f"{CREATE} --dry-run=client -o yaml | kubectl apply -f -"
SED = (
    "kubectl get pod web -o yaml | sed 's/- name: my-registry-cred$/- name: my-registry-creds/' | kubectl replace -f -"
)


def test_a_long_command_is_cut_where_its_meaning_stays():
    assert card.folded(FIT) == FIT
    assert card.folded(SED).split("\n") == [
        "kubectl get pod web -o yaml \\",
        "    | sed 's/- name: my-registry-cred$/- name: my-registry-creds/' \\",
        "    | kubectl replace -f -",
    ]
    assert [line.split()[0] for line in card.folded(LONG).split("\n")] == ["kubectl", "--docker-username=myuser", "|"]


def test_a_folded_command_does_the_same(seat):
    assert seat.run(card.folded(LONG)).stdout == "secret/regcred created\n"
    assert seat.run("kubectl get secret regcred -o name").stdout == "secret/regcred\n"


def failed(seat):
    seat.run(RUN)
    seat.advance(6)
    return flow.picture(seat, "default", "web")


def test_a_picture_has_its_twin_in_words_and_the_time(seat):
    bundle = failed(seat)
    assert set(bundle) == {"text/plain", "text/html"}
    assert "✗ Secret — regcred: not found" in bundle["text/plain"]
    assert bundle["text/plain"].endswith("\n# 13:59:06")
    assert "13:59:06, simulated time" in bundle["text/html"]
    assert "How to fix it" in bundle["text/html"]


def test_the_chain_is_hidden_where_the_picture_is_drawn(seat, without_dot):
    page = failed(seat)["text/html"]
    assert page.startswith(
        '<div class="ks-flow ks-broken"><div class="ks-picture"><svg xmlns="http://www.w3.org/2000/svg" role="img" '
    )
    assert page.count("<svg ") == 1
    assert '</svg><ol hidden class="ks-chain"><li class="ks-passed">' in page
    assert page.count('<li class="ks-') == len(BROKEN.hops)


@pytest.mark.parametrize(
    "arguments", ["", "-n default", "web -x", "web -n", "web more", "-c", "web -n default more", "--help"]
)
def test_show_says_how(arguments, seat, capsys):
    workbench.draw(arguments, seat)
    assert capsys.readouterr().out == "kubesim: which Pod? %flow POD [-n NAMESPACE] [-c CONTAINER]\n"


def test_why_prints_what_the_terminal_prints(seat, capsys):
    flow.why("-n shop", seat)
    assert capsys.readouterr().out == "kubesim: which Pod? %why POD [-n NAMESPACE] [-c CONTAINER] [-o markdown|json]\n"
    seat.run(RUN)
    seat.advance(6)
    flow.why("pod/web -c web", seat)
    assert capsys.readouterr().out == seat.run("why web").stdout


def test_a_story_is_never_markup():
    assert (
        flow.story(Flow("", (), "", About("", ""), ("the image <b>x</b>",)))
        == "<ol><li>the image &lt;b&gt;x&lt;/b&gt;</li></ol>"
    )


WEB = "nginx for default/web, container web"


@pytest.mark.parametrize(
    ("arguments", "subject"),
    [
        ("web", WEB),
        ("pod/web", WEB),
        ("web -n default -c web", WEB),
        (" web -c web  ", WEB),
        ("web -n shop", "shop/web"),
    ],
)
def test_show(arguments, subject, seat, shown):
    seat.run("kubectl run web --image=nginx")
    seat.advance(6)
    workbench.draw(arguments, seat)
    assert [picture["text/plain"].split("\n")[0] for picture in shown] == [subject]
