"""The picture of a pull and its words, the magics %flow and %why, and folded commands."""

import re
import shutil
from dataclasses import replace

import pytest

from kubesim.jupyter import drawing, flowview, markup, why, workbench
from kubesim.why.judge.causes import Cause
from kubesim.why.tell.report import FAILED, NOT_NEEDED, NOT_REACHED, PASSED, About, Flow, Hop
from tests.jupyter.conftest import refused
from tests.jupyter.pictures import SVG, pictures

CREATE = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword"
)
RUN = (
    "kubectl run web --image=registry.example.com/myapp:1.0 "
    '--overrides=\'{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}\''
)
# A pull with a hop in every state, and with markup in names.
BROKEN = Flow(
    "<img> for default/web",
    (
        Hop("kubectl", "kubectl", PASSED, ("Pod <b>web</b>",)),
        Hop("spec", "Pod spec", NOT_NEEDED, ("in its own spec",)),
        Hop("secret", "Secret", FAILED, ("a & b: not found",), is_cause=True),
        Hop("kubelet", "kubelet", PASSED, ("asked without credentials",), is_late=True),
        Hop("registry", "Registry", FAILED, ("refused",), because="Secret"),
        Hop("image", "Image", NOT_REACHED, ()),
    ),
    "",
    About("default", "web"),
    cause=Cause("secret", "There is no <i>Secret</i>.", ("kubectl 'a' < \"b\"",)),
    sent=("HEAD <b>:1.0", "Basic a&b:•••"),
    answered="401 Unauthorized",
)

# Fill, color of the outline and dashes of a box, by the state of its hop.
PASSED_BOX = ("#e6f4ea", "#187a34", "none")
CAUSE = ("#b3261e", "#b3261e", "none")
CONSEQUENCE = UNREACHED = ("#f5f6f8", "#6e7781", "6 4")
UNNEEDED = ("#f5f6f8", "#6e7781", "2 4")
# Commands: one that fits a line, and longer ones.
FIT = "kubectl get pod web -o yaml | kubectl replace --force -f -"
LONG = f"{CREATE} --dry-run=client -o yaml | kubectl apply -f -"
SED = (
    "kubectl get pod web -o yaml | sed 's/- name: my-registry-cred$/- name: my-registry-creds/' | kubectl replace -f -"
)
# A text with parts that look like a flag and a pipe.
NOTE = "please --do not fold this very long note of mine, it is one word for the shell | and its pipes too"
# The first line of the picture of the Pod web.
WEB = "nginx for default/web, container web"


@pytest.fixture
def shown(monkeypatch):
    """A list that collects what the workbench displays, as bundles of MIME types."""
    widgets = []
    monkeypatch.setattr(workbench, "display", lambda bundle, raw: widgets.append(bundle))
    return widgets


def groups(drawn):
    """The SVG group of each hop's box, in order."""
    [(_alt, picture)] = pictures(drawn)
    return list(picture.iter(f"{SVG}g"))


def words(drawn):
    """The text of each box."""
    return [" ".join(" ".join(group.itertext()).split()) for group in groups(drawn)]


def outlines(drawn):
    """Fill, color of the outline, and dashes of each box."""
    shapes = [group[0] for group in groups(drawn)]
    return [(shape.get("fill"), shape.get("stroke"), shape.get("stroke-dasharray")) for shape in shapes]


def places(drawn):
    """The left and the upper edge of each box in pixels."""
    return [tuple(map(int, re.findall(r"-?\d+", group.get("transform")))) for group in groups(drawn)]


def needs_dot():
    """Skip the test without Graphviz."""
    if shutil.which("dot") is None:
        pytest.skip("Graphviz's dot is not installed")


def both(monkeypatch):
    """The image of BROKEN drawn with Graphviz, and without."""
    by_dot = drawing.image(BROKEN)
    monkeypatch.setenv("PATH", "")
    return by_dot, drawing.image(BROKEN)


def test_boxes_have_the_same_two_columns_with_and_without_graphviz(monkeypatch):
    needs_dot()
    for drawn in both(monkeypatch):
        assert outlines(drawn) == [PASSED_BOX, UNNEEDED, CAUSE, CONSEQUENCE, CONSEQUENCE, UNREACHED]
        assert words(drawn) == [
            "kubectl passed Pod <b>web</b>",
            "Pod spec not needed in its own spec",
            "Secret stuck here a & b: not found",
            "kubelet not the cause asked without credentials",
            "Registry see Secret refused",
            "Image not reached",
        ]
        kubectl, spec, secret, kubelet, registry, image = places(drawn)
        assert kubectl[1] < spec[1] < kubelet[1] < image[1]  # the trunk
        assert max(spec[0], kubelet[0]) < min(secret[0], registry[0])
        assert secret[1] < kubelet[1]


def test_arrows_have_the_requests_and_responses_between_hops():
    [(_, picture)] = pictures(drawing.image(BROKEN))
    on_arrows = [text.text for text in picture.findall(f"{SVG}text")]
    assert on_arrows == ["creates", "lists", "reads", "reads", "HEAD <b>:1.0", "Basic a&b:•••", "401 Unauthorized"]
    [(_, silent)] = pictures(drawing.image(replace(BROKEN, sent=(), answered="")))
    assert [text.text for text in silent.findall(f"{SVG}text")][4:] == ["nothing is sent"]


def test_graphviz_places_the_boxes_if_it_is_installed(monkeypatch):
    needs_dot()
    with_graphviz, without = both(monkeypatch)
    assert places(with_graphviz) != places(without)


def test_names_that_a_learner_chose_never_become_markup():
    for text in (drawing.image(BROKEN), drawing.hop_list(BROKEN), flowview.advice_html(BROKEN)):
        assert "<b>web</b>" not in text
        assert "<i>Secret</i>" not in text


def test_a_name_with_a_control_character_leaves_the_picture_readable():
    [(_, picture)] = pictures(drawing.embedded("<text>registry\x01\ud800</text>", 9, 9, "a name"))
    assert picture[0].text == "registry\ufffd\ufffd"


def test_the_image_has_the_words_of_the_flow_as_its_alternative_text():
    [(alt, _)] = pictures(drawing.image(BROKEN))
    assert alt == f"Flow of {BROKEN.text()}"


@pytest.mark.parametrize("status", [0, 1])
def test_the_warnings_of_dot_are_not_shown(tmp_path, monkeypatch, capfd, status):
    needs_dot()
    program = tmp_path / "dot"
    program.write_text(
        f"#!/bin/sh\necho 'Fontconfig error: out of memory' >&2\n{shutil.which('dot')} \"$@\"\nexit {status}\n"
    )
    program.chmod(0o755)
    by_dot = drawing.image(BROKEN)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (drawing.image(BROKEN) == by_dot) is (status == 0)
    assert capfd.readouterr().err == ""


def test_a_long_command_is_folded_before_pipes_and_flags():
    assert markup.folded(FIT) == FIT
    assert markup.folded(SED).split("\n") == [
        "kubectl get pod web -o yaml \\",
        "    | sed 's/- name: my-registry-cred$/- name: my-registry-creds/' \\",
        "    | kubectl replace -f -",
    ]
    assert [line.split()[0] for line in markup.folded(LONG).split("\n")] == ["kubectl", "--docker-username=myuser", "|"]


@pytest.mark.parametrize(
    "word",
    [f"'{NOTE}'", f'"{NOTE}"', f'"a \\" {NOTE}"', f"""'{{"note":"{NOTE}"}}'"""],
    ids=["'", '"', "escape", "both"],
)
def test_a_command_is_never_folded_inside_quotes(word):
    command = f"kubectl annotate deployment web --overwrite note={word} --all | cat"
    assert markup.folded(command).split("\n") == [
        "kubectl annotate deployment web \\",
        f"    --overwrite note={word} \\",
        "    --all \\",
        "    | cat",
    ]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("**use `x` now**", "<b>use <code>x</code> now</b>"),
        ("*`a`* and `**b**` or `<c>`", "<i><code>a</code></i> and <code>**b**</code> or <code>&lt;c&gt;</code>"),
        ("a\0 `b` ` *c", "a <code>b</code> ` *c"),
    ],
)
def test_markup_and_code_in_a_paragraph(text, marked):
    assert markup.inline(text) == marked


def test_a_folded_command_can_be_run(seat):
    assert seat.run(markup.folded(LONG)).stdout == "secret/regcred created\n"
    assert seat.run("kubectl get secret regcred -o name").stdout == "secret/regcred\n"


def failed(seat):
    """Run a Pod whose pull fails. Returns its picture as a bundle of MIME types."""
    seat.run(RUN)
    seat.advance(6)
    return flowview.picture(seat, "default", "web")


def test_a_picture_comes_with_its_words_and_the_simulated_time(seat):
    bundle = failed(seat)
    assert set(bundle) == {"text/plain", "text/html"}
    assert "✗ Secret: regcred: not found" in bundle["text/plain"]
    assert bundle["text/plain"].endswith("\n# 13:59:06")
    assert "13:59:06, simulated time" in bundle["text/html"]
    assert "How to fix it" in bundle["text/html"]


def test_the_words_of_a_picture_are_folded_below_it(seat):
    page = failed(seat)["text/html"]
    assert page.startswith('<div class="ks-flow ks-broken"><div class="ks-picture"><img class="ks-drawn" alt="Flow of ')
    assert "<svg" not in page
    folded = "<details><summary>13:59:06, simulated time: the picture in words</summary><ol "
    assert f'<div class="ks-twin">{folded}class="ks-chain"><li class="ks-passed">' in page
    assert page.count('<li class="ks-') == len(BROKEN.hops)


@pytest.mark.parametrize(
    "arguments", ["", "-n default", "web -x", "web -n", "web more", "-c", "web -n default more", "--help"]
)
def test_flow_with_wrong_arguments_explains_its_usage(arguments, seat):
    assert refused(workbench.draw, arguments, seat) == "which Pod? %flow POD [-n NAMESPACE] [-c CONTAINER]"


def test_the_magic_why_has_the_output_of_the_command_why(seat, shown, monkeypatch):
    monkeypatch.setattr(why, "display", lambda bundle, **_: shown.append(bundle))
    usage = "which Pod? %why POD [-n NAMESPACE] [-c CONTAINER] [-o markdown|json]"
    assert refused(why.why, "-n shop", seat) == usage
    seat.run(RUN)
    seat.advance(6)
    why.why("pod/web -c web", seat)
    [bundle] = shown
    assert f"{bundle['text/plain']}\n" == seat.run("why web").stdout


def test_a_story_never_becomes_markup():
    assert (
        flowview.story_html(Flow("", (), "", About("", ""), ("the image <b>x</b>",)))
        == "<ol><li>the image &lt;b&gt;x&lt;/b&gt;</li></ol>"
    )


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
def test_flow_finds_the_pod_of_its_arguments(arguments, subject, seat, shown):
    seat.run("kubectl run web --image=nginx")
    seat.advance(6)
    workbench.draw(arguments, seat)
    assert [picture["text/plain"].split("\n")[0] for picture in shown] == [subject]
