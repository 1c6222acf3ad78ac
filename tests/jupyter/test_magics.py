"""The magics, run in cells of an IPython shell, and changes that come from outside of cells."""

import asyncio
import json
import re
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from kubesim.jupyter import current, load_ipython_extension, prediction, quiz, why, workbench
from kubesim.jupyter.seat import Seat
from kubesim.session import Session
from kubesim.why.export import explain_as_text, explain_export
from tests.jupyter.conftest import refused
from tests.server.connections import MAPS, Client

# Messages of failed pulls: one whose explanation has a question, and one with braces and a dollar sign.
REFUSED = 'Failed to pull image "ghcr.io/acme/web:1": Head "https://ghcr.io/v2/acme/web/manifests/1": unauthorized'
MESSAGE = 'Failed to pull image "ghcr.io/acme/{app}:$x": failed to fetch anonymous token: 403 Forbidden'
# The refusal of a text that is no export and no known message.
UNKNOWN = (
    "it is no export and no message that kubesim knows: give the whole message, or what kubectl get -o yaml prints"
)
# The MIME type of a widget's view.
VIEW = "application/vnd.jupyter.widget-view+json"

# A program that prints the modules that loading the extension imports, and runs a magic without anywidget.
PROBE = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
own = lambda: {name.partition(".")[0] for name in sys.modules} | {name for name in sys.modules if "kubesim" in name}
before = own()
shell.run_line_magic("load_ext", "kubesim.jupyter")
print(*sorted(own() - before - sys.stdlib_module_names))
sys.modules["anywidget"] = None  # as where it is not installed
shell.run_cell("%task store-credentials")
"""


class Shown(NamedTuple):
    """The output of a cell: its text, and its displayed bundles of MIME types."""

    stdout: str
    displayed: list[Any]

    @property
    def plain(self):
        """The plain forms of the displayed bundles."""
        return [bundle["text/plain"] for bundle in self.displayed]


@pytest.fixture
def cell(tmp_path, monkeypatch):
    """A function that runs a cell with the extension loaded, in a fresh shell whose folder is `tmp_path`."""
    current.seat.cache_clear()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KUBESIM_WORKSPACE", raising=False)
    shell = InteractiveShell.instance()

    def run(text):
        with capture_output() as captured:
            result = shell.run_cell(text)
        result.raise_error()
        return Shown(captured.stdout, [output.data for output in captured.outputs])

    run("%load_ext kubesim.jupyter")
    yield run
    shell.extension_manager.loaded.clear()
    InteractiveShell.clear_instance()


def test_loading_the_extension_again_in_the_first_cell_prints_nothing(cell):
    shell = InteractiveShell.instance()
    with capture_output():
        shell.run_line_magic("reload_ext", "kubesim.jupyter")  # as startup.py does, before any cell
    assert cell("%load_ext kubesim.jupyter") == ("", [])


def test_loading_the_extension_starts_no_cluster_and_writes_no_file(cell, tmp_path):
    assert cell("%load_ext kubesim.jupyter") == ("", [])
    assert current.seat.cache_info().currsize == 0
    assert list(tmp_path.iterdir()) == []


def test_loading_imports_neither_simulator_nor_widgets_and_a_missing_package_is_reported():
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    missing = "UsageError: kubesim: import of anywidget halted; None in sys.modules: pip install 'kubesim[widgets]'"
    assert (done.stdout, done.stderr) == (
        "kubesim kubesim.api kubesim.api.garbage kubesim.jupyter kubesim.jupyter.refusal\n",
        f"{missing}, and restart the kernel\n",
    )


def test_a_cell_prints_its_transcript(cell, tmp_path):
    shown = cell("%%kubectl\ncat > a.yaml <<EOF\na: {b}\nEOF\n\ncat a.yaml\nkubectl get pods\n")
    assert shown == (
        "$ cat > a.yaml <<EOF …\n$ cat a.yaml\na: {b}\n"
        "$ kubectl get pods\nNo resources found in default namespace.\n# 13:59:00\n",
        [],
    )
    assert (tmp_path / "workspace" / "a.yaml").read_text() == "a: {b}\n"


def test_cells_share_the_cluster_and_loading_again_keeps_it(cell):
    cell("%%kubectl\nkubectl create namespace mine")
    cell("%reload_ext kubesim.jupyter")
    assert cell("%kubectl get namespace mine -o name").stdout == (
        "$ kubectl get namespace mine -o name\nnamespace/mine\n# 13:59:00\n"
    )


def test_the_cell_after_a_prediction_answers_it(cell, monkeypatch):
    shown: list[Any] = []
    monkeypatch.setattr(prediction, "display", shown.append)
    cell("%predict touch-the-pod")
    [guess] = shown
    guess._on_message(guess, {"do": "check", "answer": [0]}, [])
    assert guess.feedback["said"] == "Now run the next cell."
    cell("%kubectl get pods")
    assert (guess.feedback["heading"], guess.feedback["said"]) == ("Not as you predicted", "")
    assert cell("%progress").plain[0].split(", ")[2].startswith("0 of 1 predictions right")


def test_the_magic_skills_shows_the_reached_goals(cell, monkeypatch):
    [empty] = cell("%skills").displayed
    assert empty["text/plain"] == "My skills: which goals you've reached, when, and with how much help."
    shown: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(quiz, "display", shown.append)
        cell("%quiz start-no-secret")
    [pick] = shown
    pick._on_message(pick, {"do": "check", "answer": [0]}, [])
    [page] = cell("%skills").displayed
    assert page["text/plain"].startswith("# My skills\n\n- 0 of ")
    assert page["text/html"].startswith("<h1>My skills</h1><ul><li>0 of ")


def test_a_line_keeps_its_braces_and_dollars(cell):
    cell("x = 5")
    command = "kubectl get nodes -o jsonpath='{.items[0].metadata.name}{x}$x'"
    assert cell(f"%{command}").stdout.startswith(f"$ {command}\n")


def test_registries_are_read_from_a_file_or_refused_with_the_reason(cell, tmp_path):
    file = tmp_path / "shop.yaml"
    file.write_text(
        "images: {cart 2.0: {log: [open for business]}}\n"
        "registries: [{hosts: [images.example.net], address: 10.96.0.30, "
        'repositories: {cart: {tags: {"2.0": cart 2.0}, public: true}}}]\n'
    )
    ready = f"A fresh cluster with the registries of {file} is ready; your files are still there.\n"
    assert cell(f"%registries {file}") == (ready, [])
    cell("%%kubectl\nkubectl run cart --image=images.example.net/cart:2.0\nsleep 5")
    order = "$ kubectl logs cart\nopen for business\n"
    assert cell("%kubectl logs cart").stdout.startswith(order)
    file.write_text("shops: []")
    assert cell(f"%registries {file}") == (f"kubesim: {file}: the file has no field shops\n", [])
    assert cell("%registries nowhere.yaml") == ("kubesim: nowhere.yaml: No such file or directory\n", [])
    assert cell("%registries") == ("kubesim: which file? %registries FILE, as docs/authoring.md describes it\n", [])
    assert cell("%kubectl logs cart").stdout.startswith(order)


def test_restart_keeps_the_files(cell):
    cell("%%kubectl\nkubectl create namespace mine\necho kept > f")
    assert cell("%restart") == ("A fresh cluster is ready; your files are still there.\n", [])
    assert cell("%%kubectl\nkubectl get namespace mine\ncat f").stdout == (
        '$ kubectl get namespace mine\nError from server (NotFound): namespaces "mine" not found\n$ cat f\nkept\n'
        "# 13:59:00\n"
    )


def test_advance_moves_simulated_time(cell):
    before = current.seat().session.cluster.clock.now
    assert cell("%advance 1m30s") == ("1 min 30 s later: each Pod is as before\n", [])
    assert current.seat().session.cluster.clock.now - before == 90_000_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("%%kubectl -q\nls", "%%kubectl takes no options, but here is '-q': write commands on the lines below"),
        ("%%kubectl\n \n", "the cell has no commands: write one below %%kubectl, such as kubectl get pods"),
        ("%workbench now", "%workbench takes no options, but here is 'now'"),
        ("%restart now", "%restart takes no options, but here is 'now'"),
        ("%progress now", "%progress takes no options, but here is 'now'"),
        ("%advance", "how long? %advance 30s or %advance 5m, at most 24h (not '')"),
        ("%advance soon", "how long? %advance 30s or %advance 5m, at most 24h (not 'soon')"),
        ("%%why -n shop\nx", "%%why [--pod NAME] [--answer yes|no] [-o markdown|json]"),
        ("%%why\nhello", UNKNOWN),
        ("%flow", "which Pod? %flow POD [-n NAMESPACE] [-c CONTAINER]"),
    ],
)
def test_a_wrong_argument_is_refused_in_one_line(text, said, cell):
    assert cell(text) == (f"kubesim: {said}\n", [])


@pytest.mark.parametrize("magic", ["quiz", "task", "predict"])
def test_an_unknown_exercise_is_refused_in_one_line(magic, cell):
    assert re.match(rf"kubesim: there is no {magic}\w* 'nonsense'; there are: ", cell(f"%{magic} nonsense").stdout)


def test_a_text_in_a_cell_of_why_is_explained_and_starts_no_cluster(cell):
    said = cell(f"%%why\n{MESSAGE}").plain[0]
    assert "\nghcr.io/acme/{app}:$x, from a message alone\n" in said
    assert cell(f"%%why --pod web\n{MESSAGE}").stdout == "kubesim: there is no Pod web in it\n"
    assert current.seat.cache_info().currsize == 0


def test_an_explanation_can_be_printed_as_markdown_or_json(cell):
    assert cell(f"%%why -o markdown\n{REFUSED}").stdout == explain_as_text(REFUSED, form="markdown")
    assert cell(f"%%why --answer no -o json\n{REFUSED}").stdout == explain_as_text(REFUSED, form="json", answer="no")
    cell("%kubectl run web --image=nginx:1.27")
    assert json.loads(cell("%why web -o json").stdout)["pod"] == "web"
    assert cell("%why web -o markdown").stdout.startswith("### nginx:1.27 for default/web, container web\n")
    usage = "kubesim: which Pod? %why POD [-n NAMESPACE] [-c CONTAINER] [-o markdown|json]\n"
    assert cell("%why web -o xml").stdout == usage


def test_an_explanation_is_displayed_with_headings_evidence_and_commands(cell):
    [shown] = cell(f"%%why\n{REFUSED}").displayed
    page = shown["text/html"]
    assert re.findall(r"<h[34]>(.*?)</h[34]>", page) == [
        "ghcr.io/acme/web:1, from a message alone",
        "To check",
        "How to fix it (replace --force deletes the object and creates it again)",
        "A question that decides",
        "It may also be this",
        "It may also be this",
        "What this message can't tell you",
    ]
    assert "<p><b>The evidence</b></p><pre>" in page
    assert shown["text/plain"] == explain_as_text(REFUSED).rstrip()
    cell("%%kubectl\nkubectl run web --image=registry.example.com/myapp:1.0\nsleep 5")
    [own] = cell("%why web").displayed
    assert own["text/html"].startswith('<div class="ks-flow ks-why"><h3>registry.example.com/myapp:1.0 for default/web')
    assert own["text/plain"] == "\n".join(cell("%%kubectl\nwhy web").stdout.splitlines()[1:-1])


def test_a_pasted_text_never_becomes_html(cell):
    [shown] = cell('%%why\nFailed to pull image "ghcr.io/<b>a:1": failed to fetch anonymous token: 403').displayed
    assert "<h3>ghcr.io/&lt;b&gt;a:1, from a message alone</h3>" in shown["text/html"]


def test_the_question_of_an_explanation_has_buttons_for_its_answers(cell):
    box = why.Paste(current.seat())
    box._on_message(box, {"do": "check", "answer": REFUSED}, [])
    assert box.feedback["buttons"] == [("check", "Explain"), ("yes", "Yes"), ("no", "No")]
    for answer in ("yes", "no"):
        box._on_message(box, {"do": answer, "answer": REFUSED}, [])
        assert box.feedback["explanation"] == why.page(explain_export([REFUSED], answer=answer), is_elsewhere=True)
        assert box.feedback["buttons"] == [("check", "Explain")]


def test_a_text_in_the_box_of_why_is_explained_and_not_kept(cell):
    shown = cell("%why")
    assert shown.plain[0].startswith("Your own case: Paste what you have")
    box = why.Paste(current.seat())
    assert box.feedback["buttons"] == [("check", "Explain")]
    box._on_message(box, {"do": "check", "answer": MESSAGE}, [])
    assert box.feedback["explanation"] == why.page(explain_export([MESSAGE]), is_elsewhere=True)
    assert (box.feedback["verdict"], box.answer) == ("right", "")
    box._on_message(box, {"do": "check", "answer": ""}, [])
    assert (box.feedback["verdict"], box.feedback["heading"], box.feedback["explanation"]) == (
        "wrong",
        f"kubesim: {UNKNOWN}",
        "",
    )


def test_the_magic_flow_draws_a_pod_and_moves_the_workbench_to_it(cell):
    cell("%%kubectl\nkubectl run web --image=nginx\nsleep 5\nkubectl run db --image=nginx")
    bench = workbench.workbench(current.seat())
    assert bench.path["title"] == "db in default"
    assert "web" in cell("%flow web").plain[0]
    assert bench.path["title"] == "web in default"


def test_the_workbench_is_the_same_widget_each_time(cell):
    first, second = (cell("%workbench").displayed[0][VIEW]["model_id"] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *[("30s", 30), ("5m", 300), ("1h30m", 5400), ("30", 30), ("24h", 86400), ("500ms", 0.5)],
        *[(text, 0) for text in ("25h", "0s", "m", "-5s", "5 m", "99999999999999999999s")],
    ],
)
def test_advance_takes_durations_up_to_24_hours(text, seconds, seat):
    before = seat.session.cluster.clock.now
    if seconds:
        current.advance(text, seat)
    else:
        how = f"how long? %advance 30s or %advance 5m, at most 24h (not {text!r})"
        assert refused(current.advance, text, seat) == how
    assert seat.session.cluster.clock.now - before == seconds * 1_000_000


def test_the_workspace_can_be_moved(cell, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBESIM_WORKSPACE", str(tmp_path / "elsewhere"))
    cell("%%kubectl\necho hi > f")
    assert (tmp_path / "elsewhere" / "f").read_text() == "hi\n"


# Listeners of changes


def test_a_listener_is_called_once_for_every_command_and_advance(cell):
    heard = []
    current.seat().on_change(lambda: heard.append(current.seat().session.cluster.clock.now))
    cell("%%kubectl\necho one\necho two")
    assert len(heard) == 2
    cell("%advance 30s")
    assert len(heard) == 3
    current.seat().restart()
    assert len(heard) == 4


def test_a_failing_listener_does_not_stop_the_others(cell):
    heard: list[str] = []

    def fail():
        raise ZeroDivisionError

    current.seat().on_change(fail)
    current.seat().on_change(lambda: heard.append("heard"))
    assert "No resources found" in cell("%kubectl get pods").stdout
    assert heard == ["heard"]


def test_a_change_over_http_becomes_a_step_that_can_be_undone(tmp_path):
    async def play():
        seat = Seat(Session(tmp_path))
        heard = []
        seat.on_change(lambda: heard.append(len(seat.history.steps)))
        server = seat.serve(realtime=False)
        try:
            client = Client(server.kubeconfig, server.port)
            made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
            assert (await asyncio.to_thread(client, "POST", MAPS, made))[0] == 201
            await asyncio.sleep(0)
            assert heard == [1]
            assert (await asyncio.to_thread(client, "GET", MAPS))[0] == 200
            await asyncio.sleep(0)
            assert heard == [1]
            assert seat.undo() == "Reverted: `a change from outside`"
            assert seat.serve(realtime=False) is server
        finally:
            server.close()

    asyncio.run(play())


def test_serve_names_a_kubeconfig_that_is_elsewhere(cell, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "config"
    server = current.seat().session.serve(elsewhere)
    try:
        assert cell("%serve").stdout == f"In a terminal:\n\nexport KUBECONFIG={elsewhere}\n"
    finally:
        server.close()


def test_colab_is_asked_to_show_the_widgets(monkeypatch):
    asked = []
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    output = SimpleNamespace(enable_custom_widget_manager=lambda: asked.append("widgets"))
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    load_ipython_extension(InteractiveShell())
    assert asked == ["widgets"]
